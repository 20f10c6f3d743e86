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

/// Twice as many values, one half after the other. A core looks only some hundred instructions ahead of those that
/// wait, about as many as a function of one vector takes: four at once keep it busy. Functions below take F16 and what
/// is made of them alike, with the same bits.
template <class Half>
struct Twice {
  Half a, b;
};
using Pair = Twice<F16>;
using Four = Twice<Pair>;
template <class T>
constexpr int kValuesOf = sizeof(T) / sizeof(float);

#define BALLAST_EACH_HALF(op)                                             \
  template <class H>                                                      \
  HWY_INLINE Twice<H> operator op(const Twice<H>& x, const Twice<H>& y) { \
    return {x.a op y.a, x.b op y.b};                                      \
  }                                                                       \
  template <class H>                                                      \
  HWY_INLINE Twice<H> operator op(const Twice<H>& x, float y) {           \
    return {x.a op y, x.b op y};                                          \
  }                                                                       \
  template <class H>                                                      \
  HWY_INLINE Twice<H> operator op(float x, const Twice<H>& y) {           \
    return {x op y.a, x op y.b};                                          \
  }
BALLAST_EACH_HALF(+)
BALLAST_EACH_HALF(-)
BALLAST_EACH_HALF(*)
BALLAST_EACH_HALF(/)
#undef BALLAST_EACH_HALF
template <class H>
HWY_INLINE Twice<H> operator-(const Twice<H>& x) {
  return {-x.a, -x.b};
}

template <class T>
HWY_INLINE T load_as(const float* p) {
  if constexpr (sizeof(T) == sizeof(F16)) {
    return load(p);
  } else {
    using Half = decltype(T::a);
    return {load_as<Half>(p), load_as<Half>(p + kValuesOf<Half>)};
  }
}
template <class H>
HWY_INLINE void store(float* p, const Twice<H>& x) {
  store(p, x.a);
  store(p + kValuesOf<H>, x.b);
}

/// Adds to a sum of each lane, in the order of the values.
HWY_INLINE void add_lanes(F16& sum, F16 x) {
  sum += x;
}
template <class H>
HWY_INLINE void add_lanes(F16& sum, const Twice<H>& x) {
  add_lanes(sum, x.a);
  add_lanes(sum, x.b);
}

template <class T>
HWY_INLINE T everywhere(float x) {
  if constexpr (sizeof(T) == sizeof(F16)) {
    return x - F16{};
  } else {
    using Half = decltype(T::a);
    return {everywhere<Half>(x), everywhere<Half>(x)};
  }
}

/// x within [low, high]; NaN stays NaN.
HWY_INLINE F16 within(F16 x, float low, float high) {
#if HWY_TARGET == HWY_AVX3
  return hn::Min(hn::Set(D(), high), hn::Max(hn::Set(D(), low), hn::Vec<D>{x})).raw;
#else
  x = x < low ? low - F16{} : x;
  return x > high ? high - F16{} : x;
#endif
}
template <class H>
HWY_INLINE Twice<H> within(const Twice<H>& x, float low, float high) {
  return {within(x.a, low, high), within(x.b, low, high)};
}

HWY_INLINE F16 magnitude(F16 x) {
  I16 bits;
  std::memcpy(&bits, &x, sizeof bits);
  bits &= 0x7fffffff;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}
template <class H>
HWY_INLINE Twice<H> magnitude(const Twice<H>& x) {
  return {magnitude(x.a), magnitude(x.b)};
}

HWY_INLINE F16 if_negative(F16 x, F16 then, F16 otherwise) {
  return x < 0.0f ? then : otherwise;
}
template <class H>
HWY_INLINE Twice<H> if_negative(const Twice<H>& x, const Twice<H>& then, const Twice<H>& otherwise) {
  return {if_negative(x.a, then.a, otherwise.a), if_negative(x.b, then.b, otherwise.b)};
}

HWY_INLINE F16 if_positive(F16 x, F16 then) {
  return x > 0.0f ? then : F16{};
}
template <class H>
HWY_INLINE Twice<H> if_positive(const Twice<H>& x, const Twice<H>& then) {
  return {if_positive(x.a, then.a), if_positive(x.b, then.b)};
}

constexpr float kRounds = 12582912.0f;  // 1.5 · 2^23: adding it rounds to an integer, the lowest bits of the sum

/// 2^n of kRounds + n.
HWY_INLINE F16 power_of_two(F16 shifted) {
  I16 bits;
  std::memcpy(&bits, &shifted, sizeof bits);
  bits = (bits << 23) + (127 << 23);
  F16 power;
  std::memcpy(&power, &bits, sizeof power);
  return power;
}
template <class H>
HWY_INLINE Twice<H> power_of_two(const Twice<H>& shifted) {
  return {power_of_two(shifted.a), power_of_two(shifted.b)};
}

/// e^x with a relative error below 2e-7: x = n·ln 2 + r, a Taylor polynomial in r, and 2^n through the exponent bits.
template <class T>
HWY_INLINE T exp16(T x) {
  x = within(x, -87.0f, 88.0f);  // e^-87 is the smallest normal result; 88 keeps 2^n finite
  const T shifted = x * 1.44269504088896341f + kRounds;
  const T n = shifted - kRounds;
  const T r = (x - n * 0.693359375f) + n * 2.12194440e-4f;  // ln 2 in two pieces (Cody & Waite 1980)
  T y = r * (1.0f / 5040) + (1.0f / 720);
  y = y * r + (1.0f / 120);
  y = y * r + (1.0f / 24);
  y = y * r + (1.0f / 6);
  y = y * r + 0.5f;
  y = y * r + 1.0f;
  y = y * r + 1.0f;
  return y * power_of_two(shifted);
}

template <class T>
HWY_INLINE T tanh16(T x) {
  return 1.0f - 2.0f / (exp16(2.0f * x) + 1.0f);
}

/// Φ(x), the normal distribution function: Abramowitz & Stegun 7.1.26, absolute error below 1.5e-7. `bell` is
/// e^(-x²/2).
template <class T>
HWY_INLINE T normal_cdf(T x, T bell) {
  const T z = magnitude(x) * 0.70710678118654752f;
  const T t = 1.0f / (1.0f + 0.3275911f * z);
  T poly = t * 1.061405429f - 1.453152027f;
  poly = poly * t + 1.421413741f;
  poly = poly * t - 0.284496736f;
  poly = poly * t + 0.254829592f;
  const T tail = 0.5f * poly * t * bell;
  return if_negative(x, tail, 1.0f - tail);
}

constexpr float kTanhScale = 0.7978845608028654f;
constexpr float kTanhCube = 0.044715f;

template <class T>
HWY_INLINE T value16(Activation kind, T x) {
  switch (kind) {
    case Activation::gelu_erf:
      return x * normal_cdf(x, exp16(-0.5f * x * x));
    case Activation::gelu_tanh:
      return 0.5f * x * (1.0f + tanh16(kTanhScale * (x + kTanhCube * x * x * x)));
    case Activation::tanh:
      return tanh16(x);
    case Activation::relu:
      return if_positive(x, x);
    case Activation::silu:
      return x / (1.0f + exp16(-x));
    case Activation::none:
      break;
  }
  return x;
}

template <class T>
HWY_INLINE T slope16(Activation kind, T x) {
  switch (kind) {
    case Activation::gelu_erf: {
      const T bell = exp16(-0.5f * x * x);
      return normal_cdf(x, bell) + x * bell * 0.3989422804014327f;
    }
    case Activation::gelu_tanh: {
      const T t = tanh16(kTanhScale * (x + kTanhCube * x * x * x));
      return 0.5f * (1.0f + t) + 0.5f * x * (1.0f - t * t) * kTanhScale * (1.0f + 3.0f * kTanhCube * x * x);
    }
    case Activation::tanh: {
      const T t = tanh16(x);
      return 1.0f - t * t;
    }
    case Activation::relu:
      return if_positive(x, everywhere<T>(1.0f));
    case Activation::silu: {
      const T g = 1.0f / (1.0f + exp16(-x));
      return g * (1.0f + x * (1.0f - g));
    }
    case Activation::none:
      break;
  }
  return everywhere<T>(1.0f);
}
