// SPDX-License-Identifier: Apache-2.0
// Parallel loops on the one OpenMP pool. Work is cut into pieces by size, never by thread count, so a result that is
// computed piece by piece is the same for any number of threads.
#pragma once

#include <cstdint>
#include <functional>

namespace ballast::base {

/// Threads used by parallel_for from now on; 0 means all cores. Throws usage when negative or above 1024.
void set_threads(int count);
int threads();

/// Calls body(i) for i in [0, count). Each i runs once, in any order, on any thread. Exceptions: the one of the lowest
/// index that failed is rethrown. Nested calls run serially.
void parallel_for(std::int64_t count, const std::function<void(std::int64_t)>& body);

/// Calls body(begin, end) for consecutive pieces of [0, count) of at most `piece` elements.
void parallel_ranges(std::int64_t count, std::int64_t piece,
                     const std::function<void(std::int64_t, std::int64_t)>& body);

/// Index of the calling thread inside a parallel loop, in [0, threads()); 0 outside.
int thread_index();

}  // namespace ballast::base
