// SPDX-License-Identifier: Apache-2.0
// What thresholds cost, and how good fraud probabilities are.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <set>

#include "ballast/base/error.h"
#include "ballast/risk/operations_fraud.h"
#include "ballast/risk/toml_fields.h"
#include "ballast/tabular/metrics.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr double kLargestCost = 1e12;
constexpr double kGrid = 1.25;  // alerts grow by this factor from point to point of a printed curve: under 60 points

std::vector<std::size_t> by_falling(std::span<const double> probabilities) {
  std::vector<std::size_t> order(probabilities.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return probabilities[a] > probabilities[b]; });
  return order;
}

double mcc_at(std::span<const double> probabilities, std::span<const std::uint8_t> truth, double threshold) {
  std::vector<int> t(truth.begin(), truth.end()), p;
  p.reserve(t.size());
  for (const double x : probabilities) p.push_back(x >= threshold ? 1 : 0);
  return tabular::matthews_correlation(tabular::confusion_matrix(t, p, 2));
}

/// Where blocking all from there up costs less than looking at them: the place of the least Σ (honest · false block −
/// investigation), if that is below 0.
std::optional<double> block_threshold(const std::vector<std::size_t>& order, std::span<const double> probabilities,
                                      std::span<const std::uint8_t> truth, const FraudCosts& costs) {
  if (costs.false_block <= 0) return {};
  double sum = 0, least = 0;
  std::optional<double> found;
  for (std::size_t i = 0; i < order.size(); ++i) {
    sum += (truth[order[i]] != 0 ? 0 : costs.false_block) - costs.investigation;
    const bool last_of_equals = i + 1 == order.size() || probabilities[order[i + 1]] < probabilities[order[i]];
    if (last_of_equals && sum < least) least = sum, found = probabilities[order[i]];
  }
  return found;
}

}  // namespace

FraudCosts parse_fraud_costs(std::string_view text, const std::string& where) {
  const toml::table document = parse_toml(text, where);
  refuse_unknown(document, {"cost"}, where, "");
  const toml::table* cost = document["cost"].as_table();
  if (cost == nullptr) throw Error(ErrorCode::bad_input, "has no [cost]", where);
  refuse_unknown(*cost, {"investigation", "missed", "amount_column", "false_block"}, where, "cost");
  FraudCosts c;
  c.investigation = number_field(*cost, "investigation", c.investigation, 0, kLargestCost, where, "cost");
  c.missed = number_field(*cost, "missed", c.missed, 0, kLargestCost, where, "cost");
  c.false_block = number_field(*cost, "false_block", c.false_block, 0, kLargestCost, where, "cost");
  const auto column = (*cost)["amount_column"];
  if (column && !column.is_string()) throw Error(ErrorCode::bad_input, "amount_column must be a text", where);
  c.amount_column = column.value_or(std::string());
  return c;
}

CostPoint cost_at(double threshold, std::span<const double> probabilities, std::span<const std::uint8_t> truth,
                  std::span<const double> losses, const FraudCosts& costs) {
  CostPoint point{threshold, 0, 0, 0, 0};
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    const bool alert = probabilities[i] >= threshold, fraud = truth[i] != 0;
    point.alerts += alert;
    point.caught += alert && fraud;
    point.missed += !alert && fraud;
    point.cost += alert ? costs.investigation : fraud ? losses[i] : 0;
  }
  return point;
}

CostCurve cost_curve(std::span<const double> probabilities, std::span<const std::uint8_t> truth,
                     std::span<const double> losses, const FraudCosts& costs) {
  BALLAST_CHECK(probabilities.size() == truth.size() && losses.size() == truth.size(), losses.size());
  const std::vector<std::size_t> order = by_falling(probabilities);
  CostCurve curve;
  CostPoint point{std::nextafter(1.0, 2.0), 0, 0, 0, 0};  // above every probability: no alert
  for (std::size_t i = 0; i < truth.size(); ++i) {
    if (truth[i] != 0) ++point.missed, curve.pass_all += losses[i];
  }
  if (point.missed == 0) throw Error(ErrorCode::bad_input, "a cost curve needs at least one fraud");
  curve.review_all = costs.investigation * static_cast<double>(truth.size());
  point.cost = curve.pass_all;
  curve.best = point;
  curve.points.push_back(point);
  double next = 1;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::size_t row = order[i];
    ++point.alerts;
    point.cost += costs.investigation;
    if (truth[row] != 0) ++point.caught, --point.missed, point.cost -= losses[row];
    point.threshold = probabilities[row];
    if (i + 1 < order.size() && probabilities[order[i + 1]] == point.threshold) continue;
    // Sums of amounts differ in their last bits; a cost that is lower by less than that is not lower.
    if (point.cost < curve.best.cost - 1e-9 * curve.pass_all) curve.best = point;
    if (static_cast<double>(point.alerts) >= next || i + 1 == order.size()) {
      curve.points.push_back(point);
      while (next <= static_cast<double>(point.alerts)) next = std::max(next + 1, next * kGrid);
    }
  }
  curve.block = block_threshold(order, probabilities, truth, costs);
  if (curve.block) curve.block = std::max(*curve.block, curve.best.threshold);
  return curve;
}

CardPrecision card_precision(std::span<const double> probabilities, std::span<const std::uint8_t> truth,
                             std::span<const std::int64_t> group, std::span<const std::int64_t> day, int k) {
  BALLAST_CHECK(group.size() == truth.size() && day.size() == truth.size() && k > 0, k);
  std::map<std::int64_t, std::vector<std::size_t>> days;
  for (std::size_t i = 0; i < day.size(); ++i) days[day[i]].push_back(i);
  CardPrecision out;
  out.k = k;
  std::set<std::int64_t> found;
  struct Card {
    double probability = 0;
    std::int64_t group = 0;
    bool fraud = false;
  };
  for (const auto& [number, rows] : days) {
    std::map<std::int64_t, Card> cards;
    for (const std::size_t row : rows) {
      if (found.contains(group[row])) continue;
      Card& card = cards[group[row]];
      card.group = group[row];
      card.probability = std::max(card.probability, probabilities[row]);
      card.fraud = card.fraud || truth[row] != 0;
    }
    std::vector<Card> ranked;
    for (const auto& [name, card] : cards) ranked.push_back(card);
    std::stable_sort(ranked.begin(), ranked.end(),
                     [](const Card& a, const Card& b) { return a.probability > b.probability; });
    ranked.resize(std::min(ranked.size(), static_cast<std::size_t>(k)));
    int hits = 0;
    for (const Card& card : ranked) {
      if (card.fraud) ++hits, found.insert(card.group);
    }
    out.days.push_back(static_cast<double>(hits) / k);
  }
  for (const double d : out.days) out.mean += d / static_cast<double>(out.days.size());
  return out;
}

FraudFigures fraud_figures(std::span<const double> probabilities, std::span<const std::uint8_t> truth,
                           std::span<const double> losses, const FraudCosts& costs, double threshold,
                           std::uint64_t seed) {
  FraudFigures f;
  f.rows = static_cast<std::int64_t>(truth.size());
  f.frauds = std::count(truth.begin(), truth.end(), std::uint8_t{1});
  f.auc = tabular::auc_with_interval(probabilities, truth);
  const auto bootstrap = [&](auto measure) {
    return tabular::bootstrap_interval(f.rows, tabular::measure_rows(truth, probabilities, measure), {.seed = seed});
  };
  f.average_precision = bootstrap([](auto t, auto p) { return tabular::pr_auc(p, t); });
  f.mcc = bootstrap([threshold](auto t, auto p) { return mcc_at(p, t, threshold); });
  f.brier = tabular::brier_score(probabilities, truth);
  f.log_loss = tabular::log_loss(probabilities, truth);
  const auto calibration = tabular::calibration_report(probabilities, truth, seed);
  f.ece = calibration.ece;
  f.ece_chance = calibration.chance_95;
  f.at_threshold = cost_at(threshold, probabilities, truth, losses, costs);
  const double none = std::numeric_limits<double>::infinity();
  f.pass_all = cost_at(none, probabilities, truth, losses, costs).cost;
  f.review_all = costs.investigation * static_cast<double>(f.rows);
  return f;
}

Json to_json(const CostPoint& p) {
  return {
      {"threshold", p.threshold}, {"alerts", p.alerts}, {"caught", p.caught}, {"missed", p.missed}, {"cost", p.cost}};
}

Json to_json(const FraudFigures& f) {
  Json json = {{"rows", f.rows},
               {"frauds", f.frauds},
               {"average_precision", f.average_precision.estimate},
               {"average_precision_interval", {f.average_precision.low, f.average_precision.high}},
               {"auc", f.auc.auc},
               {"auc_interval", {f.auc.low, f.auc.high}},
               {"mcc", f.mcc.estimate},
               {"mcc_interval", {f.mcc.low, f.mcc.high}},
               {"brier", f.brier},
               {"log_loss", f.log_loss},
               {"ece", f.ece},
               {"ece_chance_95", f.ece_chance},
               {"at_threshold", to_json(f.at_threshold)},
               {"cost_pass_all", f.pass_all},
               {"cost_review_all", f.review_all}};
  if (f.cards) json["card_precision"] = {{"k", f.cards->k}, {"mean", f.cards->mean}, {"days", f.cards->days}};
  return json;
}

}  // namespace ballast::risk
