// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/privacy.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "ballast/base/error.h"

namespace ballast::lm {
namespace {

using base::Error;
using base::ErrorCode;

constexpr int kHighestOrder = 512;

/// log(n choose k).
double log_binomial(int n, int k) {
  return std::lgamma(n + 1.0) - std::lgamma(k + 1.0) - std::lgamma(n - k + 1.0);
}

double log_of_sum(const std::vector<double>& logs) {
  const double top = *std::max_element(logs.begin(), logs.end());
  double sum = 0;
  for (const double x : logs) sum += std::exp(x - top);
  return top + std::log(sum);
}

}  // namespace

double renyi_divergence(double rate, double noise, int alpha) {
  BALLAST_CHECK(alpha >= 2, alpha);
  if (noise == 0) return std::numeric_limits<double>::infinity();
  const double spread = 2 * noise * noise;
  if (rate == 1) return alpha / spread;
  // Mironov, Talwar & Zhang, section 3.3: the moment of whole order is a binomial sum.
  std::vector<double> terms;
  for (int k = 0; k <= alpha; ++k) {
    terms.push_back(log_binomial(alpha, k) + (alpha - k) * std::log1p(-rate) + k * std::log(rate) +
                    (static_cast<double>(k) * k - k) / spread);
  }
  return std::max(0.0, log_of_sum(terms)) / (alpha - 1);
}

PrivacyCost privacy_cost(double rate, double noise, std::int64_t steps, double delta, bool classic) {
  if (!(rate > 0 && rate <= 1) || !(delta > 0 && delta < 1) || !(noise >= 0) || steps < 0) {
    throw Error(ErrorCode::usage, "the rate must lie in (0, 1], delta in (0, 1), and noise must not be negative",
                "privacy");
  }
  PrivacyCost best{std::numeric_limits<double>::infinity(), 0};
  if (noise == 0) return best;
  for (int alpha = 2; alpha <= kHighestOrder; ++alpha) {
    const double total = static_cast<double>(steps) * renyi_divergence(rate, noise, alpha);
    const double rest = classic ? -std::log(delta) / (alpha - 1)
                                : std::log1p(-1.0 / alpha) - (std::log(delta) + std::log(alpha)) / (alpha - 1);
    if (const double epsilon = std::max(0.0, total + rest); epsilon < best.epsilon) best = {epsilon, alpha};
  }
  return best;
}

double noise_for(double rate, double epsilon, std::int64_t steps, double delta) {
  if (!(epsilon > 0)) throw Error(ErrorCode::usage, "must be above 0", "epsilon");
  double low = 0, high = 1;
  while (privacy_cost(rate, high, steps, delta).epsilon > epsilon) {
    low = high;
    high *= 2;
    if (high > 1e6) throw Error(ErrorCode::usage, "no noise keeps so small an epsilon", "epsilon");
  }
  while (high - low > 5e-4) {
    const double middle = (low + high) / 2;
    (privacy_cost(rate, middle, steps, delta).epsilon > epsilon ? low : high) = middle;
  }
  return std::ceil(high * 1000) / 1000;
}

double gaussian_delta(double noise, double epsilon) {
  const auto normal = [](double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); };
  const double half = 1 / (2 * noise);
  return normal(half - epsilon * noise) - std::exp(epsilon) * normal(-half - epsilon * noise);
}

}  // namespace ballast::lm
