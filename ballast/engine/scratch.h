// SPDX-License-Identifier: Apache-2.0
// A thread's own working memory for one kind of operation.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

namespace ballast::engine {

/// Grows and never shrinks: after warm-up nothing is allocated.
class Scratch {
 public:
  Scratch() = default;
  ~Scratch() { std::free(data_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  /// Not initialised, aligned to 64 bytes, valid until the next call.
  void* get(std::size_t bytes) {
    if (bytes > size_) {
      std::free(data_);
      size_ = (bytes + bytes / 4 + 63) / 64 * 64;
      data_ = std::aligned_alloc(64, size_);
      if (data_ == nullptr) throw std::bad_alloc();
    }
    return data_;
  }

 private:
  void* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace ballast::engine
