// SPDX-License-Identifier: Apache-2.0
// moment_kernels.h for every instruction set (Highway picks one at run time). Codes are computed, not searched: within
// a decade the map is linear, and the decade of a code is its exponent.
#include "ballast/engine/kernels/moment_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ballast/engine/kernels/moment_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace ballast::engine::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr int kDecades = 7;
constexpr double kDecade[kDecades] = {1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1};

using Floats = hn::CappedTag<float, 16>;
using FloatVector = hn::Vec<Floats>;
using Ints = hn::RebindToSigned<Floats>;
using IntVector = hn::Vec<Ints>;
using Bytes = hn::Rebind<std::uint8_t, Floats>;

/// What an exponent (0 … 7) stands for, and where decades meet. Tables are asked by the low bits of a float's exponent,
/// 127 + e, hence turned round by one; their second halves fill vectors of sixteen lanes.
template <bool kSigned>
struct Map {
  static constexpr int kFirst = kSigned ? 0 : 1;  // the exponent of the lowest decade
  alignas(64) float decade[16] = {};              // 10^(i-6)
  alignas(64) float inverse[16] = {};             // 1 / (0.9 · 10^(i-6))
  float edge[kDecades] = {};                      // from here on a value is nearer to this decade than to what is below
  float one = 0;                                  // … and to 1

  constexpr Map() {
    double below = 0;
    for (int i = 0; i < kDecades; ++i) {
      const double half = 0.45 / (1 << (i + kFirst));
      const int at = (i + kFirst + 127) % 8;
      decade[at] = static_cast<float>(kDecade[i]);
      inverse[at] = static_cast<float>(1 / (0.9 * kDecade[i]));
      edge[i] = static_cast<float>((below + kDecade[i] * (0.1 + half)) / 2);
      below = kDecade[i] * (1 - half);
    }
    one = static_cast<float>((below + 1) / 2);
  }
};
template <bool kSigned>
constexpr Map<kSigned> kMap;

/// The entry of the exponent of x.
HWY_INLINE FloatVector look_up(const float* table, FloatVector x) {
  const auto at = hn::And(hn::ShiftRight<23>(hn::BitCast(Ints(), x)), hn::Set(Ints(), 7));
#if HWY_TARGET == HWY_SCALAR
  return hn::Set(Floats(), table[hn::GetLane(at)]);
#else
  return hn::TableLookupLanes(hn::Load(Floats(), table), hn::IndicesFromVec(Floats(), at));
#endif
}

/// Values of codes, as shares of the scale.
template <bool kSigned>
HWY_INLINE FloatVector decode(const std::uint8_t* codes) {
  const Floats d;
  const Ints di;
  const IntVector code = hn::PromoteTo(di, hn::LoadU(Bytes(), codes));
  const IntVector k = kSigned ? hn::And(code, hn::Set(di, 127)) : code;
  const FloatVector t = hn::ConvertTo(d, k);
  const auto power = hn::And(hn::BitCast(di, t), hn::Set(di, 0x7f800000));  // 2^e as a float, and 2^-e:
  const FloatVector shrink = hn::BitCast(d, hn::Sub(hn::Set(di, 254 << 23), power));
  const FloatVector at = hn::Mul(hn::Add(t, hn::Set(d, 0.5f)), shrink);  // 1 … 2 through the decade
  FloatVector x = hn::Mul(look_up(kMap<kSigned>.decade, t), hn::Sub(hn::Mul(at, hn::Set(d, 0.9f)), hn::Set(d, 0.8f)));
  x = hn::IfThenZeroElse(hn::Lt(t, hn::Set(d, 1.0f)), x);
  if constexpr (kSigned) x = hn::Or(x, hn::BitCast(d, hn::ShiftLeft<24>(hn::AndNot(hn::Set(di, 127), code))));
  return hn::IfThenElse(hn::RebindMask(d, hn::Eq(code, hn::Set(di, kSigned ? 128 : 1))), hn::Set(d, 1.0f), x);
}

/// Codes of shares. Min and Max give their second argument for NaN, on every level.
template <bool kSigned>
HWY_INLINE void encode(FloatVector x, std::uint8_t* codes) {
  const Floats d;
  const Ints di;
  constexpr int kFirst = Map<kSigned>::kFirst;
  const Map<kSigned>& map = kMap<kSigned>;
  const FloatVector a = kSigned ? hn::Abs(x) : x;
  FloatVector power = hn::Set(d, static_cast<float>(1 << kFirst));
  for (int i = 1; i < kDecades; ++i) {
    power =
        hn::IfThenElse(hn::Ge(a, hn::Set(d, map.edge[i])), hn::Set(d, static_cast<float>(1 << (i + kFirst))), power);
  }
  // k = p + ⌊(a / decade - 0.1) / 0.9 · p⌋; what lies between two decades goes to the end that is nearer.
  const FloatVector at = hn::Add(hn::Mul(a, look_up(map.inverse, power)), hn::Set(d, 8.0f / 9));
  FloatVector k = hn::Mul(power, hn::Min(at, hn::Set(d, 0x1.fffffep0f)));
  if constexpr (!kSigned) k = hn::Max(k, hn::Set(d, 2.0f));
  IntVector code = hn::ConvertTo(di, k);
  code = hn::IfThenElse(hn::RebindMask(di, hn::Ge(x, hn::Set(d, map.one))), hn::Set(di, kSigned ? 128 : 1), code);
  if constexpr (kSigned) {
    code = hn::IfThenElse(hn::RebindMask(di, hn::Lt(x, hn::Zero(d))), hn::Or(code, hn::Set(di, 128)), code);
    code = hn::IfThenZeroElse(hn::RebindMask(di, hn::Lt(a, hn::Set(d, map.edge[0]))), code);
  } else {
    code = hn::IfThenZeroElse(hn::RebindMask(di, hn::Eq(a, hn::Zero(d))), code);
  }
  hn::StoreU(hn::DemoteTo(Bytes(), code), Bytes(), codes);
}

HWY_INLINE FloatVector inverse_of(float scale) {
  constexpr float kSmallest = 0x1p-120f;  // the inverse is finite from 2^-127 on
  return hn::Set(Floats(), scale > kSmallest ? 1.0f / scale : 0.0f);
}

template <bool kSigned>
void encode_block(const float* x, std::uint8_t* codes, float* scale) {
  const Floats d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  FloatVector most = hn::Zero(d);
  for (std::int64_t i = 0; i < kMomentBlock; i += lanes) most = hn::Max(hn::Abs(hn::LoadU(d, x + i)), most);
  *scale = hn::GetLane(hn::MaxOfLanes(d, most));
  const FloatVector inverse = inverse_of(*scale);
  for (std::int64_t i = 0; i < kMomentBlock; i += lanes)
    encode<kSigned>(hn::Mul(hn::LoadU(d, x + i), inverse), codes + i);
}

template <bool kSigned>
void decode_block(const std::uint8_t* codes, float scale, float* x) {
  const Floats d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  for (std::int64_t i = 0; i < kMomentBlock; i += lanes) {
    hn::StoreU(hn::Mul(decode<kSigned>(codes + i), hn::Set(d, scale)), d, x + i);
  }
}

/// One block of adamw_step(), in its order of operations.
void step_block(const AdamW& s, float* p, float* g, ByteMoments mc, ByteMoments vc) {
  const Floats d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto decay = hn::Set(d, 1.0f - s.lr * s.weight_decay), step = hn::Set(d, s.lr / s.bias1);
  const auto root = hn::Div(hn::Set(d, 1.0f), hn::Sqrt(hn::Set(d, s.bias2))), eps = hn::Set(d, s.eps);
  const auto rest1 = hn::Set(d, s.rest1), rest2 = hn::Set(d, s.rest2), grad_scale = hn::Set(d, s.grad_scale);
  const auto m_scale = hn::Set(d, s.beta1 * *mc.scales), v_scale = hn::Set(d, s.beta2 * *vc.scales);
  alignas(64) float m[kMomentBlock], v[kMomentBlock];
  FloatVector most_m = hn::Zero(d), most_v = hn::Zero(d);
  for (std::int64_t i = 0; i < kMomentBlock; i += lanes) {
    const auto grad = hn::Mul(hn::LoadU(d, g + i), grad_scale);
    const auto mi = hn::Add(hn::Mul(decode<true>(mc.codes + i), m_scale), hn::Mul(rest1, grad));
    const auto vi = hn::Add(hn::Mul(decode<false>(vc.codes + i), v_scale), hn::Mul(rest2, hn::Mul(grad, grad)));
    const auto move = hn::Div(mi, hn::Add(hn::Mul(hn::Sqrt(vi), root), eps));
    hn::StoreU(hn::Sub(hn::Mul(hn::LoadU(d, p + i), decay), hn::Mul(step, move)), d, p + i);
    hn::StoreU(hn::Zero(d), d, g + i);
    hn::Store(mi, d, m + i);
    hn::Store(vi, d, v + i);
    most_m = hn::Max(hn::Abs(mi), most_m);
    most_v = hn::Max(vi, most_v);
  }
  *mc.scales = hn::GetLane(hn::MaxOfLanes(d, most_m));
  *vc.scales = hn::GetLane(hn::MaxOfLanes(d, most_v));
  const FloatVector m_inverse = inverse_of(*mc.scales), v_inverse = inverse_of(*vc.scales);
  for (std::int64_t i = 0; i < kMomentBlock; i += lanes) {
    encode<true>(hn::Mul(hn::Load(d, m + i), m_inverse), mc.codes + i);
    encode<false>(hn::Mul(hn::Load(d, v + i), v_inverse), vc.codes + i);
  }
}

/// What is left behind the whole blocks, in a block of its own that zeros fill up.
struct RestOfMoments {
  alignas(64) float x[kMomentBlock] = {}, y[kMomentBlock] = {};
  alignas(64) std::uint8_t codes[kMomentBlock] = {}, more_codes[kMomentBlock] = {};
};

void encode_moments(MomentMap map, const float* x, std::int64_t n, ByteMoments to) {
  const auto block = map == MomentMap::with_sign ? encode_block<true> : encode_block<false>;
  std::int64_t at = 0;
  for (; at + kMomentBlock <= n; at += kMomentBlock) block(x + at, to.codes + at, to.scales++);
  if (at == n) return;
  RestOfMoments rest;
  std::copy(x + at, x + n, rest.x);
  block(rest.x, rest.codes, to.scales);
  std::copy_n(rest.codes, n - at, to.codes + at);
}

void decode_moments(MomentMap map, ByteMoments from, std::int64_t n, float* x) {
  const auto block = map == MomentMap::with_sign ? decode_block<true> : decode_block<false>;
  std::int64_t at = 0;
  for (; at + kMomentBlock <= n; at += kMomentBlock) block(from.codes + at, *from.scales++, x + at);
  if (at == n) return;
  RestOfMoments rest;
  std::copy(from.codes + at, from.codes + n, rest.codes);
  block(rest.codes, *from.scales, rest.x);
  std::copy_n(rest.x, n - at, x + at);
}

void adamw_step_bytes(const AdamW& s, float* p, float* g, ByteMoments m, ByteMoments v, std::int64_t n) {
  std::int64_t at = 0;
  for (; at + kMomentBlock <= n; at += kMomentBlock) {
    step_block(s, p + at, g + at, {m.codes + at, m.scales++}, {v.codes + at, v.scales++});
  }
  if (at == n) return;
  RestOfMoments rest;
  std::copy(p + at, p + n, rest.x);
  std::copy(g + at, g + n, rest.y);
  std::copy(m.codes + at, m.codes + n, rest.codes);
  std::copy(v.codes + at, v.codes + n, rest.more_codes);
  step_block(s, rest.x, rest.y, {rest.codes, m.scales}, {rest.more_codes, v.scales});
  std::copy_n(rest.x, n - at, p + at);
  std::copy_n(rest.y, n - at, g + at);
  std::copy_n(rest.codes, n - at, m.codes + at);
  std::copy_n(rest.more_codes, n - at, v.codes + at);
}

}  // namespace ballast::engine::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ballast::engine::kernels {
HWY_EXPORT(encode_moments);
HWY_EXPORT(decode_moments);
HWY_EXPORT(adamw_step_bytes);

void encode_moments(MomentMap map, const float* x, std::int64_t n, ByteMoments to) {
  HWY_DYNAMIC_DISPATCH(encode_moments)(map, x, n, to);
}
void decode_moments(MomentMap map, ByteMoments from, std::int64_t n, float* x) {
  HWY_DYNAMIC_DISPATCH(decode_moments)(map, from, n, x);
}
void adamw_step_bytes(const AdamW& s, float* p, float* g, ByteMoments m, ByteMoments v, std::int64_t n) {
  HWY_DYNAMIC_DISPATCH(adamw_step_bytes)(s, p, g, m, v, n);
}

}  // namespace ballast::engine::kernels
#endif
