// SPDX-License-Identifier: Apache-2.0
// What products ask for before they need it: weights that are read once a pass come from memory, and a product that
// asked for them only when they are due would wait. A pass is one panel of rows times one panel of columns.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace ballast::engine::kernels {

/// Steps over k (k/4 for bytes) after which a kernel asks for one more line of the memory that is needed next.
inline constexpr std::int64_t kStepsOfLine = 2;
inline constexpr std::int64_t kLineBytes = 64;
inline constexpr std::int64_t kRunsOfPass = 8;  // that a pass over floats can ask for: one a row

/// The memory that a product of bytes needs next, in one piece, of which each pass over the panel at hand asks for a
/// part.
class Ahead {
 public:
  Ahead() = default;
  /// `next`: null where nothing follows.
  Ahead(const void* next, std::int64_t bytes)
      : next_(static_cast<const std::byte*>(next)), bytes_(next == nullptr ? 0 : bytes) {}

  /// What a pass of `steps` steps asks for: a line every kStepsOfLine steps from here on. Null where nothing is left.
  const void* take(std::int64_t steps) {
    if (bytes_ <= 0) return nullptr;
    const std::int64_t part = steps / kStepsOfLine * kLineBytes;
    bytes_ -= part;
    return (next_ += part) - part;
  }

 private:
  const std::byte* next_ = nullptr;
  std::int64_t bytes_ = 0;
};

/// What a pass over floats asks for, so that it is in the second-level cache when it is needed: k / 16 lines of each of
/// `count` ≤ kRunsOfPass runs, `apart` floats from one to the next, and the tile of C, with the same row stride, that
/// the next pass adds to. Addresses need not be valid.
struct Requests {
  const float* first = nullptr;
  std::int64_t count = 0, apart = 0;
  const float* sums = nullptr;
};

/// The memory that a product of floats needs next, which may lie in runs: of k / 16 lines, where k is the depth of a
/// pass.
class RunsAhead {
 public:
  /// `runs` runs, `apart` floats from one to the next, shared out to `passes` passes as far as they can ask for them.
  RunsAhead(const float* first, std::int64_t runs, std::int64_t apart, std::int64_t passes)
      : next_(first), left_(runs), apart_(apart), share_(std::min((runs + passes - 1) / passes, kRunsOfPass)) {}

  /// The share of the next pass.
  Requests take() {
    const Requests now{next_, std::min(share_, left_), apart_};
    next_ += now.count * apart_;
    left_ -= now.count;
    return now;
  }

 private:
  const float* next_;
  std::int64_t left_, apart_, share_;
};

}  // namespace ballast::engine::kernels
