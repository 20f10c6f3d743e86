// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/market/direction_models.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ballast/base/error.h"
#include "ballast/lm/series_model.h"
#include "ballast/tabular/boosted.h"
#include "ballast/tabular/logistic.h"
#include "ballast/tabular/validation.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;

constexpr double kLogisticC = 0.01;   // strong: dozens of weak features on a few thousand noisy rows
constexpr double kJudgeShare = 0.15;  // of the latest rows decide when the transformer has learned enough

/// Standardises by the training rows; NaN becomes their mean.
struct Standard {
  std::vector<double> mean, scale;

  explicit Standard(const tabular::Matrix& x) : mean(static_cast<std::size_t>(x.cols)), scale(mean.size(), 1) {
    for (std::size_t c = 0; c < mean.size(); ++c) {
      double sum = 0, square = 0, n = 0;
      for (std::int64_t r = 0; r < x.rows; ++r) {
        const double v = x.row(r)[c];
        if (std::isfinite(v)) sum += v, square += v * v, ++n;
      }
      if (n < 2) continue;
      mean[c] = sum / n;
      const double variance = square / n - mean[c] * mean[c];
      if (variance > 1e-12) scale[c] = std::sqrt(variance);
    }
  }
  tabular::Matrix operator()(tabular::Matrix x) const {
    for (std::size_t i = 0; i < x.values.size(); ++i) {
      const std::size_t c = i % mean.size();
      const double z = std::isfinite(x.values[i]) ? (x.values[i] - mean[c]) / scale[c] : 0;
      x.values[i] = std::clamp(z, -5.0, 5.0);
    }
    return x;
  }
};

std::vector<std::int64_t> range(std::int64_t begin, std::int64_t end) {
  std::vector<std::int64_t> out;
  for (std::int64_t i = begin; i < end; ++i) out.push_back(i);
  return out;
}

/// What a model learns from and what it is asked.
struct Lesson {
  tabular::Matrix x, asked;
  std::vector<std::uint8_t> truth;

  Lesson(const DirectionRows& rows, std::int64_t learned, std::int64_t begin, std::int64_t end)
      : x(rows.features.take(range(0, learned))),
        asked(rows.features.take(range(begin, end))),
        truth(rows.up.begin(), rows.up.begin() + learned) {
    const auto ups = std::count(truth.begin(), truth.end(), 1);
    if (ups == 0 || ups == static_cast<std::ptrdiff_t>(truth.size())) {
      throw Error(ErrorCode::bad_input, "prices only ever rise or only ever fall before the first forecast");
    }
  }
};

tabular::BoostedTrees fit_trees(const Lesson& lesson, std::uint64_t seed) {
  tabular::BoostedParameters p;
  p.depth = 2, p.rounds = 100, p.eta = 0.05, p.min_child_weight = 20, p.lambda = 10, p.seed = seed;
  return tabular::BoostedTrees::fit(lesson.x, lesson.truth, {}, p);
}

struct Transformer {
  lm::SeriesTable table;
  lm::SeriesModel model;
  double base;  // the share of rises where it learned

  static lm::SeriesTable table_of(const tabular::Matrix& features, std::int64_t rows) {
    lm::SeriesTable t;
    t.columns = features.cols;
    t.offsets = {0, rows};
    for (std::int64_t i = 0; i < rows * features.cols; ++i) {
      t.values.push_back(static_cast<float>(features.values[static_cast<std::size_t>(i)]));
    }
    return t;
  }
  static lm::SeriesModel fit(const lm::SeriesTable& table, std::span<const std::uint8_t> up, std::int64_t learned,
                             const ForecastOptions& o) {
    const auto n = static_cast<std::size_t>(table.rows());
    lm::SeriesTargets targets{std::vector(n, lm::SeriesUse::none),
                              std::vector<std::uint8_t>(up.begin(), up.begin() + static_cast<std::ptrdiff_t>(n)),
                              std::vector(n, std::numeric_limits<float>::quiet_NaN())};
    const auto judged = static_cast<std::int64_t>(kJudgeShare * static_cast<double>(learned));
    std::fill_n(targets.use.begin(), learned - judged - o.embargo, lm::SeriesUse::learn);
    std::fill_n(targets.use.begin() + (learned - judged), judged, lm::SeriesUse::judge);
    lm::SeriesOptions s;
    s.width = 16, s.epochs = 15, s.patience = 3, s.dropout = 0.2, s.lr = 2e-3, s.batch = 8;
    s.seed = o.seed;
    return lm::SeriesModel::train(table, targets, s);
  }
  Transformer(const DirectionRows& rows, std::int64_t learned, std::int64_t end, const ForecastOptions& o)
      : table(table_of(rows.features, end)),
        model(fit(table, rows.up, learned, o)),
        base(model.training().base_log_odds) {}
  std::vector<double> scores(std::int64_t begin, std::int64_t end) const {
    std::vector<double> out;
    for (const lm::SeriesAnswer& a : model.answer(table, range(begin, end))) out.push_back(a.log_odds);
    return out;
  }
};

}  // namespace

int blocks_kept(DirectionModel model) {
  return model == DirectionModel::transformer ? 4 : 1;
}

std::vector<double> direction_scores(DirectionModel model, const DirectionRows& rows, std::int64_t begin,
                                     std::int64_t end, const ForecastOptions& o) {
  const std::int64_t learned = begin - o.embargo;
  const Lesson lesson(rows, learned, begin, end);
  if (model == DirectionModel::transformer) return Transformer(rows, learned, end, o).scores(begin, end);
  if (model == DirectionModel::boosted) return fit_trees(lesson, o.seed).scores(lesson.asked);
  const Standard standard(lesson.x);
  return tabular::fit_logistic(standard(lesson.x), lesson.truth, {}, kLogisticC).scores(standard(lesson.asked));
}

DirectionParts direction_parts(DirectionModel model, const DirectionRows& rows, std::int64_t begin, std::int64_t at,
                               const ForecastOptions& o) {
  const std::int64_t learned = begin - o.embargo;
  const Lesson lesson(rows, learned, at, at + 1);
  DirectionParts parts;
  parts.features.assign(static_cast<std::size_t>(rows.features.cols), 0);
  if (model == DirectionModel::transformer) {
    const Transformer transformer(rows, learned, at + 1, o);
    parts.base = transformer.base;
    parts.model = transformer.scores(at, at + 1).front() - transformer.base;
  } else if (model == DirectionModel::boosted) {
    const auto shapley = fit_trees(lesson, o.seed).contributions(lesson.asked);
    std::copy_n(shapley.values.begin(), parts.features.size(), parts.features.begin());
    parts.base = shapley.values.back();
  } else {
    const Standard standard(lesson.x);
    const auto fit = tabular::fit_logistic(standard(lesson.x), lesson.truth, {}, kLogisticC);
    const auto z = standard(lesson.asked);
    for (std::size_t c = 0; c < parts.features.size(); ++c) parts.features[c] = fit.coefficients[c] * z.values[c];
    parts.base = fit.intercept;
  }
  return parts;
}

}  // namespace ballast::risk
