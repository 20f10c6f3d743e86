// SPDX-License-Identifier: Apache-2.0
#include "ballast/engine/quantised.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

#include "ballast/base/error.h"
#include "ballast/base/half.h"
#include "ballast/base/parallel.h"
#include "ballast/engine/block_panels.h"
#include "ballast/engine/isa.h"
#include "ballast/engine/kernels/quantised_kernels.h"
#include "ballast/engine/quantised_layout.h"
#include "ballast/engine/row_tasks.h"
#include "ballast/engine/scratch.h"

namespace ballast::engine {
namespace {

using kernels::kByteCols;
using kernels::kGroup;
using kernels::kQuad;
using kernels::kRows;
using kernels::QuantisedForm;

// Of k in a block. Sums of groups stay in C from block to block at little cost, so a block fits the first-level cache:
// each half of a panel of rows reads it. One group of all k: the second-level cache.
constexpr std::int64_t kGroupsBytes = 24 << 10, kBlockQuads = 768;

thread_local Scratch t_rows, t_panel;

/// Where value kk of a column lies in its group's bytes.
std::int64_t byte_at(std::int64_t kk, std::int64_t column) {
  return (kk / kQuad * kByteCols + column) * kQuad + kk % kQuad;
}
void put_nibble(std::uint8_t* group, std::int64_t kk, std::int64_t column, int value) {
  const std::int64_t step = kk / (2 * kQuad), in = kk % (2 * kQuad);
  std::uint8_t& byte = group[(step * kByteCols + column) * kQuad + in % kQuad];
  byte = static_cast<std::uint8_t>(in < kQuad ? (byte & 0xf0) | value : (byte & 0x0f) | value << 4);
}

void put_scale(const ByteLayout& l, std::uint8_t* group, std::int64_t column, float scale) {
  std::uint8_t* scales = group + l.value_bytes();
  if (l.form == QuantisedForm::whole) {
    std::memcpy(scales + column * 4, &scale, 4);
    return;
  }
  const std::uint16_t half = base::f16_from_f32(scale);
  std::memcpy(scales + column * 2, &half, 2);
}

/// Zero for what is too small to have one: its group becomes zeros.
float reciprocal(float x) {
  return std::isfinite(1 / x) ? 1 / x : 0;
}

/// One group of one column: x holds its values.
void quantise_group(const ByteLayout& l, std::span<const float> x, std::int64_t column, std::uint8_t* group) {
  if (l.form == QuantisedForm::nibbles) {
    float most = 0;  // of the largest magnitude, with its sign
    for (const float v : x) most = std::abs(v) > std::abs(most) ? v : most;
    const float scale = most / -8, inverse = reciprocal(scale);
    put_scale(l, group, column, scale);
    for (std::size_t i = 0; i < x.size(); ++i) {
      put_nibble(group, static_cast<std::int64_t>(i), column,
                 std::clamp(static_cast<int>(x[i] * inverse + 8.5f), 0, 15));
    }
    return;
  }
  float most = 0;
  for (const float v : x) most = std::max(most, std::abs(v));
  const float scale = most / 127, inverse = reciprocal(scale);
  put_scale(l, group, column, scale);
  for (std::size_t i = 0; i < x.size(); ++i) {
    group[byte_at(static_cast<std::int64_t>(i), column)] =
        static_cast<std::uint8_t>(static_cast<int>(std::round(x[i] * inverse)) + 128);
  }
}

void clear_panel(const ByteLayout& l, std::uint8_t* panel) {
  const int zero = l.form == QuantisedForm::nibbles ? 0x88 : 0x80;
  for (std::int64_t g = 0; g < l.groups; ++g, panel += l.group_bytes()) {
    std::memset(panel, zero, static_cast<std::size_t>(l.value_bytes()));
    std::memset(panel + l.value_bytes(), 0, static_cast<std::size_t>(l.group_bytes() - l.value_bytes()));
  }
}

/// Rows of the left side, quantised: panels of kRows.
struct LeftSide {
  std::int8_t* values;
  float* scales;
  std::int32_t* sums;
  std::int64_t padded_k, groups;

  /// From quad `quad` of group `group` on.
  kernels::QuantisedRows from(std::int64_t group, std::int64_t quads, std::int64_t quad = 0) const {
    return {values + (group * quads + quad) * kQuad * kRows, scales + group * kRows, sums + group * kRows,
            padded_k * kRows, groups * kRows};
  }
};

/// Room for `rows` rows in memory of this thread: the same for each call with the same rows and layout.
LeftSide left_side(std::int64_t rows, const ByteLayout& l) {
  const std::int64_t count = panels(rows, kRows), padded_k = l.groups * l.quads * kQuad;
  const auto value_bytes = static_cast<std::size_t>(count * kRows * padded_k);
  const auto scale_bytes = static_cast<std::size_t>(count * kRows * l.groups) * 4;
  auto* memory = static_cast<std::int8_t*>(t_rows.get(value_bytes + 2 * scale_bytes));
  return {memory + 2 * scale_bytes, reinterpret_cast<float*>(memory),
          reinterpret_cast<std::int32_t*>(memory + scale_bytes), padded_k, l.groups};
}

/// Rounds `rows` rows of a from row `row` on.
void quantise_rows(Operand a, std::int64_t row, std::int64_t rows, const ByteLayout& l, const LeftSide& left) {
  const auto run = has_vnni_kernel() ? kernels::quantise_rows_vnni : kernels::quantise_rows;
  for (std::int64_t p = 0; p < panels(rows, kRows); ++p) {
    const std::int64_t first = p * kRows, groups = p * l.groups * kRows;
    run(a.data + (row + first) * a.stride, a.stride, static_cast<int>(std::min<std::int64_t>(kRows, rows - first)), l.k,
        l.group_values(), {left.values + first * left.padded_k, left.scales + groups, left.sums + groups});
  }
}

/// Rows that are laid out times panels of columns of one right side.
struct ByteProduct {
  const LeftSide* left;
  const PackedMatrix* b;
  const ByteLayout* layout;
  std::int64_t m;  // at most kPackedTaskPanels panels
  float* c;
  std::int64_t ldc;
  bool accumulate;

  /// Panels [first, end); those up to `last` follow.
  void columns(std::int64_t first, std::int64_t end, std::int64_t last) const {
    for (std::int64_t pn = first; pn < end; ++pn)
      layout->whole() ? whole_panel(pn, pn + 1 < last) : grouped_panel(pn, pn + 1 < last);
  }

 private:
  /// All panels, one after the other; null where blocks are laid out piece by piece.
  const std::uint8_t* all_panels() const {
    return b->blocks() == nullptr ? static_cast<const std::uint8_t*>(b->panels()) : b->blocks()->ready();
  }

  /// `groups` groups of a panel of columns from group g on.
  const std::uint8_t* panel(const std::uint8_t* all, std::int64_t pn, std::int64_t g, std::int64_t groups) const {
    if (all != nullptr) return all + pn * layout->panel_bytes() + g * layout->group_bytes();
    auto* own = static_cast<std::uint8_t*>(t_panel.get(static_cast<std::size_t>(groups * layout->group_bytes())));
    b->blocks()->lay_out(pn, g, groups, own);
    return own;
  }

  void run(const kernels::QuantisedTask& task, std::int64_t pn) const {
    const int cols = static_cast<int>(std::min<std::int64_t>(kByteCols, b->n() - pn * kByteCols));
    (has_vnni_kernel() ? kernels::multiply_quantised_vnni : kernels::multiply_quantised)(task, m, cols);
  }

  /// One panel of columns, piece after piece of k.
  void grouped_panel(std::int64_t pn, bool next_follows) const {
    const ByteLayout& l = *layout;
    const std::uint8_t* all = all_panels();
    const std::int64_t most = m <= kRows && all != nullptr ? l.groups : kGroupsBytes / l.group_bytes();
    const std::int64_t depth = panels(l.groups, panels(l.groups, most));
    for (std::int64_t g = 0; g < l.groups; g += depth) {
      const std::int64_t groups = std::min(depth, l.groups - g), bytes = groups * l.group_bytes();
      const std::uint8_t* cells = panel(all, pn, g, groups);
      kernels::QuantisedTask task{left->from(g, l.quads), cells, l.form, groups, l.quads, c + pn * kByteCols, ldc,
                                  accumulate || g > 0};
      if (all != nullptr && (next_follows || g + groups < l.groups)) task.ahead = {cells + bytes, bytes};
      run(task, pn);
    }
  }

  void whole_panel(std::int64_t pn, bool next_follows) const {
    const ByteLayout& l = *layout;
    const std::uint8_t* cells = panel(all_panels(), pn, 0, 1);
    const std::int64_t depth = m <= kRows ? l.quads : panels(l.quads, panels(l.quads, kBlockQuads));
    std::int64_t asked = 0;
    alignas(64) std::int32_t sums[kPackedTaskPanels * kRows * kByteCols];
    for (std::int64_t q = 0; q < l.quads; q += depth) {
      const std::int64_t quads = std::min(depth, l.quads - q);
      kernels::QuantisedTask task{left->from(0, l.quads, q),
                                  cells + q * kQuad * kByteCols,
                                  l.form,
                                  1,
                                  quads,
                                  c + pn * kByteCols,
                                  ldc,
                                  accumulate};
      if (next_follows) task.ahead = {cells + l.panel_bytes() + asked, l.panel_bytes() - asked};
      asked += panels(m, kRows) * (depth / kernels::kStepsOfLine) * kernels::kLineBytes;
      task.scales = cells + l.value_bytes();
      task.sums = sums;
      task.begins = q == 0;
      task.ends = q + depth >= l.quads;
      run(task, pn);
    }
  }
};

}  // namespace

Precision precision_from_name(const std::string& name) {
  for (const Precision p : {Precision::f32, Precision::bf16, Precision::int8, Precision::q8, Precision::q4}) {
    if (name == precision_name(p)) return p;
  }
  throw base::Error(base::ErrorCode::usage, "unknown precision \"" + name + "\"", "--precision",
                    "f32, bf16, int8, q8 or q4");
}

const char* precision_name(Precision precision) {
  switch (precision) {
    case Precision::f32:
      return "f32";
    case Precision::bf16:
      return "bf16";
    case Precision::int8:
      return "int8";
    case Precision::q8:
      return "q8";
    case Precision::q4:
      return "q4";
  }
  return "";
}

bool is_quantised(Precision precision) {
  return precision == Precision::int8 || precision == Precision::q8 || precision == Precision::q4;
}

bool can_quantise(std::int64_t k, Precision precision) {
  return k > 0 && (precision == Precision::int8 || k % kGroup == 0);
}

std::size_t quantised_bytes(std::int64_t k, std::int64_t n, Precision precision) {
  return static_cast<std::size_t>(panels(n, kByteCols) * ByteLayout(k, precision).panel_bytes());
}

void quantise(Operand b, std::int64_t k, std::int64_t n, Precision precision, void* out) {
  BALLAST_CHECK(can_quantise(k, precision), k);
  const ByteLayout l(k, precision);
  base::parallel_for(panels(n, kByteCols), [&](std::int64_t p) {
    auto* panel = static_cast<std::uint8_t*>(out) + p * l.panel_bytes();
    clear_panel(l, panel);
    std::vector<float> x(static_cast<std::size_t>(l.group_values()));
    for (std::int64_t j = p * kByteCols; j < std::min(n, (p + 1) * kByteCols); ++j) {
      for (std::int64_t g = 0; g < l.groups; ++g) {
        for (std::size_t i = 0; i < x.size(); ++i) {
          const std::int64_t kk = g * l.group_values() + static_cast<std::int64_t>(i);
          x[i] = b.transposed ? b.data[j * b.stride + kk] : b.data[kk * b.stride + j];
        }
        quantise_group(l, x, j % kByteCols, panel + g * l.group_bytes());
      }
    }
  });
}

PackedMatrix borrow_blocks(BlockSource source, std::int64_t k, std::int64_t n, Precision precision) {
  BALLAST_CHECK(precision != Precision::int8 && can_quantise(k, precision), k);
  return {std::make_unique<BlockPanels>(std::move(source), ByteLayout(k, precision), n), k, n, precision};
}

PackedMatrix pack_blocks(std::span<const std::byte> blocks, std::int64_t k, std::int64_t n, Precision precision) {
  BALLAST_CHECK(precision != Precision::int8 && can_quantise(k, precision), k);
  const ByteLayout l(k, precision);
  const BlockPanels from({blocks, nullptr, {}}, l, n);
  PackedMatrix packed(k, n, precision);
  base::parallel_for(panels(n, kByteCols), [&](std::int64_t p) {
    from.lay_out(p, 0, l.groups, static_cast<std::uint8_t*>(packed.panels()) + p * l.panel_bytes());
  });
  return packed;
}

void multiply_quantised(const RowTasks& tasks, Operand a, std::span<const RightSide> sides, bool accumulate,
                        Finish finish) {
  BALLAST_CHECK(!a.transposed, a.stride);
  const ByteLayout l(sides.front().b->k(), sides.front().b->precision());
  for (const RightSide& side : sides) {
    if (side.b->blocks() != nullptr) side.b->blocks()->count_product();
  }
  tasks.run([&](const RowTasks::Task& t) {
    const LeftSide left = left_side(t.rows, l);
    if (!t.laid_out) quantise_rows(a, t.row, t.rows, l, left);
    for_each_side(sides, t.first, t.last, kByteCols, [&](std::size_t i, std::int64_t first, std::int64_t last) {
      const RightSide& side = sides[i];
      const ByteProduct x{&left, side.b, &l, t.rows, side.c + t.row * side.ldc, side.ldc, accumulate};
      for_panels(first, last, kByteCols, [&](std::int64_t p, std::int64_t end) {
        x.columns(p, end, last);
        finish(i, region_of(t.row, t.rows, p, end, kByteCols, side.b->n()));
      });
    });
  });
}

}  // namespace ballast::engine
