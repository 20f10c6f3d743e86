// SPDX-License-Identifier: Apache-2.0
#include "ballast/engine/arena.h"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace ballast::engine {
namespace {

constexpr std::size_t kSmallestBlock = std::size_t{1} << 20;

std::size_t round_up(std::size_t bytes) {
  return (bytes + Arena::kAlignment - 1) / Arena::kAlignment * Arena::kAlignment;
}

}  // namespace

void Arena::FreeDeleter::operator()(std::byte* p) const {
  std::free(p);
}

void Arena::add_block(std::size_t bytes) {
  Block block;
  block.size = round_up(std::max(bytes, kSmallestBlock));
  block.data.reset(static_cast<std::byte*>(std::aligned_alloc(kAlignment, block.size)));
  if (!block.data) throw std::bad_alloc();
  blocks_.push_back(std::move(block));
  ++system_allocations_;
}

void* Arena::allocate(std::size_t bytes) {
  bytes = round_up(std::max<std::size_t>(bytes, 1));
  while (current_ < blocks_.size() && blocks_[current_].used + bytes > blocks_[current_].size) ++current_;
  if (current_ == blocks_.size()) add_block(std::max(bytes, capacity_bytes() / 2));  // grow by half: few blocks
  Block& block = blocks_[current_];
  void* p = block.data.get() + block.used;
  block.used += bytes;
  return p;
}

void Arena::reset() {
  if (blocks_.size() > 1) {
    const std::size_t total = capacity_bytes();
    blocks_.clear();
    add_block(total);
  }
  for (Block& block : blocks_) block.used = 0;
  current_ = 0;
}

Arena::Mark Arena::mark() const {
  return {current_, current_ < blocks_.size() ? blocks_[current_].used : 0};
}

void Arena::release(Mark mark) {
  for (std::size_t i = mark.block + 1; i < blocks_.size(); ++i) blocks_[i].used = 0;
  if (mark.block < blocks_.size()) blocks_[mark.block].used = mark.used;
  current_ = mark.block;
}

std::size_t Arena::capacity_bytes() const {
  std::size_t total = 0;
  for (const Block& block : blocks_) total += block.size;
  return total;
}

}  // namespace ballast::engine
