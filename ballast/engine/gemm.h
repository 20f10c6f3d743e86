// SPDX-License-Identifier: Apache-2.0
// Matrix products. Every output element is summed over k in one fixed order, so results are bit-identical for any
// number of rows in the batch and any number of threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "ballast/base/parallel.h"

namespace ballast::engine {

/// f32: plain. bf16: operands rounded to bf16 (nearest even), products summed in f32; without a bf16 kernel the rounded
/// operands are multiplied by the f32 kernel. The others are for packed right sides (quantised.h): int8 with a scale a
/// column, q8 and q4 in eight and four bits with a scale for 32 values of a column (ggml's Q8_0 and Q4_0); the left
/// side is rounded to int8 with a scale a row, or for 32 values of it.
enum class Precision { f32, bf16, int8, q8, q4 };

/// A matrix operand: element (i, j) is data[i * stride + j], or data[j * stride + i] when transposed.
struct Operand {
  const float* data = nullptr;
  std::int64_t stride = 0;
  bool transposed = false;
};

class BlockPanels;

/// A right-hand side [k, n] packed once for many products (weights at inference).
class PackedMatrix {
 public:
  /// q8 and q4 need a k that is a multiple of 32.
  PackedMatrix(Operand b, std::int64_t k, std::int64_t n, Precision precision);
  /// Room for quantised panels, to be filled.
  PackedMatrix(std::int64_t k, std::int64_t n, Precision quantised);
  /// f32 or bf16 for one product, in memory of the caller that holds packed_bytes() (panels.h) and outlives it.
  PackedMatrix(Operand b, std::int64_t k, std::int64_t n, Precision precision, void* memory);
  /// Quantised, in blocks that are laid out by the products.
  PackedMatrix(std::unique_ptr<BlockPanels> blocks, std::int64_t k, std::int64_t n, Precision quantised);
  ~PackedMatrix();
  PackedMatrix(PackedMatrix&&) noexcept;
  PackedMatrix& operator=(PackedMatrix&&) noexcept;

  std::int64_t k() const { return k_; }
  std::int64_t n() const { return n_; }
  Precision precision() const { return precision_; }
  /// Null where they are laid out by the products: see blocks().
  const void* panels() const { return panels_.get(); }
  void* panels() { return panels_.get(); }
  /// How the panels are stored, fixed when they were packed: f32, f32 rounded to bf16, pairs of bf16, or quantised.
  enum class Cells { floats, rounded, pairs, quantised };
  Cells cells() const { return cells_; }
  const BlockPanels* blocks() const { return blocks_.get(); }

 private:
  void pack_all(Operand b);

  std::unique_ptr<void, void (*)(void*)> panels_;
  std::int64_t k_, n_;
  Precision precision_;
  Cells cells_;
  std::unique_ptr<BlockPanels> blocks_;
};

/// A part of a product's output.
struct Region {
  std::int64_t row, rows, column, columns;
};
/// Called with the number of the right side for parts of its product as soon as they are complete, on the thread that
/// has computed them: what follows finds them in the cache. The parts cover the output once.
using Finish = base::BodyRef<std::size_t, const Region&>;

inline constexpr auto finish_nothing = [](std::size_t, const Region&) {};

/// c[m, n] (row stride ldc) = a[m, k] · b[k, n], or += when accumulate. Runs on all threads. `precision`: f32 or bf16.
void gemm(std::int64_t m, std::int64_t n, std::int64_t k, Operand a, Operand b, float* c, std::int64_t ldc,
          bool accumulate, Precision precision = Precision::f32, Finish finish = finish_nothing);
/// Without a transposed a where b is quantised.
void gemm(std::int64_t m, Operand a, const PackedMatrix& b, float* c, std::int64_t ldc, bool accumulate);

/// One of several right sides of the same rows, and where its product goes: c [m, n] in rows of stride ldc.
struct RightSide {
  const PackedMatrix* b;
  float* c;
  std::int64_t ldc;
};
/// The products of a [m, k] with right sides of one depth and precision: rows of a are laid out, and rounded, once for
/// all of them, and the threads share out the work on all together.
void gemm(std::int64_t m, Operand a, std::span<const RightSide> sides, bool accumulate, Finish finish);

/// The same product on the calling thread only, f32, for small blocks inside parallel loops (attention).
void gemm_serial(std::int64_t m, std::int64_t n, std::int64_t k, Operand a, Operand b, float* c, std::int64_t ldc,
                 bool accumulate);

/// The plain truth for tests: one fused multiply-add chain an element.
void gemm_scalar(std::int64_t m, std::int64_t n, std::int64_t k, Operand a, Operand b, float* c, std::int64_t ldc,
                 bool accumulate, Precision precision = Precision::f32);

/// Round to bf16 (nearest even; NaN stays NaN) and back.
std::uint16_t to_bf16(float x);
float from_bf16(std::uint16_t x);

}  // namespace ballast::engine
