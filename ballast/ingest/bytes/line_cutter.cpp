// SPDX-License-Identifier: Apache-2.0
#include "ballast/ingest/bytes/line_cutter.h"

#include <algorithm>

namespace ballast::ingest {
namespace {

constexpr std::size_t kLongest = std::size_t{1} << 20;  // bytes of a line that are kept

}  // namespace

void LineCutter::add(std::string_view bytes, const TailSink& sink) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::size_t part = std::min(end, bytes.size());
    waiting_.append(bytes.substr(0, std::min(part, kLongest - waiting_.size())));
    held_ += part;
    if (end == std::string_view::npos) return;
    offset += held_ + 1;
    hand_over(sink);
    bytes.remove_prefix(end + 1);
  }
}

void LineCutter::finish(const TailSink& sink) {
  if (held_ == 0) return;
  offset += held_;
  hand_over(sink);
}

void LineCutter::start_again() {
  offset = held_ = 0;
  line = 0;
  waiting_.clear();
  ++generation;
}

void LineCutter::hand_over(const TailSink& sink) {
  if (!waiting_.empty() && waiting_.back() == '\r') waiting_.pop_back();
  ++line;
  sink({source_, line, generation, waiting_, held_ > kLongest});
  waiting_.clear();
  held_ = 0;
}

}  // namespace ballast::ingest
