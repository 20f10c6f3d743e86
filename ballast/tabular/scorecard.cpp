// SPDX-License-Identifier: Apache-2.0
// Fits scorecards and turns log-odds into points.
#include "ballast/tabular/scorecard.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"

namespace ballast::tabular {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

/// −WoE of the characteristics, [rows, characteristics].
Matrix evidence(const Table& table, const std::vector<Characteristic>& characteristics) {
  Matrix x{table.rows(), static_cast<std::int64_t>(characteristics.size()), {}};
  x.values.resize(static_cast<std::size_t>(x.rows * x.cols));
  for (std::size_t c = 0; c < characteristics.size(); ++c) {
    const auto woe = characteristics[c].binning.woe(table.at(characteristics[c].binning.column));
    for (std::size_t r = 0; r < woe.size(); ++r) x.values[r * characteristics.size() + c] = -woe[r];
  }
  return x;
}

}  // namespace

double PointsScale::factor() const {
  return pdo / std::log(2.0);
}

double PointsScale::points(double log_odds) const {
  return base_points - factor() * (log_odds + std::log(base_odds));
}

std::vector<double> Scorecard::scores(const Table& table) const {
  const Matrix x = evidence(table, characteristics);
  std::vector<double> scores;
  for (std::int64_t r = 0; r < x.rows; ++r) {
    double sum = intercept;
    for (std::size_t c = 0; c < characteristics.size(); ++c) sum += characteristics[c].coefficient * x.row(r)[c];
    scores.push_back(sum);
  }
  return scores;
}

double Scorecard::effect(std::size_t c, int b) const {
  return b < 0 ? 0 : -characteristics[c].coefficient * characteristics[c].binning.bins[static_cast<std::size_t>(b)].woe;
}

double Scorecard::bin_points(std::size_t c, int b, const PointsScale& scale) const {
  return scale.points(intercept) / static_cast<double>(characteristics.size()) - scale.factor() * effect(c, b);
}

Scorecard fit_scorecard(const Table& table, std::span<const std::uint8_t> truth, std::span<const double> weights,
                        const ScorecardOptions& options) {
  std::vector<Characteristic> all(table.columns.size());
  base::parallel_for(static_cast<std::int64_t>(all.size()), [&](std::int64_t c) {
    const auto at = static_cast<std::size_t>(c);
    all[at].binning = bin_column(table.columns[at], truth, weights, options.binning);
  });
  Scorecard card;
  double strongest = 0;
  for (const Characteristic& c : all) strongest = std::max(strongest, c.binning.iv);
  if (!(strongest > 0)) throw Error(ErrorCode::bad_input, "no column tells the classes apart");
  for (Characteristic& c : all) {
    if (c.binning.bins.size() > 1 && c.binning.iv >= std::min(options.min_iv, strongest)) {
      card.characteristics.push_back(std::move(c));
    }
  }
  LogisticOptions logistic = options.logistic;
  while (!card.characteristics.empty()) {
    const Matrix x = evidence(table, card.characteristics);
    const LogisticModel model = fit_logistic_cv(x, truth, weights, logistic);
    logistic.grid = {model.c};  // found once, on all characteristics
    const auto worst = std::min_element(model.coefficients.begin(), model.coefficients.end());
    if (*worst < 0 && card.characteristics.size() > 1) {
      card.characteristics.erase(card.characteristics.begin() + (worst - model.coefficients.begin()));
      continue;
    }
    card.intercept = model.intercept;
    for (std::size_t c = 0; c < card.characteristics.size(); ++c) {
      double sum = 0;
      for (std::int64_t r = 0; r < x.rows; ++r) sum -= x.row(r)[c];
      card.characteristics[c].coefficient = model.coefficients[c];
      card.characteristics[c].mean_woe = sum / static_cast<double>(x.rows);
    }
    break;
  }
  return card;
}

Json Scorecard::to_json() const {
  Json json = {{"intercept", intercept}, {"characteristics", Json::array()}};
  for (const Characteristic& c : characteristics) {
    Json one = c.binning.to_json();
    one["coefficient"] = c.coefficient;
    one["mean_woe"] = c.mean_woe;
    json["characteristics"].push_back(std::move(one));
  }
  return json;
}

Scorecard Scorecard::from_json(const Json& json, const std::string& where) {
  Scorecard card;
  card.intercept = base::json_field<double>(json, "intercept", where);
  for (const Json& one : base::json_field<Json>(json, "characteristics", where)) {
    card.characteristics.push_back({ColumnBinning::from_json(one, where),
                                    base::json_field<double>(one, "coefficient", where),
                                    base::json_field<double>(one, "mean_woe", where)});
  }
  if (card.characteristics.empty()) throw Error(ErrorCode::bad_input, "the scorecard has no characteristics", where);
  return card;
}

}  // namespace ballast::tabular
