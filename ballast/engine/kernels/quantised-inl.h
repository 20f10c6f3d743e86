// SPDX-License-Identifier: Apache-2.0
// The body of multiply_quantised, written over a struct `Lanes` that the including file defines just before: kLanes
// lanes of int32 and of float. Included once for every instruction set, inside its namespace; hence no include guard.

/// One product: what multiply_quantised was asked for, with full panels.
struct Task {
  QuantisedRows a;
  const std::uint8_t* b;
  std::int64_t groups, quads;
  float* c;
  std::int64_t ldc;
  bool accumulate;
};

HWY_INLINE Lanes::Float scales_at(QuantisedForm form, const std::uint8_t* scales, int column) {
  return form == QuantisedForm::whole ? Lanes::floats(scales + column * 4) : Lanes::halves(scales + column * 2);
}

/// kR rows by two vectors of columns, the first at column j.
template <int kR, QuantisedForm kForm>
HWY_INLINE void columns_of(const Task& t, int row, int j) {
  constexpr int kN = Lanes::kLanes;
  constexpr std::int32_t kZero = kForm == QuantisedForm::nibbles ? 8 : 128;
  constexpr std::int64_t kScaleBytes = kCols * (kForm == QuantisedForm::whole ? 4 : 2);
  const std::int64_t steps = kForm == QuantisedForm::nibbles ? t.quads / 2 : t.quads;  // of kCols · 4 bytes
  const std::uint8_t* b = t.b + j * kQuad;
  const std::int8_t* a = t.a.values + row * kQuad;
  for (std::int64_t g = 0; g < t.groups; ++g) {
    typename Lanes::Int acc[kR][2];
    for (int r = 0; r < kR; ++r) {
      acc[r][0] = acc[r][1] = Lanes::everywhere(-kZero * t.a.sums[g * kRows + row + r]);
    }
    for (std::int64_t s = 0; s < steps; ++s, b += kCols * kQuad) {
      const auto b0 = Lanes::load(b), b1 = Lanes::load(b + kN * kQuad);
      if constexpr (kForm == QuantisedForm::nibbles) {
        const auto low0 = Lanes::low_nibbles(b0), low1 = Lanes::low_nibbles(b1);
        const auto high0 = Lanes::high_nibbles(b0), high1 = Lanes::high_nibbles(b1);
        for (int r = 0; r < kR; ++r) {
          const auto x = Lanes::quad_everywhere(a + r * kQuad), y = Lanes::quad_everywhere(a + (kRows + r) * kQuad);
          acc[r][0] = Lanes::dot(Lanes::dot(acc[r][0], low0, x), high0, y);
          acc[r][1] = Lanes::dot(Lanes::dot(acc[r][1], low1, x), high1, y);
        }
        a += 2 * kRows * kQuad;
      } else {
        for (int r = 0; r < kR; ++r) {
          const auto x = Lanes::quad_everywhere(a + r * kQuad);
          acc[r][0] = Lanes::dot(acc[r][0], b0, x);
          acc[r][1] = Lanes::dot(acc[r][1], b1, x);
        }
        a += kRows * kQuad;
      }
    }
    const std::uint8_t* scales = b - j * kQuad;
    const auto scale0 = scales_at(kForm, scales, j), scale1 = scales_at(kForm, scales, j + kN);
    b += kScaleBytes;
    const bool add = t.accumulate || g > 0;
    for (int r = 0; r < kR; ++r) {
      const float scale = t.a.scales[g * kRows + row + r];
      float* c = t.c + (row + r) * t.ldc + j;
      Lanes::scaled(acc[r][0], scale0, scale, c, add);
      Lanes::scaled(acc[r][1], scale1, scale, c + kN, add);
    }
  }
}

/// Rows in pieces that fit the registers.
template <int kR, QuantisedForm kForm>
void rows_of(const Task& t) {
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
void panel_of(const Task& t, int rows) {
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

void run_full(const Task& t, QuantisedForm form, int rows) {
  switch (form) {
    case QuantisedForm::whole:
      return panel_of<QuantisedForm::whole>(t, rows);
    case QuantisedForm::bytes:
      return panel_of<QuantisedForm::bytes>(t, rows);
    case QuantisedForm::nibbles:
      return panel_of<QuantisedForm::nibbles>(t, rows);
  }
}

/// A narrow last panel goes through a buffer of full width; the padding columns of b have scale zero.
void run_task(Task t, QuantisedForm form, int rows, int cols) {
  if (cols == kCols) return run_full(t, form, rows);
  float wide[kRows * kCols] = {};
  float* c = t.c;
  const std::int64_t ldc = t.ldc;
  const auto bytes = static_cast<std::size_t>(cols) * sizeof(float);
  if (t.accumulate) {
    for (int r = 0; r < rows; ++r) std::memcpy(wide + r * kCols, c + r * ldc, bytes);
  }
  t.c = wide;
  t.ldc = kCols;
  run_full(t, form, rows);
  for (int r = 0; r < rows; ++r) std::memcpy(c + r * ldc, wide + r * kCols, bytes);
}
