// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/arch/rotary.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ballast::lm {
namespace {

/// Share of the scaled frequency that a wave gets.
double llama3_share(const RotaryConfig& c, double wave_length) {
  const auto original = static_cast<double>(c.original_positions);
  if (wave_length < original / c.high_frequency) return 0;
  if (wave_length > original / c.low_frequency) return 1;
  return 1 - (original / wave_length - c.low_frequency) / (c.high_frequency - c.low_frequency);
}

/// The pair that turns `rotations` times within the original positions.
double yarn_pair(const RotaryConfig& c, std::int64_t head_width, double rotations) {
  const auto original = static_cast<double>(c.original_positions);
  return static_cast<double>(head_width) * std::log(original / (rotations * 2 * std::numbers::pi)) /
         (2 * std::log(c.theta));
}

double yarn_share(const RotaryConfig& c, std::int64_t head_width, std::int64_t pair) {
  const double low = std::max(std::floor(yarn_pair(c, head_width, c.beta_fast)), 0.0);
  double high = std::min(std::ceil(yarn_pair(c, head_width, c.beta_slow)), static_cast<double>(head_width - 1));
  if (high == low) high += 0.001;
  return std::clamp((static_cast<double>(pair) - low) / (high - low), 0.0, 1.0);
}

}  // namespace

std::vector<double> rotary_frequencies(const RotaryConfig& c, std::int64_t head_width) {
  std::vector<double> out;
  for (std::int64_t j = 0; j < head_width / 2; ++j) {
    const double plain = std::pow(c.theta, -2.0 * static_cast<double>(j) / static_cast<double>(head_width));
    double share = 0;  // of the frequency divided by the factor
    if (c.scaling == RotaryConfig::Scaling::linear) share = 1;
    if (c.scaling == RotaryConfig::Scaling::llama3) share = llama3_share(c, 2 * std::numbers::pi / plain);
    if (c.scaling == RotaryConfig::Scaling::yarn) share = yarn_share(c, head_width, j);
    out.push_back(share * plain / c.factor + (1 - share) * plain);
  }
  return out;
}

RotaryTable::RotaryTable(const RotaryConfig& config, std::int64_t head_width)
    : frequencies_(rotary_frequencies(config, head_width)), factor_(static_cast<float>(config.attention_factor)) {}

engine::Rotation RotaryTable::at(engine::Arena& arena, std::span<const std::int32_t> positions) {
  const auto half = static_cast<std::int64_t>(frequencies_.size());
  const std::int64_t last = positions.empty() ? 0 : *std::max_element(positions.begin(), positions.end());
  for (auto t = static_cast<std::int64_t>(cosine_.size()) / half; t <= last; ++t) {
    for (const double frequency : frequencies_) {
      cosine_.push_back(factor_ * static_cast<float>(std::cos(static_cast<double>(t) * frequency)));
      sine_.push_back(factor_ * static_cast<float>(std::sin(static_cast<double>(t) * frequency)));
    }
  }
  const auto rows = static_cast<std::int64_t>(positions.size());
  float* cosine = arena.floats(rows * half);
  float* sine = arena.floats(rows * half);
  for (std::int64_t i = 0; i < rows; ++i) {
    const std::int64_t from = positions[static_cast<std::size_t>(i)] * half;
    std::copy_n(cosine_.data() + from, half, cosine + i * half);
    std::copy_n(sine_.data() + from, half, sine + i * half);
  }
  return {cosine, sine};
}

}  // namespace ballast::lm
