// SPDX-License-Identifier: Apache-2.0
// Gradient checkpointing (Chen et al. 2016): a part of the model keeps its input alone and is computed once more when
// its gradients are due. Memory of activations for one more forward pass; the gradients are the same, bit for bit.
#pragma once

#include <algorithm>

#include "ballast/engine/tape.h"

namespace ballast::engine {

/// y = body(x), of the shape of x. `body(Tape&, Value)` is plain data, draws no dropout, and what it points at lives
/// until backward().
template <class F>
Value checkpoint(Tape& tape, Value x, F body) {
  if (!tape.training()) return body(tape, x);
  const Value y = tape.make(x.rows, x.cols);
  const Arena::Mark mark = tape.arena().mark();
  {
    Tape forward(tape.arena(), false, tape.precision());
    const Value once = body(forward, Value{x.data, nullptr, x.rows, x.cols});
    std::copy_n(once.data, once.size(), y.data);
  }
  tape.arena().release(mark);
  tape.on_backward(y, [&tape, x, y, body] {
    tape.gradient(x);  // has its memory outside of what is released here
    const Arena::Mark before = tape.arena().mark();
    Tape again(tape.arena(), true, tape.precision());
    const Value twice = body(again, x);
    std::copy_n(y.grad(), y.size(), again.target(twice).data);
    again.backward();
    tape.arena().release(before);
  });
  return y;
}

}  // namespace ballast::engine
