// SPDX-License-Identifier: Apache-2.0
// The fused operations that models are written in, each with its backward. Rows are tokens of a batch packed end to end
// (no padding); a row's result depends on nothing but its own sequence.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>

#include "ballast/engine/kernels/vector_kernels.h"
#include "ballast/engine/parameter.h"
#include "ballast/engine/tape.h"

namespace ballast::engine {

using kernels::Activation;

/// How a weight matrix is stored: torch's Linear keeps [out, in], GPT-2's Conv1D keeps [in, out].
enum class Layout { out_in, in_out };

/// y[rows, out] = act(x[rows, in] · W + b). `bias` may be null.
Value linear(Tape& tape, Value x, Parameter& weight, Parameter* bias, Layout layout,
             Activation activation = Activation::none);

/// y = h + dropout(x · W + b): how a layer's output joins the residual stream. `bias` may be null.
Value linear_residual(Tape& tape, Value h, Value x, Parameter& weight, Parameter* bias, Layout layout, float dropout);

/// A weight and its bias, which may be null.
struct Projection {
  Parameter *weight = nullptr, *bias = nullptr;
};
/// y[i] = x · W[i] + b[i], all in one layout: the bits of linear() one by one. Inference with packed weights lays x
/// out once and hands the products to the threads together. `y` has an entry a projection.
void linear_all(Tape& tape, Value x, std::span<const Projection> projections, Layout layout, std::span<Value> y);
template <std::size_t kCount>
std::array<Value, kCount> linear_all(Tape& tape, Value x, const Projection (&projections)[kCount], Layout layout) {
  std::array<Value, kCount> y;
  linear_all(tape, x, projections, layout, y);
  return y;
}

/// y = factor · x.
Value scale(Tape& tape, Value x, float factor);

/// Packs a weight for inference: from then on linear() uses it there, in its precision. A quantised precision that the
/// shape does not allow becomes f32.
void pack_for_inference(Parameter& weight, Layout layout, Precision precision);

/// y = LayerNorm(x) over the columns, with gain and bias [cols].
Value layer_norm(Tape& tape, Value x, Parameter& gain, Parameter& bias, float eps);

/// y = RMSNorm(x) with gain [width], over consecutive groups of `width` columns (Zhang & Sennrich 2019): a whole row,
/// or each head of it.
Value rms_norm(Tape& tape, Value x, Parameter& gain, float eps);

/// y = f(a) · b, element by element: the gated feed-forward layers of Shazeer (2020).
Value gate(Tape& tape, Value a, Value b, Activation activation);

/// Cosines and sines of a batch's angles, [rows, head_width / 2] each; memory of the arena.
struct Rotation {
  const float *cosine = nullptr, *sine = nullptr;
};
/// Rotary positions (Su et al. 2021): in every head of x [rows, heads · head_width] the pairs (j, j + head_width / 2)
/// are turned by their token's angle.
Value rotate(Tape& tape, Value x, std::int64_t head_width, Rotation rotation);

/// y = a + b.
Value add(Tape& tape, Value a, Value b);

/// Inverted dropout; the identity in inference or for p = 0.
Value dropout(Tape& tape, Value x, float p);

/// One lookup table and the row that each token takes from it.
struct Lookup {
  Parameter* table;                   // [entries, cols]
  std::span<const std::int32_t> ids;  // one a row, within the table; must live until backward()
  std::int32_t padding = -1;          // an entry that lookups do not train (torch's padding_idx); -1: none
};
/// Sum of table rows: word + position (+ token type) embeddings.
Value embed(Tape& tape, std::initializer_list<Lookup> lookups);

/// Picks rows of x. `rows` must live until backward().
Value select_rows(Tape& tape, Value x, std::span<const std::int32_t> rows);

/// y = f(x).
Value activate(Tape& tape, Value x, Activation activation);

}  // namespace ballast::engine
