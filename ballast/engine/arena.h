// SPDX-License-Identifier: Apache-2.0
// A bump allocator for everything that lives as long as one step. After the first steps have shown how much is needed,
// a step allocates nothing from the system.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace ballast::engine {

class Arena {
 public:
  static constexpr std::size_t kAlignment = 64;  // one cache line, one zmm register

  /// Memory for `bytes`, aligned to kAlignment, not initialised, valid until reset().
  void* allocate(std::size_t bytes);
  float* floats(std::int64_t count) { return static_cast<float*>(allocate(static_cast<std::size_t>(count) * 4)); }

  /// Forgets everything. When the last step needed several blocks they become one, so that the next one needs none.
  void reset();

  /// Gives back what was allocated after `mark()` returned this position.
  struct Mark {
    std::size_t block, used;
  };
  Mark mark() const;
  void release(Mark mark);

  std::int64_t system_allocations() const { return system_allocations_; }
  std::size_t capacity_bytes() const;

 private:
  struct FreeDeleter {
    void operator()(std::byte* p) const;
  };
  struct Block {
    std::unique_ptr<std::byte, FreeDeleter> data;
    std::size_t size = 0, used = 0;
  };
  void add_block(std::size_t bytes);

  std::vector<Block> blocks_;
  std::size_t current_ = 0;
  std::int64_t system_allocations_ = 0;
};

}  // namespace ballast::engine
