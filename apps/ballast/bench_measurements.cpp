// SPDX-License-Identifier: Apache-2.0
#include "bench_measurements.h"

#include <fmt/format.h>

#include <span>
#include <string>
#include <vector>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/base/random.h"
#include "ballast/engine/quantised.h"

namespace ballast::apps {
namespace {

using engine::Precision;

constexpr std::int64_t kLeastFlops = 20'000'000;  // of a repetition: some 100 µs, so that the clock does not matter

std::vector<float> random_floats(std::int64_t count, std::uint64_t seed) {
  base::Random random(seed);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& v : values) v = static_cast<float>(random.uniform() - 0.5);
  return values;
}

/// Holds the number of threads while it lives.
class Threads {
 public:
  explicit Threads(int count) : before_(base::threads()) { base::set_threads(count); }
  ~Threads() { base::set_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_;
};

struct Shape {
  std::int64_t m, n, k;
};

/// The measurement with its share of the machine's multiply-adds on so many threads.
Measurement shared(Measurement m, const BenchPlan& plan, Precision precision, int threads) {
  const double most = plan.limits->gflops(precision, threads);
  if (most > 0) m.share = m.median / most;
  return m;
}

void bench_product(const BenchPlan& plan, const Shape& s, Precision precision, const MeasurementSink& sink) {
  const std::string prefix = fmt::format("gemm.{}", engine::precision_name(precision));
  const std::string shape = fmt::format("{}x{}x{}", s.m, s.n, s.k);
  bool wanted = false;
  for (const char* way : {"packed", "plain"}) {
    for (const char* on : {"one_thread", "all_threads"}) {
      wanted = wanted || plan.wants(fmt::format("{}.{}.{}.{}", prefix, way, shape, on));
    }
  }
  if (!wanted) return;
  const auto a = random_floats(s.m * s.k, 1), b = random_floats(s.k * s.n, 2);
  std::vector<float> c(static_cast<std::size_t>(s.m * s.n));
  const engine::Operand left{a.data(), s.k}, right{b.data(), s.n};
  const engine::PackedMatrix packed(right, s.k, s.n, precision);
  const std::int64_t flops = 2 * s.m * s.n * s.k, repeat = 1 + kLeastFlops / flops;
  const double amount = 1e-9 * static_cast<double>(flops * repeat);
  const int all = base::threads();
  for (const bool one : {true, false}) {
    if (one && all == 1) continue;
    const Threads threads(one ? 1 : all);
    const std::string suffix = shape + (one ? ".one_thread" : ".all_threads");
    if (const std::string name = prefix + ".packed." + suffix; plan.wants(name)) {
      const Measurement m = measure(name, "GFLOP/s", amount, plan.pace, [&] {
        for (std::int64_t i = 0; i < repeat; ++i) engine::gemm(s.m, left, packed, c.data(), s.n, false);
      });
      sink(shared(m, plan, precision, base::threads()));
    }
    if (engine::is_quantised(precision)) continue;  // only packed
    if (const std::string name = prefix + ".plain." + suffix; plan.wants(name)) {
      const Measurement m = measure(name, "GFLOP/s", amount, plan.pace, [&] {
        for (std::int64_t i = 0; i < repeat; ++i)
          engine::gemm(s.m, s.n, s.k, left, right, c.data(), s.n, false, precision);
      });
      sink(shared(m, plan, precision, base::threads()));
    }
  }
}

/// The gradient of a matrix of weights: both sides as they lie, the left one read by columns.
void bench_weight_gradient(const BenchPlan& plan, const Shape& s, Precision precision, const MeasurementSink& sink) {
  const std::string name =
      fmt::format("gemm.{}.weight_gradient.{}x{}x{}.all_threads", engine::precision_name(precision), s.m, s.n, s.k);
  if (!plan.wants(name)) return;
  const auto a = random_floats(s.k * s.m, 1), b = random_floats(s.k * s.n, 2);
  std::vector<float> c(static_cast<std::size_t>(s.m * s.n));
  const engine::Operand left{a.data(), s.m, true}, right{b.data(), s.n};
  const Measurement m = measure(name, "GFLOP/s", 2e-9 * static_cast<double>(s.m * s.n * s.k), plan.pace,
                                [&] { engine::gemm(s.m, s.n, s.k, left, right, c.data(), s.n, false, precision); });
  sink(shared(m, plan, precision, base::threads()));
}

}  // namespace

void bench_machine(const BenchPlan& plan, const MeasurementSink& sink) {
  const auto add = [&](const std::string& name, const auto& measured) {
    if (!plan.wants(name)) return;
    const Measurement m = measured();
    if (m.repetitions > 0) sink(m);
  };
  const int all = base::threads();
  for (const int threads : {1, all}) {
    if (threads == 1 && all == 1) continue;
    const std::string suffix = threads == 1 ? ".one_thread" : ".all_threads";
    for (const Precision precision : {Precision::f32, Precision::bf16, Precision::int8}) {
      add("machine." + std::string(engine::precision_name(precision)) + suffix,
          [&] { return plan.limits->multiply(precision, threads); });
    }
    for (const char* level : {"l2", "l3", "memory"}) {
      add("machine.read." + std::string(level) + suffix, [&] { return plan.limits->read(level, threads); });
    }
    add("machine.copy.memory" + suffix, [&] { return plan.limits->copy(threads); });
  }
}

void bench_products(const BenchPlan& plan, const MeasurementSink& sink) {
  for (const Precision precision : {Precision::f32, Precision::bf16, Precision::int8, Precision::q8, Precision::q4}) {
    for (const Shape& shape :
         {Shape{1, 3072, 768}, {8, 3072, 768}, {32, 3072, 768}, {256, 768, 768}, {512, 2304, 768}, {2048, 768, 3072}}) {
      bench_product(plan, shape, precision, sink);
    }
    if (!plan.large) continue;
    for (const Shape& shape : {Shape{1, 50257, 768},
                               {8, 50257, 768},
                               {32, 50257, 768},
                               {256, 3072, 768},
                               {512, 768, 3072},
                               {512, 50257, 768},
                               {2048, 768, 768},
                               {2048, 2304, 768},
                               {2048, 3072, 768},
                               {2048, 50257, 768}}) {
      bench_product(plan, shape, precision, sink);
    }
    if (!engine::is_quantised(precision)) bench_weight_gradient(plan, {3072, 768, 2048}, precision, sink);
  }
}

}  // namespace ballast::apps
