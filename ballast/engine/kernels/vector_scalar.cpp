// SPDX-License-Identifier: Apache-2.0
// The plain truth for kernels/vector_kernels.h, straight from the formulas.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "ballast/base/random.h"
#include "ballast/engine/kernels/vector_kernels.h"

namespace ballast::engine::kernels::scalar {
namespace {

constexpr double kTanhScale = 0.7978845608028654;  // sqrt(2 / pi)
constexpr double kTanhCube = 0.044715;             // Hendrycks & Gimpel 2016

double value(Activation kind, double x) {
  switch (kind) {
    case Activation::none:
      return x;
    case Activation::gelu_erf:
      return 0.5 * x * (1.0 + std::erf(x / std::numbers::sqrt2));
    case Activation::gelu_tanh:
      return 0.5 * x * (1.0 + std::tanh(kTanhScale * (x + kTanhCube * x * x * x)));
    case Activation::tanh:
      return std::tanh(x);
    case Activation::relu:
      return std::max(x, 0.0);
    case Activation::silu:
      return x / (1.0 + std::exp(-x));
  }
  return x;
}

double slope(Activation kind, double x) {
  switch (kind) {
    case Activation::none:
      return 1.0;
    case Activation::gelu_erf:
      return 0.5 * (1.0 + std::erf(x / std::numbers::sqrt2)) +
             x * std::exp(-0.5 * x * x) / std::sqrt(2.0 * std::numbers::pi);
    case Activation::gelu_tanh: {
      const double t = std::tanh(kTanhScale * (x + kTanhCube * x * x * x));
      return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * kTanhScale * (1.0 + 3.0 * kTanhCube * x * x);
    }
    case Activation::tanh:
      return 1.0 - std::tanh(x) * std::tanh(x);
    case Activation::relu:
      return x > 0.0 ? 1.0 : 0.0;
    case Activation::silu: {
      const double g = 1.0 / (1.0 + std::exp(-x));
      return g * (1.0 + x * (1.0 - g));
    }
  }
  return 1.0;
}

}  // namespace

void activate(Activation kind, const float* x, const float* bias, float* y, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    const float shifted = bias == nullptr ? x[i] : x[i] + bias[i];
    y[i] = static_cast<float>(value(kind, shifted));
  }
}

void activate_backward(Activation kind, const float* x, const float* dy, float* dx, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) dx[i] = static_cast<float>(dy[i] * slope(kind, x[i]));
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
  double sum = 0, squares = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += x[i];
  const double mu = sum / static_cast<double>(n);
  for (std::int64_t i = 0; i < n; ++i) squares += (x[i] - mu) * (x[i] - mu);
  const double r = 1.0 / std::sqrt(squares / static_cast<double>(n) + eps);
  for (std::int64_t i = 0; i < n; ++i) y[i] = static_cast<float>((x[i] - mu) * r * gain[i] + bias[i]);
  *mean = static_cast<float>(mu);
  *rstd = static_cast<float>(r);
}

void layer_norm_row_backward(const float* x, const float* gain, const float* dy, float mean, float rstd, std::int64_t n,
                             float* dx) {
  double a = 0, b = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const double g = static_cast<double>(dy[i]) * gain[i];
    a += g;
    b += g * (x[i] - mean) * rstd;
  }
  a /= static_cast<double>(n);
  b /= static_cast<double>(n);
  for (std::int64_t i = 0; i < n; ++i) {
    const double hat = (static_cast<double>(x[i]) - mean) * rstd;
    dx[i] += static_cast<float>(rstd * (static_cast<double>(dy[i]) * gain[i] - a - hat * b));
  }
}

void layer_norm_columns_backward(const float* x, const float* dy, const float* mean, const float* rstd,
                                 std::int64_t rows, std::int64_t n, std::int64_t begin, std::int64_t end, float* dgain,
                                 float* dbias) {
  for (std::int64_t j = begin; j < end; ++j) {
    double dg = 0, db = 0;
    for (std::int64_t i = 0; i < rows; ++i) {
      dg += static_cast<double>(dy[i * n + j]) * (x[i * n + j] - mean[i]) * rstd[i];
      db += dy[i * n + j];
    }
    dgain[j] += static_cast<float>(dg);
    dbias[j] += static_cast<float>(db);
  }
}

void rms_norm_row(const float* x, const float* gain, float eps, std::int64_t n, float* y, float* rstd) {
  double squares = 0;
  for (std::int64_t i = 0; i < n; ++i) squares += static_cast<double>(x[i]) * x[i];
  const double r = 1.0 / std::sqrt(squares / static_cast<double>(n) + eps);
  for (std::int64_t i = 0; i < n; ++i) y[i] = static_cast<float>(x[i] * r * gain[i]);
  *rstd = static_cast<float>(r);
}

void rms_norm_row_backward(const float* x, const float* gain, const float* dy, float rstd, std::int64_t n, float* dx) {
  double b = 0;
  for (std::int64_t i = 0; i < n; ++i) b += static_cast<double>(dy[i]) * gain[i] * x[i] * rstd;
  b /= static_cast<double>(n);
  for (std::int64_t i = 0; i < n; ++i) {
    dx[i] += static_cast<float>(rstd * (static_cast<double>(dy[i]) * gain[i] - static_cast<double>(x[i]) * rstd * b));
  }
}

void rms_norm_columns_backward(const float* x, const float* dy, const float* rstd, std::int64_t rows, std::int64_t n,
                               std::int64_t begin, std::int64_t end, float* dgain) {
  for (std::int64_t j = begin; j < end; ++j) {
    double dg = 0;
    for (std::int64_t i = 0; i < rows; ++i) dg += static_cast<double>(dy[i * n + j]) * x[i * n + j] * rstd[i];
    dgain[j] += static_cast<float>(dg);
  }
}

void gate(Activation kind, const float* a, const float* b, float* y, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = static_cast<float>(value(kind, a[i]) * b[i]);
}

void gate_backward(Activation kind, const float* a, const float* b, const float* dy, float* da, float* db,
                   std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    da[i] += static_cast<float>(dy[i] * slope(kind, a[i]) * b[i]);
    db[i] += static_cast<float>(dy[i] * value(kind, a[i]));
  }
}

void rotate(const float* x, const float* cosine, const float* sine, float sign, std::int64_t half, float* y,
            bool accumulate) {
  for (std::int64_t j = 0; j < half; ++j) {
    const double c = cosine[j], s = static_cast<double>(sine[j]) * sign, a = x[j], b = x[j + half];
    const double first = a * c - b * s, second = b * c + a * s;
    y[j] = static_cast<float>(accumulate ? y[j] + first : first);
    y[j + half] = static_cast<float>(accumulate ? y[j + half] + second : second);
  }
}

float row_max(const float* x, std::int64_t n) {
  return *std::max_element(x, x + n);
}

float exp_shifted(float* x, float shift, std::int64_t n) {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    x[i] = static_cast<float>(std::exp(static_cast<double>(x[i]) - shift));
    sum += x[i];
  }
  return static_cast<float>(sum);
}

void scale(float* x, float factor, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) x[i] *= factor;
}

float dot(const float* a, const float* b, std::int64_t n) {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += static_cast<double>(a[i]) * b[i];
  return static_cast<float>(sum);
}

void softmax_backward(const float* p, const float* dp, float shift, float* ds, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) ds[i] = p[i] * (dp[i] - shift);
}

double sum_of_squares(const float* x, std::int64_t n) {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += static_cast<double>(x[i]) * x[i];
  return sum;
}

void adamw_step(const AdamW& s, float* p, float* g, float* m, float* v, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    const double grad = static_cast<double>(g[i]) * s.grad_scale;
    const double mi = s.beta1 * static_cast<double>(m[i]) + s.rest1 * grad;
    const double vi = s.beta2 * static_cast<double>(v[i]) + s.rest2 * grad * grad;
    const double decayed = static_cast<double>(p[i]) * (1.0 - static_cast<double>(s.lr) * s.weight_decay);
    p[i] = static_cast<float>(decayed - s.lr / s.bias1 * mi / (std::sqrt(vi / s.bias2) + s.eps));
    m[i] = static_cast<float>(mi);
    v[i] = static_cast<float>(vi);
    g[i] = 0;
  }
}

void dropout(const float* x, float* y, std::int64_t n, float p, std::uint64_t seed, std::uint64_t first,
             bool accumulate) {
  // One 64-bit draw serves two neighbours: the low half the even element, the high half the odd one.
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

}  // namespace ballast::engine::kernels::scalar
