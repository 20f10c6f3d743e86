// SPDX-License-Identifier: Apache-2.0
#include "lines.h"

#include <iostream>
#include <vector>

#include "ballast/base/error.h"
#include "ballast/base/interrupt.h"
#include "ballast/base/parallel.h"

namespace ballast::apps {
namespace {

constexpr std::size_t kBatchLines = 4096;
constexpr std::size_t kBatchBytes = std::size_t{4} << 20;
constexpr std::int64_t kPiece = 16;  // lines that a thread takes at a time

}  // namespace

void map_lines(const LineOptions& options, const LineWork& work) {
  std::ios::sync_with_stdio(false);  // else nothing is buffered, and no one can ask what is waiting
  std::vector<std::string> lines, results;
  std::int64_t first = 1;
  for (bool more = true; more;) {
    lines.clear();
    std::size_t bytes = 0;
    for (std::string line; lines.size() < kBatchLines && bytes < kBatchBytes;) {
      if (!std::getline(std::cin, line)) {
        more = false;
        break;
      }
      bytes += line.size();
      lines.push_back(std::move(line));
      // Someone who types waits for the answer.
      if (std::cin.rdbuf()->in_avail() <= 0) break;
    }
    if (base::interrupted()) throw base::Error(base::ErrorCode::cancelled, "interrupted");
    if (options.prepare) options.prepare(lines.size());
    results.assign(lines.size(), {});
    base::parallel_ranges(static_cast<std::int64_t>(lines.size()), kPiece, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const auto index = static_cast<std::size_t>(i);
        results[index] = work(lines[index], index, first + i);
      }
    });
    if (options.finish) options.finish(first);
    for (const std::string& result : results) std::cout << result;
    std::cout.flush();
    if (!std::cout) throw base::Error(base::ErrorCode::io, "cannot write", "standard output");
    first += static_cast<std::int64_t>(lines.size());
  }
}

}  // namespace ballast::apps
