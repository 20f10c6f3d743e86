// SPDX-License-Identifier: Apache-2.0
// The tape: in training every operation leaves a closure that adds its gradients; in inference nothing is recorded.
// Activations, gradients and closures live in an arena.
#pragma once

#include <algorithm>
#include <cstdint>
#include <new>
#include <type_traits>
#include <utility>

#include "ballast/engine/arena.h"
#include "ballast/engine/gemm.h"

namespace ballast::engine {

/// An activation [rows, cols], row-major and dense. `grad` is null in inference; operations add to it.
struct Value {
  float* data = nullptr;
  float* grad = nullptr;
  std::int64_t rows = 0, cols = 0;
  std::int64_t size() const { return rows * cols; }
};

class Tape {
 public:
  /// The arena must outlive the tape; nothing in it is released before the caller resets it.
  Tape(Arena& arena, bool training, Precision precision = Precision::f32, std::uint64_t dropout_seed = 0)
      : arena_(arena), training_(training), precision_(precision), dropout_seed_(dropout_seed) {}

  bool training() const { return training_; }
  Precision precision() const { return precision_; }
  Arena& arena() { return arena_; }

  /// A new activation; values are not initialised, gradients are zero.
  Value make(std::int64_t rows, std::int64_t cols) {
    Value v{arena_.floats(rows * cols), nullptr, rows, cols};
    if (training_) {
      v.grad = arena_.floats(rows * cols);
      std::fill_n(v.grad, rows * cols, 0.0f);
    }
    return v;
  }

  /// A seed of its own for the next dropout: the same in every run, different for every call and step.
  std::uint64_t next_dropout_seed() { return dropout_seed_ + 0x632be59bd9b4e019ull * ++dropouts_; }

  /// Records what backward() has to do for the operation just run. Captures must be plain data (pointers, sizes).
  template <class F>
  void on_backward(F f) {
    static_assert(std::is_trivially_destructible_v<F>, "the arena runs no destructors");
    if (!training_) return;
    struct Closure : Node {
      explicit Closure(F g) : body(std::move(g)) {}
      F body;
    };
    auto* closure = new (arena_.allocate(sizeof(Closure))) Closure(std::move(f));
    closure->run = [](Node* n) { static_cast<Closure*>(n)->body(); };
    closure->before = last_;
    last_ = closure;
  }

  /// Runs the closures, last operation first. Seed the gradients of the outputs before.
  void backward() {
    for (Node* n = last_; n != nullptr; n = n->before) n->run(n);
    last_ = nullptr;
  }

 private:
  struct Node {
    void (*run)(Node*) = nullptr;
    Node* before = nullptr;
  };
  Arena& arena_;
  bool training_;
  Precision precision_;
  std::uint64_t dropout_seed_, dropouts_ = 0;
  Node* last_ = nullptr;
};

}  // namespace ballast::engine
