// SPDX-License-Identifier: Apache-2.0
// What the base room costs: hashing (feature hashing runs it for every n-gram of a text) and the start of a parallel
// loop (the smallest piece of work that is worth sharing).
#include <benchmark/benchmark.h>

#include <string>

#include "ballast/base/hash.h"
#include "ballast/base/parallel.h"

namespace ballast::base {
namespace {

void BM_hash64(benchmark::State& state) {
  const std::string text(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) benchmark::DoNotOptimize(hash64(text));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_hash64)->Arg(4)->Arg(16)->Arg(256);

void BM_sha256(benchmark::State& state) {
  const std::string text(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) benchmark::DoNotOptimize(sha256_hex(text));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_sha256)->Arg(64)->Arg(1 << 20);

void BM_parallel_for_empty(benchmark::State& state) {
  for (auto _ : state) parallel_for(state.range(0), [](std::int64_t i) { benchmark::DoNotOptimize(i); });
}
BENCHMARK(BM_parallel_for_empty)->Arg(2)->Arg(64)->UseRealTime();

}  // namespace
}  // namespace ballast::base
