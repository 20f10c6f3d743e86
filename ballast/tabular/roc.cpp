// SPDX-License-Identifier: Apache-2.0
// DeLong's variance from midranks.
#include "ballast/tabular/roc.h"

#include <algorithm>
#include <boost/math/special_functions/erf.hpp>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <vector>

#include "ballast/base/error.h"

namespace ballast::tabular {
namespace {

using base::Error;
using base::ErrorCode;

/// Ranks from 1, equal values sharing their mean.
std::vector<double> midranks(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (std::size_t i = 0, j = 0; i < order.size(); i = j) {
    while (j < order.size() && values[order[j]] == values[order[i]]) ++j;
    for (std::size_t k = i; k < j; ++k) ranks[order[k]] = 0.5 * static_cast<double>(i + j - 1) + 1;
  }
  return ranks;
}

struct Placements {
  double auc = 0;
  std::vector<double> positives, negatives;  // how far each row is on the right side, in [0, 1]
};

Placements placements(std::span<const double> scores, std::span<const std::uint8_t> truth) {
  BALLAST_CHECK(scores.size() == truth.size(), scores.size());
  std::vector<double> positive, negative;
  for (std::size_t i = 0; i < scores.size(); ++i) (truth[i] != 0 ? positive : negative).push_back(scores[i]);
  if (positive.empty() || negative.empty()) throw Error(ErrorCode::bad_input, "AUC needs rows of both classes");
  std::vector<double> all = positive;
  all.insert(all.end(), negative.begin(), negative.end());
  const auto rank_all = midranks(all), rank_positive = midranks(positive), rank_negative = midranks(negative);
  const auto m = static_cast<double>(positive.size()), n = static_cast<double>(negative.size());
  Placements p;
  for (std::size_t i = 0; i < positive.size(); ++i) p.positives.push_back((rank_all[i] - rank_positive[i]) / n);
  for (std::size_t i = 0; i < negative.size(); ++i) {
    p.negatives.push_back(1 - (rank_all[positive.size() + i] - rank_negative[i]) / m);
  }
  p.auc = std::accumulate(p.positives.begin(), p.positives.end(), 0.0) / m;
  return p;
}

double covariance(std::span<const double> a, std::span<const double> b) {
  const auto n = static_cast<double>(a.size());
  const double mean_a = std::accumulate(a.begin(), a.end(), 0.0) / n;
  const double mean_b = std::accumulate(b.begin(), b.end(), 0.0) / n;
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - mean_a) * (b[i] - mean_b);
  return sum / (n - 1);  // NaN for one row: nothing is known of the spread
}

double covariance(const Placements& a, const Placements& b) {
  return covariance(a.positives, b.positives) / static_cast<double>(a.positives.size()) +
         covariance(a.negatives, b.negatives) / static_cast<double>(a.negatives.size());
}

AucEstimate estimate(const Placements& p, double level) {
  AucEstimate e{p.auc, std::sqrt(covariance(p, p)), 0, 0};
  const double reach = normal_quantile(0.5 + level / 2) * e.standard_error;
  e.low = std::max(0.0, p.auc - reach);
  e.high = std::min(1.0, p.auc + reach);
  return e;
}

}  // namespace

double normal_quantile(double p) {
  BALLAST_CHECK(p > 0 && p < 1, p);
  return -std::numbers::sqrt2 * boost::math::erfc_inv(2 * p);
}

double normal_probability(double z) {
  return std::erfc(-z / std::numbers::sqrt2) / 2;
}

AucEstimate auc_with_interval(std::span<const double> scores, std::span<const std::uint8_t> truth, double level) {
  return estimate(placements(scores, truth), level);
}

AucComparison compare_auc(std::span<const double> champion, std::span<const double> challenger,
                          std::span<const std::uint8_t> truth, double level) {
  const Placements a = placements(champion, truth), b = placements(challenger, truth);
  AucComparison out{estimate(a, level), estimate(b, level), b.auc - a.auc, 0, 0, 0, 1};
  const double variance = covariance(a, a) + covariance(b, b) - 2 * covariance(a, b);
  out.standard_error = std::sqrt(std::max(0.0, variance));
  const double reach = normal_quantile(0.5 + level / 2) * out.standard_error;
  out.low = out.difference - reach;
  out.high = out.difference + reach;
  if (out.standard_error > 0) {
    out.p_value = std::erfc(std::abs(out.difference) / out.standard_error / std::numbers::sqrt2);
  }
  return out;
}

double ks_distance(std::span<const double> scores, std::span<const std::uint8_t> truth) {
  BALLAST_CHECK(scores.size() == truth.size(), scores.size());
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });
  const auto positives = static_cast<double>(std::count_if(truth.begin(), truth.end(), [](auto t) { return t != 0; }));
  const double negatives = static_cast<double>(truth.size()) - positives;
  if (positives == 0 || negatives == 0) return std::numeric_limits<double>::quiet_NaN();
  double p = 0, n = 0, best = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    (truth[order[i]] != 0 ? p : n) += 1;
    const bool last = i + 1 == order.size() || scores[order[i + 1]] != scores[order[i]];
    if (last) best = std::max(best, std::abs(p / positives - n / negatives));
  }
  return best;
}

}  // namespace ballast::tabular
