// SPDX-License-Identifier: Apache-2.0
// Packs operands into panels and walks the blocks. The threads share out output tiles; the K loop is never split
// between them. K is cut into pieces that keep the operands of a tile in the second-level cache; pieces add up in
// order, so the cut does not change a bit.
#include "ballast/engine/gemm.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <new>
#include <utility>
#include <vector>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/engine/block_panels.h"
#include "ballast/engine/isa.h"
#include "ballast/engine/kernels/gemm_kernels.h"
#include "ballast/engine/kernels/pack_kernels.h"
#include "ballast/engine/quantised.h"
#include "ballast/engine/scratch.h"
#include "ballast/engine/tiles.h"

namespace ballast::engine {
namespace {

using kernels::kCols;
using kernels::kRows;
using Cells = PackedMatrix::Cells;

constexpr std::int64_t kDepth = 384;      // k of a block: shorter ones load and store C too often
constexpr std::int64_t kManyRows = 1024;  // from here on there are rows enough for every thread

thread_local Scratch t_pack_a, t_pack_b, t_pack_rows;

float element(const Operand& x, std::int64_t i, std::int64_t j) {
  return x.transposed ? x.data[j * x.stride + i] : x.data[i * x.stride + j];
}

/// `count` lines of x from line `first` on; `along_rows`: lines are rows of x (A) instead of its columns (B).
kernels::PanelSource panel_source(const Operand& x, bool along_rows, std::int64_t first, std::int64_t count) {
  const bool side_by_side = along_rows == x.transposed;
  return {x.data + first * (side_by_side ? 1 : x.stride), x.stride, side_by_side, count};
}

Cells cells_for(Precision precision) {
  if (precision == Precision::f32) return Cells::floats;
  if (is_quantised(precision)) return Cells::quantised;
  return has_bf16_kernel() ? Cells::pairs : Cells::rounded;
}

std::size_t packed_bytes(std::int64_t n, std::int64_t k, int width, Cells cells) {
  const std::int64_t lines = panels(n, width) * width;
  return static_cast<std::size_t>(cells == Cells::pairs ? lines * (k + k % 2) * 2 : lines * k * 4);
}

/// Packs whole panels.
void pack(const kernels::PanelSource& from, std::int64_t k, int width, Cells cells, void* out) {
  if (cells == Cells::pairs) return kernels::pack_pairs(from, k, width, static_cast<std::uint16_t*>(out));
  auto* to = static_cast<float*>(out);
  kernels::pack_floats(from, k, width, to);
  if (cells == Cells::rounded) kernels::round_to_bf16(to, panels(from.count, width) * width * k);
}

/// Packs all panels of n lines, in parallel: they are independent.
void pack(const Operand& x, bool along_rows, std::int64_t n, std::int64_t k, int width, Cells cells, void* out,
          bool parallel) {
  const auto lines = [&](std::int64_t first, std::int64_t last) {
    auto* to = static_cast<std::byte*>(out) + packed_bytes(first, k, width, cells);
    pack(panel_source(x, along_rows, first, last - first), k, width, cells, to);
  };
  if (!parallel) return lines(0, n);
  constexpr std::int64_t kPiece = 8;  // panels a task: enough to be worth a hand-over
  base::parallel_ranges(n, kPiece * width, lines);
}

struct Product {
  const void *a, *b;  // packed; b is null where tiles of it are packed as they are needed
  std::int64_t m, n, k;
  float* c;
  std::int64_t ldc;
  bool accumulate;
  Cells cells;
};

/// Cells of a panel before its value k0; pairs are cut at even k only.
const void* panel_at(const void* panels, Cells cells, std::int64_t cell) {
  return static_cast<const std::byte*>(panels) + cell * (cells == Cells::pairs ? 2 : 4);
}
std::int64_t panel_depth(std::int64_t k, Cells cells) {
  return cells == Cells::pairs ? k + k % 2 : k;
}
std::int64_t block_depth(Cells cells) {
  return cells == Cells::pairs ? 2 * kDepth : kDepth;  // the same bytes
}

/// `b`: the panel of columns pn, from value k0 on.
void multiply_block(const Product& x, std::int64_t pm, std::int64_t pn, std::int64_t k0, std::int64_t depth,
                    const void* b) {
  const int rows = static_cast<int>(std::min<std::int64_t>(kRows, x.m - pm * kRows));
  const int cols = static_cast<int>(std::min<std::int64_t>(kCols, x.n - pn * kCols));
  float* c = x.c + pm * kRows * x.ldc + pn * kCols;
  const bool add = x.accumulate || k0 > 0;
  const void* a = panel_at(x.a, x.cells, (pm * panel_depth(x.k, x.cells) + k0) * kRows);
  if (x.cells != Cells::pairs) {
    kernels::multiply_panels(static_cast<const float*>(a), static_cast<const float*>(b), depth, rows, cols, c, x.ldc,
                             add);
    return;
  }
  const auto run = has_bf16_kernel() ? kernels::multiply_panels_bf16 : kernels::multiply_panels_bf16_scalar;
  run(static_cast<const std::uint16_t*>(a), static_cast<const std::uint16_t*>(b), panel_depth(depth, x.cells), rows,
      cols, c, x.ldc, add);
}

/// Panels [m0, m1) × [n0, n1) of the output.
struct Tile {
  std::int64_t m0, m1, n0, n1;
};

void multiply_tile(const Product& x, const Tile& t) {
  // A single panel of A uses B once: it streams best from end to end.
  const std::int64_t depth = t.m1 - t.m0 == 1 ? x.k : block_depth(x.cells);
  for (std::int64_t k0 = 0; k0 < x.k; k0 += depth) {
    const std::int64_t d = std::min(depth, x.k - k0);
    for (std::int64_t pn = t.n0; pn < t.n1; ++pn) {
      const void* b = panel_at(x.b, x.cells, (pn * panel_depth(x.k, x.cells) + k0) * kCols);
      for (std::int64_t pm = t.m0; pm < t.m1; ++pm) multiply_block(x, pm, pn, k0, d, b);
    }
  }
}

void multiply(const Product& x, bool parallel) {
  const std::int64_t pm = panels(x.m, kRows), pn = panels(x.n, kCols);
  if (!parallel) return multiply_tile(x, {0, pm, 0, pn});
  const std::int64_t tiles_m = panels(pm, kTilePanelsM), width = tile_width(pn, tiles_m), tiles_n = panels(pn, width);
  base::parallel_for(tiles_m * tiles_n, [&](std::int64_t t) {
    const std::int64_t m0 = t % tiles_m * kTilePanelsM, n0 = t / tiles_m * width;
    multiply_tile(x, {m0, std::min(pm, m0 + kTilePanelsM), n0, std::min(pn, n0 + width)});
  });
}

/// Packs the tile's part of B block by block, in memory of the calling thread, and uses it while it is in the cache.
void multiply_tile(const Product& x, const Operand& b, const Tile& t) {
  const std::int64_t depth = std::min(x.k, block_depth(x.cells));
  void* packed = t_pack_b.get(packed_bytes((t.n1 - t.n0) * kCols, depth, kCols, x.cells));
  const std::int64_t first = t.n0 * kCols, cols = std::min(x.n, t.n1 * kCols) - first;
  for (std::int64_t k0 = 0; k0 < x.k; k0 += depth) {
    const std::int64_t d = std::min(depth, x.k - k0), step = panel_depth(d, x.cells) * kCols;
    Operand part = b;
    part.data += b.transposed ? first * b.stride + k0 : k0 * b.stride + first;
    pack(part, false, cols, d, kCols, x.cells, packed, false);
    for (std::int64_t m0 = t.m0; m0 < t.m1; m0 += kTilePanelsM) {
      for (std::int64_t pn = t.n0; pn < t.n1; ++pn) {
        const void* panel = panel_at(packed, x.cells, (pn - t.n0) * step);
        for (std::int64_t pm = m0; pm < std::min(t.m1, m0 + kTilePanelsM); ++pm) {
          multiply_block(x, pm, pn, k0, d, panel);
        }
      }
    }
  }
}

/// Asks for the memory of `count` columns of b from value k0 on, share `part` of `parts`, while products are computed.
struct Prefetch {
  kernels::PanelSource from;
  std::int64_t k;

  void operator()(std::int64_t part, std::int64_t parts) const {
    constexpr std::int64_t kLine = 16;  // floats of a line of the cache
    const std::int64_t begin = k * part / parts, end = k * (part + 1) / parts;
    if (from.side_by_side) {
      for (std::int64_t kk = begin; kk < end; ++kk) {
        for (std::int64_t r = 0; r < from.count; r += kLine) ask(from.data + kk * from.stride + r);
      }
    } else {
      for (std::int64_t r = 0; r < from.count; ++r) {
        for (std::int64_t kk = begin; kk < end; kk += kLine) ask(from.data + r * from.stride + kk);
      }
    }
  }

 private:
  static void ask(const float* p) { __builtin_prefetch(p, 0, 2); }
};

/// Few rows: all of them meet one panel of B at a time, packed when it is needed; the next one is on its way meanwhile.
void multiply_few_rows(const Product& x, const Operand& b, std::int64_t n0, std::int64_t n1) {
  const std::int64_t pm = panels(x.m, kRows), depth = std::min(x.k, block_depth(x.cells));
  void* packed = t_pack_b.get(packed_bytes(kCols, depth, kCols, x.cells));
  const auto block = [&](std::int64_t pn, std::int64_t k0) {
    Operand part = b;
    part.data += b.transposed ? k0 : k0 * b.stride;
    return Prefetch{panel_source(part, false, pn * kCols, std::min<std::int64_t>(kCols, x.n - pn * kCols)),
                    std::min(depth, x.k - k0)};
  };
  for (std::int64_t pn = n0; pn < n1; ++pn) {
    for (std::int64_t k0 = 0; k0 < x.k; k0 += depth) {
      const Prefetch now = block(pn, k0);
      const bool last = k0 + depth >= x.k;
      const Prefetch next = !last ? block(pn, k0 + depth) : pn + 1 < n1 ? block(pn + 1, 0) : Prefetch{{}, 0};
      pack(now.from, now.k, kCols, x.cells, packed);
      for (std::int64_t m = 0; m < pm; ++m) {
        next(m, pm);
        multiply_block(x, m, pn, k0, now.k, packed);
      }
    }
  }
}

/// A is packed, B is not. Many rows: where there are few columns, several tiles share them and each packs its own copy.
void multiply(const Product& x, const Operand& b, bool parallel) {
  const std::int64_t pm = panels(x.m, kRows), pn = panels(x.n, kCols), most = panels(pm, kTilePanelsM);
  constexpr std::int64_t kFewTiles = 4;  // 512 rows, which the second-level cache holds
  if (most <= kFewTiles) {
    if (!parallel) return multiply_few_rows(x, b, 0, pn);
    const std::int64_t width = tile_width(pn, 1);
    return base::parallel_for(
        panels(pn, width), [&](std::int64_t t) { multiply_few_rows(x, b, t * width, std::min(pn, (t + 1) * width)); });
  }
  constexpr std::int64_t kTasks = 8;  // shared evenly by a few threads
  const std::int64_t tiles_n = panels(pn, kTilePanelsN);
  const std::int64_t wanted = parallel ? std::clamp<std::int64_t>(kTasks / tiles_n, 1, most) : 1;
  const std::int64_t height = panels(panels(pm, wanted), kTilePanelsM) * kTilePanelsM, tiles_m = panels(pm, height);
  const auto one = [&](std::int64_t t) {
    const std::int64_t m0 = t % tiles_m * height, n0 = t / tiles_m * kTilePanelsN;
    multiply_tile(x, b, {m0, std::min(pm, m0 + height), n0, std::min(pn, n0 + kTilePanelsN)});
  };
  if (parallel) return base::parallel_for(tiles_m * tiles_n, one);
  for (std::int64_t t = 0; t < tiles_m * tiles_n; ++t) one(t);
}

/// Many rows: each task takes some of them over all columns, packs its part of A block by block in memory of its own
/// thread, and reads B once. B is packed.
void multiply_rows(const Product& x, const Operand& a) {
  const std::int64_t pm = panels(x.m, kRows), pn = panels(x.n, kCols), depth = std::min(x.k, block_depth(x.cells));
  base::parallel_for(panels(pm, kTilePanelsM), [&](std::int64_t t) {
    const std::int64_t m0 = t * kTilePanelsM, m1 = std::min(pm, m0 + kTilePanelsM), first = m0 * kRows;
    const std::int64_t rows = std::min(x.m, m1 * kRows) - first;
    void* packed = t_pack_rows.get(packed_bytes(rows, depth, kRows, x.cells));
    for (std::int64_t k0 = 0; k0 < x.k; k0 += depth) {
      const std::int64_t d = std::min(depth, x.k - k0);
      Operand part = a;
      part.data += a.transposed ? k0 * a.stride + first : first * a.stride + k0;
      pack(part, true, rows, d, kRows, x.cells, packed, false);
      // The part is a product of its own: its rows of C, its piece of k.
      const Product piece{packed, x.b, rows, x.n, d, x.c + first * x.ldc, x.ldc, x.accumulate || k0 > 0, x.cells};
      for (std::int64_t pn0 = 0; pn0 < pn; ++pn0) {
        const void* b = panel_at(x.b, x.cells, (pn0 * panel_depth(x.k, x.cells) + k0) * kCols);
        for (std::int64_t p = 0; p < m1 - m0; ++p) multiply_block(piece, p, pn0, 0, d, b);
      }
    }
  });
}

void clear_if_empty(std::int64_t m, std::int64_t n, std::int64_t k, float* c, std::int64_t ldc, bool accumulate) {
  if (k > 0 || accumulate) return;
  for (std::int64_t i = 0; i < m; ++i) std::fill_n(c + i * ldc, n, 0.0f);
}

/// Weights are read from end to end, token after token: large pages save the walk through the page tables.
void* panel_memory(std::size_t bytes) {
  constexpr std::size_t kLargePage = std::size_t{2} << 20, kLine = 64;
  const std::size_t alignment = bytes >= kLargePage ? kLargePage : kLine;
  const std::size_t size = std::max(alignment, (bytes + alignment - 1) / alignment * alignment);
  void* memory = std::aligned_alloc(alignment, size);
  if (memory == nullptr) throw std::bad_alloc();
  if (alignment == kLargePage) madvise(memory, size, MADV_HUGEPAGE);  // a wish: it may be refused
  return memory;
}

}  // namespace

std::uint16_t to_bf16(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<std::uint16_t>((bits >> 16) | 0x40u);  // quiet NaN
  return static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

float from_bf16(std::uint16_t x) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(x) << 16);
}

PackedMatrix::PackedMatrix(Operand b, std::int64_t k, std::int64_t n, Precision precision)
    : k_(k), n_(n), precision_(precision), cells_(cells_for(precision)) {
  if (cells_ == Cells::quantised) {
    panels_.reset(panel_memory(quantised_bytes(k, n, precision)));
    quantise(b, k, n, precision, panels_.get());
    return;
  }
  panels_.reset(panel_memory(packed_bytes(n, k, kCols, cells_)));
  pack(b, false, n, k, kCols, cells_, panels_.get(), true);
}

PackedMatrix::PackedMatrix(std::int64_t k, std::int64_t n, Precision quantised)
    : panels_(panel_memory(quantised_bytes(k, n, quantised))),
      k_(k),
      n_(n),
      precision_(quantised),
      cells_(Cells::quantised) {}

PackedMatrix::PackedMatrix(std::unique_ptr<BlockPanels> blocks, std::int64_t k, std::int64_t n, Precision quantised)
    : k_(k), n_(n), precision_(quantised), cells_(Cells::quantised), blocks_(std::move(blocks)) {}

PackedMatrix::~PackedMatrix() = default;
PackedMatrix::PackedMatrix(PackedMatrix&&) noexcept = default;
PackedMatrix& PackedMatrix::operator=(PackedMatrix&&) noexcept = default;
void PackedMatrix::FreeDeleter::operator()(void* p) const {
  std::free(p);
}

void gemm(std::int64_t m, std::int64_t n, std::int64_t k, Operand a, Operand b, float* c, std::int64_t ldc,
          bool accumulate, Precision precision) {
  clear_if_empty(m, n, k, c, ldc, accumulate);
  if (m == 0 || n == 0 || k == 0) return;
  const Cells cells = cells_for(precision);
  const bool parallel = worth_threads(m, n, k);
  void* pa = t_pack_a.get(packed_bytes(m, k, kRows, cells));
  pack(a, true, m, k, kRows, cells, pa, parallel);
  multiply({pa, nullptr, m, n, k, c, ldc, accumulate, cells}, b, parallel);
}

void gemm(std::int64_t m, Operand a, const PackedMatrix& b, float* c, std::int64_t ldc, bool accumulate) {
  clear_if_empty(m, b.n(), b.k(), c, ldc, accumulate);
  if (m == 0 || b.n() == 0 || b.k() == 0) return;
  if (b.cells() == Cells::quantised) {
    return multiply_quantised(m, a, b, c, ldc, accumulate, worth_threads(m, b.n(), b.k()));
  }
  const bool parallel = worth_threads(m, b.n(), b.k());
  if (parallel && m >= kManyRows) {
    return multiply_rows({nullptr, b.panels(), m, b.n(), b.k(), c, ldc, accumulate, b.cells()}, a);
  }
  void* pa = t_pack_a.get(packed_bytes(m, b.k(), kRows, b.cells()));
  pack(a, true, m, b.k(), kRows, b.cells(), pa, parallel);
  multiply({pa, b.panels(), m, b.n(), b.k(), c, ldc, accumulate, b.cells()}, parallel);
}

void gemm_serial(std::int64_t m, std::int64_t n, std::int64_t k, Operand a, Operand b, float* c, std::int64_t ldc,
                 bool accumulate) {
  clear_if_empty(m, n, k, c, ldc, accumulate);
  if (m == 0 || n == 0 || k == 0) return;
  void* pa = t_pack_a.get(packed_bytes(m, k, kRows, Cells::floats));
  pack(a, true, m, k, kRows, Cells::floats, pa, false);
  multiply({pa, nullptr, m, n, k, c, ldc, accumulate, Cells::floats}, b, false);
}

void gemm_scalar(std::int64_t m, std::int64_t n, std::int64_t k, Operand a, Operand b, float* c, std::int64_t ldc,
                 bool accumulate, Precision precision) {
  const auto rounded = [&](float x) { return precision == Precision::bf16 ? from_bf16(to_bf16(x)) : x; };
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      float sum = accumulate ? c[i * ldc + j] : 0.0f;
      for (std::int64_t kk = 0; kk < k; ++kk) {
        sum = std::fma(rounded(element(a, i, kk)), rounded(element(b, kk, j)), sum);
      }
      c[i * ldc + j] = sum;
    }
  }
}

}  // namespace ballast::engine
