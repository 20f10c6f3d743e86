// SPDX-License-Identifier: Apache-2.0
// Memory of activations' gradients, planned by the order of the backward pass: a gradient gets memory when it is first
// needed and gives it back once the operation that made its activation has passed it on, so that equal shapes of a deep
// network share it.
#pragma once

#include <cstdint>
#include <new>

#include "ballast/engine/arena.h"

namespace ballast::engine {

/// The gradient of one activation.
struct Gradient {
  float* data = nullptr;  // null as long as nothing was added
};

/// Buffers in an arena that are given back and taken again by their size.
class GradientMemory {
 public:
  explicit GradientMemory(Arena& arena) : arena_(arena) {}

  /// Not initialised.
  float* take(std::int64_t count) {
    for (Free** at = &free_; *at != nullptr; at = &(*at)->next) {
      if ((*at)->count != count) continue;
      Free* found = *at;
      *at = found->next;
      return reinterpret_cast<float*>(found);
    }
    return arena_.floats(count);
  }
  void give_back(float* data, std::int64_t count) {
    if (count == 0) return;
    free_ = new (data) Free{free_, count};
  }

 private:
  struct Free {  // lies in the memory that it stands for: a block of the arena is never smaller
    Free* next;
    std::int64_t count;
  };
  static_assert(sizeof(Free) <= Arena::kAlignment);
  Arena& arena_;
  Free* free_ = nullptr;
};

}  // namespace ballast::engine
