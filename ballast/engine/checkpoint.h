// SPDX-License-Identifier: Apache-2.0
// Gradient checkpointing (Chen et al. 2016): a part of the model keeps its input alone and is computed once more when
// its gradients are due. Memory of activations for one more forward pass; the gradients are the same, bit for bit.
#pragma once

#include <algorithm>

#include "ballast/engine/tape.h"

namespace ballast::engine {

/// y = body(x), of the shape of x. `body(Tape&, Value)` is plain data, and what it points at lives until backward().
/// `beside` is another activation that body reads, if any: a gradient has to have its memory before body's is released.
/// Dropout draws the seeds that it would draw without checkpoint, both times.
template <class F>
Value checkpoint(Tape& tape, Value x, F body, Value beside = {}) {
  if (!tape.training()) return body(tape, x);
  const std::uint64_t seeds = tape.dropout_state();
  const Value y = tape.make(x.rows, x.cols);
  const Arena::Mark mark = tape.arena().mark();
  {
    Tape forward(tape.arena(), true, tape.precision(), seeds);  // it drops as in training; its closures are not run
    const Value once = body(forward, x);
    std::copy_n(once.data, once.size(), y.data);
    tape.set_dropout_state(forward.dropout_state());
  }
  tape.arena().release(mark);
  tape.on_backward(y, [&tape, x, y, body, beside, seeds] {
    tape.gradient(x);
    if (beside.gradient != nullptr) tape.gradient(beside);
    const Arena::Mark before = tape.arena().mark();
    Tape again(tape.arena(), true, tape.precision(), seeds);
    const Value twice = body(again, x);
    std::copy_n(y.grad(), y.size(), again.target(twice).data);
    again.backward();
    tape.arena().release(before);
  });
  return y;
}

}  // namespace ballast::engine
