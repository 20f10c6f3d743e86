// SPDX-License-Identifier: Apache-2.0
#include "ballast/engine/loss.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"

namespace ballast::engine {
namespace {

/// Rows of n logits in memory at a time. In training many, since the table is read and packed anew for each chunk, but
/// 200 MiB in all.
std::int64_t chunk_rows(std::int64_t n, bool training) {
  constexpr std::int64_t kFewest = 256, kMost = 1024, kLogits = std::int64_t{50} << 20;
  return training ? std::clamp(kLogits / n / kFewest * kFewest, kFewest, kMost) : kFewest;
}

constexpr std::int64_t kColumns = 64;

/// Loss of one row; turns the logits into gradients (times `weight`) when `gradient` is set.
double cross_entropy_row(float* x, std::int64_t n, std::int32_t label, float smoothing, float weight, bool gradient,
                         float* scratch) {
  const float top = kernels::row_max(x, n);
  const float at_label = x[label];
  double spread = 0;  // Σ_j x_j, for the smoothed part
  if (smoothing > 0) {
    for (std::int64_t j = 0; j < n; ++j) spread += x[j];
  }
  float* p = gradient ? x : scratch;
  if (!gradient) std::copy_n(x, n, scratch);
  const float sum = kernels::exp_shifted(p, top, n);
  const double log_sum = static_cast<double>(top) + std::log(static_cast<double>(sum));
  const double loss = (1.0 - smoothing) * (log_sum - at_label) +
                      (smoothing > 0 ? smoothing * (log_sum - spread / static_cast<double>(n)) : 0.0);
  if (gradient) {
    kernels::scale(p, weight / sum, n);
    if (smoothing > 0) {
      const float everywhere = weight * smoothing / static_cast<float>(n);
      for (std::int64_t j = 0; j < n; ++j) p[j] -= everywhere;
    }
    p[label] -= weight * (1.0f - smoothing);
  }
  return loss;
}

double counted(std::span<const std::int32_t> labels) {
  return static_cast<double>(std::count_if(labels.begin(), labels.end(), [](std::int32_t l) { return l != kIgnore; }));
}

/// Adds the losses of rows [0, rows) of x (in place when training) to `sum`, one after the other.
void cross_entropy_rows(float* x, std::int64_t rows, std::int64_t n, const std::int32_t* labels, float smoothing,
                        float weight, bool gradient, Arena& arena, double& sum) {
  auto* losses = static_cast<double*>(arena.allocate(static_cast<std::size_t>(rows) * sizeof(double)));
  float* scratch = gradient ? nullptr : arena.floats(rows * n);
  base::parallel_for(rows, [&](std::int64_t i) {
    float* row = x + i * n;
    if (labels[i] == kIgnore) {
      losses[i] = 0;
      if (gradient) std::fill_n(row, n, 0.0f);
      return;
    }
    BALLAST_CHECK(labels[i] >= 0 && labels[i] < n, labels[i]);
    losses[i] = cross_entropy_row(row, n, labels[i], smoothing, weight, gradient, scratch ? scratch + i * n : nullptr);
  });
  for (std::int64_t i = 0; i < rows; ++i) sum += losses[i];
}

float row_weight(const LossOptions& options, double count) {
  const double divisor = options.count > 0 ? options.count : count;
  return divisor > 0 ? static_cast<float>(options.scale / divisor) : 0.0f;
}

}  // namespace

LossResult cross_entropy(Tape& tape, Value logits, std::span<const std::int32_t> labels, const LossOptions& options) {
  BALLAST_CHECK(static_cast<std::int64_t>(labels.size()) == logits.rows, logits.rows);
  float* gradient = tape.training() ? tape.gradient(logits) : nullptr;
  const Arena::Mark mark = tape.arena().mark();
  LossResult result{0, counted(labels)};
  const float weight = row_weight(options, result.count);
  if (tape.training()) {
    float* dx = tape.arena().floats(logits.size());
    std::copy_n(logits.data, logits.size(), dx);
    cross_entropy_rows(dx, logits.rows, logits.cols, labels.data(), options.label_smoothing, weight, true, tape.arena(),
                       result.sum);
    kernels::add_to(gradient, dx, logits.size());
  } else {
    cross_entropy_rows(logits.data, logits.rows, logits.cols, labels.data(), options.label_smoothing, weight, false,
                       tape.arena(), result.sum);
  }
  tape.arena().release(mark);
  return result;
}

LossResult cross_entropy_over_vocabulary(Tape& tape, Value x, Parameter& table, Parameter* bias,
                                         std::span<const std::int32_t> labels, const LossOptions& options) {
  BALLAST_CHECK(static_cast<std::int64_t>(labels.size()) == x.rows && table.cols() == x.cols, x.rows);
  const std::int64_t n = table.rows(), d = x.cols;
  const bool training = tape.training();
  const Tape::Target dx = training ? tape.target(x) : Tape::Target{nullptr, false};
  const Arena::Mark mark = tape.arena().mark();
  const std::int64_t chunk = chunk_rows(n, training);
  float* logits = tape.arena().floats(std::min(chunk, x.rows) * n);
  LossResult result{0, counted(labels)};
  const float weight = row_weight(options, result.count);
  for (std::int64_t r = 0; r < x.rows; r += chunk) {
    const std::int64_t rows = std::min(chunk, x.rows - r);
    const float* xr = x.data + r * d;
    if (!training && table.packed) {
      gemm(rows, {xr, d, false}, *table.packed, logits, n, false);
    } else {
      gemm(rows, n, d, {xr, d, false}, {table.value, d, true}, logits, n, false, tape.precision());
    }
    if (bias != nullptr) {
      base::parallel_for(rows, [&](std::int64_t i) { kernels::add_to(logits + i * n, bias->value, n); });
    }
    const Arena::Mark inner = tape.arena().mark();
    cross_entropy_rows(logits, rows, n, labels.data() + r, options.label_smoothing, weight, training, tape.arena(),
                       result.sum);
    tape.arena().release(inner);
    if (!training) continue;
    if (bias != nullptr && bias->grad != nullptr) {
      base::parallel_ranges(n, kColumns, [&](std::int64_t begin, std::int64_t end) {
        kernels::add_column_sums(logits, rows, n, begin, end, bias->grad);
      });
    }
    if (table.grad != nullptr) {
      gemm(n, d, rows, {logits, n, true}, {xr, d, false}, table.grad, d, true, tape.precision());
    }
    gemm(rows, d, n, {logits, n, false}, {table.value, d, false}, dx.data + r * d, d, dx.add, tape.precision());
  }
  tape.arena().release(mark);
  return result;
}

LossResult binary_cross_entropy(Tape& tape, Value logits, std::span<const float> targets,
                                std::span<const float> positive_weights, const LossOptions& options) {
  BALLAST_CHECK(static_cast<std::int64_t>(targets.size()) == logits.size(), logits.rows);
  LossResult result{0, static_cast<double>(logits.rows)};
  const double weight = static_cast<double>(row_weight(options, result.count)) / static_cast<double>(logits.cols);
  float* gradient = tape.training() ? tape.gradient(logits) : nullptr;
  for (std::int64_t i = 0; i < logits.size(); ++i) {
    const double t = targets[static_cast<std::size_t>(i)], x = logits.data[i];
    if (t < 0) continue;
    const double up = positive_weights.empty() ? 1.0 : positive_weights[static_cast<std::size_t>(i % logits.cols)];
    // log(1 + e^-|x|) keeps both tails exact.
    const double tail = std::log1p(std::exp(-std::abs(x)));
    const double positive = std::max(-x, 0.0) + tail, negative = std::max(x, 0.0) + tail;
    result.sum += (up * t * positive + (1 - t) * negative) / static_cast<double>(logits.cols);
    if (gradient != nullptr) {
      const double p = 1 / (1 + std::exp(-x));
      gradient[i] += static_cast<float>(weight * ((1 - t) * p - up * t * (1 - p)));
    }
  }
  return result;
}

void log_softmax_row(float* x, std::int64_t n) {
  const float top = kernels::row_max(x, n);
  double sum = 0;
  for (std::int64_t j = 0; j < n; ++j) sum += std::exp(static_cast<double>(x[j]) - top);
  const double log_sum = static_cast<double>(top) + std::log(sum);
  for (std::int64_t j = 0; j < n; ++j) x[j] = static_cast<float>(x[j] - log_sum);
}

void softmax_row(float* x, std::int64_t n) {
  const float sum = kernels::exp_shifted(x, kernels::row_max(x, n), n);
  kernels::scale(x, 1.0f / sum, n);
}

}  // namespace ballast::engine
