// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/customers/text_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t kFewestTexts = 20;
// Weak enough for a thousand texts; the model above rescales the score, so only its order matters much.
constexpr double kC = 4;
constexpr std::int64_t kMostNgrams = 50'000;

}  // namespace

lm::NgramModel fit_text(const std::string& column, std::span<const std::string> texts,
                        std::span<const std::uint8_t> truth, std::span<const std::int64_t> rows, std::uint64_t seed) {
  std::vector<std::string_view> used;
  lm::LinearTask task{lm::LinearLoss::multilabel, 1, {}, false};
  for (const std::int64_t r : rows) {
    const auto i = static_cast<std::size_t>(r);
    if (texts[i].empty()) continue;
    used.push_back(texts[i]);
    task.targets.push_back(static_cast<std::int8_t>(truth[i]));
  }
  const auto positives = std::count(task.targets.begin(), task.targets.end(), std::int8_t{1});
  if (used.size() < kFewestTexts || positives == 0 || positives == std::ssize(used)) {
    throw Error(
        ErrorCode::bad_input,
        fmt::format("{} texts, {} of them of the positive class, are too few to learn from", used.size(), positives),
        "column \"" + column + "\"", fmt::format("at least {} texts and both classes in every fold", kFewestTexts));
  }
  lm::NgramTrainOptions options;
  options.linear.c_grid = {kC};
  options.linear.seed = seed;
  options.max_features = kMostNgrams;
  return lm::NgramModel::train(used, {&task, 1}, options);
}

std::vector<double> text_log_odds(const lm::NgramModel& model, std::span<const std::string> texts) {
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const std::vector<float> scores = model.scores(views);
  std::vector<double> out(scores.begin(), scores.end());
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (texts[i].empty()) out[i] = std::numeric_limits<double>::quiet_NaN();
  }
  return out;
}

std::vector<std::vector<double>> nested_text_scores(const std::string& column, std::span<const std::string> texts,
                                                    std::span<const std::uint8_t> truth, std::span<const int> fold,
                                                    int folds, std::uint64_t seed) {
  std::vector<std::pair<int, int>> left_out;  // a pair of folds, or one twice
  for (int f = 0; f < folds; ++f) {
    for (int g = f; g < folds; ++g) left_out.emplace_back(f, g);
  }
  std::vector<std::vector<double>> by_fold(static_cast<std::size_t>(folds), std::vector<double>(texts.size()));
  base::parallel_for(std::ssize(left_out), [&](std::int64_t p) {
    const auto [f, g] = left_out[static_cast<std::size_t>(p)];
    std::vector<std::int64_t> rows;
    std::vector<std::string> judged;
    for (std::size_t r = 0; r < texts.size(); ++r) {
      if (fold[r] != f && fold[r] != g)
        rows.push_back(static_cast<std::int64_t>(r));
      else
        judged.push_back(texts[r]);
    }
    const std::vector<double> scores = text_log_odds(fit_text(column, texts, truth, rows, seed), judged);
    std::size_t next = 0;
    for (std::size_t r = 0; r < texts.size(); ++r) {
      if (fold[r] != f && fold[r] != g) continue;
      const double score = scores[next++];
      // A row of fold f goes into the judging of fold g and the other way round; f = g judges its own rows.
      by_fold[static_cast<std::size_t>(fold[r] == f ? g : f)][r] = score;
    }
  });
  return by_fold;
}

tabular::Column text_score_column(const std::string& name, std::vector<double> scores) {
  tabular::Column column;
  column.spec.name = name;
  column.spec.had_missing = true;  // whoever wrote nothing can be scored all the same
  column.numbers = std::move(scores);
  return column;
}

}  // namespace ballast::risk
