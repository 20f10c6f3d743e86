// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/market_volatility_comparison.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/lm/series_model.h"
#include "ballast/risk/market_volatility.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;

constexpr const char* kTransformer = "transformer";
constexpr std::int64_t kFirst = 250, kFirstTransformer = 1000;
constexpr std::int64_t kFewestDays = 60;
constexpr double kDecay = 0.94;       // of the scale that the transformer corrects
constexpr double kSmallest = 1e-12;   // a squared return of zero, as qlike() counts it
constexpr double kJudgeShare = 0.15;  // of the latest days decide when the transformer has learned enough
constexpr std::int64_t kWarm = 20;    // days before its first row

/// The days as the transformer reads them: row t is what is known after return t.
struct Rows {
  lm::SeriesTable table;
  std::vector<double> scale;  // EWMA σ of the day after row t
  std::vector<float> move;    // that day's return in units of it
};

Rows rows_of(std::span<const double> r) {
  Rows rows;
  const auto variance = ewma_variances(r, kDecay), slow = ewma_variances(r, 0.99);
  const auto root = [](double v) { return std::max(std::sqrt(v), 1e-6); };
  rows.table.columns = 6;
  for (std::size_t t = 0; t < r.size(); ++t) {
    const double sigma = root(variance[t + 1]);
    double week = 0, month = 0;
    for (std::size_t k = 0; k < 20; ++k) {
      const double square = k <= t ? r[t - k] * r[t - k] : variance[0];
      if (k < 5) week += square / 5;
      month += square / 20;
    }
    const double before = root(variance[t]);
    for (const double x : {r[t] / before, std::abs(r[t]) / before, std::log(sigma), std::log(root(week) / sigma),
                           std::log(root(month) / sigma), std::log(root(slow[t + 1]) / sigma)}) {
      rows.table.values.push_back(static_cast<float>(x));
    }
    rows.scale.push_back(sigma);
    rows.move.push_back(t + 1 < r.size() ? static_cast<float>(r[t + 1] / sigma)
                                         : std::numeric_limits<float>::quiet_NaN());
  }
  rows.table.offsets = {0, static_cast<std::int64_t>(r.size())};
  return rows;
}

/// σ of the days [begin, end), by a model that learned from days before `begin` only.
void transform_block(const Rows& rows, std::int64_t begin, std::int64_t end, std::uint64_t seed,
                     std::vector<double>& sigma) {
  const auto n = static_cast<std::size_t>(rows.table.rows());
  lm::SeriesTargets targets{std::vector(n, lm::SeriesUse::none), std::vector<std::uint8_t>(n), rows.move};
  for (std::size_t t = 0; t < n; ++t) targets.up[t] = rows.move[t] > 0;
  const std::int64_t last = begin - 1;  // row t's move is day t + 1, known before `begin` for t + 1 < begin
  const auto judged = static_cast<std::int64_t>(kJudgeShare * static_cast<double>(last));
  std::fill(targets.use.begin() + kWarm, targets.use.begin() + (last - judged), lm::SeriesUse::learn);
  std::fill(targets.use.begin() + (last - judged), targets.use.begin() + last, lm::SeriesUse::judge);
  lm::SeriesOptions o;
  o.width = 16, o.epochs = 15, o.patience = 3, o.lr = 2e-3, o.batch = 8;
  o.direction_weight = 0, o.variance_weight = 1;
  o.seed = seed;
  const auto model = lm::SeriesModel::train(rows.table, targets, o);
  std::vector<std::int64_t> asked;
  for (std::int64_t day = begin; day < end; ++day) asked.push_back(day - 1);
  const auto answers = model.answer(rows.table, asked);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    sigma[static_cast<std::size_t>(begin) + i] =
        rows.scale[static_cast<std::size_t>(asked[i])] * std::exp(answers[i].log_variance / 2);
  }
}

/// n + 1 deviations as volatility_path() gives; those before the first fit stay zero.
std::vector<double> transformer_path(std::span<const double> r, const VolatilityComparisonOptions& o) {
  const Rows rows = rows_of(r);
  std::vector<double> sigma(r.size() + 1);
  const auto days = static_cast<std::int64_t>(sigma.size());
  base::parallel_for((days - kFirstTransformer + o.transformer_refit_days - 1) / o.transformer_refit_days,
                     [&](std::int64_t block) {
                       const std::int64_t begin = kFirstTransformer + block * o.transformer_refit_days;
                       transform_block(rows, begin, std::min(begin + o.transformer_refit_days, days), o.seed, sigma);
                     });
  return sigma;
}

std::vector<double> path_of(const std::string& model, const Returns& returns, const VolatilityComparisonOptions& o) {
  if (model == kTransformer) return transformer_path(returns.values, o);
  VolatilityOptions v;
  v.model = volatility_model_named(model);
  v.decay = o.decay;
  v.refit_days = o.refit_days;
  return volatility_path(returns.values, v);
}

struct Losses {
  std::vector<double> qlike, mse;
};

Losses losses_of(std::span<const double> squares, std::span<const double> sigma) {
  Losses out;
  for (std::size_t i = 0; i < squares.size(); ++i) {
    const double variance = sigma[i] * sigma[i], ratio = std::max(squares[i], kSmallest) / variance;
    out.qlike.push_back(ratio - std::log(ratio) - 1);
    out.mse.push_back((squares[i] - variance) * (squares[i] - variance));
  }
  return out;
}

double mean_of(std::span<const double> x) {
  double sum = 0;
  for (const double v : x) sum += v;
  return sum / static_cast<double>(x.size());
}

/// Index of the champion.
std::size_t check(const VolatilityComparisonOptions& o) {
  for (const std::string& name : o.models) {
    if (name != kTransformer) volatility_model_named(name);
    if (std::count(o.models.begin(), o.models.end(), name) > 1) {
      throw Error(ErrorCode::usage, "names \"" + name + "\" twice", "--models");
    }
  }
  const auto at = std::find(o.models.begin(), o.models.end(), o.champion);
  if (at == o.models.end()) {
    throw Error(ErrorCode::usage, "\"" + o.champion + "\" is not among the models compared", "--champion");
  }
  return static_cast<std::size_t>(at - o.models.begin());
}

/// Holm (1979): p-values raised so that each may be held against the level of the whole family.
void correct(VolatilityComparison& c) {
  std::vector<std::size_t> order;
  for (std::size_t m = 0; m < c.models.size(); ++m) {
    if (m != c.champion) order.push_back(m);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return c.models[a].by_qlike.p_value < c.models[b].by_qlike.p_value;
  });
  double highest = 0;
  for (std::size_t k = 0; k < order.size(); ++k) {
    VolatilityForecaster& m = c.models[order[k]];
    highest = std::max(highest, std::min(1.0, m.by_qlike.p_value * static_cast<double>(order.size() - k)));
    m.qlike_p_holm = highest;
  }
}

}  // namespace

VolatilityComparison compare_volatility(const Returns& returns, const VolatilityComparisonOptions& o) {
  VolatilityComparison out;
  out.champion = check(o);
  const bool transformer = std::find(o.models.begin(), o.models.end(), kTransformer) != o.models.end();
  const std::int64_t first = transformer ? kFirstTransformer : kFirst;
  const auto n = static_cast<std::int64_t>(returns.size());
  if (n < first + kFewestDays) {
    throw Error(ErrorCode::bad_input,
                "a comparison needs at least " + std::to_string(first + kFewestDays) + " returns, there are " +
                    std::to_string(n),
                returns.source);
  }
  out.days.assign(returns.days.begin() + first, returns.days.end());
  for (std::int64_t t = first; t < n; ++t) {
    out.squares.push_back(returns.values[static_cast<std::size_t>(t)] * returns.values[static_cast<std::size_t>(t)]);
  }
  std::vector<Losses> losses;
  for (const std::string& name : o.models) {
    const base::Stopwatch watch;
    const auto sigma = path_of(name, returns, o);
    VolatilityForecaster m;
    m.model = name;
    m.sigma.assign(sigma.begin() + first, sigma.end() - 1);
    m.next = sigma.back();
    losses.push_back(losses_of(out.squares, m.sigma));
    m.qlike = mean_of(losses.back().qlike);
    m.mse = mean_of(losses.back().mse);
    m.seconds = watch.seconds();
    out.models.push_back(std::move(m));
  }
  for (std::size_t m = 0; m < out.models.size(); ++m) {
    if (m == out.champion) continue;
    out.models[m].by_qlike = tabular::diebold_mariano(losses[out.champion].qlike, losses[m].qlike);
    out.models[m].by_mse = tabular::diebold_mariano(losses[out.champion].mse, losses[m].mse);
  }
  correct(out);
  return out;
}

}  // namespace ballast::risk
