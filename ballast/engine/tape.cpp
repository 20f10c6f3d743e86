// SPDX-License-Identifier: Apache-2.0
#include "ballast/engine/tape.h"

#include <algorithm>

#include "ballast/base/parallel.h"
#include "ballast/engine/kernels/vector_kernels.h"

namespace ballast::engine {
namespace {

constexpr std::int64_t kGradientPiece = 65536;  // elements of a loop over memory

}  // namespace

Tape::Target Tape::target(const Value& v) {
  const bool add = v.gradient->data != nullptr;
  if (!add) v.gradient->data = gradients_.take(v.size());
  return {v.gradient->data, add};
}

float* Tape::gradient(const Value& v) {
  const Target t = target(v);
  if (!t.add) {
    base::parallel_ranges(v.size(), kGradientPiece,
                          [&](std::int64_t begin, std::int64_t end) { std::fill(t.data + begin, t.data + end, 0.0f); });
  }
  return t.data;
}

void Tape::pass_on(const Value& y, const Value& x) {
  if (x.gradient->data == nullptr) {
    std::swap(x.gradient->data, y.gradient->data);
    return;
  }
  base::parallel_ranges(x.size(), kGradientPiece, [&](std::int64_t begin, std::int64_t end) {
    kernels::add_to(x.gradient->data + begin, y.gradient->data + begin, end - begin);
  });
}

void Tape::backward() {
  for (Node* n = last_; n != nullptr; n = n->before) {
    Gradient& made = *n->made.gradient;
    if (made.data == nullptr) continue;
    n->run(n);
    if (made.data == nullptr) continue;  // passed on
    gradients_.give_back(made.data, n->made.size());
    made.data = nullptr;
  }
  last_ = nullptr;
}

}  // namespace ballast::engine
