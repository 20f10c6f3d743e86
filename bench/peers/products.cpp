// SPDX-License-Identifier: Apache-2.0
// oneDNN's matrix product with weights in its own packed layout; in turns (turns.py).
//   g++ -O2 products.cpp -o products -ldnnl -fopenmp && ./products f32|bf16|int8 M N K
#include <cstdlib>
#include <cstring>
#include <oneapi/dnnl/dnnl.hpp>
#include <string>

#include "turns.h"

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

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
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
  take_turns(2e-9 * static_cast<double>(m * n * k), [&] {
    product.execute(stream, {{DNNL_ARG_SRC, ma}, {DNNL_ARG_WEIGHTS, mb}, {DNNL_ARG_DST, mc}});
    stream.wait();
  });
}
