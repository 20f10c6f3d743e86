// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/ngram/lbfgs.h"

#include <cmath>
#include <cstdint>
#include <limits>

#include "ballast/base/parallel.h"

namespace ballast::lm {
namespace {

constexpr std::int64_t kVectorPiece = 1 << 15;  // elements summed by one task; part of every result

/// y = scale · y + factor · x
void combine(float scale, std::span<float> y, float factor, std::span<const float> x) {
  base::parallel_ranges(static_cast<std::int64_t>(y.size()), kVectorPiece, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
      y[i] = scale * y[i] + factor * x[i];
    }
  });
}

struct Pair {
  std::vector<float> step, change;
  double rho = 0;
};

/// direction = -H · gradient
void find_direction(const std::vector<Pair>& pairs, std::span<const float> gradient, std::vector<float>& direction) {
  direction.assign(gradient.begin(), gradient.end());
  std::vector<double> alpha(pairs.size());
  for (std::size_t i = pairs.size(); i-- > 0;) {
    alpha[i] = pairs[i].rho * dot_ordered(pairs[i].step, direction);
    combine(1, direction, static_cast<float>(-alpha[i]), pairs[i].change);
  }
  double scale = 1;
  if (!pairs.empty()) {
    const auto& last = pairs.back();
    scale = 1 / (last.rho * dot_ordered(last.change, last.change));
  }
  combine(static_cast<float>(-scale), direction, 0, direction);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const double beta = pairs[i].rho * dot_ordered(pairs[i].change, direction);
    combine(1, direction, static_cast<float>(-alpha[i] - beta), pairs[i].step);
  }
}

}  // namespace

double dot_ordered(std::span<const float> a, std::span<const float> b) {
  const auto n = static_cast<std::int64_t>(a.size());
  std::vector<double> parts(static_cast<std::size_t>((n + kVectorPiece - 1) / kVectorPiece));
  base::parallel_ranges(n, kVectorPiece, [&](std::int64_t begin, std::int64_t end) {
    double lanes[8] = {};  // independent sums in a fixed pattern, so that the compiler may use vectors
    auto i = static_cast<std::size_t>(begin);
    for (; i + 8 <= static_cast<std::size_t>(end); i += 8) {
      for (std::size_t l = 0; l < 8; ++l) lanes[l] += static_cast<double>(a[i + l]) * static_cast<double>(b[i + l]);
    }
    double sum = 0;
    for (; i < static_cast<std::size_t>(end); ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    for (const double lane : lanes) sum += lane;
    parts[static_cast<std::size_t>(begin / kVectorPiece)] = sum;
  });
  double total = 0;
  for (const double part : parts) total += part;
  return total;
}

LbfgsResult minimise_lbfgs(std::vector<float>& x, const LbfgsFunction& function, const LbfgsOptions& options) {
  LbfgsResult result;
  std::vector<float> gradient(x.size()), direction, next(x.size()), next_gradient(x.size());
  std::vector<Pair> pairs;
  result.value = function(x, gradient);
  result.evaluations = 1;
  double length = std::sqrt(dot_ordered(gradient, gradient));
  const double goal = options.tolerance * (options.reference > 0 ? options.reference : length);

  while (!(result.converged = length <= goal) && result.iterations < options.max_iterations) {
    find_direction(pairs, gradient, direction);
    double slope = dot_ordered(gradient, direction);
    if (slope >= 0) break;  // rounding has eaten the descent: as good as it gets in f32
    double low = 0, high = std::numeric_limits<double>::infinity(), t = pairs.empty() ? 1 / length : 1, value = 0;
    bool found = false;
    for (int tries = 0; tries < 30 && !found; ++tries) {
      next = x;
      combine(1, next, static_cast<float>(t), direction);
      value = function(next, next_gradient);
      ++result.evaluations;
      if (value > result.value + 1e-4 * t * slope) {
        high = t;
      } else if (dot_ordered(next_gradient, direction) < 0.9 * slope) {
        low = t;
      } else {
        found = true;
        break;
      }
      t = std::isinf(high) ? 2 * low : (low + high) / 2;
    }
    if (!found) break;
    ++result.iterations;

    Pair pair;
    if (static_cast<int>(pairs.size()) == options.memory) {
      pair = std::move(pairs.front());  // its memory is used again
      pairs.erase(pairs.begin());
    }
    pair.step = next;
    combine(1, pair.step, -1, x);
    pair.change = next_gradient;
    combine(1, pair.change, -1, gradient);
    const double curvature = dot_ordered(pair.step, pair.change);
    if (curvature > 0) {
      pair.rho = 1 / curvature;
      pairs.push_back(std::move(pair));
    }
    x.swap(next);
    gradient.swap(next_gradient);
    result.value = value;
    length = std::sqrt(dot_ordered(gradient, gradient));
  }
  return result;
}

}  // namespace ballast::lm
