// SPDX-License-Identifier: Apache-2.0
// OpenBLAS's f32 product with weights as they lie (it has no packed form), the median of repetitions. Prints one JSON
// line.
//   g++ -O2 openblas.cpp -o openblas -l:libopenblas.so.0 && ./openblas M N K SECONDS
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

extern "C" void cblas_sgemm(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                            const float* a, int lda, const float* b, int ldb, float beta, float* c, int ldc);

namespace {

constexpr int kRowMajor = 101, kAsItIs = 111, kTransposed = 112;

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::vector<float> numbers(std::size_t count) {
  std::vector<float> x(count);
  for (std::size_t i = 0; i < count; ++i) x[i] = static_cast<float>(i % 13) / 13 - 0.5f;
  return x;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const int m = std::atoi(argv[1]), n = std::atoi(argv[2]), k = std::atoi(argv[3]);
  const auto size = [](int rows, int cols) { return static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols); };
  const std::vector<float> a = numbers(size(m, k)), weights = numbers(size(n, k));
  std::vector<float> c(size(m, n));
  std::vector<double> seconds;
  const double start = seconds_now();
  while (seconds.size() < 8 || seconds_now() - start < std::atof(argv[4])) {
    const double before = seconds_now();
    cblas_sgemm(kRowMajor, kAsItIs, kTransposed, m, n, k, 1, a.data(), k, weights.data(), k, 0, c.data(), n);
    seconds.push_back(seconds_now() - before);
  }
  std::sort(seconds.begin() + 1, seconds.end());  // the first warms up
  const double median = seconds[1 + (seconds.size() - 1) / 2];
  std::printf("{\"median\": %.6g, \"unit\": \"GFLOP/s\"}\n", 2e-9 * m * static_cast<double>(n) * k / median);
}
