// SPDX-License-Identifier: Apache-2.0
// What products ask for before they need it: weights that are read once a pass come from memory, and a product that
// asked for them only when they are due would wait.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "ballast/engine/kernels/gemm_kernels.h"

namespace ballast::engine {

/// The memory that a product of bytes needs next, in one piece, of which each pass over the panel at hand asks for a
/// part.
class Ahead {
 public:
  /// `next`: null where nothing follows.
  Ahead(const void* next, std::int64_t bytes)
      : next_(static_cast<const std::byte*>(next)), bytes_(next == nullptr ? 0 : bytes) {}

  /// What a pass of `steps` steps, after `passes` others, asks for: see QuantisedTask::ahead. Null where nothing is
  /// left.
  const void* piece(std::int64_t passes, std::int64_t steps) const {
    const std::int64_t at = passes * (steps / kernels::kStepsOfLine * kernels::kLineBytes);
    return at < bytes_ ? next_ + at : nullptr;
  }

 private:
  const std::byte* next_;
  std::int64_t bytes_;
};

/// The same for products of floats, whose memory may lie in runs: of k / 16 lines, where k is the depth of a pass.
class RunsAhead {
 public:
  /// `runs` runs, `apart` floats from one to the next, shared out to `passes` passes as far as they can ask for them.
  RunsAhead(const float* first, std::int64_t runs, std::int64_t apart, std::int64_t passes)
      : next_(first), left_(runs), apart_(apart), share_((runs + passes - 1) / passes) {}

  /// The share of the next pass.
  void take(kernels::Requests& out) {
    const std::int64_t most = std::min<std::int64_t>({share_, left_, kernels::kRows});
    for (std::int64_t i = 0; i < most; ++i, next_ += apart_) out.runs[i] = next_;
    left_ -= most;
  }

 private:
  const float* next_;
  std::int64_t left_, apart_, share_;
};

}  // namespace ballast::engine
