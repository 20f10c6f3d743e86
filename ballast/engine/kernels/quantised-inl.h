// SPDX-License-Identifier: Apache-2.0
// The body of multiply_quantised, written over a struct `Lanes` that the including file defines just before: kLanes
// lanes of int32 and of float. Included once for every instruction set, inside its namespace; hence no include guard.

/// A step over one quad of k (two for nibbles): kR rows by kV vectors of columns.
template <int kR, int kV, QuantisedForm kForm>
HWY_INLINE void add_step(const std::int8_t* a, const std::uint8_t* b, typename Lanes::Int (&acc)[kR][kV]) {
  typename Lanes::Int low[kV], high[kV];
#pragma GCC unroll 3
  for (int v = 0; v < kV; ++v) low[v] = Lanes::load(b + v * Lanes::kLanes * kQuad);
  if constexpr (kForm == QuantisedForm::nibbles) {
#pragma GCC unroll 3
    for (int v = 0; v < kV; ++v) {
      high[v] = Lanes::high_nibbles(low[v]);
      low[v] = Lanes::low_nibbles(low[v]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kR; ++r) {
    const auto x = Lanes::quad_everywhere(a + r * kQuad);
#pragma GCC unroll 3
    for (int v = 0; v < kV; ++v) acc[r][v] = Lanes::dot(acc[r][v], low[v], x);
    if constexpr (kForm == QuantisedForm::nibbles) {
      const auto y = Lanes::quad_everywhere(a + (kRows + r) * kQuad);
#pragma GCC unroll 3
      for (int v = 0; v < kV; ++v) acc[r][v] = Lanes::dot(acc[r][v], high[v], y);
    }
  }
#pragma GCC unroll 3
  for (int v = 0; v < kV; ++v) Lanes::keep(low[v]);
}

/// Asks for the lines of C that the step writes at its end: without, it waits for those that no cache of the core
/// holds.
template <int kR, int kV>
HWY_INLINE void ask_for_outputs(const float* c, std::int64_t ldc) {
#pragma GCC unroll 8
  for (int r = 0; r < kR; ++r) {
#pragma GCC unroll 3
    for (int v = 0; v < kV; ++v) __builtin_prefetch(c + r * ldc + v * Lanes::kLanes, 1, 2);
  }
}

/// Groups with scales of their own: kR rows by kV vectors of columns, the first at column j. Groups add up in
/// registers.
template <int kR, int kV, QuantisedForm kForm>
HWY_INLINE void grouped_columns(const QuantisedTask& t, const void* ahead, int row, int j) {
  constexpr int kN = Lanes::kLanes, kQuadsAtOnce = kForm == QuantisedForm::nibbles ? 2 : 1;
  constexpr std::int32_t kZero = kForm == QuantisedForm::nibbles ? 8 : 128;
  const std::uint8_t* b = t.b + j * kQuad;
  const std::int8_t* a = t.a.values + row * kQuad;
  float* c = t.c + row * t.ldc + j;
  typename Lanes::Float total[kR][kV];
#pragma GCC unroll 8
  for (int r = 0; r < kR; ++r) {
#pragma GCC unroll 3
    for (int v = 0; v < kV; ++v) total[r][v] = t.accumulate ? Lanes::floats(c + r * t.ldc + v * kN) : Lanes::Float{};
  }
  if (!t.accumulate) ask_for_outputs<kR, kV>(c, t.ldc);
  // Rows in two pieces ask for half of the lines each.
  constexpr std::int64_t kLines = kStepsOfGroup / kStepsOfLine / 2;
  const auto* next = static_cast<const std::uint8_t*>(ahead == nullptr ? b : ahead);
  if (row > 0) next += t.groups * kLines * kLineBytes;
  for (std::int64_t g = 0; g < t.groups; ++g, next += kLines * kLineBytes) {
    for (std::int64_t i = 0; i < kLines; ++i) __builtin_prefetch(next + i * kLineBytes, 0, 2);
    typename Lanes::Int acc[kR][kV];
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r) {
      const auto start = Lanes::everywhere(-kZero * t.a.sums[g * kRows + row + r]);
#pragma GCC unroll 3
      for (int v = 0; v < kV; ++v) acc[r][v] = start;
    }
    for (int s = 0; s < kGroup / kQuad / kQuadsAtOnce; ++s, a += kQuadsAtOnce * kRows * kQuad, b += kByteCols * kQuad) {
      add_step<kR, kV, kForm>(a, b, acc);
    }
    typename Lanes::Float scales[kV];
#pragma GCC unroll 3
    for (int v = 0; v < kV; ++v) scales[v] = Lanes::halves(b + j * (2 - kQuad) + v * kN * 2);
    b += kByteCols * 2;
    const bool add = t.accumulate || g > 0;
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r) {
      const float scale = t.a.scales[g * kRows + row + r];
#pragma GCC unroll 3
      for (int v = 0; v < kV; ++v) total[r][v] = Lanes::scaled(acc[r][v], scales[v], scale, total[r][v], add);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kR; ++r) {
#pragma GCC unroll 3
    for (int v = 0; v < kV; ++v) Lanes::store(total[r][v], c + r * t.ldc + v * kN);
  }
}

/// c[kR, kV vectors] = or += the sums times the scales of their columns and rows.
template <bool kAdd, int kR, int kV>
HWY_INLINE void put_scaled(const typename Lanes::Int (&acc)[kR][kV], const typename Lanes::Float (&columns)[kV],
                           const float* rows, float* c, std::int64_t ldc) {
#pragma GCC unroll 8
  for (int r = 0; r < kR; ++r, c += ldc) {
#pragma GCC unroll 3
    for (int v = 0; v < kV; ++v) {
      float* out = c + v * Lanes::kLanes;
      const auto before = kAdd ? Lanes::floats(out) : typename Lanes::Float{};
      Lanes::store(Lanes::scaled(acc[r][v], columns[v], rows[r], before, kAdd), out);
    }
  }
}

/// A piece of the one group of QuantisedForm::whole. kOnly: it begins and ends, and C is written.
template <int kR, int kV, bool kOnly>
HWY_INLINE void whole_columns(const QuantisedTask& t, const void* ahead, int row, int j) {
  constexpr int kN = Lanes::kLanes;
  std::int32_t* sums = t.sums + row * kByteCols + j;
  typename Lanes::Int acc[kR][kV];
  if (kOnly || t.begins) {
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r) {
      const auto start = Lanes::everywhere(-128 * t.a.sums[row + r]);
#pragma GCC unroll 3
      for (int v = 0; v < kV; ++v) acc[r][v] = start;
    }
  } else {
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r) {
#pragma GCC unroll 3
      for (int v = 0; v < kV; ++v) acc[r][v] = Lanes::load(sums + r * kByteCols + v * kN);
    }
  }
  const std::uint8_t* b = t.b + j * kQuad;
  const std::int8_t* a = t.a.values + row * kQuad;
  const auto* next = static_cast<const std::uint8_t*>(ahead == nullptr ? b : ahead);
  // Lines of C that are written at the end are asked for on the way.
  const bool ends = kOnly || t.ends;
  const float* c = ends ? t.c + row * t.ldc + j : reinterpret_cast<const float*>(b);
  const std::int64_t apart = ends ? t.ldc : 0, part = t.quads / kR / kStepsOfLine * kStepsOfLine;
  std::int64_t s = 0;
  for (int r = 0; r < kR; ++r, c += apart) {
#pragma GCC unroll 3
    for (int v = 0; v < kV; ++v) __builtin_prefetch(c + v * kN, 1, 2);
    for (const std::int64_t end = s + part; s < end; s += kStepsOfLine, next += kLineBytes) {
      __builtin_prefetch(next, 0, 2);
#pragma GCC unroll 2
      for (std::int64_t i = 0; i < kStepsOfLine; ++i, a += kRows * kQuad, b += kByteCols * kQuad) {
        add_step<kR, kV, QuantisedForm::whole>(a, b, acc);
      }
    }
  }
  for (; s < t.quads; ++s, a += kRows * kQuad, b += kByteCols * kQuad) {
    add_step<kR, kV, QuantisedForm::whole>(a, b, acc);
  }
  if (!ends) {
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r) {
#pragma GCC unroll 3
      for (int v = 0; v < kV; ++v) Lanes::store(acc[r][v], sums + r * kByteCols + v * kN);
    }
    return;
  }
  typename Lanes::Float scales[kV];
#pragma GCC unroll 3
  for (int v = 0; v < kV; ++v) scales[v] = Lanes::floats(reinterpret_cast<const float*>(t.scales) + j + v * kN);
  float* out = t.c + row * t.ldc + j;
  const float* rows = t.a.scales + row;
  if (!kOnly && t.accumulate) return put_scaled<true>(acc, scales, rows, out, t.ldc);
  put_scaled<false>(acc, scales, rows, out, t.ldc);
}

template <int kR, int kV, QuantisedForm kForm, bool kOnly>
HWY_INLINE void columns_of(const QuantisedTask& t, const void* ahead, int row, int j) {
  if constexpr (kForm == QuantisedForm::whole) {
    whole_columns<kR, kV, kOnly>(t, ahead, row, j);
  } else {
    grouped_columns<kR, kV, kForm>(t, ahead, row, j);
  }
}

/// Rows in pieces that fit the registers: groups have sums of integers and of floats.
template <int kR, int kV, QuantisedForm kForm, bool kOnly = false>
HWY_INLINE void rows_from(const QuantisedTask& t, const void* ahead, int j) {
  constexpr int kMost = kForm == QuantisedForm::whole ? Lanes::kRowsAtOnce : std::min(4, Lanes::kRowsAtOnce);
  if constexpr (kR > kMost) {
    columns_of<kMost, kV, kForm, kOnly>(t, ahead, 0, j);
    columns_of<kR - kMost, kV, kForm, kOnly>(t, ahead, kMost, j);
  } else {
    columns_of<kR, kV, kForm, kOnly>(t, ahead, 0, j);
  }
}

/// Vectors that hold the first `cols` columns.
template <int kR, QuantisedForm kForm>
void rows_of(const QuantisedTask& t, const void* ahead, int cols) {
  constexpr int kN = Lanes::kLanes, kMost = Lanes::kVectors;
  for (int j = 0; j < cols; j += kMost * kN) {
    const int vectors = (cols - j + kN - 1) / kN;
    if (vectors >= kMost) {
      rows_from<kR, kMost, kForm>(t, ahead, j);
    } else if (vectors == 2) {
      rows_from<kR, 2, kForm>(t, ahead, j);
    } else {
      rows_from<kR, 1, kForm>(t, ahead, j);
    }
  }
}

/// Up to kRows rows.
template <QuantisedForm kForm>
HWY_INLINE void panel_of(const QuantisedTask& t, const void* ahead, std::int64_t rows, int cols) {
  switch (rows) {
    case 1:
      return rows_of<1, kForm>(t, ahead, cols);
    case 2:
      return rows_of<2, kForm>(t, ahead, cols);
    case 3:
      return rows_of<3, kForm>(t, ahead, cols);
    case 4:
      return rows_of<4, kForm>(t, ahead, cols);
    case 5:
      return rows_of<5, kForm>(t, ahead, cols);
    case 6:
      return rows_of<6, kForm>(t, ahead, cols);
    case 7:
      return rows_of<7, kForm>(t, ahead, cols);
    default:
      return rows_of<8, kForm>(t, ahead, cols);
  }
}

/// What ends within a vector goes through a buffer of full width; the padding columns of b have scale zero.
template <QuantisedForm kForm>
HWY_INLINE void narrow_panel(const QuantisedTask& t, const void* ahead, std::int64_t rows, int cols) {
  float wide[kRows * kByteCols] = {};
  const auto bytes = static_cast<std::size_t>(cols) * sizeof(float);
  if (t.accumulate) {
    for (std::int64_t r = 0; r < rows; ++r) std::memcpy(wide + r * kByteCols, t.c + r * t.ldc, bytes);
  }
  QuantisedTask full = t;
  full.c = wide;
  full.ldc = kByteCols;
  panel_of<kForm>(full, ahead, rows, cols);
  if (!t.ends) return;
  for (std::int64_t r = 0; r < rows; ++r) std::memcpy(t.c + r * t.ldc, wide + r * kByteCols, bytes);
}

/// Panels of all rows and columns first, with next to nothing between the products of one and of the next.
template <QuantisedForm kForm>
void all_rows(QuantisedTask t, std::int64_t rows, int cols) {
  const std::int64_t steps = kForm == QuantisedForm::whole ? t.quads : t.groups * kStepsOfGroup;
  const bool only = t.begins && t.ends && !t.accumulate;
  if (cols == kByteCols && (only || kForm != QuantisedForm::whole)) {
    QuantisedTask own = t;  // whose address nobody takes: its members are registers
    for (; rows >= kRows; rows -= kRows, own.go_on()) {
      const void* ahead = own.ahead.take(steps);
      for (int j = 0; j < kByteCols; j += Lanes::kVectors * Lanes::kLanes)
        rows_from<kRows, Lanes::kVectors, kForm, true>(own, ahead, j);
    }
    t = own;
  }
  for (; rows > 0; rows -= kRows, t.go_on()) {
    const void* ahead = t.ahead.take(steps);
    const std::int64_t now = std::min<std::int64_t>(rows, kRows);
    if (cols % Lanes::kLanes == 0) {
      panel_of<kForm>(t, ahead, now, cols);
    } else {
      narrow_panel<kForm>(t, ahead, now, cols);
    }
  }
}

void run_task(const QuantisedTask& t, std::int64_t rows, int cols) {
  switch (t.form) {
    case QuantisedForm::whole:
      return all_rows<QuantisedForm::whole>(t, rows, cols);
    case QuantisedForm::bytes:
      return all_rows<QuantisedForm::bytes>(t, rows, cols);
    case QuantisedForm::nibbles:
      return all_rows<QuantisedForm::nibbles>(t, rows, cols);
  }
}
