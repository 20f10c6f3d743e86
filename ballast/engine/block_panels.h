// SPDX-License-Identifier: Apache-2.0
// A right side that stays where it lies, in ggml's blocks of a mapped file: a product lays out each panel in memory of
// its thread just before it uses it. So the first product of a matrix waits for nothing. After some products the panels
// are laid out for good, which is faster from then on. The bits are the same either way.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "ballast/engine/quantised.h"
#include "ballast/engine/quantised_layout.h"

namespace ballast::engine {

class BlockPanels {
 public:
  BlockPanels(BlockSource source, const ByteLayout& layout, std::int64_t n);

  /// Counts a product; the one that is one too many lays out all panels, on all threads. Others may go on meanwhile.
  /// Throws bad_input for a scale that is not finite.
  void count_product() const;
  /// All panels, once they are laid out for good; else null.
  const std::uint8_t* ready() const { return ready_.load(std::memory_order_acquire); }
  /// `groups` groups of a panel from group g on, to `out`. Throws as count_product().
  void lay_out(std::int64_t panel, std::int64_t g, std::int64_t groups, std::uint8_t* out) const;

 private:
  const std::uint8_t* row(std::int64_t column) const;

  BlockSource source_;
  ByteLayout layout_;
  std::int64_t n_;
  mutable std::atomic<std::int64_t> products_left_;
  mutable std::unique_ptr<PackedMatrix> kept_;  // written by the one product that lays out, before ready_
  mutable std::atomic<const std::uint8_t*> ready_ = nullptr;
};

}  // namespace ballast::engine
