// SPDX-License-Identifier: Apache-2.0
// Two clouds of vectors: the maximum mean discrepancy and its permutation test.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "ballast/base/error.h"
#include "ballast/base/random.h"
#include "ballast/govern/drift.h"

namespace ballast::govern {
namespace {

/// Squared distances between all points, [n, n].
std::vector<double> squared_distances(const std::vector<const float*>& points, std::int64_t width) {
  const std::size_t n = points.size();
  std::vector<double> d(n * n, 0);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) {
      double sum = 0;
      for (std::int64_t k = 0; k < width; ++k) {
        const double x = static_cast<double>(points[i][k]) - static_cast<double>(points[j][k]);
        sum += x * x;
      }
      d[i * n + j] = d[j * n + i] = sum;
    }
  }
  return d;
}

/// The unbiased estimate where the first `m` of `order` are one side, the others the other.
double mmd_squared(const std::vector<double>& kernel, std::span<const std::size_t> order, std::size_t m) {
  const std::size_t n = order.size();
  double within_a = 0, within_b = 0, between = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double* row = kernel.data() + order[i] * n;
    for (std::size_t j = i + 1; j < n; ++j) {
      const double k = row[order[j]];
      if (j < m) {
        within_a += k;
      } else if (i >= m) {
        within_b += k;
      } else {
        between += k;
      }
    }
  }
  const double a = static_cast<double>(m), b = static_cast<double>(n - m);
  return 2 * within_a / (a * (a - 1)) + 2 * within_b / (b * (b - 1)) - 2 * between / (a * b);
}

}  // namespace

MmdTest mmd_test(std::span<const float> reference, std::span<const float> current, std::int64_t width, int permutations,
                 std::uint64_t seed) {
  const auto w = static_cast<std::size_t>(width);
  const std::size_t m = reference.size() / w, n = m + current.size() / w;
  if (m < 2 || n - m < 2) {
    throw base::Error(base::ErrorCode::bad_input, "two clouds of vectors need at least two of each");
  }
  std::vector<const float*> points;
  for (std::size_t i = 0; i < m; ++i) points.push_back(reference.data() + i * w);
  for (std::size_t i = m; i < n; ++i) points.push_back(current.data() + (i - m) * w);
  std::vector<double> kernel = squared_distances(points, width);
  std::vector<double> sorted;
  for (std::size_t i = 0; i < n; ++i)
    sorted.insert(sorted.end(), kernel.begin() + static_cast<std::ptrdiff_t>(i * n + i + 1),
                  kernel.begin() + static_cast<std::ptrdiff_t>((i + 1) * n));
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  const double scale = *middle > 0 ? *middle : 1;
  for (double& k : kernel) k = std::exp(-k / (2 * scale));
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), 0u);
  MmdTest test;
  test.bandwidth = std::sqrt(scale);
  test.squared = mmd_squared(kernel, order, m);
  base::Random random(seed, 0xd21f7);
  int as_far = 1;
  for (int i = 0; i < permutations; ++i) {
    random.shuffle(std::span<std::size_t>(order));
    if (mmd_squared(kernel, order, m) >= test.squared) ++as_far;
  }
  test.p_value = static_cast<double>(as_far) / static_cast<double>(permutations + 1);
  return test;
}

}  // namespace ballast::govern
