// SPDX-License-Identifier: Apache-2.0
// Everything that is not a product: activations, norms, softmax, losses, optimiser steps. Rows are independent, sums
// inside a row run over sixteen fixed lanes that are added in a fixed tree, so the bits do not depend on the vector
// width.
//
// The functions in `scalar` are the plain truth, in double where that is simpler; the tests compare the two.
#pragma once

#include <cstdint>

namespace ballast::engine::kernels {

enum class Activation { none, gelu_erf, gelu_tanh, tanh, relu, silu };

struct AdamW {
  float lr, beta1, beta2, eps, weight_decay;
  float bias1, bias2;  // 1 - beta^t
  float grad_scale;    // clipping factor
  float rest1, rest2;  // 1 - beta rounded once: 1 - float(0.999) is off by 1e-5
};

#define BALLAST_VECTOR_KERNELS                                                                                       \
  /* y = f(x), or f(x + bias) unless bias is null, and dx = dy · f'(x) */                                           \
  void activate(Activation kind, const float* x, const float* bias, float* y, std::int64_t n);                       \
  void activate_backward(Activation kind, const float* x, const float* dy, float* dx, std::int64_t n);               \
  /* y[i] += x[i], and y[i] = (y[i] + a[i]) + b[i] */                                                                \
  void add_to(float* y, const float* x, std::int64_t n);                                                             \
  void add_both_to(float* y, const float* a, const float* b, std::int64_t n);                                        \
  /* y = a + b */                                                                                                    \
  void add(const float* a, const float* b, float* y, std::int64_t n);                                                \
  /* sums[j] += Σ_i x[i, j] over rows in order, for columns [begin, end) of a matrix with `stride` */               \
  void add_column_sums(const float* x, std::int64_t rows, std::int64_t stride, std::int64_t begin, std::int64_t end, \
                       float* sums);                                                                                 \
  /* y = (x - mean) / sqrt(var + eps) · gain + bias over one row (Ba, Kiros & Hinton 2016, biased variance) */      \
  void layer_norm_row(const float* x, const float* gain, const float* bias, float eps, std::int64_t n, float* y,     \
                      float* mean, float* rstd);                                                                     \
  /* dx += gradient of one row */                                                                                    \
  void layer_norm_row_backward(const float* x, const float* gain, const float* dy, float mean, float rstd,           \
                               std::int64_t n, float* dx);                                                           \
  /* dgain[j] += Σ dy·xhat, dbias[j] += Σ dy for columns [begin, end) */                                          \
  void layer_norm_columns_backward(const float* x, const float* dy, const float* mean, const float* rstd,            \
                                   std::int64_t rows, std::int64_t n, std::int64_t begin, std::int64_t end,          \
                                   float* dgain, float* dbias);                                                      \
  /* y = x / sqrt(mean(x²) + eps) · gain over one row (Zhang & Sennrich 2019) */                                   \
  void rms_norm_row(const float* x, const float* gain, float eps, std::int64_t n, float* y, float* rstd);            \
  void rms_norm_row_backward(const float* x, const float* gain, const float* dy, float rstd, std::int64_t n,         \
                             float* dx);                                                                             \
  void rms_norm_columns_backward(const float* x, const float* dy, const float* rstd, std::int64_t rows,              \
                                 std::int64_t n, std::int64_t begin, std::int64_t end, float* dgain);                \
  /* y = f(a) · b, and da += dy · f'(a) · b, db += dy · f(a) */                                                  \
  void gate(Activation kind, const float* a, const float* b, float* y, std::int64_t n);                              \
  void gate_backward(Activation kind, const float* a, const float* b, const float* dy, float* da, float* db,         \
                     std::int64_t n);                                                                                \
  /* Pairs (x[j], x[j + half]) turned by the angle of cosine[j], sine[j] · sign; accumulate: y += */                \
  void rotate(const float* x, const float* cosine, const float* sine, float sign, std::int64_t half, float* y,       \
              bool accumulate);                                                                                      \
  float row_max(const float* x, std::int64_t n);                                                                     \
  /* x = exp(x - shift), returns the sum */                                                                          \
  float exp_shifted(float* x, float shift, std::int64_t n);                                                          \
  void scale(float* x, float factor, std::int64_t n);                                                                \
  float dot(const float* a, const float* b, std::int64_t n);                                                         \
  /* ds = p · (dp - shift) */                                                                                       \
  void softmax_backward(const float* p, const float* dp, float shift, float* ds, std::int64_t n);                    \
  double sum_of_squares(const float* x, std::int64_t n);                                                             \
  /* One step of AdamW (Loshchilov & Hutter 2019): decoupled decay, bias-corrected moments. g is used up: then 0 */  \
  void adamw_step(const AdamW& s, float* p, float* g, float* m, float* v, std::int64_t n);                           \
  /* y[i] = keep(i) ? x[i] / (1 - p) : 0, keep decided by (seed, first + i) alone; accumulate: y[i] += */            \
  void dropout(const float* x, float* y, std::int64_t n, float p, std::uint64_t seed, std::uint64_t first,           \
               bool accumulate);

BALLAST_VECTOR_KERNELS

namespace scalar {
BALLAST_VECTOR_KERNELS
}  // namespace scalar

}  // namespace ballast::engine::kernels
