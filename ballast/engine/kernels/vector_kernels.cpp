// SPDX-License-Identifier: Apache-2.0
// kernels/vector_kernels.h for every instruction set. The body is written once over vectors of sixteen floats (the
// compiler's vector extension), which each level cuts to its own register width; Highway compiles it per level and
// picks one at run time.
#include "ballast/engine/kernels/vector_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ballast/engine/kernels/vector_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cmath>
#include <cstring>

#include "ballast/base/random.h"

HWY_BEFORE_NAMESPACE();
namespace ballast::engine::kernels::HWY_NAMESPACE {

#include "ballast/engine/kernels/vector_math-inl.h"

/// Calls full(i) for whole vectors and part(i, count) for the rest.
template <class Full, class Part>
HWY_INLINE void each(std::int64_t n, const Full& full, const Part& part) {
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) full(i);
  if (i < n) part(i, n - i);
}

/// The same with full(i, T{}), where T says of how many values: Four, Pair or F16.
template <class Full, class Part>
HWY_INLINE void each_wide(std::int64_t n, const Full& full, const Part& part) {
  std::int64_t i = 0;
  for (; i + kValuesOf<Four> <= n; i += kValuesOf<Four>) full(i, Four{});
  if (i + kValuesOf<Pair> <= n) {
    full(i, Pair{});
    i += kValuesOf<Pair>;
  }
  each(
      n - i, [&](std::int64_t j) { full(i + j, F16{}); }, [&](std::int64_t j, std::int64_t c) { part(i + j, c); });
}

void activate(Activation kind, const float* x, const float* bias, float* y, std::int64_t n) {
  const auto run = [&](const auto& full, const auto& part) {
    each_wide(
        n, [&]<class T>(std::int64_t i, T type) { store(y + i, value16(kind, full(i, type))); },
        [&](std::int64_t i, std::int64_t c) { store_part(y + i, value16(kind, part(i, c)), c); });
  };
  if (bias == nullptr) {
    return run([&]<class T>(std::int64_t i, T) { return load_as<T>(x + i); },
               [&](std::int64_t i, std::int64_t c) { return load_part(x + i, c, 0); });
  }
  run([&]<class T>(std::int64_t i, T) { return load_as<T>(x + i) + load_as<T>(bias + i); },
      [&](std::int64_t i, std::int64_t c) { return load_part(x + i, c, 0) + load_part(bias + i, c, 0); });
}

void activate_backward(Activation kind, const float* x, const float* dy, float* dx, std::int64_t n) {
  each_wide(
      n, [&]<class T>(std::int64_t i, T) { store(dx + i, load_as<T>(dy + i) * slope16(kind, load_as<T>(x + i))); },
      [&](std::int64_t i, std::int64_t c) {
        store_part(dx + i, load_part(dy + i, c, 0) * slope16(kind, load_part(x + i, c, 0)), c);
      });
}

void add_to(float* y, const float* x, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] += x[i];
}

void add_both_to(float* y, const float* a, const float* b, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = (y[i] + a[i]) + b[i];
}

void add(const float* a, const float* b, float* y, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = a[i] + b[i];
}

void add_column_sums(const float* x, std::int64_t rows, std::int64_t stride, std::int64_t begin, std::int64_t end,
                     float* sums) {
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = begin; j < end; ++j) sums[j] += x[i * stride + j];
  }
}

void layer_norm_row(const float* x, const float* gain, const float* bias, float eps, std::int64_t n, float* y,
                    float* mean, float* rstd) {
  F16 sum{};
  each(
      n, [&](std::int64_t i) { sum += load(x + i); },
      [&](std::int64_t i, std::int64_t c) { sum += load_part(x + i, c, 0); });
  const float mu = sum_lanes(sum) / static_cast<float>(n);
  F16 squares{};
  each(
      n,
      [&](std::int64_t i) {
        const F16 d = load(x + i) - mu;
        squares += d * d;
      },
      [&](std::int64_t i, std::int64_t c) {
        const F16 d = load_part(x + i, c, mu) - mu;
        squares += d * d;
      });
  const float r = 1.0f / std::sqrt(sum_lanes(squares) / static_cast<float>(n) + eps);
  for (std::int64_t i = 0; i < n; ++i) y[i] = (x[i] - mu) * r * gain[i] + bias[i];
  *mean = mu;
  *rstd = r;
}

void layer_norm_row_backward(const float* x, const float* gain, const float* dy, float mean, float rstd, std::int64_t n,
                             float* dx) {
  F16 a{}, b{};
  const auto take = [&](F16 xi, F16 gi, F16 di) {
    const F16 g = gi * di;
    a += g;
    b += g * ((xi - mean) * rstd);
  };
  each(
      n, [&](std::int64_t i) { take(load(x + i), load(gain + i), load(dy + i)); },
      [&](std::int64_t i, std::int64_t c) {
        take(load_part(x + i, c, mean), load_part(gain + i, c, 0), load_part(dy + i, c, 0));
      });
  const float mean_a = sum_lanes(a) / static_cast<float>(n), mean_b = sum_lanes(b) / static_cast<float>(n);
  for (std::int64_t i = 0; i < n; ++i) {
    dx[i] += rstd * (dy[i] * gain[i] - mean_a - (x[i] - mean) * rstd * mean_b);
  }
}

void layer_norm_columns_backward(const float* x, const float* dy, const float* mean, const float* rstd,
                                 std::int64_t rows, std::int64_t n, std::int64_t begin, std::int64_t end, float* dgain,
                                 float* dbias) {
  for (std::int64_t i = 0; i < rows; ++i) {
    const float mu = mean[i], r = rstd[i];
    const float* xi = x + i * n;
    const float* di = dy + i * n;
    for (std::int64_t j = begin; j < end; ++j) {
      dgain[j] += di[j] * ((xi[j] - mu) * r);
      dbias[j] += di[j];
    }
  }
}

void rms_norm_row_backward(const float* x, const float* gain, const float* dy, float rstd, std::int64_t n, float* dx) {
  F16 b{};
  each(
      n, [&](std::int64_t i) { b += load(gain + i) * load(dy + i) * (load(x + i) * rstd); },
      [&](std::int64_t i, std::int64_t c) {
        b += load_part(gain + i, c, 0) * load_part(dy + i, c, 0) * (load_part(x + i, c, 0) * rstd);
      });
  const float mean_b = sum_lanes(b) / static_cast<float>(n);
  for (std::int64_t i = 0; i < n; ++i) dx[i] += rstd * (dy[i] * gain[i] - x[i] * rstd * mean_b);
}

void rms_norm_columns_backward(const float* x, const float* dy, const float* rstd, std::int64_t rows, std::int64_t n,
                               std::int64_t begin, std::int64_t end, float* dgain) {
  for (std::int64_t i = 0; i < rows; ++i) {
    const float r = rstd[i];
    const float* xi = x + i * n;
    const float* di = dy + i * n;
    for (std::int64_t j = begin; j < end; ++j) dgain[j] += di[j] * (xi[j] * r);
  }
}

void gate(Activation kind, const float* a, const float* b, float* y, std::int64_t n) {
  each_wide(
      n, [&]<class T>(std::int64_t i, T) { store(y + i, value16(kind, load_as<T>(a + i)) * load_as<T>(b + i)); },
      [&](std::int64_t i, std::int64_t c) {
        store_part(y + i, value16(kind, load_part(a + i, c, 0)) * load_part(b + i, c, 0), c);
      });
}

void gate_backward(Activation kind, const float* a, const float* b, const float* dy, float* da, float* db,
                   std::int64_t n) {
  each(
      n,
      [&](std::int64_t i) {
        const F16 x = load(a + i), d = load(dy + i);
        store(da + i, load(da + i) + d * slope16(kind, x) * load(b + i));
        store(db + i, load(db + i) + d * value16(kind, x));
      },
      [&](std::int64_t i, std::int64_t c) {
        const F16 x = load_part(a + i, c, 0), d = load_part(dy + i, c, 0);
        store_part(da + i, load_part(da + i, c, 0) + d * slope16(kind, x) * load_part(b + i, c, 0), c);
        store_part(db + i, load_part(db + i, c, 0) + d * value16(kind, x), c);
      });
}

void rotate(const float* x, const float* cosine, const float* sine, float sign, std::int64_t half, float* y,
            bool accumulate) {
  for (std::int64_t j = 0; j < half; ++j) {
    const float c = cosine[j], s = sine[j] * sign, a = x[j], b = x[j + half];
    const float first = a * c - b * s, second = b * c + a * s;
    y[j] = accumulate ? y[j] + first : first;
    y[j + half] = accumulate ? y[j + half] + second : second;
  }
}

float row_max(const float* x, std::int64_t n) {
  F16 best = x[0] - F16{};
  const auto larger = [](F16 a, F16 b) { return b > a ? b : a; };
  each(
      n, [&](std::int64_t i) { best = larger(best, load(x + i)); },
      [&](std::int64_t i, std::int64_t c) { best = larger(best, load_part(x + i, c, x[0])); });
  return join_lanes(best, larger);
}

float exp_shifted(float* x, float shift, std::int64_t n) {
  F16 sum{};
  each_wide(
      n,
      [&]<class T>(std::int64_t i, T) {
        const T e = exp16(load_as<T>(x + i) - shift);
        store(x + i, e);
        add_lanes(sum, e);
      },
      [&](std::int64_t i, std::int64_t c) {
        const F16 e = exp16(load_part(x + i, c, shift) - shift);
        store_part(x + i, e, c);
        sum += part_of(e, c);
      });
  return sum_lanes(sum);
}

void scale(float* x, float factor, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) x[i] *= factor;
}

float dot(const float* a, const float* b, std::int64_t n) {
  F16 sum{};
  each(
      n, [&](std::int64_t i) { sum += load(a + i) * load(b + i); },
      [&](std::int64_t i, std::int64_t c) { sum += load_part(a + i, c, 0) * load_part(b + i, c, 0); });
  return sum_lanes(sum);
}

void rms_norm_row(const float* x, const float* gain, float eps, std::int64_t n, float* y, float* rstd) {
  const float r = 1.0f / std::sqrt(dot(x, x, n) / static_cast<float>(n) + eps);
  for (std::int64_t i = 0; i < n; ++i) y[i] = x[i] * r * gain[i];
  *rstd = r;
}

void softmax_backward(const float* p, const float* dp, float shift, float* ds, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) ds[i] = p[i] * (dp[i] - shift);
}

double sum_of_squares(const float* x, std::int64_t n) {
  D16 sum{};
  const auto take = [&](F16 v) {
    const D16 d = __builtin_convertvector(v, D16);
    sum += d * d;
  };
  each(
      n, [&](std::int64_t i) { take(load(x + i)); },
      [&](std::int64_t i, std::int64_t c) { take(load_part(x + i, c, 0)); });
  double lane[kLanes];
  std::memcpy(lane, &sum, sizeof lane);
  for (int w = kLanes / 2; w > 0; w /= 2) {
    for (int j = 0; j < w; ++j) lane[j] += lane[j + w];
  }
  return lane[0];
}

void adamw_step(const AdamW& s, float* p, float* g, float* m, float* v, std::int64_t n) {
  const float decay = 1.0f - s.lr * s.weight_decay, step = s.lr / s.bias1, root = 1.0f / std::sqrt(s.bias2);
  for (std::int64_t i = 0; i < n; ++i) {
    const float grad = g[i] * s.grad_scale;
    const float mi = s.beta1 * m[i] + s.rest1 * grad;
    const float vi = s.beta2 * v[i] + s.rest2 * (grad * grad);
    p[i] = p[i] * decay - step * (mi / (std::sqrt(vi) * root + s.eps));
    m[i] = mi;
    v[i] = vi;
    g[i] = 0;  // while it is in the cache: no pass of its own before the next step
  }
}

void dropout(const float* x, float* y, std::int64_t n, float p, std::uint64_t seed, std::uint64_t first,
             bool accumulate) {
  const auto threshold = static_cast<std::uint32_t>(static_cast<double>(p) * 4294967296.0);
  const float keep = 1.0f / (1.0f - p);
  for (std::int64_t i = 0; i < n; ++i) {
    const std::uint64_t at = first + static_cast<std::uint64_t>(i);
    const std::uint64_t bits = base::random_bits(seed, at / 2);
    const auto draw = static_cast<std::uint32_t>(at % 2 == 0 ? bits : bits >> 32);
    const float kept = draw >= threshold ? x[i] * keep : 0.0f;
    y[i] = accumulate ? y[i] + kept : kept;
  }
}

}  // namespace ballast::engine::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ballast::engine::kernels {

#define BALLAST_DISPATCH(name) HWY_EXPORT(name);
BALLAST_DISPATCH(activate)
BALLAST_DISPATCH(activate_backward)
BALLAST_DISPATCH(add_to)
BALLAST_DISPATCH(add_both_to)
BALLAST_DISPATCH(add)
BALLAST_DISPATCH(add_column_sums)
BALLAST_DISPATCH(layer_norm_row)
BALLAST_DISPATCH(layer_norm_row_backward)
BALLAST_DISPATCH(layer_norm_columns_backward)
BALLAST_DISPATCH(rms_norm_row)
BALLAST_DISPATCH(rms_norm_row_backward)
BALLAST_DISPATCH(rms_norm_columns_backward)
BALLAST_DISPATCH(gate)
BALLAST_DISPATCH(gate_backward)
BALLAST_DISPATCH(rotate)
BALLAST_DISPATCH(row_max)
BALLAST_DISPATCH(exp_shifted)
BALLAST_DISPATCH(scale)
BALLAST_DISPATCH(dot)
BALLAST_DISPATCH(softmax_backward)
BALLAST_DISPATCH(sum_of_squares)
BALLAST_DISPATCH(adamw_step)
BALLAST_DISPATCH(dropout)
#undef BALLAST_DISPATCH

void activate(Activation kind, const float* x, const float* bias, float* y, std::int64_t n) {
  HWY_DYNAMIC_DISPATCH(activate)(kind, x, bias, y, n);
}
void activate_backward(Activation kind, const float* x, const float* dy, float* dx, std::int64_t n) {
  HWY_DYNAMIC_DISPATCH(activate_backward)(kind, x, dy, dx, n);
}
void add_to(float* y, const float* x, std::int64_t n) {
  HWY_DYNAMIC_DISPATCH(add_to)(y, x, n);
}
void add_both_to(float* y, const float* a, const float* b, std::int64_t n) {
  HWY_DYNAMIC_DISPATCH(add_both_to)(y, a, b, n);
}
void add(const float* a, const float* b, float* y, std::int64_t n) {
  HWY_DYNAMIC_DISPATCH(add)(a, b, y, n);
}
void add_column_sums(const float* x, std::int64_t rows, std::int64_t stride, std::int64_t begin, std::int64_t end,
                     float* sums) {
  HWY_DYNAMIC_DISPATCH(add_column_sums)(x, rows, stride, begin, end, sums);
}
void layer_norm_row(const float* x, const float* gain, const float* bias, float eps, std::int64_t n, float* y,
                    float* mean, float* rstd) {
  HWY_DYNAMIC_DISPATCH(layer_norm_row)(x, gain, bias, eps, n, y, mean, rstd);
}
void layer_norm_row_backward(const float* x, const float* gain, const float* dy, float mean, float rstd, std::int64_t n,
                             float* dx) {
  HWY_DYNAMIC_DISPATCH(layer_norm_row_backward)(x, gain, dy, mean, rstd, n, dx);
}
void layer_norm_columns_backward(const float* x, const float* dy, const float* mean, const float* rstd,
                                 std::int64_t rows, std::int64_t n, std::int64_t begin, std::int64_t end, float* dgain,
                                 float* dbias) {
  HWY_DYNAMIC_DISPATCH(layer_norm_columns_backward)(x, dy, mean, rstd, rows, n, begin, end, dgain, dbias);
}
void rms_norm_row(const float* x, const float* gain, float eps, std::int64_t n, float* y, float* rstd) {
  HWY_DYNAMIC_DISPATCH(rms_norm_row)(x, gain, eps, n, y, rstd);
}
void rms_norm_row_backward(const float* x, const float* gain, const float* dy, float rstd, std::int64_t n, float* dx) {
  HWY_DYNAMIC_DISPATCH(rms_norm_row_backward)(x, gain, dy, rstd, n, dx);
}
void rms_norm_columns_backward(const float* x, const float* dy, const float* rstd, std::int64_t rows, std::int64_t n,
                               std::int64_t begin, std::int64_t end, float* dgain) {
  HWY_DYNAMIC_DISPATCH(rms_norm_columns_backward)(x, dy, rstd, rows, n, begin, end, dgain);
}
void gate(Activation kind, const float* a, const float* b, float* y, std::int64_t n) {
  HWY_DYNAMIC_DISPATCH(gate)(kind, a, b, y, n);
}
void gate_backward(Activation kind, const float* a, const float* b, const float* dy, float* da, float* db,
                   std::int64_t n) {
  HWY_DYNAMIC_DISPATCH(gate_backward)(kind, a, b, dy, da, db, n);
}
void rotate(const float* x, const float* cosine, const float* sine, float sign, std::int64_t half, float* y,
            bool accumulate) {
  HWY_DYNAMIC_DISPATCH(rotate)(x, cosine, sine, sign, half, y, accumulate);
}
float row_max(const float* x, std::int64_t n) {
  return HWY_DYNAMIC_DISPATCH(row_max)(x, n);
}
float exp_shifted(float* x, float shift, std::int64_t n) {
  return HWY_DYNAMIC_DISPATCH(exp_shifted)(x, shift, n);
}
void scale(float* x, float factor, std::int64_t n) {
  HWY_DYNAMIC_DISPATCH(scale)(x, factor, n);
}
float dot(const float* a, const float* b, std::int64_t n) {
  return HWY_DYNAMIC_DISPATCH(dot)(a, b, n);
}
void softmax_backward(const float* p, const float* dp, float shift, float* ds, std::int64_t n) {
  HWY_DYNAMIC_DISPATCH(softmax_backward)(p, dp, shift, ds, n);
}
double sum_of_squares(const float* x, std::int64_t n) {
  return HWY_DYNAMIC_DISPATCH(sum_of_squares)(x, n);
}
void adamw_step(const AdamW& s, float* p, float* g, float* m, float* v, std::int64_t n) {
  HWY_DYNAMIC_DISPATCH(adamw_step)(s, p, g, m, v, n);
}
void dropout(const float* x, float* y, std::int64_t n, float p, std::uint64_t seed, std::uint64_t first,
             bool accumulate) {
  HWY_DYNAMIC_DISPATCH(dropout)(x, y, n, p, seed, first, accumulate);
}

}  // namespace ballast::engine::kernels
#endif
