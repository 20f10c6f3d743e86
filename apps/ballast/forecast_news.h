// SPDX-License-Identifier: Apache-2.0
// Texts of news to plain numbers for the market desk, which reads none: sentiment by a classifier, vectors by an
// encoder.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "ballast/risk/market_forecast.h"

namespace ballast::apps {

/// One row of `numbers` a text: its mean token vector by the model in `folder` ("default": the own one), through a
/// fixed random matrix (Johnson & Lindenstrauss 1984), which learns nothing and so knows nothing of later days. Zero
/// for a text without tokens.
tabular::Matrix text_vectors(std::span<const std::string_view> texts, const std::string& folder, std::int64_t numbers,
                             std::uint64_t seed);

/// The classifier's sentiment of each text, P(positive) − P(negative), as one more value of the news. Returns the
/// model's identity.
std::string add_sentiment(risk::News& news, const std::string& folder);

/// Eight numbers of each text's vector as values "vector 1" to "vector 8". Returns the model's hash.
std::string add_vectors(risk::News& news, const std::string& folder, std::uint64_t seed);

}  // namespace ballast::apps
