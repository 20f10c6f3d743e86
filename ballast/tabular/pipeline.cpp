// SPDX-License-Identifier: Apache-2.0
// Fits, scores and explains pipelines.
#include "ballast/tabular/pipeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/tabular/validation.h"

namespace ballast::tabular {
namespace {

using base::Error;
using base::ErrorCode;

// Below this a model would only repeat its rows.
constexpr std::int64_t kFewestRows = 20, kFewestOfAClass = 5;

void require_enough(const Table& inputs, std::span<const std::uint8_t> truth) {
  BALLAST_CHECK(static_cast<std::int64_t>(truth.size()) == inputs.rows(), truth.size());
  const auto positives = std::count_if(truth.begin(), truth.end(), [](std::uint8_t t) { return t != 0; });
  const auto fewest = std::min<std::int64_t>(positives, inputs.rows() - positives);
  if (inputs.rows() < kFewestRows || fewest < kFewestOfAClass) {
    throw Error(ErrorCode::bad_input,
                fmt::format("{} rows with {} in the smaller class are too few to learn from", inputs.rows(), fewest),
                "", fmt::format("at least {} rows and {} of each class", kFewestRows, kFewestOfAClass));
  }
  if (inputs.rows() <= static_cast<std::int64_t>(inputs.columns.size())) {
    throw Error(ErrorCode::bad_input,
                fmt::format("{} rows for {} columns: there must be more rows", inputs.rows(), inputs.columns.size()));
  }
}

bool sounds_like_identifier(const std::string& name) {
  std::string lower;
  for (const char c : name) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  static const std::set<std::string> kNames = {"id", "row", "rownumber", "row_number", "index", "uuid", "rowid"};
  if (kNames.contains(lower) || lower.ends_with("_id") || lower.ends_with(" id")) return true;
  return name.size() > 2 && (name.ends_with("Id") || name.ends_with("ID")) &&
         std::islower(static_cast<unsigned char>(name[name.size() - 3])) != 0;
}

}  // namespace

const char* model_kind_name(ModelKind kind) {
  switch (kind) {
    case ModelKind::scorecard:
      return "scorecard";
    case ModelKind::logistic:
      return "logistic";
    case ModelKind::boosted:
      return "boosted";
  }
  return "boosted";
}

ModelKind model_kind_named(const std::string& name) {
  for (const ModelKind kind : {ModelKind::scorecard, ModelKind::logistic, ModelKind::boosted}) {
    if (name == model_kind_name(kind)) return kind;
  }
  throw Error(ErrorCode::usage, "unknown model kind \"" + name + "\"", "",
              "the nearest is " + ingest::nearest_name(name, {"scorecard", "logistic", "boosted"}));
}

Calibration Calibration::fit(std::span<const double> scores, std::span<const std::uint8_t> truth, std::uint64_t seed) {
  return {fit_platt(scores, truth), bootstrap_platt(scores, truth, 200, seed)};
}

Pipeline Pipeline::fit(const Table& inputs, std::span<const std::uint8_t> truth, std::span<const double> weights,
                       const FitOptions& options) {
  require_enough(inputs, truth);
  Pipeline pipeline;
  pipeline.kind_ = options.kind;
  pipeline.schema_ = inputs.schema();
  if (options.kind == ModelKind::scorecard) {
    ScorecardOptions card = options.scorecard;
    card.logistic.seed = options.seed;
    pipeline.scorecard_ = fit_scorecard(inputs, truth, weights, card);
    return pipeline;
  }
  const bool linear = options.kind == ModelKind::logistic;
  pipeline.encoder_ = Encoder::fit(inputs, linear ? EncodingKind::linear : EncodingKind::trees, options.encoding);
  const Matrix features = pipeline.encoder_->apply(inputs);
  if (linear) {
    LogisticOptions logistic = options.logistic;
    logistic.seed = options.seed;
    pipeline.logistic_ = fit_logistic_cv(features, truth, weights, logistic);
  } else {
    BoostedOptions boosted = options.boosted;
    boosted.base.seed = options.seed;
    pipeline.boosted_ = fit_boosted_cv(features, truth, weights, boosted);
  }
  return pipeline;
}

std::vector<double> Pipeline::scores(const Table& table) const {
  if (scorecard_) return scorecard_->scores(table);
  const Matrix features = encoder_->apply(table);
  return logistic_ ? logistic_->scores(features) : boosted_->scores(features);
}

std::vector<double> Pipeline::probabilities(const Table& table) const {
  std::vector<double> out = scores(table);
  for (double& x : out) x = calibration_ ? calibration_->probability(x) : 1 / (1 + std::exp(-x));
  return out;
}

Contributions Pipeline::contributions(const Table& table) const {
  Contributions out;
  out.columns = schema_.names();
  out.values = {table.rows(), static_cast<std::int64_t>(out.columns.size()), {}};
  out.values.values.assign(static_cast<std::size_t>(out.values.rows * out.values.cols), 0);
  const auto add = [&](std::int64_t row, std::size_t column, double value) {
    out.values.values[static_cast<std::size_t>(row * out.values.cols) + column] += value;
  };
  const auto column_of = [&](const std::string& name) {
    return static_cast<std::size_t>(std::find(out.columns.begin(), out.columns.end(), name) - out.columns.begin());
  };
  if (scorecard_) {
    out.base = scorecard_->intercept;
    for (const Characteristic& c : scorecard_->characteristics) {
      const auto woe = c.binning.woe(table.at(c.binning.column));
      out.base -= c.coefficient * c.mean_woe;
      for (std::int64_t r = 0; r < table.rows(); ++r) {
        add(r, column_of(c.binning.column), -c.coefficient * (woe[static_cast<std::size_t>(r)] - c.mean_woe));
      }
    }
    return out;
  }
  const Matrix features = encoder_->apply(table);
  const auto& names = encoder_->columns();
  std::vector<std::size_t> target;
  for (const Feature& f : encoder_->features()) target.push_back(column_of(names[static_cast<std::size_t>(f.column)]));
  if (logistic_) {
    out.base = logistic_->intercept;  // the features are centred: the base is the average applicant's
    for (std::int64_t r = 0; r < table.rows(); ++r) {
      for (std::size_t f = 0; f < target.size(); ++f)
        add(r, target[f], logistic_->coefficients[f] * features.row(r)[f]);
    }
    return out;
  }
  const Matrix shapley = boosted_->contributions(features);
  for (std::int64_t r = 0; r < table.rows(); ++r) {
    for (std::size_t f = 0; f < target.size(); ++f) add(r, target[f], shapley.row(r)[f]);
    out.base = shapley.row(r)[target.size()];
  }
  return out;
}

std::vector<double> cross_fit(const Table& inputs, std::span<const std::uint8_t> truth, std::span<const double> weights,
                              std::span<const int> fold, const FitOptions& options) {
  const int folds = 1 + *std::max_element(fold.begin(), fold.end());
  std::vector<double> scores(truth.size());
  base::parallel_for(folds, [&](std::int64_t f) {
    const Split split = split_at(fold, static_cast<int>(f));
    FitOptions own = options;
    own.logistic.penalty = options.logistic.penalty.take(split.train);
    const Pipeline pipeline =
        Pipeline::fit(inputs.take(split.train), take(truth, split.train), take(weights, split.train), own);
    const std::vector<double> mine = pipeline.scores(inputs.take(split.test));
    for (std::size_t i = 0; i < mine.size(); ++i) scores[static_cast<std::size_t>(split.test[i])] = mine[i];
  });
  return scores;
}

std::vector<double> cross_calibrate(std::span<const double> scores, std::span<const std::uint8_t> truth,
                                    std::span<const int> fold) {
  const int folds = 1 + *std::max_element(fold.begin(), fold.end());
  std::vector<double> out(scores.size());
  for (int f = 0; f < folds; ++f) {
    const Split split = split_at(fold, f);
    const PlattScaling platt = fit_platt(take(scores, split.train), take(truth, split.train));
    for (const std::int64_t r : split.test) {
      out[static_cast<std::size_t>(r)] = platt(scores[static_cast<std::size_t>(r)]);
    }
  }
  return out;
}

std::vector<std::string> identifier_columns(const Table& table) {
  std::vector<std::string> names;
  for (const Column& column : table.columns) {
    const bool numeric = column.spec.kind == ColumnKind::numeric;
    if (table.rows() < kFewestRows || column.spec.had_missing || (numeric && !column.spec.integer)) continue;
    bool dense = false;
    if (numeric) {
      const std::set<double> values(column.numbers.begin(), column.numbers.end());
      if (static_cast<std::int64_t>(values.size()) != table.rows()) continue;
      dense = *values.rbegin() - *values.begin() < 1.6 * static_cast<double>(table.rows());
    } else if (static_cast<std::int64_t>(column.spec.levels.size()) != table.rows()) {
      continue;
    }
    if (dense || !numeric || sounds_like_identifier(column.spec.name)) names.push_back(column.spec.name);
  }
  return names;
}

}  // namespace ballast::tabular
