// SPDX-License-Identifier: Apache-2.0
#include "bench_machine.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <cstdint>
#include <cstring>
#include <new>
#include <utility>
#include <vector>

#include "ballast/base/parallel.h"
#include "ballast/engine/quantised.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace ballast::apps {
namespace {

using engine::Precision;

constexpr int kRounds = 1'000'000;  // of a repetition: some milliseconds, beside which waking a thread does not count
constexpr int kChains = 12;         // independent sums: latency times throughput of the units, or more. Their loops
                                    // are unrolled, so that they stay in registers; they begin with
                                    // different numbers, so that none can be left out
[[maybe_unused]] constexpr int kBf16Chains = 24;  // its sums take longer: 12 reach nine tenths of Zen 5

#if defined(__x86_64__)
// One function an instruction; what each returns only keeps the compiler from leaving the work out.
[[gnu::target("avx512f")]] float chains_avx512(float x) {
  const __m512 a = _mm512_set1_ps(x), b = _mm512_set1_ps(1 - x);
  __m512 sums[kChains];
#pragma GCC unroll 12
  for (int i = 0; i < kChains; ++i) sums[i] = _mm512_set1_ps(x + static_cast<float>(i));
  for (int r = 0; r < kRounds; ++r) {
#pragma GCC unroll 12
    for (__m512& s : sums) s = _mm512_fmadd_ps(s, b, a);
  }
#pragma GCC unroll 12
  for (int i = 1; i < kChains; ++i) sums[0] = _mm512_add_ps(sums[0], sums[i]);
  return _mm512_reduce_add_ps(sums[0]);
}

[[gnu::target("avx2,fma")]] float chains_avx2(float x) {
  const __m256 a = _mm256_set1_ps(x), b = _mm256_set1_ps(1 - x);
  __m256 sums[kChains];
#pragma GCC unroll 12
  for (int i = 0; i < kChains; ++i) sums[i] = _mm256_set1_ps(x + static_cast<float>(i));
  for (int r = 0; r < kRounds; ++r) {
#pragma GCC unroll 12
    for (__m256& s : sums) s = _mm256_fmadd_ps(s, b, a);
  }
#pragma GCC unroll 12
  for (int i = 1; i < kChains; ++i) sums[0] = _mm256_add_ps(sums[0], sums[i]);
  return _mm256_cvtss_f32(sums[0]);
}

[[gnu::target("avx512f,avx512bf16")]] float chains_bf16(float x) {
  const auto a = (__m512bh)_mm512_set1_epi16(static_cast<short>(0x3f80 + static_cast<int>(x)));  // ones
  __m512 sums[kBf16Chains];
#pragma GCC unroll 24
  for (int i = 0; i < kBf16Chains; ++i) sums[i] = _mm512_set1_ps(x + static_cast<float>(i));
  for (int r = 0; r < kRounds; ++r) {
#pragma GCC unroll 24
    for (__m512& s : sums) s = _mm512_dpbf16_ps(s, a, a);
  }
#pragma GCC unroll 24
  for (int i = 1; i < kBf16Chains; ++i) sums[0] = _mm512_add_ps(sums[0], sums[i]);
  return _mm512_reduce_add_ps(sums[0]);
}

/// Written out: GCC 12 copies sums around the intrinsic.
[[gnu::target("avx512f,avx512vnni"), gnu::always_inline]] inline __m512i with_products(__m512i sum, __m512i a) {
  __asm__("vpdpbusd %1, %1, %0" : "+v"(sum) : "v"(a));
  return sum;
}

[[gnu::target("avx512f,avx512vnni")]] float chains_int8(float x) {
  const __m512i a = _mm512_set1_epi8(static_cast<char>(1 + static_cast<int>(x)));
  __m512i sums[kChains];
#pragma GCC unroll 12
  for (int i = 0; i < kChains; ++i) sums[i] = _mm512_set1_epi32(i);
  for (int r = 0; r < kRounds; ++r) {
#pragma GCC unroll 12
    for (__m512i& s : sums) s = with_products(s, a);
  }
#pragma GCC unroll 12
  for (int i = 1; i < kChains; ++i) sums[0] = _mm512_add_epi32(sums[0], sums[i]);
  return static_cast<float>(_mm512_reduce_add_epi32(sums[0]));
}

#endif

struct Chains {
  float (*run)(float) = nullptr;
  double flops = 0;  // of a round
};

/// Of what this machine has; none on another processor than x86-64.
Chains chains_for([[maybe_unused]] Precision precision) {
#if defined(__x86_64__)
  if (precision == Precision::f32) {
    if (__builtin_cpu_supports("avx512f")) return {chains_avx512, 32.0 * kChains};
    if (__builtin_cpu_supports("fma")) return {chains_avx2, 16.0 * kChains};
  } else if (precision == Precision::bf16) {
    if (__builtin_cpu_supports("avx512bf16")) return {chains_bf16, 64.0 * kBf16Chains};
  } else if (__builtin_cpu_supports("avx512vnni")) {
    return {chains_int8, 128.0 * kChains};
  }
#endif
  return {};
}

#if defined(__x86_64__)
[[gnu::target("avx512f")]] std::int64_t read_avx512(const std::int64_t* data, std::int64_t count) {
  __m512i sums[4] = {};
  for (std::int64_t i = 0; i < count; i += 32) {
    for (int k = 0; k < 4; ++k) sums[k] = _mm512_add_epi64(sums[k], _mm512_load_si512(data + i + 8 * k));
  }
  return _mm512_reduce_add_epi64(
      _mm512_add_epi64(_mm512_add_epi64(sums[0], sums[1]), _mm512_add_epi64(sums[2], sums[3])));
}

#endif

std::int64_t read_plain(const std::int64_t* data, std::int64_t count) {
  std::int64_t sums[8] = {};
  for (std::int64_t i = 0; i < count; i += 8) {
    for (int k = 0; k < 8; ++k) sums[k] += data[i + k];
  }
  for (int k = 1; k < 8; ++k) sums[0] += sums[k];
  return sums[0];
}

/// Pages of a thread's own, large ones where the kernel has them, touched once.
class Pages {
 public:
  explicit Pages(std::int64_t bytes) : bytes_(static_cast<std::size_t>(bytes)) {
    void* found = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (found == MAP_FAILED) throw std::bad_alloc();
    madvise(found, bytes_, MADV_HUGEPAGE);
    std::memset(found, 1, bytes_);
    data_ = static_cast<std::int64_t*>(found);
  }
  ~Pages() {
    if (data_ != nullptr) munmap(data_, bytes_);
  }
  Pages(Pages&& other) noexcept : data_(std::exchange(other.data_, nullptr)), bytes_(other.bytes_) {}
  Pages& operator=(Pages&&) = delete;
  std::int64_t* data() const { return data_; }

 private:
  std::int64_t* data_ = nullptr;
  std::size_t bytes_ = 0;
};

volatile float kept_float = 0;
volatile std::int64_t kept_sum = 0;

const char* thread_word(int threads) {
  return threads == 1 ? "one_thread" : "all_threads";
}

}  // namespace

Measurement MachineLimits::multiply(Precision precision, int threads) const {
  const std::string name = fmt::format("machine.{}.{}", engine::precision_name(precision), thread_word(threads));
  const Chains chains = chains_for(precision);
  if (chains.run == nullptr) return {name, "GFLOP/s", 0, 0, 0, 0};
  const double amount = 1e-9 * chains.flops * kRounds * threads;
  return measure(name, "GFLOP/s", amount, pace_,
                 [&] { base::parallel_for(threads, [&](std::int64_t) { kept_float = chains.run(0); }); });
}

Measurement MachineLimits::read(const std::string& level, int threads) const {
  const std::int64_t bytes = level == "l2" ? 256 << 10 : level == "l3" ? 4 << 20 : 256 << 20;
  const std::int64_t repeat = level == "l2" ? 512 : level == "l3" ? 16 : 1;
  std::vector<Pages> pages;
  for (int t = 0; t < threads; ++t) pages.emplace_back(bytes);
  auto run = read_plain;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) run = read_avx512;
#endif
  return measure(fmt::format("machine.read.{}.{}", level, thread_word(threads)), "GB/s",
                 1e-9 * static_cast<double>(bytes * repeat * threads), pace_, [&] {
                   base::parallel_for(threads, [&](std::int64_t t) {
                     for (std::int64_t r = 0; r < repeat; ++r)
                       kept_sum = run(pages[static_cast<std::size_t>(t)].data(), bytes / 8);
                   });
                 });
}

Measurement MachineLimits::copy(int threads) const {
  constexpr std::int64_t kBytes = 128 << 20;
  std::vector<Pages> pages;
  for (int t = 0; t < 2 * threads; ++t) pages.emplace_back(kBytes);
  return measure(fmt::format("machine.copy.memory.{}", thread_word(threads)), "GB/s",
                 1e-9 * static_cast<double>(2 * kBytes * threads), pace_, [&] {
                   base::parallel_for(threads, [&](std::int64_t t) {
                     const auto i = static_cast<std::size_t>(2 * t);
                     std::memcpy(pages[i].data(), pages[i + 1].data(), kBytes);
                   });
                 });
}

double MachineLimits::gflops(Precision precision, int threads) {
  const Precision unit = engine::is_quantised(precision) ? Precision::int8 : precision;
  const auto [at, fresh] = known_.try_emplace(fmt::format("{} {}", engine::precision_name(unit), threads), 0);
  if (fresh) at->second = multiply(unit, threads).median;
  return at->second;
}

double MachineLimits::memory_gb(int threads) {
  const auto [at, fresh] = known_.try_emplace(fmt::format("memory {}", threads), 0);
  if (fresh) at->second = read("memory", threads).median;
  return at->second;
}

}  // namespace ballast::apps
