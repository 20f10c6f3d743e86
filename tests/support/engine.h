// SPDX-License-Identifier: Apache-2.0
// What the tests of the engine share: seeded data, instruction-set levels, guarded buffers, comparison of bits.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "ballast/base/parallel.h"
#include "ballast/base/random.h"
#include "ballast/engine/isa.h"
#include "ballast/engine/parameter.h"
#include "ballast/engine/tape.h"

namespace ballast::test {

inline std::vector<float> normals(std::int64_t count, std::uint64_t seed, double sigma = 1) {
  base::Random random(seed);
  std::vector<float> x(static_cast<std::size_t>(count));
  for (float& v : x) v = static_cast<float>(sigma * random.normal());
  return x;
}

/// Runs with the kernels capped at one level; skips what this machine lacks.
class IsaLevel : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    engine::cap_isa(GetParam());
    if (engine::isa_name() != GetParam()) GTEST_SKIP() << "this machine has no " << GetParam();
  }
  void TearDown() override { engine::cap_isa(""); }
};
inline auto all_levels() {
  return ::testing::Values("scalar", "avx2", "avx512", "avx512_bf16");
}
inline std::string level_name(const ::testing::TestParamInfo<const char*>& info) {
  return info.param;
}

/// The levels that this machine has.
inline std::vector<std::string> levels_here() {
  std::vector<std::string> here;
  for (const char* level : {"scalar", "avx2", "avx512", "avx512_bf16"}) {
    engine::cap_isa(level);
    if (engine::isa_name() == level) here.emplace_back(level);
  }
  engine::cap_isa("");
  return here;
}

/// `count` floats at an odd address between sentinels that nobody may touch.
class Guarded {
 public:
  explicit Guarded(std::span<const float> values) : count_(values.size()), memory_(kGuard, kSentinel) {
    for (const float x : values) memory_.push_back(x);
    for (std::ptrdiff_t i = 0; i < kGuard; ++i) memory_.push_back(kSentinel);
  }
  explicit Guarded(std::int64_t count, float value = 0)
      : Guarded(std::vector<float>(static_cast<std::size_t>(count), value)) {}

  float* data() { return memory_.data() + kGuard; }
  std::vector<float> values() const {
    const auto first = memory_.begin() + kGuard;
    return {first, first + static_cast<std::ptrdiff_t>(count_)};
  }
  bool intact() const {
    const auto sentinel = [](float x) { return x == kSentinel; };
    return std::all_of(memory_.begin(), memory_.begin() + kGuard, sentinel) &&
           std::all_of(memory_.end() - kGuard, memory_.end(), sentinel);
  }

 private:
  static constexpr std::ptrdiff_t kGuard = 33;
  static constexpr float kSentinel = 12345.678f;
  std::size_t count_;
  std::vector<float> memory_;
};

/// Index of the first element whose bits differ, or -1.
inline std::int64_t first_difference(std::span<const float> a, std::span<const float> b) {
  if (a.size() != b.size()) return 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::bit_cast<std::uint32_t>(a[i]) != std::bit_cast<std::uint32_t>(b[i])) return static_cast<std::int64_t>(i);
  }
  return -1;
}

inline ::testing::AssertionResult same_bits(std::span<const float> a, std::span<const float> b) {
  const std::int64_t i = first_difference(a, b);
  if (i < 0) return ::testing::AssertionSuccess();
  if (a.size() != b.size()) return ::testing::AssertionFailure() << a.size() << " against " << b.size() << " elements";
  const auto at = static_cast<std::size_t>(i);
  return ::testing::AssertionFailure() << "element " << i << " of " << a.size() << ": " << a[at] << " against "
                                       << b[at];
}

/// |a - b| ≤ absolute + relative · |b| everywhere. NaN never passes.
inline ::testing::AssertionResult near(std::span<const float> a, std::span<const float> b, double absolute,
                                       double relative = 0) {
  if (a.size() != b.size()) return ::testing::AssertionFailure() << a.size() << " against " << b.size() << " elements";
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = std::abs(static_cast<double>(a[i]) - b[i]);
    if (!(difference <= absolute + relative * std::abs(static_cast<double>(b[i])))) {
      return ::testing::AssertionFailure() << "element " << i << " of " << a.size() << ": " << a[i] << " against "
                                           << b[i] << ", off by " << difference;
    }
  }
  return ::testing::AssertionSuccess();
}

inline std::vector<float> copy_of(const float* p, std::int64_t count) {
  return {p, p + count};
}
inline std::vector<float> data_of(const engine::Value& v) {
  return copy_of(v.data, v.size());
}
inline std::vector<float> grad_of(const engine::Value& v) {
  return v.grad() == nullptr ? std::vector<float>(static_cast<std::size_t>(v.size())) : copy_of(v.grad(), v.size());
}

/// A parameter's elements as an activation that adds to the parameter's gradient.
inline engine::Value value_of(const engine::Parameter& p, std::int64_t cols) {
  static std::deque<engine::Gradient> gradients;  // they must not move
  engine::Gradient* gradient = p.grad == nullptr ? nullptr : &gradients.emplace_back(engine::Gradient{p.grad});
  return {p.value, gradient, p.size / cols, cols};
}

/// Parameters seen as the leaves of a tape.
class Leaves {
 public:
  engine::Parameter& add(const std::string& name, std::vector<std::int64_t> shape, double sigma = 1) {
    engine::Parameter& p = store_.add(name, std::move(shape), true);
    store_.allocate_values();
    const std::vector<float> values = normals(p.size, 1000 + store_.all().size(), sigma);
    std::copy(values.begin(), values.end(), p.value);
    return p;
  }
  /// A parameter of two dimensions as an activation.
  static engine::Value value(const engine::Parameter& p) { return value_of(p, p.cols()); }
  engine::ParameterStore& store() { return store_; }

 private:
  engine::ParameterStore store_;
};

/// Runs with a given number of threads, then all again.
class Threads {
 public:
  explicit Threads(int count) { base::set_threads(count); }
  ~Threads() { base::set_threads(0); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;
};

}  // namespace ballast::test
