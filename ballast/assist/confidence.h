// SPDX-License-Identifier: Apache-2.0
// How probable it is that the best passage answers a question.
#pragma once

#include <vector>

#include "ballast/assist/assistant.h"

namespace ballast::assist {

/// What the confidence is computed from: coverage of the question, its share in the heading, share of its weight that
/// no passage holds, cosine, lead over the second.
std::vector<double> confidence_features(const std::vector<Hit>& hits, const KnowledgeBase& base, const Query& query,
                                        const SearchIndex& index);
double confidence_of(const std::vector<double>& features, const ConfidenceModel& model);

}  // namespace ballast::assist
