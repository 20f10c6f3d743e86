// SPDX-License-Identifier: Apache-2.0
#include "ballast/engine/ops.h"

#include <algorithm>
#include <array>
#include <vector>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/engine/quantised.h"

namespace ballast::engine {
namespace {

// Pieces are cut by size alone, so every sum has one order for any number of threads.
constexpr std::int64_t kPiece = 16384;  // elements of an element-wise loop
constexpr std::int64_t kColumns = 64;   // columns of a sum over rows
constexpr std::int64_t kRowPiece = 16;  // rows of a row-wise loop

Operand right_side(const Parameter& w, Layout layout) {
  // The product wants [in, out].
  return {w.value, w.cols(), layout == Layout::out_in};
}

/// What follows a product, row by row: bias, then an activation, or dropout and the residual stream.
struct Epilogue {
  const Parameter* bias;
  Activation activation;
  float* pre;             // before the activation, where the backward pass needs it
  const float* residual;  // null without one
  float dropout;
  std::uint64_t seed;

  /// A part of y [rows, cols].
  void operator()(float* y, std::int64_t cols, const Region& part) const {
    if (bias == nullptr && activation == Activation::none && residual == nullptr) return;
    for (std::int64_t i = part.row; i < part.row + part.rows; ++i) {
      const std::int64_t at = i * cols + part.column;
      const float* shift = bias == nullptr ? nullptr : bias->value + part.column;
      if (activation != Activation::none) {
        activate(y + at, at, shift, part.columns);
      } else {
        add(y + at, at, shift, part.columns);
      }
    }
  }

 private:
  /// n values of y from element `at` on; `shift`: their bias, or null.
  void activate(float* out, std::int64_t at, const float* shift, std::int64_t n) const {
    if (pre == nullptr) return kernels::activate(activation, out, shift, out, n);
    if (shift != nullptr) {
      kernels::add(out, shift, pre + at, n);
    } else {
      std::copy_n(out, n, pre + at);
    }
    kernels::activate(activation, pre + at, nullptr, out, n);
  }
  void add(float* out, std::int64_t at, const float* shift, std::int64_t n) const {
    if (shift != nullptr && residual != nullptr && dropout <= 0) {
      return kernels::add_both_to(out, shift, residual + at, n);
    }
    if (shift != nullptr) kernels::add_to(out, shift, n);
    if (dropout > 0) kernels::dropout(out, out, n, dropout, seed, static_cast<std::uint64_t>(at), false);
    if (residual != nullptr) kernels::add_to(out, residual + at, n);
  }
};

void add_column_sums(const float* x, std::int64_t rows, std::int64_t cols, float* sums) {
  base::parallel_ranges(cols, kColumns, [&](std::int64_t begin, std::int64_t end) {
    kernels::add_column_sums(x, rows, cols, begin, end, sums);
  });
}

struct LinearBackward {
  Tape* tape;
  Value x, y, residual;
  Parameter* weight;
  Epilogue after;
  Layout layout;

  void operator()() const {
    const std::int64_t in = x.cols, out = y.cols, rows = x.rows;
    const Tape::Target dx = x.gradient == nullptr ? Tape::Target{nullptr, false} : tape->target(x);
    const Arena::Mark mark = tape->arena().mark();
    const float* dy = before_epilogue();
    const Precision precision = tape->precision();
    if (after.bias != nullptr && after.bias->grad != nullptr) add_column_sums(dy, rows, out, after.bias->grad);
    if (weight->grad != nullptr) {
      if (layout == Layout::in_out) {
        gemm(in, out, rows, {x.data, in, true}, {dy, out, false}, weight->grad, out, true, precision);
      } else {
        gemm(out, in, rows, {dy, out, true}, {x.data, in, false}, weight->grad, in, true, precision);
      }
    }
    if (dx.data != nullptr) {
      gemm(rows, in, out, {dy, out, false}, {weight->value, weight->cols(), layout == Layout::in_out}, dx.data, in,
           dx.add, precision);
    }
    tape->arena().release(mark);
    if (residual.data != nullptr) tape->pass_on(y, residual);
  }

 private:
  /// The gradient of the product, from that of y: in its place where nothing else needs that.
  const float* before_epilogue() const {
    if (after.pre == nullptr && after.dropout <= 0) return y.grad();
    float* before = after.pre != nullptr ? y.grad() : tape->arena().floats(y.size());
    base::parallel_ranges(y.size(), kPiece, [&](std::int64_t b, std::int64_t e) {
      const float* dy = y.grad() + b;
      if (after.pre != nullptr) {
        kernels::activate_backward(after.activation, after.pre + b, dy, before + b, e - b);
      } else {
        kernels::dropout(dy, before + b, e - b, after.dropout, after.seed, static_cast<std::uint64_t>(b), false);
      }
    });
    return before;
  }
};

struct EmbedBackward {
  std::array<Lookup, 3> lookups;
  std::size_t count;
  Value y;

  void operator()() const {
    for (std::size_t t = 0; t < count; ++t) {
      const Lookup& lookup = lookups[t];
      if (lookup.table->grad == nullptr) continue;
      // Threads share out columns, not tokens: two tokens may take the same row.
      base::parallel_ranges(y.cols, kColumns, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = 0; i < y.rows; ++i) {
          if (lookup.ids[static_cast<std::size_t>(i)] == lookup.padding) continue;
          float* to = lookup.table->grad + lookup.ids[static_cast<std::size_t>(i)] * y.cols;
          kernels::add_to(to + begin, y.grad() + i * y.cols + begin, end - begin);
        }
      });
    }
  }
};

/// The product with the weight as it is.
Value plain_linear(Tape& tape, Value x, Parameter& weight, Layout layout, Epilogue after, Value residual = {}) {
  const std::int64_t out = layout == Layout::out_in ? weight.rows() : weight.cols();
  const std::int64_t in = layout == Layout::out_in ? weight.cols() : weight.rows();
  BALLAST_CHECK(x.cols == in, x.cols);
  Value y = tape.make(x.rows, out);
  const auto finish = [&](std::size_t, const Region& part) { after(y.data, out, part); };
  if (!tape.training() && weight.packed) {
    const RightSide side{weight.packed.get(), y.data, out};
    gemm(x.rows, {x.data, in, false}, {&side, 1}, false, finish);
    return y;
  }
  if (after.activation != Activation::none && tape.training()) after.pre = tape.arena().floats(y.size());
  gemm(x.rows, out, in, {x.data, in, false}, right_side(weight, layout), y.data, out, false, tape.precision(), finish);
  tape.on_backward(y, LinearBackward{&tape, x, y, residual, &weight, after, layout});
  return y;
}

Epilogue epilogue(Parameter* bias, Activation activation) {
  return {bias, activation, nullptr, nullptr, 0.0f, 0};
}

}  // namespace

Value linear(Tape& tape, Value x, Parameter& weight, Parameter* bias, Layout layout, Activation activation) {
  const LowRank& adapter = weight.low_rank;
  if (adapter.down == nullptr) return plain_linear(tape, x, weight, layout, epilogue(bias, activation));
  const Value base = plain_linear(tape, x, weight, layout, epilogue(bias, Activation::none));
  const Epilogue nothing = epilogue(nullptr, Activation::none);
  const Value down = plain_linear(tape, dropout(tape, x, adapter.dropout), *adapter.down, Layout::out_in, nothing);
  const Value up = plain_linear(tape, down, *adapter.up, Layout::out_in, nothing);
  const Value y = add(tape, base, scale(tape, up, adapter.scale));
  return activation == Activation::none ? y : activate(tape, y, activation);
}

Value linear_residual(Tape& tape, Value h, Value x, Parameter& weight, Parameter* bias, Layout layout, float p) {
  if (weight.low_rank.down != nullptr) return add(tape, h, dropout(tape, linear(tape, x, weight, bias, layout), p));
  Epilogue after = epilogue(bias, Activation::none);
  after.residual = h.data;
  if (tape.training() && p > 0.0f) {
    BALLAST_CHECK(p < 1, p);
    after.dropout = p;
    after.seed = tape.next_dropout_seed();
  }
  BALLAST_CHECK(h.rows == x.rows && h.size() == x.rows * (layout == Layout::out_in ? weight.rows() : weight.cols()),
                h.rows);
  return plain_linear(tape, x, weight, layout, after, h);
}

void linear_all(Tape& tape, Value x, std::span<const Projection> projections, Layout layout, std::span<Value> y) {
  BALLAST_CHECK(projections.size() == y.size(), y.size());
  const auto* first = projections.front().weight->packed.get();
  const bool together =
      !tape.training() && first != nullptr &&
      std::all_of(projections.begin(), projections.end(), [&](const Projection& p) {
        const auto* packed = p.weight->packed.get();
        return packed != nullptr && packed->precision() == first->precision() && p.weight->low_rank.down == nullptr;
      });
  if (!together) {
    for (std::size_t i = 0; i < y.size(); ++i) {
      y[i] = linear(tape, x, *projections[i].weight, projections[i].bias, layout);
    }
    return;
  }
  std::vector<RightSide> sides;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const PackedMatrix& b = *projections[i].weight->packed;
    BALLAST_CHECK(x.cols == b.k(), x.cols);
    y[i] = tape.make(x.rows, b.n());
    sides.push_back({&b, y[i].data, b.n()});
  }
  gemm(x.rows, {x.data, x.cols}, sides, false, [&](std::size_t i, const Region& part) {
    epilogue(projections[i].bias, Activation::none)(y[i].data, y[i].cols, part);
  });
}

Value scale(Tape& tape, Value x, float factor) {
  Value y = tape.make(x.rows, x.cols);
  std::copy_n(x.data, x.size(), y.data);
  kernels::scale(y.data, factor, y.size());
  tape.on_backward(y, [&tape, x, y, factor] {
    kernels::scale(y.grad(), factor, y.size());
    tape.pass_on(y, x);
  });
  return y;
}

void pack_for_inference(Parameter& weight, Layout layout, Precision precision) {
  const std::int64_t out = layout == Layout::out_in ? weight.rows() : weight.cols();
  const std::int64_t in = weight.size / out;
  if (weight.value == nullptr) return;  // it came packed
  // A matrix that has no whole groups stays in full precision.
  const Precision kept = is_quantised(precision) && !can_quantise(in, precision) ? Precision::f32 : precision;
  weight.packed = std::make_unique<PackedMatrix>(right_side(weight, layout), in, out, kept);
}

Value layer_norm(Tape& tape, Value x, Parameter& gain, Parameter& bias, float eps) {
  BALLAST_CHECK(gain.size == x.cols && bias.size == x.cols, x.cols);
  Value y = tape.make(x.rows, x.cols);
  float* mean = tape.arena().floats(x.rows);
  float* rstd = tape.arena().floats(x.rows);
  base::parallel_ranges(x.rows, kRowPiece, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      kernels::layer_norm_row(x.data + i * x.cols, gain.value, bias.value, eps, x.cols, y.data + i * x.cols, mean + i,
                              rstd + i);
    }
  });
  tape.on_backward(y, [&tape, x, y, mean, rstd, g = &gain, b = &bias] {
    float* dx = tape.gradient(x);
    const float* dy = y.grad();
    if (g->grad != nullptr && b->grad != nullptr) {
      base::parallel_ranges(x.cols, kColumns, [&](std::int64_t begin, std::int64_t end) {
        kernels::layer_norm_columns_backward(x.data, dy, mean, rstd, x.rows, x.cols, begin, end, g->grad, b->grad);
      });
    }
    base::parallel_ranges(x.rows, kRowPiece, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        kernels::layer_norm_row_backward(x.data + i * x.cols, g->value, dy + i * x.cols, mean[i], rstd[i], x.cols,
                                         dx + i * x.cols);
      }
    });
  });
  return y;
}

Value rms_norm(Tape& tape, Value x, Parameter& gain, float eps) {
  BALLAST_CHECK(x.cols % gain.size == 0, x.cols);
  const std::int64_t n = gain.size, groups = x.size() / n;
  Value y = tape.make(x.rows, x.cols);
  float* rstd = tape.arena().floats(groups);
  base::parallel_ranges(groups, kRowPiece, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      kernels::rms_norm_row(x.data + i * n, gain.value, eps, n, y.data + i * n, rstd + i);
    }
  });
  tape.on_backward(y, [&tape, x, y, rstd, n, groups, g = &gain] {
    float* dx = tape.gradient(x);
    const float* dy = y.grad();
    if (g->grad != nullptr) {
      base::parallel_ranges(n, kColumns, [&](std::int64_t begin, std::int64_t end) {
        kernels::rms_norm_columns_backward(x.data, dy, rstd, groups, n, begin, end, g->grad);
      });
    }
    base::parallel_ranges(groups, kRowPiece, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        kernels::rms_norm_row_backward(x.data + i * n, g->value, dy + i * n, rstd[i], n, dx + i * n);
      }
    });
  });
  return y;
}

Value gate(Tape& tape, Value a, Value b, Activation activation) {
  BALLAST_CHECK(a.rows == b.rows && a.cols == b.cols, a.rows);
  Value y = tape.make(a.rows, a.cols);
  base::parallel_ranges(y.size(), kPiece, [&](std::int64_t begin, std::int64_t end) {
    kernels::gate(activation, a.data + begin, b.data + begin, y.data + begin, end - begin);
  });
  tape.on_backward(y, [&tape, a, b, y, activation] {
    float *da = tape.gradient(a), *db = tape.gradient(b);
    base::parallel_ranges(y.size(), kPiece, [&](std::int64_t begin, std::int64_t end) {
      kernels::gate_backward(activation, a.data + begin, b.data + begin, y.grad() + begin, da + begin, db + begin,
                             end - begin);
    });
  });
  return y;
}

Value rotate(Tape& tape, Value x, std::int64_t head_width, Rotation rotation) {
  BALLAST_CHECK(x.cols % head_width == 0 && head_width % 2 == 0, head_width);
  Value y = tape.make(x.rows, x.cols);
  const std::int64_t half = head_width / 2;
  const auto turn = [x, half, rotation](const float* from, float sign, float* to, bool accumulate) {
    base::parallel_ranges(x.rows, kRowPiece, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        for (std::int64_t at = i * x.cols; at < (i + 1) * x.cols; at += 2 * half) {
          kernels::rotate(from + at, rotation.cosine + i * half, rotation.sine + i * half, sign, half, to + at,
                          accumulate);
        }
      }
    });
  };
  turn(x.data, 1.0f, y.data, false);
  tape.on_backward(y, [&tape, x, y, turn] {
    const Tape::Target dx = tape.target(x);
    turn(y.grad(), -1.0f, dx.data, dx.add);
  });
  return y;
}

Value add(Tape& tape, Value a, Value b) {
  BALLAST_CHECK(a.rows == b.rows && a.cols == b.cols, a.rows);
  Value y = tape.make(a.rows, a.cols);
  base::parallel_ranges(y.size(), kPiece, [&](std::int64_t begin, std::int64_t end) {
    kernels::add(a.data + begin, b.data + begin, y.data + begin, end - begin);
  });
  tape.on_backward(y, [&tape, a, b, y] {
    const Tape::Target db = tape.target(b);
    base::parallel_ranges(y.size(), kPiece, [&](std::int64_t begin, std::int64_t end) {
      const float* dy = y.grad() + begin;
      db.add ? kernels::add_to(db.data + begin, dy, end - begin) : void(std::copy_n(dy, end - begin, db.data + begin));
    });
    tape.pass_on(y, a);
  });
  return y;
}

Value dropout(Tape& tape, Value x, float p) {
  if (!tape.training() || p <= 0.0f) return x;
  BALLAST_CHECK(p < 1, p);
  Value y = tape.make(x.rows, x.cols);
  const std::uint64_t seed = tape.next_dropout_seed();
  base::parallel_ranges(x.size(), kPiece, [&](std::int64_t begin, std::int64_t end) {
    kernels::dropout(x.data + begin, y.data + begin, end - begin, p, seed, static_cast<std::uint64_t>(begin), false);
  });
  tape.on_backward(y, [&tape, x, y, p, seed] {
    const Tape::Target dx = tape.target(x);
    base::parallel_ranges(x.size(), kPiece, [&](std::int64_t begin, std::int64_t end) {
      kernels::dropout(y.grad() + begin, dx.data + begin, end - begin, p, seed, static_cast<std::uint64_t>(begin),
                       dx.add);
    });
  });
  return y;
}

Value embed(Tape& tape, std::initializer_list<Lookup> lookups) {
  BALLAST_CHECK(lookups.size() > 0 && lookups.size() <= 3, lookups.size());
  EmbedBackward backward{{}, lookups.size(), {}};
  std::copy(lookups.begin(), lookups.end(), backward.lookups.begin());
  const std::int64_t rows = static_cast<std::int64_t>(lookups.begin()->ids.size());
  const std::int64_t cols = lookups.begin()->table->cols();
  for (const Lookup& lookup : lookups) {
    BALLAST_CHECK(static_cast<std::int64_t>(lookup.ids.size()) == rows && lookup.table->cols() == cols, rows);
    for (const std::int32_t id : lookup.ids) BALLAST_CHECK(id >= 0 && id < lookup.table->rows(), id);
  }
  Value y = tape.make(rows, cols);
  base::parallel_ranges(rows, kRowPiece, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      float* row = y.data + i * cols;
      bool first = true;
      for (const Lookup& lookup : lookups) {
        const std::int32_t id = lookup.ids[static_cast<std::size_t>(i)];
        const float* from = lookup.table->value + id * cols;
        if (lookup.table->value == nullptr) {
          BALLAST_CHECK(first, id);  // only word tables come in other forms, and they are the first
          lookup.table->read_row(id, row);
        } else if (first) {
          std::copy_n(from, cols, row);
        } else {
          kernels::add_to(row, from, cols);
        }
        first = false;
      }
    }
  });
  backward.y = y;
  tape.on_backward(y, backward);
  return y;
}

Value select_rows(Tape& tape, Value x, std::span<const std::int32_t> rows) {
  Value y = tape.make(static_cast<std::int64_t>(rows.size()), x.cols);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    BALLAST_CHECK(rows[i] >= 0 && rows[i] < x.rows, rows[i]);
    std::copy_n(x.data + rows[i] * x.cols, x.cols, y.data + static_cast<std::int64_t>(i) * x.cols);
  }
  tape.on_backward(y, [&tape, x, y, rows] {
    float* dx = tape.gradient(x);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      kernels::add_to(dx + rows[i] * x.cols, y.grad() + static_cast<std::int64_t>(i) * x.cols, x.cols);
    }
  });
  return y;
}

Value activate(Tape& tape, Value x, Activation activation) {
  Value y = tape.make(x.rows, x.cols);
  base::parallel_ranges(x.size(), kPiece, [&](std::int64_t begin, std::int64_t end) {
    kernels::activate(activation, x.data + begin, nullptr, y.data + begin, end - begin);
  });
  tape.on_backward(y, [&tape, x, y, activation] {
    base::parallel_ranges(x.size(), kPiece, [&](std::int64_t begin, std::int64_t end) {
      kernels::activate_backward(activation, x.data + begin, y.grad() + begin, y.grad() + begin, end - begin);
    });
    tape.pass_on(y, x);
  });
  return y;
}

}  // namespace ballast::engine
