// SPDX-License-Identifier: Apache-2.0
// The n-gram branch of the customers desk: texts and what came of them in, log-odds of texts out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "ballast/lm/ngram/model.h"
#include "ballast/risk/customers.h"

namespace ballast::risk {

struct CustomerModel::TextInput {
  std::string column;
  lm::NgramModel model;  // one output
};

/// Fits one sigmoid on the texts at `rows`, empty ones left out. Throws bad_input with fewer than 20 texts or without
/// both classes among them.
lm::NgramModel fit_text(const std::string& column, std::span<const std::string> texts,
                        std::span<const std::uint8_t> truth, std::span<const std::int64_t> rows, std::uint64_t seed);

/// NaN (no value) for an empty text.
std::vector<double> text_log_odds(const lm::NgramModel& model, std::span<const std::string> texts);

/// For each fold the scores of all rows as its judging may use them: a row of the fold by the model that saw the other
/// folds, any other row by the model that saw neither its own fold nor this one. That is folds · (folds + 1) / 2 fits.
std::vector<std::vector<double>> nested_text_scores(const std::string& column, std::span<const std::string> texts,
                                                    std::span<const std::uint8_t> truth, std::span<const int> fold,
                                                    int folds, std::uint64_t seed);

/// The numeric column of these scores.
tabular::Column text_score_column(const std::string& name, std::vector<double> scores);

}  // namespace ballast::risk
