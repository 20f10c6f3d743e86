// SPDX-License-Identifier: Apache-2.0
// oneDNN's matrix product with weights in its own packed layout, the median of repetitions. Prints one JSON line.
//   g++ -O2 products.cpp -o products -ldnnl -fopenmp && ./products f32|bf16|int8 M N K SECONDS
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <oneapi/dnnl/dnnl.hpp>
#include <string>
#include <vector>

namespace {

using dnnl::memory;
using Type = memory::data_type;
using Tag = memory::format_tag;

/// Small numbers, no denormals.
void fill(memory& m, Type type) {
  auto* bytes = static_cast<unsigned char*>(m.get_data_handle());
  const std::size_t size = m.get_desc().get_size();
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<unsigned char>(i % 5);
  if (type == Type::f32) {
    for (std::size_t i = 0; i < size / 4; ++i) {
      const float x = static_cast<float>(i % 13) / 13 - 0.5f;
      std::memcpy(bytes + 4 * i, &x, 4);
    }
  }
  if (type == Type::bf16) {
    for (std::size_t i = 0; i < size / 2; ++i) {
      const auto x = static_cast<unsigned short>(0x3f00 + i % 13);
      std::memcpy(bytes + 2 * i, &x, 2);
    }
  }
}

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) return 2;
  const std::string precision = argv[1];
  const long m = std::atol(argv[2]), n = std::atol(argv[3]), k = std::atol(argv[4]);
  const Type left = precision == "f32" ? Type::f32 : precision == "bf16" ? Type::bf16 : Type::u8;
  const Type right = left == Type::u8 ? Type::s8 : left, out = left == Type::u8 ? Type::s32 : Type::f32;
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(engine);
  const memory::desc a({m, k}, left, Tag::ab), b({k, n}, right, Tag::any), c({m, n}, out, Tag::ab);
  const dnnl::matmul::primitive_desc how(dnnl::matmul::desc(a, b, c), engine);
  memory ma(a, engine), mb(how.weights_desc(), engine), mc(c, engine);
  fill(ma, left);
  fill(mb, right);
  const dnnl::matmul product(how);
  std::vector<double> seconds;
  const double start = seconds_now();
  while (seconds.size() < 8 || seconds_now() - start < std::atof(argv[5])) {
    const double before = seconds_now();
    product.execute(stream, {{DNNL_ARG_SRC, ma}, {DNNL_ARG_WEIGHTS, mb}, {DNNL_ARG_DST, mc}});
    stream.wait();
    seconds.push_back(seconds_now() - before);
  }
  std::sort(seconds.begin() + 1, seconds.end());  // the first warms up
  const double median = seconds[1 + (seconds.size() - 1) / 2];
  std::printf("{\"median\": %.6g, \"unit\": \"GFLOP/s\"}\n", 2e-9 * static_cast<double>(m * n * k) / median);
}
