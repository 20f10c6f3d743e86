// SPDX-License-Identifier: Apache-2.0
// A training step allocates nothing after warm-up: neither the arena from the system nor anyone from the heap. This
// program counts every call of operator new.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "tests/support/tiny_network.h"

namespace {
std::atomic<std::int64_t> g_allocations{0};

void* counted(std::size_t bytes, std::size_t alignment) {
  ++g_allocations;
  const std::size_t whole = (bytes + alignment - 1) / alignment * alignment;
  void* p = alignment > alignof(std::max_align_t) ? std::aligned_alloc(alignment, whole) : std::malloc(bytes + !bytes);
  if (p == nullptr) throw std::bad_alloc();
  return p;
}
/// Not where it is called from: there GCC sees memory of `operator new` go to free().
[[gnu::noinline]] void give_back(void* p) {
  std::free(p);
}
}  // namespace

void* operator new(std::size_t bytes) {
  return counted(bytes, 1);
}
void* operator new[](std::size_t bytes) {
  return counted(bytes, 1);
}
void* operator new(std::size_t bytes, std::align_val_t a) {
  return counted(bytes, static_cast<std::size_t>(a));
}
void* operator new[](std::size_t bytes, std::align_val_t a) {
  return counted(bytes, static_cast<std::size_t>(a));
}
void operator delete(void* p) noexcept {
  give_back(p);
}
void operator delete[](void* p) noexcept {
  give_back(p);
}
void operator delete(void* p, std::size_t) noexcept {
  give_back(p);
}
void operator delete[](void* p, std::size_t) noexcept {
  give_back(p);
}
void operator delete(void* p, std::align_val_t) noexcept {
  give_back(p);
}
void operator delete[](void* p, std::align_val_t) noexcept {
  give_back(p);
}
void operator delete(void* p, std::size_t, std::align_val_t) noexcept {
  give_back(p);
}
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept {
  give_back(p);
}

namespace ballast::engine {
namespace {

class StepAllocations : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Threads, StepAllocations, ::testing::Values(1, 2, 3));

TEST(Counter, Counts) {
  const std::int64_t before = g_allocations;
  int* volatile escaped = new int(3);  // a pair that nobody sees may be optimised away
  delete escaped;
  EXPECT_EQ(g_allocations, before + 1);
}

TEST_P(StepAllocations, NoneAfterWarmUp) {
  const test::Threads threads(GetParam());
  test::TinyNetwork network;
  Arena arena;
  AdamW optimizer(network.store(), {});
  double first = 0, last = 0;
  // Work is handed out as threads come free: each thread has to have met the largest piece once.
  for (std::uint64_t step = 0; step < 20; ++step) first += network.step(arena, optimizer, step);
  const std::int64_t blocks = arena.system_allocations(), heap = g_allocations;
  for (std::uint64_t step = 20; step < 40; ++step) last += network.step(arena, optimizer, step);
  EXPECT_EQ(arena.system_allocations(), blocks);
  EXPECT_EQ(g_allocations, heap);
  EXPECT_LT(last, 0.9 * first) << "the network does not learn";
}

}  // namespace
}  // namespace ballast::engine
