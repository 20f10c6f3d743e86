// SPDX-License-Identifier: Apache-2.0
// OpenBLAS's f32 product with weights as they lie (it has no packed form); in turns (turns.py).
//   g++ -O2 openblas.cpp -o openblas -l:libopenblas.so.0 && ./openblas M N K
#include <cstdlib>
#include <vector>

#include "turns.h"

extern "C" void cblas_sgemm(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                            const float* a, int lda, const float* b, int ldb, float beta, float* c, int ldc);

namespace {

constexpr int kRowMajor = 101, kAsItIs = 111, kTransposed = 112;

std::vector<float> numbers(std::size_t count) {
  std::vector<float> x(count);
  for (std::size_t i = 0; i < count; ++i) x[i] = static_cast<float>(i % 13) / 13 - 0.5f;
  return x;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const int m = std::atoi(argv[1]), n = std::atoi(argv[2]), k = std::atoi(argv[3]);
  const auto size = [](int rows, int cols) { return static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols); };
  const std::vector<float> a = numbers(size(m, k)), weights = numbers(size(n, k));
  std::vector<float> c(size(m, n));
  take_turns(2e-9 * m * static_cast<double>(n) * k, [&] {
    cblas_sgemm(kRowMajor, kAsItIs, kTransposed, m, n, k, 1, a.data(), k, weights.data(), k, 0, c.data(), n);
  });
}
