// SPDX-License-Identifier: Apache-2.0
// The engine's kernels one by one: products on one thread at the shapes of small transformers, and the row kernels that
// surround them, each beside its scalar truth where there is one.
#include <benchmark/benchmark.h>

#include <vector>

#include "ballast/base/parallel.h"
#include "ballast/base/random.h"
#include "ballast/engine/gemm.h"
#include "ballast/engine/kernels/vector_kernels.h"

namespace ballast::engine {
namespace {

std::vector<float> random_floats(std::int64_t count) {
  base::Random random(1);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& v : values) v = static_cast<float>(random.uniform() - 0.5);
  return values;
}

/// Arguments: m, n, k. One thread, so that the figure is the kernel's and not the machine's.
void multiply(benchmark::State& state, Precision precision, bool packed) {
  base::set_threads(1);
  const std::int64_t m = state.range(0), n = state.range(1), k = state.range(2);
  const auto a = random_floats(m * k), b = random_floats(k * n);
  std::vector<float> c(static_cast<std::size_t>(m * n));
  const Operand left{a.data(), k}, right{b.data(), n};
  const PackedMatrix weights(right, k, n, precision);
  for (auto _ : state) {
    if (packed) {
      gemm(m, left, weights, c.data(), n, false);
    } else {
      gemm(m, n, k, left, right, c.data(), n, false, precision);
    }
    benchmark::DoNotOptimize(c.data());
  }
  state.counters["FLOP/s"] =
      benchmark::Counter(2.0 * static_cast<double>(m * n * k), benchmark::Counter::kIsIterationInvariantRate);
}

void shapes(benchmark::internal::Benchmark* b) {
  b->Args({256, 768, 768})->Args({2048, 192, 192})->Args({2048, 768, 192})->Args({1, 3072, 768});
}
BENCHMARK_CAPTURE(multiply, f32_packed, Precision::f32, true)->Apply(shapes);
BENCHMARK_CAPTURE(multiply, f32_plain, Precision::f32, false)->Apply(shapes);
BENCHMARK_CAPTURE(multiply, bf16_packed, Precision::bf16, true)->Apply(shapes);

constexpr std::int64_t kRow = 768;

void count_floats(benchmark::State& state) {
  state.SetBytesProcessed(state.iterations() * kRow * static_cast<std::int64_t>(sizeof(float)));
}

template <void (*kActivate)(kernels::Activation, const float*, float*, std::int64_t)>
void gelu(benchmark::State& state) {
  const auto x = random_floats(kRow);
  std::vector<float> y(kRow);
  for (auto _ : state) {
    kActivate(kernels::Activation::gelu_erf, x.data(), y.data(), kRow);
    benchmark::DoNotOptimize(y.data());
  }
  count_floats(state);
}
BENCHMARK_TEMPLATE(gelu, kernels::activate);
BENCHMARK_TEMPLATE(gelu, kernels::scalar::activate);

template <void (*kNorm)(const float*, const float*, const float*, float, std::int64_t, float*, float*, float*)>
void layer_norm(benchmark::State& state) {
  const auto x = random_floats(kRow), gain = random_floats(kRow), bias = random_floats(kRow);
  std::vector<float> y(kRow);
  float mean = 0, rstd = 0;
  for (auto _ : state) {
    kNorm(x.data(), gain.data(), bias.data(), 1e-5f, kRow, y.data(), &mean, &rstd);
    benchmark::DoNotOptimize(y.data());
  }
  count_floats(state);
}
BENCHMARK_TEMPLATE(layer_norm, kernels::layer_norm_row);
BENCHMARK_TEMPLATE(layer_norm, kernels::scalar::layer_norm_row);

template <float (*kDot)(const float*, const float*, std::int64_t)>
void dot(benchmark::State& state) {
  const auto a = random_floats(kRow), b = random_floats(kRow);
  for (auto _ : state) benchmark::DoNotOptimize(kDot(a.data(), b.data(), kRow));
  count_floats(state);
}
BENCHMARK_TEMPLATE(dot, kernels::dot);
BENCHMARK_TEMPLATE(dot, kernels::scalar::dot);

template <void (*kStep)(const kernels::AdamW&, float*, float*, float*, float*, std::int64_t)>
void adamw(benchmark::State& state) {
  auto p = random_floats(kRow), m = random_floats(kRow);
  std::vector<float> v(kRow, 0.1f);
  auto g = random_floats(kRow);
  const kernels::AdamW settings{1e-4f, 0.9f, 0.999f, 1e-8f, 0.01f, 0.5f, 0.5f, 1.0f, 0.1f, 0.001f};
  for (auto _ : state) {
    kStep(settings, p.data(), g.data(), m.data(), v.data(), kRow);
    benchmark::DoNotOptimize(p.data());
  }
  count_floats(state);
}
BENCHMARK_TEMPLATE(adamw, kernels::adamw_step);
BENCHMARK_TEMPLATE(adamw, kernels::scalar::adamw_step);

}  // namespace
}  // namespace ballast::engine
