// SPDX-License-Identifier: Apache-2.0
#include "ballast/engine/block_panels.h"

#include <algorithm>
#include <array>
#include <utility>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"

namespace ballast::engine {
namespace {

using kernels::kByteCols;

// Matrices are laid out for good at their 8th to 39th product, so that no single token pays for all of them.
constexpr std::int64_t kPatience = 8, kSpread = 32;

std::int64_t next_patience() {
  static std::atomic<std::int64_t> count = 0;
  return kPatience + count.fetch_add(1, std::memory_order_relaxed) % kSpread;
}

}  // namespace

BlockPanels::BlockPanels(BlockSource source, const ByteLayout& layout, std::int64_t n)
    : source_(std::move(source)), layout_(layout), n_(n), products_left_(next_patience()) {
  BALLAST_CHECK(!layout_.whole(), layout_.k);
  BALLAST_CHECK(source_.blocks.size() == static_cast<std::size_t>(n_ * layout_.groups * layout_.block_bytes()), n_);
  BALLAST_CHECK(source_.head_rows == 0 || (source_.head_rows % 2 == 0 && n_ % source_.head_rows == 0), n_);
}

const std::uint8_t* BlockPanels::row(std::int64_t column) const {
  std::int64_t at = column;
  if (const std::int64_t head = source_.head_rows; head > 0) {
    const std::int64_t in = column % head, half = head / 2;
    at = column - in + (in < half ? 2 * in : 2 * (in - half) + 1);
  }
  return reinterpret_cast<const std::uint8_t*>(source_.blocks.data()) + at * layout_.groups * layout_.block_bytes();
}

void BlockPanels::lay_out(std::int64_t panel, std::int64_t g, std::int64_t groups, std::uint8_t* out) const {
  std::array<const std::uint8_t*, kByteCols> rows{};
  const std::int64_t first = panel * kByteCols;
  const int cols = static_cast<int>(std::min<std::int64_t>(kByteCols, n_ - first));
  for (int c = 0; c < cols; ++c) rows[static_cast<std::size_t>(c)] = row(first + c) + g * layout_.block_bytes();
  if (kernels::lay_out_blocks(rows.data(), cols, layout_.form, groups, out)) return;
  throw base::Error(base::ErrorCode::bad_input, "the scale of a block is not finite", source_.name);
}

void BlockPanels::count_product() const {
  if (ready() != nullptr || products_left_.fetch_sub(1, std::memory_order_relaxed) != 0) return;
  auto all = std::make_unique<PackedMatrix>(layout_.k, n_, layout_.nibbles() ? Precision::q4 : Precision::q8);
  auto* out = static_cast<std::uint8_t*>(all->panels());
  base::parallel_for(panels(n_, kByteCols),
                     [&](std::int64_t p) { lay_out(p, 0, layout_.groups, out + p * layout_.panel_bytes()); });
  kept_ = std::move(all);
  ready_.store(out, std::memory_order_release);
}

}  // namespace ballast::engine
