// SPDX-License-Identifier: Apache-2.0
// Vectors of sixteen floats (the compiler's vector extension) and functions of them, with their error bounds. Included
// once for every instruction set, inside its namespace; hence no include guard.

constexpr int kLanes = 16;
typedef float F16 __attribute__((vector_size(64)));
typedef std::int32_t I16 __attribute__((vector_size(64)));
typedef double D16 __attribute__((vector_size(128)));
constexpr I16 kLaneNumbers = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

HWY_INLINE F16 load(const float* p) {
  F16 v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
HWY_INLINE void store(float* p, F16 v) {
  std::memcpy(p, &v, sizeof v);
}
#if HWY_TARGET == HWY_AVX3
namespace hn = hwy::HWY_NAMESPACE;
using D = hn::FixedTag<float, kLanes>;

HWY_INLINE F16 load_part(const float* p, std::int64_t n, float rest) {
  const auto live = hn::FirstN(D(), static_cast<std::size_t>(n));
  return hn::IfThenElse(live, hn::MaskedLoad(live, D(), p), hn::Set(D(), rest)).raw;
}
HWY_INLINE void store_part(float* p, F16 v, std::int64_t n) {
  hn::BlendedStore(hn::Vec<D>{v}, hn::FirstN(D(), static_cast<std::size_t>(n)), D(), p);
}
#else
HWY_INLINE F16 load_part(const float* p, std::int64_t n, float rest) {
  F16 v = rest - F16{};
  std::memcpy(&v, p, static_cast<std::size_t>(n) * sizeof(float));
  return v;
}
HWY_INLINE void store_part(float* p, F16 v, std::int64_t n) {
  std::memcpy(p, &v, static_cast<std::size_t>(n) * 4);
}
#endif
/// The first n lanes of v, the others zero.
HWY_INLINE F16 part_of(F16 v, std::int64_t n) {
  return kLaneNumbers < static_cast<std::int32_t>(n) ? v : F16{};
}

/// Lane j of the result is lane j + kBy of v.
template <int kBy>
HWY_INLINE F16 lanes_from(F16 v) {
  return __builtin_shuffle(v, kLaneNumbers + kBy);
}

/// Joins the lanes in a fixed tree.
template <class Join>
HWY_INLINE float join_lanes(F16 v, const Join& join) {
  v = join(v, lanes_from<8>(v));
  v = join(v, lanes_from<4>(v));
  v = join(v, lanes_from<2>(v));
  return join(v, lanes_from<1>(v))[0];
}
HWY_INLINE float sum_lanes(F16 v) {
  return join_lanes(v, [](F16 a, F16 b) { return a + b; });
}

/// e^x with a relative error below 2e-7: x = n·ln 2 + r, a Taylor polynomial in r, and 2^n through the exponent bits.
HWY_INLINE F16 exp16(F16 x) {
  x = x < -87.0f ? -87.0f - F16{} : x;  // e^-87 is the smallest normal result; 88 keeps 2^n finite
  x = x > 88.0f ? 88.0f - F16{} : x;
  const F16 shifted = x * 1.44269504088896341f + 12582912.0f;  // 1.5 · 2^23: adding it rounds to an integer
  const F16 n = shifted - 12582912.0f;
  const F16 r = (x - n * 0.693359375f) + n * 2.12194440e-4f;  // ln 2 in two pieces (Cody & Waite 1980)
  F16 y = r * (1.0f / 5040) + (1.0f / 720);
  y = y * r + (1.0f / 120);
  y = y * r + (1.0f / 24);
  y = y * r + (1.0f / 6);
  y = y * r + 0.5f;
  y = y * r + 1.0f;
  y = y * r + 1.0f;
  I16 bits = __builtin_convertvector(n, I16);
  bits = (bits + 127) << 23;
  F16 power;
  std::memcpy(&power, &bits, sizeof power);
  return y * power;
}

HWY_INLINE F16 tanh16(F16 x) {
  return 1.0f - 2.0f / (exp16(2.0f * x) + 1.0f);
}

/// Φ(x), the normal distribution function: Abramowitz & Stegun 7.1.26, absolute error below 1.5e-7. `bell` is
/// e^(-x²/2).
HWY_INLINE F16 normal_cdf(F16 x, F16 bell) {
  const F16 z = (x < 0.0f ? -x : x) * 0.70710678118654752f;
  const F16 t = 1.0f / (1.0f + 0.3275911f * z);
  F16 poly = t * 1.061405429f - 1.453152027f;
  poly = poly * t + 1.421413741f;
  poly = poly * t - 0.284496736f;
  poly = poly * t + 0.254829592f;
  const F16 tail = 0.5f * poly * t * bell;
  return x < 0.0f ? tail : 1.0f - tail;
}

constexpr float kTanhScale = 0.7978845608028654f;
constexpr float kTanhCube = 0.044715f;

HWY_INLINE F16 value16(Activation kind, F16 x) {
  switch (kind) {
    case Activation::gelu_erf:
      return x * normal_cdf(x, exp16(-0.5f * x * x));
    case Activation::gelu_tanh:
      return 0.5f * x * (1.0f + tanh16(kTanhScale * (x + kTanhCube * x * x * x)));
    case Activation::tanh:
      return tanh16(x);
    case Activation::relu:
      return x > 0.0f ? x : F16{};
    case Activation::silu:
      return x / (1.0f + exp16(-x));
    case Activation::none:
      break;
  }
  return x;
}

HWY_INLINE F16 slope16(Activation kind, F16 x) {
  switch (kind) {
    case Activation::gelu_erf: {
      const F16 bell = exp16(-0.5f * x * x);
      return normal_cdf(x, bell) + x * bell * 0.3989422804014327f;
    }
    case Activation::gelu_tanh: {
      const F16 t = tanh16(kTanhScale * (x + kTanhCube * x * x * x));
      return 0.5f * (1.0f + t) + 0.5f * x * (1.0f - t * t) * kTanhScale * (1.0f + 3.0f * kTanhCube * x * x);
    }
    case Activation::tanh: {
      const F16 t = tanh16(x);
      return 1.0f - t * t;
    }
    case Activation::relu:
      return x > 0.0f ? 1.0f - F16{} : F16{};
    case Activation::silu: {
      const F16 g = 1.0f / (1.0f + exp16(-x));
      return g * (1.0f + x * (1.0f - g));
    }
    case Activation::none:
      break;
  }
  return 1.0f - F16{};
}
