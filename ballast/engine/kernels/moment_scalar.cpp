// SPDX-License-Identifier: Apache-2.0
// The plain truth that moment_kernels.cpp is tested against: the map as a table, the nearest number by trying all.
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "ballast/engine/kernels/moment_kernels.h"

namespace ballast::engine::kernels::scalar {
namespace {

constexpr int kMomentCodes = 256;

/// The number of every code, by the formula in moment_kernels.h.
std::array<double, kMomentCodes> numbers(MomentMap map) {
  const bool with_sign = map == MomentMap::with_sign;
  std::array<double, kMomentCodes> all{};
  for (int k = with_sign ? 1 : 2; k < (with_sign ? 128 : 256); ++k) {
    const int exponent = static_cast<int>(std::floor(std::log2(k)));
    const int decade = exponent - (with_sign ? 0 : 1);
    const double p = std::exp2(exponent);
    const double x = std::pow(10.0, decade - 6) * (0.1 + 0.9 * (k - p + 0.5) / p);
    all[static_cast<std::size_t>(k)] = x;
    if (with_sign) all[static_cast<std::size_t>(k) + 128] = -x;
  }
  all[with_sign ? 128 : 1] = 1;
  return all;
}

std::uint8_t nearest(const std::array<double, kMomentCodes>& numbers, double x, bool zero_allowed) {
  int best = zero_allowed ? 0 : 1;
  for (int code = best; code < kMomentCodes; ++code) {
    const double off = std::abs(numbers[static_cast<std::size_t>(code)] - x);
    if (off < std::abs(numbers[static_cast<std::size_t>(best)] - x)) best = code;
  }
  return static_cast<std::uint8_t>(best);
}

}  // namespace

void encode_moments(MomentMap map, const float* x, std::int64_t n, ByteMoments to) {
  const auto table = numbers(map);
  for (std::int64_t first = 0; first < n; first += kMomentBlock) {
    const std::int64_t last = std::min(n, first + kMomentBlock);
    float scale = 0;
    for (std::int64_t i = first; i < last; ++i) scale = std::max(scale, std::abs(x[i]));
    to.scales[first / kMomentBlock] = scale;
    for (std::int64_t i = first; i < last; ++i) {
      const double share = scale > 0x1p-120f ? x[i] / static_cast<double>(scale) : 0;
      to.codes[i] = share == 0 ? std::uint8_t{0} : nearest(table, share, map == MomentMap::with_sign);
    }
  }
}

void decode_moments(MomentMap map, ByteMoments from, std::int64_t n, float* x) {
  const auto table = numbers(map);
  for (std::int64_t i = 0; i < n; ++i) {
    x[i] = static_cast<float>(table[from.codes[i]] * static_cast<double>(from.scales[i / kMomentBlock]));
  }
}

void adamw_step_bytes(const AdamW& s, float* p, float* g, ByteMoments m, ByteMoments v, std::int64_t n) {
  std::vector<float> first(static_cast<std::size_t>(n)), second(static_cast<std::size_t>(n));
  scalar::decode_moments(MomentMap::with_sign, m, n, first.data());
  scalar::decode_moments(MomentMap::without_sign, v, n, second.data());
  scalar::adamw_step(s, p, g, first.data(), second.data(), n);
  scalar::encode_moments(MomentMap::with_sign, first.data(), n, m);
  scalar::encode_moments(MomentMap::without_sign, second.data(), n, v);
}

}  // namespace ballast::engine::kernels::scalar
