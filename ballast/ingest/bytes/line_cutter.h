// SPDX-License-Identifier: Apache-2.0
// Bytes of a growing file in, complete lines out; what is left of a line waits for its line break.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ballast/ingest/tail.h"

namespace ballast::ingest {

class LineCutter {
 public:
  explicit LineCutter(std::string source) : source_(std::move(source)) {}

  void add(std::string_view bytes, const TailSink& sink);
  /// Hands over the line that waits as if it were complete.
  void finish(const TailSink& sink);
  /// The file was replaced: its lines count from 1 again.
  void start_again();
  /// Bytes of the file that were taken so far.
  std::uint64_t read() const { return offset + held_; }

  std::uint64_t offset = 0;  // of the first byte that was not handed over
  std::int64_t line = 0, generation = 0;

 private:
  void hand_over(const TailSink& sink);
  std::string source_, waiting_;
  std::uint64_t held_ = 0;  // bytes of the line that waits, kept or not
};

}  // namespace ballast::ingest
