// SPDX-License-Identifier: Apache-2.0
// Weights in eight or four bits for inference: how they are made, and the product with them. gemm() comes here for a
// PackedMatrix of such a precision.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "ballast/engine/gemm.h"

namespace ballast::engine {

/// "f32", "bf16", "int8", "q8" or "q4"; throws usage for another name.
Precision precision_from_name(const std::string& name);
const char* precision_name(Precision precision);

/// True for int8, q8 and q4.
bool is_quantised(Precision precision);

/// Whether a right side of k rows can be stored so: q8 and q4 need a multiple of 32, any k does for the others.
bool can_quantise(std::int64_t k, Precision precision);

/// Bytes of all panels of a right side [k, n].
std::size_t quantised_bytes(std::int64_t k, std::int64_t n, Precision precision);

/// Rounds b [k, n] into panels of quantised_bytes(). int8: symmetric, a scale a column. q8 and q4: as ggml's reference
/// quantisers of Q8_0 and Q4_0 do.
void quantise(Operand b, std::int64_t k, std::int64_t n, Precision precision, void* panels);

/// A right side [k, n] in ggml's blocks: n rows (a row an output column) of k/32 blocks, Q8_0 (f16 scale, 32 × int8) or
/// Q4_0 (f16 scale, 16 bytes: the first half in the low nibbles).
struct BlockSource {
  std::span<const std::byte> blocks;
  std::shared_ptr<const void> owner;  // keeps them where they are
  std::string name;                   // for errors: where they lie
  std::int64_t head_rows =
      0;  // each so many rows alternate between the halves of a head (q and k of Llama in GGUF); 0: no
};

/// Uses the blocks where they lie, without rounding them again (block_panels.h). Products throw bad_input where they
/// meet a scale that is not finite.
PackedMatrix borrow_blocks(BlockSource source, std::int64_t k, std::int64_t n, Precision precision);
/// Lays out all panels at once: throws the same.
PackedMatrix pack_blocks(std::span<const std::byte> blocks, std::int64_t k, std::int64_t n, Precision precision);

class RowTasks;

/// gemm() for quantised right sides. a is not transposed.
void multiply_quantised(const RowTasks& tasks, Operand a, std::span<const RightSide> sides, bool accumulate,
                        Finish finish);

}  // namespace ballast::engine
