// SPDX-License-Identifier: Apache-2.0
// Lift by tenths with bootstrap intervals. The rows are sorted once; a draw is a count for each row, so that its tenths
// are found by walking the sorted rows.
#include "ballast/risk/customers_lift.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/base/random.h"
#include "ballast/tabular/metrics.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr std::size_t kTenths = 10;

std::vector<std::size_t> falling(std::span<const double> scores) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  return order;
}

/// Lift of each tenth where row i counts `times[i]` times; NaN without a positive.
std::vector<double> walk(std::span<const std::size_t> order, std::span<const std::uint8_t> truth,
                         std::span<const int> times) {
  double found[kTenths] = {};
  double positives = 0;
  std::size_t at = 0, tenth = 0;
  const std::size_t all = order.size();
  for (const std::size_t row : order) {
    for (int k = 0; k < times[row]; ++k, ++at) {
      while (at >= (tenth + 1) * all / kTenths) ++tenth;
      found[tenth] += truth[row];
      positives += truth[row];
    }
  }
  std::vector<double> lift;
  for (std::size_t d = 0; d < kTenths; ++d) {
    const auto size = static_cast<double>((d + 1) * all / kTenths - d * all / kTenths);
    lift.push_back(found[d] / size / (positives / static_cast<double>(all)));
  }
  return lift;
}

void check(std::span<const double> scores, std::span<const std::uint8_t> truth) {
  BALLAST_CHECK(scores.size() == truth.size(), scores.size());
  const bool positive = std::any_of(truth.begin(), truth.end(), [](std::uint8_t t) { return t != 0; });
  if (truth.size() < kTenths || !positive) {
    throw Error(ErrorCode::bad_input, "lift needs ten rows and a positive one");
  }
}

/// One number a tenth for each draw of rows with replacement.
using Measure = std::vector<double> (*)(std::span<const std::vector<std::size_t>> orders,
                                        std::span<const std::uint8_t> truth, std::span<const int> times);

DecileLift bootstrap(std::span<const std::vector<std::size_t>> orders, std::span<const std::uint8_t> truth,
                     const tabular::BootstrapOptions& options, Measure measure) {
  const auto replicates = static_cast<std::size_t>(options.replicates);
  std::vector<std::vector<double>> drawn(replicates);
  base::parallel_for(options.replicates, [&](std::int64_t b) {
    base::Random random(options.seed, static_cast<std::uint64_t>(b));
    std::vector<int> times(truth.size(), 0);
    for (std::size_t i = 0; i < truth.size(); ++i) ++times[random.below(truth.size())];
    drawn[static_cast<std::size_t>(b)] = measure(orders, truth, times);
  });
  const std::vector<double> estimate = measure(orders, truth, std::vector<int>(truth.size(), 1));
  DecileLift out;
  for (std::size_t d = 0; d < kTenths; ++d) {
    std::vector<double> values;
    for (const auto& one : drawn) {
      if (std::isfinite(one[d])) values.push_back(one[d]);
    }
    std::sort(values.begin(), values.end());
    const double tail = (1 - options.level) / 2;
    const bool any = !values.empty();
    out.push_back({estimate[d], any ? tabular::quantile(values, tail) : std::nan(""),
                   any ? tabular::quantile(values, 1 - tail) : std::nan(""), static_cast<int>(values.size())});
  }
  return out;
}

std::vector<double> one_ranking(std::span<const std::vector<std::size_t>> orders, std::span<const std::uint8_t> truth,
                                std::span<const int> times) {
  return walk(orders[0], truth, times);
}

std::vector<double> second_minus_first(std::span<const std::vector<std::size_t>> orders,
                                       std::span<const std::uint8_t> truth, std::span<const int> times) {
  std::vector<double> difference = walk(orders[1], truth, times);
  const std::vector<double> first = walk(orders[0], truth, times);
  for (std::size_t d = 0; d < kTenths; ++d) difference[d] -= first[d];
  return difference;
}

}  // namespace

std::vector<double> lift_by_decile(std::span<const double> scores, std::span<const std::uint8_t> truth) {
  check(scores, truth);
  return walk(falling(scores), truth, std::vector<int>(truth.size(), 1));
}

DecileLift lift_with_intervals(std::span<const double> scores, std::span<const std::uint8_t> truth,
                               const tabular::BootstrapOptions& options) {
  check(scores, truth);
  const std::vector<std::vector<std::size_t>> orders = {falling(scores)};
  return bootstrap(orders, truth, options, one_ranking);
}

LiftDifference lift_difference(std::span<const double> champion, std::span<const double> challenger,
                               std::span<const std::uint8_t> truth, const tabular::BootstrapOptions& options) {
  check(champion, truth);
  check(challenger, truth);
  const std::vector<std::vector<std::size_t>> orders = {falling(champion), falling(challenger)};
  return bootstrap(orders, truth, options, second_minus_first);
}

Json to_json(const DecileLift& lift) {
  Json json = Json::array();
  for (const auto& d : lift) json.push_back({{"lift", d.estimate}, {"interval_95", {d.low, d.high}}});
  return json;
}

DecileLift lift_from_json(const Json& json, const std::string& where) {
  DecileLift lift;
  for (const Json& d : json) {
    const auto interval = base::json_field<std::array<double, 2>>(d, "interval_95", where);
    lift.push_back({base::json_field<double>(d, "lift", where), interval[0], interval[1], 0});
  }
  return lift;
}

}  // namespace ballast::risk
