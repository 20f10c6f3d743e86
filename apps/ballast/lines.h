// SPDX-License-Identifier: Apache-2.0
// Standard input to standard output line by line, on all threads, in input order. Lines end at LF only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace ballast::apps {

struct LineOptions {
  std::function<void(std::size_t)> prepare;  // before a batch: how many lines it has
  std::function<void(std::int64_t)> finish;  // after it, before its output: the number of its first line, from 1
};

/// Called on any thread with a line, its index within the batch and its number from 1; returns what to write.
using LineWork = std::function<std::string(const std::string&, std::size_t, std::int64_t)>;

/// Throws io when the output cannot be written, cancelled when interrupted.
void map_lines(const LineOptions& options, const LineWork& work);

}  // namespace ballast::apps
