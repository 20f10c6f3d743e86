// SPDX-License-Identifier: Apache-2.0
// Inference needs a layer's result alone: what the layer allocated is given back, so that the next one works in the
// same memory, which the caches still hold.
#pragma once

#include <algorithm>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/engine/tape.h"

namespace ballast::engine {

/// h = body(tape, h), of h's shape. Outside training the result takes h's memory, and nothing else that body made
/// stays.
template <class F>
Value in_place(Tape& tape, Value h, const F& body) {
  if (tape.training()) return body(tape, h);
  const Arena::Mark mark = tape.arena().mark();
  const Value y = body(tape, h);
  BALLAST_CHECK(y.size() == h.size(), y.rows);
  constexpr std::int64_t kPiece = std::int64_t{1} << 14;
  base::parallel_ranges(h.size(), kPiece, [&](std::int64_t begin, std::int64_t end) {
    std::copy_n(y.data + begin, end - begin, h.data + begin);
  });
  tape.arena().release(mark);
  return h;
}

}  // namespace ballast::engine
