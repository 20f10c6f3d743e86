// SPDX-License-Identifier: Apache-2.0
// Pairs of opposite sentences: does a model of risk read them, or only their words?
#pragma once

#include <filesystem>
#include <string>

#include "verb.h"

namespace ballast::apps {

/// Prints how many pairs of the file (columns lang, kind, risk, worse, better) the model has right, with 95 %
/// intervals, and those that it has wrong.
void evaluate_polarity(const std::string& file, const std::filesystem::path& model, const Common& common);

}  // namespace ballast::apps
