// SPDX-License-Identifier: Apache-2.0
// The body of multiply_quantised, written over a struct `Lanes` that the including file defines just before: kLanes
// lanes of int32 and of float. Included once for every instruction set, inside its namespace; hence no include guard.

/// A step over one quad of k (two for nibbles): kR rows by two vectors of columns.
template <int kR, QuantisedForm kForm>
HWY_INLINE void add_step(const std::int8_t* a, const std::uint8_t* b, typename Lanes::Int (&acc)[kR][2]) {
  const auto b0 = Lanes::load(b), b1 = Lanes::load(b + Lanes::kLanes * kQuad);
  if constexpr (kForm == QuantisedForm::nibbles) {
    const auto low0 = Lanes::low_nibbles(b0), low1 = Lanes::low_nibbles(b1);
    const auto high0 = Lanes::high_nibbles(b0), high1 = Lanes::high_nibbles(b1);
    for (int r = 0; r < kR; ++r) {
      const auto x = Lanes::quad_everywhere(a + r * kQuad), y = Lanes::quad_everywhere(a + (kRows + r) * kQuad);
      acc[r][0] = Lanes::dot(Lanes::dot(acc[r][0], low0, x), high0, y);
      acc[r][1] = Lanes::dot(Lanes::dot(acc[r][1], low1, x), high1, y);
    }
  } else {
    for (int r = 0; r < kR; ++r) {
      const auto x = Lanes::quad_everywhere(a + r * kQuad);
      acc[r][0] = Lanes::dot(acc[r][0], b0, x);
      acc[r][1] = Lanes::dot(acc[r][1], b1, x);
    }
  }
}

/// Groups with scales of their own: kR rows by two vectors of columns, the first at column j.
template <int kR, QuantisedForm kForm>
HWY_INLINE void grouped_columns(const QuantisedTask& t, int row, int j) {
  constexpr int kN = Lanes::kLanes, kQuadsAtOnce = kForm == QuantisedForm::nibbles ? 2 : 1;
  constexpr std::int32_t kZero = kForm == QuantisedForm::nibbles ? 8 : 128;
  const std::uint8_t* b = t.b + j * kQuad;
  const std::int8_t* a = t.a.values + row * kQuad;
  for (std::int64_t g = 0; g < t.groups; ++g) {
    typename Lanes::Int acc[kR][2];
    for (int r = 0; r < kR; ++r) {
      acc[r][0] = acc[r][1] = Lanes::everywhere(-kZero * t.a.sums[g * kRows + row + r]);
    }
    for (int s = 0; s < kGroup / kQuad / kQuadsAtOnce; ++s, a += kQuadsAtOnce * kRows * kQuad, b += kCols * kQuad) {
      add_step<kR, kForm>(a, b, acc);
    }
    const std::uint8_t* scales = b + j * (2 - kQuad);
    const auto scale0 = Lanes::halves(scales), scale1 = Lanes::halves(scales + kN * 2);
    b += kCols * 2;
    const bool add = t.accumulate || g > 0;
    for (int r = 0; r < kR; ++r) {
      const float scale = t.a.scales[g * kRows + row + r];
      float* c = t.c + (row + r) * t.ldc + j;
      Lanes::scaled(acc[r][0], scale0, scale, c, add);
      Lanes::scaled(acc[r][1], scale1, scale, c + kN, add);
    }
  }
}

/// A piece of the one group of QuantisedForm::whole.
template <int kR>
HWY_INLINE void whole_columns(const QuantisedTask& t, int row, int j) {
  constexpr int kN = Lanes::kLanes;
  std::int32_t* sums = t.sums + row * kCols + j;
  typename Lanes::Int acc[kR][2];
  for (int r = 0; r < kR; ++r) {
    if (t.begins) {
      acc[r][0] = acc[r][1] = Lanes::everywhere(-128 * t.a.sums[row + r]);
    } else {
      acc[r][0] = Lanes::load(sums + r * kCols);
      acc[r][1] = Lanes::load(sums + r * kCols + kN);
    }
  }
  const std::uint8_t* b = t.b + j * kQuad;
  const std::int8_t* a = t.a.values + row * kQuad;
  for (std::int64_t s = 0; s < t.quads; ++s, a += kRows * kQuad, b += kCols * kQuad) {
    add_step<kR, QuantisedForm::whole>(a, b, acc);
  }
  if (!t.ends) {
    for (int r = 0; r < kR; ++r) {
      Lanes::store(acc[r][0], sums + r * kCols);
      Lanes::store(acc[r][1], sums + r * kCols + kN);
    }
    return;
  }
  const auto scale0 = Lanes::floats(t.scales + j * 4), scale1 = Lanes::floats(t.scales + (j + kN) * 4);
  for (int r = 0; r < kR; ++r) {
    float* c = t.c + (row + r) * t.ldc + j;
    Lanes::scaled(acc[r][0], scale0, t.a.scales[row + r], c, t.accumulate);
    Lanes::scaled(acc[r][1], scale1, t.a.scales[row + r], c + kN, t.accumulate);
  }
}

template <int kR, QuantisedForm kForm>
HWY_INLINE void columns_of(const QuantisedTask& t, int row, int j) {
  if constexpr (kForm == QuantisedForm::whole) {
    whole_columns<kR>(t, row, j);
  } else {
    grouped_columns<kR, kForm>(t, row, j);
  }
}

/// Rows in pieces that fit the registers.
template <int kR, QuantisedForm kForm>
void rows_of(const QuantisedTask& t) {
  for (int j = 0; j < kCols; j += 2 * Lanes::kLanes) {
    if constexpr (kR > Lanes::kRowsAtOnce) {
      columns_of<Lanes::kRowsAtOnce, kForm>(t, 0, j);
      columns_of<kR - Lanes::kRowsAtOnce, kForm>(t, Lanes::kRowsAtOnce, j);
    } else {
      columns_of<kR, kForm>(t, 0, j);
    }
  }
}

template <QuantisedForm kForm>
void panel_of(const QuantisedTask& t, int rows) {
  switch (rows) {
    case 1:
      return rows_of<1, kForm>(t);
    case 2:
      return rows_of<2, kForm>(t);
    case 3:
      return rows_of<3, kForm>(t);
    case 4:
      return rows_of<4, kForm>(t);
    case 5:
      return rows_of<5, kForm>(t);
    case 6:
      return rows_of<6, kForm>(t);
    case 7:
      return rows_of<7, kForm>(t);
    default:
      return rows_of<8, kForm>(t);
  }
}

void run_full(const QuantisedTask& t, int rows) {
  switch (t.form) {
    case QuantisedForm::whole:
      return panel_of<QuantisedForm::whole>(t, rows);
    case QuantisedForm::bytes:
      return panel_of<QuantisedForm::bytes>(t, rows);
    case QuantisedForm::nibbles:
      return panel_of<QuantisedForm::nibbles>(t, rows);
  }
}

/// A narrow last panel goes through a buffer of full width; the padding columns of b have scale zero.
void run_narrow(const QuantisedTask& t, int rows, int cols) {
  float wide[kRows * kCols] = {};
  const auto bytes = static_cast<std::size_t>(cols) * sizeof(float);
  if (t.accumulate) {
    for (int r = 0; r < rows; ++r) std::memcpy(wide + r * kCols, t.c + r * t.ldc, bytes);
  }
  QuantisedTask full = t;
  full.c = wide;
  full.ldc = kCols;
  run_full(full, rows);
  if (!t.ends) return;
  for (int r = 0; r < rows; ++r) std::memcpy(t.c + r * t.ldc, wide + r * kCols, bytes);
}

/// The task is not copied on the way: reading it back in wide pieces would wait for stores of the task before.
void run_task(const QuantisedTask& t, int rows, int cols) {
  if (cols == kCols) return run_full(t, rows);
  run_narrow(t, rows, cols);
}
