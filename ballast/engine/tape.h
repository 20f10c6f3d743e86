// SPDX-License-Identifier: Apache-2.0
// The tape: in training every operation leaves a closure that adds its gradients; in inference nothing is recorded.
// Activations, gradients and closures live in an arena.
#pragma once

#include <cstdint>
#include <new>
#include <type_traits>
#include <utility>

#include "ballast/engine/arena.h"
#include "ballast/engine/gemm.h"
#include "ballast/engine/gradients.h"

namespace ballast::engine {

/// An activation [rows, cols], row-major and dense. `gradient` is null in inference and for constants.
struct Value {
  float* data = nullptr;
  Gradient* gradient = nullptr;
  std::int64_t rows = 0, cols = 0;
  std::int64_t size() const { return rows * cols; }
  /// Null where nothing was added; after backward() only what no operation made still has it.
  float* grad() const { return gradient == nullptr ? nullptr : gradient->data; }
};

class Tape {
 public:
  /// The arena must outlive the tape; nothing in it is released before the caller resets it.
  Tape(Arena& arena, bool training, Precision precision = Precision::f32, std::uint64_t dropout_seed = 0)
      : arena_(arena), gradients_(arena), training_(training), precision_(precision), dropout_seed_(dropout_seed) {}

  bool training() const { return training_; }
  Precision precision() const { return precision_; }
  Arena& arena() { return arena_; }

  /// A new activation; values are not initialised.
  Value make(std::int64_t rows, std::int64_t cols) {
    Value v{arena_.floats(rows * cols), nullptr, rows, cols};
    if (training_) v.gradient = new (arena_.allocate(sizeof(Gradient))) Gradient();
    return v;
  }

  /// Where to add to v's gradient (in training): zeros at first. Not from inside a parallel loop, and before a mark()
  /// of the arena that is released.
  float* gradient(const Value& v);

  /// The same for an operation that has a number for every element: it writes where `add` is false.
  struct Target {
    float* data;
    bool add;
  };
  Target target(const Value& v);

  /// Adds y's gradient to x's, of the same size: x takes over its memory where that is possible, so it is the last
  /// thing that y's operation does with it.
  void pass_on(const Value& y, const Value& x);

  /// A seed of its own for the next dropout: the same in every run, different for every call and step.
  std::uint64_t next_dropout_seed() { return dropout_seed_ + kSeedStep * ++dropouts_; }

  /// Where the row of seeds stands: a tape that begins with this as its dropout_seed draws the seeds that come next.
  std::uint64_t dropout_state() const { return dropout_seed_ + kSeedStep * dropouts_; }
  void set_dropout_state(std::uint64_t state) {
    dropout_seed_ = state;
    dropouts_ = 0;
  }

  /// Records what backward() has to do for the operation that made y. It is left out where nothing depends on y.
  /// Captures must be plain data (pointers, sizes).
  template <class F>
  void on_backward(const Value& y, F f) {
    static_assert(std::is_trivially_destructible_v<F>, "the arena runs no destructors");
    if (!training_) return;
    struct Closure : Node {
      explicit Closure(F g) : body(std::move(g)) {}
      F body;
    };
    auto* closure = new (arena_.allocate(sizeof(Closure))) Closure(std::move(f));
    closure->run = [](Node* n) { static_cast<Closure*>(n)->body(); };
    closure->before = last_;
    closure->made = y;
    last_ = closure;
  }

  /// Runs the closures, last operation first. Seed the gradients of the outputs before.
  void backward();

 private:
  static constexpr std::uint64_t kSeedStep = 0x632be59bd9b4e019ull;
  struct Node {
    void (*run)(Node*) = nullptr;
    Node* before = nullptr;
    Value made;
  };
  Arena& arena_;
  GradientMemory gradients_;
  bool training_;
  Precision precision_;
  std::uint64_t dropout_seed_, dropouts_ = 0;
  Node* last_ = nullptr;
};

}  // namespace ballast::engine
