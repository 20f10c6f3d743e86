// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/ngram/linear.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/base/random.h"
#include "ballast/lm/ngram/lbfgs.h"

namespace ballast::lm {
namespace {

constexpr std::int64_t kRowsAPiece = 64, kFeaturesAPiece = 512;  // fixed: the order of sums is part of the result

using Size = std::size_t;

/// Value and gradient of the objective. Parameters are [features + 1, outputs]; the last row is the intercept.
class LinearObjective {
 public:
  LinearObjective(const SparseMatrix& x, const SparseMatrix& columns, const LinearTask& task)
      : x_(x), columns_(columns), task_(task), k_(static_cast<Size>(task.outputs)), residual_(task.targets.size()) {}

  /// Fits on the rows whose flag is set.
  void use(const std::vector<char>& active, double c) {
    active_ = active;
    c_ = c;
    weigh();
  }

  double operator()(std::span<const float> w, std::span<float> gradient) {
    const double loss = forward(w);
    std::vector<double> squares(pieces(x_.cols + 1, kFeaturesAPiece));
    base::parallel_ranges(x_.cols + 1, kFeaturesAPiece, [&](std::int64_t begin, std::int64_t end) {
      double sum = 0;
      for (auto f = begin; f < end; ++f) sum += backward(f, w, gradient);
      squares[static_cast<Size>(begin / kFeaturesAPiece)] = sum;
    });
    return loss + 0.5 * std::accumulate(squares.begin(), squares.end(), 0.0);
  }

  std::vector<float> scores(std::span<const float> w) const {
    std::vector<float> out(task_.targets.size());
    base::parallel_ranges(x_.rows, kRowsAPiece, [&](std::int64_t begin, std::int64_t end) {
      for (auto r = begin; r < end; ++r) score(r, w, out.data() + static_cast<Size>(r) * k_);
    });
    return out;
  }

 private:
  static Size pieces(std::int64_t count, std::int64_t piece) { return static_cast<Size>((count + piece - 1) / piece); }

  /// Class weights: sklearn's "balanced" over the active rows, or 1.
  void weigh() {
    true_weight_.assign(k_, 1.0);
    false_weight_.assign(k_, 1.0);
    if (!task_.balanced) return;
    std::vector<double> yes(k_), no(k_);
    for (Size r = 0; r < active_.size(); ++r) {
      for (Size o = 0; active_[r] && o < k_; ++o) {
        yes[o] += task_.targets[r * k_ + o] == 1;
        no[o] += task_.targets[r * k_ + o] == 0;
      }
    }
    const double rows = std::accumulate(yes.begin(), yes.end(), 0.0);
    for (Size o = 0; o < k_; ++o) {
      if (task_.loss == LinearLoss::softmax) {
        true_weight_[o] = rows / (static_cast<double>(k_) * std::max(yes[o], 1.0));
      } else {
        true_weight_[o] = (yes[o] + no[o]) / (2 * std::max(yes[o], 1.0));
        false_weight_[o] = (yes[o] + no[o]) / (2 * std::max(no[o], 1.0));
      }
    }
  }

  void score(std::int64_t r, std::span<const float> w, float* z) const {
    std::copy_n(w.data() + static_cast<Size>(x_.cols) * k_, k_, z);
    for (auto e = static_cast<Size>(x_.start[static_cast<Size>(r)]);
         e < static_cast<Size>(x_.start[static_cast<Size>(r) + 1]); ++e) {
      const float v = x_.value[e];
      const float* wf = w.data() + static_cast<Size>(x_.index[e]) * k_;
      for (Size o = 0; o < k_; ++o) z[o] += v * wf[o];
    }
  }

  /// Losses of all rows; leaves d loss / d score in residual_.
  double forward(std::span<const float> w) {
    std::vector<double> losses(pieces(x_.rows, kRowsAPiece));
    base::parallel_ranges(x_.rows, kRowsAPiece, [&](std::int64_t begin, std::int64_t end) {
      double sum = 0;
      for (auto r = begin; r < end; ++r) {
        float* z = residual_.data() + static_cast<Size>(r) * k_;
        const std::int8_t* y = task_.targets.data() + static_cast<Size>(r) * k_;
        if (!active_[static_cast<Size>(r)]) {
          std::fill_n(z, k_, 0.0f);
          continue;
        }
        score(r, w, z);
        sum += task_.loss == LinearLoss::softmax ? softmax_loss(z, y) : sigmoid_loss(z, y);
      }
      losses[static_cast<Size>(begin / kRowsAPiece)] = sum;
    });
    return std::accumulate(losses.begin(), losses.end(), 0.0);
  }

  double softmax_loss(float* z, const std::int8_t* y) const {
    const auto right = static_cast<Size>(std::find(y, y + k_, 1) - y);
    if (right == k_) {  // unknown
      std::fill_n(z, k_, 0.0f);
      return 0;
    }
    const double top = *std::max_element(z, z + k_), score_right = z[right];
    double sum = 0;
    for (Size o = 0; o < k_; ++o) {
      const float e = std::exp(z[o] - static_cast<float>(top));
      z[o] = e;
      sum += e;
    }
    const double weight = c_ * true_weight_[right];
    for (Size o = 0; o < k_; ++o) z[o] *= static_cast<float>(weight / sum);
    z[right] -= static_cast<float>(weight);
    return weight * (std::log(sum) + top - score_right);
  }

  double sigmoid_loss(float* z, const std::int8_t* y) const {
    double loss = 0;
    for (Size o = 0; o < k_; ++o) {
      if (y[o] < 0) {
        z[o] = 0;
        continue;
      }
      const double sign = y[o] ? 1 : -1, weight = c_ * (y[o] ? true_weight_[o] : false_weight_[o]);
      const double margin = sign * static_cast<double>(z[o]), e = std::exp(-std::abs(margin));
      loss += weight * (std::log1p(e) + std::max(0.0, -margin));
      z[o] = static_cast<float>(-sign * weight * (margin > 0 ? e : 1.0) / (1 + e));
    }
    return loss;
  }

  /// Gradient of one feature's weights; returns their squared length.
  double backward(std::int64_t f, std::span<const float> w, std::span<float> gradient) const {
    const float* wf = w.data() + static_cast<Size>(f) * k_;
    float* g = gradient.data() + static_cast<Size>(f) * k_;
    std::copy_n(wf, k_, g);
    if (f == x_.cols) {
      for (Size r = 0; r < static_cast<Size>(x_.rows); ++r) {
        for (Size o = 0; o < k_; ++o) g[o] += residual_[r * k_ + o];
      }
    } else {
      for (auto e = static_cast<Size>(columns_.start[static_cast<Size>(f)]);
           e < static_cast<Size>(columns_.start[static_cast<Size>(f) + 1]); ++e) {
        const float v = columns_.value[e];
        const float* residual = residual_.data() + static_cast<Size>(columns_.index[e]) * k_;
        for (Size o = 0; o < k_; ++o) g[o] += v * residual[o];
      }
    }
    double squares = 0;
    for (Size o = 0; o < k_; ++o) squares += static_cast<double>(wf[o]) * static_cast<double>(wf[o]);
    return squares;
  }

  const SparseMatrix& x_;
  const SparseMatrix& columns_;
  const LinearTask& task_;
  Size k_;
  double c_ = 1;
  std::vector<char> active_;
  std::vector<double> true_weight_, false_weight_;
  std::vector<float> residual_;  // [rows, outputs]
};

/// One fit from where `w` stands. The stopping length is that at zero weights, so that a warm start stops no earlier.
LbfgsResult solve(LinearObjective& objective, const std::vector<char>& active, double c, std::vector<float>& w,
                  const LinearOptions& options) {
  objective.use(active, c);
  std::vector<float> zero(w.size()), gradient(w.size());
  objective(zero, gradient);
  LbfgsOptions lbfgs;
  lbfgs.tolerance = options.tolerance;
  lbfgs.max_iterations = options.max_iterations;
  lbfgs.reference = std::sqrt(dot_ordered(gradient, gradient));
  return minimise_lbfgs(
      w, [&](std::span<const float> at, std::span<float> g) { return objective(at, g); }, lbfgs);
}

}  // namespace

double linear_macro_f1(std::span<const float> scores, const LinearTask& task, std::span<const std::int64_t> rows) {
  const auto k = static_cast<Size>(task.outputs);
  std::vector<std::int64_t> hit(k), wrong(k), missed(k);
  for (const auto r : rows) {
    const float* z = scores.data() + static_cast<Size>(r) * k;
    const std::int8_t* y = task.targets.data() + static_cast<Size>(r) * k;
    const auto best = static_cast<Size>(std::max_element(z, z + k) - z);
    for (Size o = 0; o < k; ++o) {
      if (y[o] < 0) continue;
      const bool says = task.loss == LinearLoss::multilabel ? z[o] > 0 : o == best;
      hit[o] += says && y[o];
      wrong[o] += says && !y[o];
      missed[o] += !says && y[o];
    }
  }
  double sum = 0, classes = 0;
  for (Size o = 0; o < k; ++o) {
    const auto all = 2 * hit[o] + wrong[o] + missed[o];
    if (all > 0) sum += 2.0 * static_cast<double>(hit[o]) / static_cast<double>(all);
    classes += all > 0 || task.loss == LinearLoss::multilabel;
  }
  return classes > 0 ? sum / classes : 0;
}

LinearFit fit_linear(const SparseMatrix& rows, const LinearTask& task, const LinearOptions& options) {
  if (rows.rows == 0)
    throw base::Error(base::ErrorCode::bad_input, "no rows to fit on", "linear model", "labelled texts");
  BALLAST_CHECK(task.targets.size() == static_cast<Size>(rows.rows * task.outputs), task.targets.size());
  BALLAST_CHECK(!options.c_grid.empty(), options.c_grid.size());
  const SparseMatrix columns = rows.transposed();
  LinearObjective objective(rows, columns, task);
  const auto count = static_cast<Size>(rows.rows);
  std::vector<float> w((static_cast<Size>(rows.cols) + 1) * static_cast<Size>(task.outputs));
  LinearFit fit;
  fit.c = options.c_grid.front();

  const auto held = static_cast<Size>(std::ceil(options.held_out * static_cast<double>(count)));
  if (options.c_grid.size() > 1 && held > 0 && held < count) {
    std::vector<std::int64_t> order(count);
    std::iota(order.begin(), order.end(), 0);
    base::Random(options.seed).shuffle(std::span(order));
    const auto test = std::span(order).first(held);
    std::vector<char> active(count, 1);
    for (const auto r : test) active[static_cast<Size>(r)] = 0;
    std::vector<float> best = w;
    double best_f1 = -1;
    for (const double c : options.c_grid) {
      solve(objective, active, c, w, options);
      const double f1 = linear_macro_f1(objective.scores(w), task, test);
      fit.held_out_f1.push_back(f1);
      if (f1 >= best_f1) {  // equal: the larger C, as in text_linear.py
        best_f1 = f1;
        fit.c = c;
        best = w;
      }
    }
    w = std::move(best);
  }
  const auto last = solve(objective, std::vector<char>(count, 1), fit.c, w, options);
  fit.iterations = last.iterations;
  fit.converged = last.converged;
  const auto split = w.end() - task.outputs;
  fit.bias.assign(split, w.end());
  w.erase(split, w.end());
  fit.weight = std::move(w);
  return fit;
}

}  // namespace ballast::lm
