// SPDX-License-Identifier: Apache-2.0
// Parallel loops on the one OpenMP pool. Work is cut into pieces by size, never by thread count, so a result that is
// computed piece by piece is the same for any number of threads.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <type_traits>

namespace ballast::base {

/// A borrowed callable: what std::function does, without owning it, so that no closure is ever copied to the heap.
/// Valid for the call that it is passed to.
template <class... Args>
class BodyRef {
 public:
  template <class F>
  requires(!std::same_as<std::remove_cvref_t<F>, BodyRef> && std::invocable<F&, Args...>)
      BodyRef(F&& f)  // NOLINT(google-explicit-constructor): lambdas are passed as they are
      : object_(const_cast<void*>(static_cast<const void*>(std::addressof(f)))),
        call_([](void* object, Args... args) { (*static_cast<std::remove_reference_t<F>*>(object))(args...); }) {}

  void operator()(Args... args) const { call_(object_, args...); }

 private:
  void* object_;
  void (*call_)(void*, Args...);
};

/// Threads used by parallel_for from now on; 0 means all cores. Throws usage when negative or above 1024.
void set_threads(int count);
int threads();

/// Calls body(i) for i in [0, count). Each i runs once, in any order, on any thread; threads begin with stretches of
/// their own, the same ones in every loop of so many. Exceptions: the one of the lowest
/// index that failed is rethrown. Nested calls run serially.
void parallel_for(std::int64_t count, BodyRef<std::int64_t> body);

/// Calls body(begin, end) for consecutive pieces of [0, count) of at most `piece` elements.
void parallel_ranges(std::int64_t count, std::int64_t piece, BodyRef<std::int64_t, std::int64_t> body);

/// Index of the calling thread inside a parallel loop, in [0, threads()); 0 outside.
int thread_index();

}  // namespace ballast::base
