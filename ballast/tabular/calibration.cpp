// SPDX-License-Identifier: Apache-2.0
#include "ballast/tabular/calibration.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/base/random.h"
#include "ballast/tabular/metrics.h"

namespace ballast::tabular {
namespace {

using Size = std::size_t;

void check_scores(Size a, Size b) {
  BALLAST_CHECK(a == b, a);
  if (a == 0)
    throw base::Error(base::ErrorCode::bad_input, "no rows to fit on", "calibration", "at least one labelled row");
}

std::vector<Size> all_rows(Size count) {
  std::vector<Size> rows(count);
  std::iota(rows.begin(), rows.end(), Size{0});
  return rows;
}

std::vector<Size> drawn_rows(Size count, std::uint64_t seed, std::int64_t replicate) {
  base::Random random(seed, static_cast<std::uint64_t>(replicate));
  std::vector<Size> rows(count);
  for (auto& r : rows) r = static_cast<Size>(random.below(count));
  return rows;
}

/// First and second derivative of the mean loss with respect to 1/T: E[z] − z_right and Var[z] under the softmax.
struct Slope {
  double first = 0, second = 0;
};

Slope temperature_slope(std::span<const float> logits, std::span<const int> labels, Size k, std::span<const Size> rows,
                        double inverse) {
  Slope slope;
  for (const Size r : rows) {
    const auto z = logits.subspan(r * k, k);
    const double top = *std::max_element(z.begin(), z.end());
    double sum = 0, mean = 0, square = 0;
    for (const float v : z) {
      const double d = static_cast<double>(v) - top, e = std::exp(inverse * d);
      sum += e;
      mean += e * d;
      square += e * d * d;
    }
    mean /= sum;
    slope.first += mean - (static_cast<double>(z[static_cast<Size>(labels[r])]) - top);
    slope.second += square / sum - mean * mean;
  }
  return slope;
}

/// The loss is convex in 1/T: Newton, kept inside a bracket that halves where Newton leaves it.
double temperature_on(std::span<const float> logits, std::span<const int> labels, Size k, std::span<const Size> rows) {
  double low = 1.0 / 64, high = 64, inverse = 1;
  for (int i = 0; i < 100; ++i) {
    const Slope s = temperature_slope(logits, labels, k, rows, inverse);
    (s.first > 0 ? high : low) = inverse;
    double next = s.second > 0 ? inverse - s.first / s.second : low;
    if (!(next > low && next < high)) next = std::sqrt(low * high);
    if (std::abs(next - inverse) < 1e-10 * inverse) break;
    inverse = next;
  }
  return 1 / inverse;
}

void check_classes(std::span<const float> logits, std::span<const int> labels, int classes) {
  check_scores(logits.size(), labels.size() * static_cast<Size>(classes));
  for (const int label : labels) BALLAST_CHECK(label >= 0 && label < classes, label);
}

/// Negative log-likelihood of targets t under logits f, without overflow.
double platt_loss(double f, double t) {
  return f >= 0 ? (1 - t) * f + std::log1p(std::exp(-f)) : -t * f + std::log1p(std::exp(f));
}

PlattScaling platt_on(std::span<const double> scores, std::span<const std::uint8_t> truth, std::span<const Size> rows) {
  double positives = 0;
  for (const Size r : rows) positives += truth[r] != 0;
  const double negatives = static_cast<double>(rows.size()) - positives;
  const double yes = (positives + 1) / (positives + 2), no = 1 / (negatives + 2);
  PlattScaling s{0, std::log((positives + 1) / (negatives + 1))};
  const auto loss = [&](const PlattScaling& at) {
    double sum = 0;
    for (const Size r : rows) sum += platt_loss(at.a * scores[r] + at.b, truth[r] ? yes : no);
    return sum;
  };
  double value = loss(s);
  for (int i = 0; i < 100; ++i) {
    double ga = 0, gb = 0, haa = 1e-12, hbb = 1e-12, hab = 0;  // the small ridge keeps the matrix invertible
    for (const Size r : rows) {
      const double p = s(scores[r]), d = p - (truth[r] ? yes : no), w = p * (1 - p);
      ga += d * scores[r];
      gb += d;
      haa += w * scores[r] * scores[r];
      hab += w * scores[r];
      hbb += w;
    }
    if (std::abs(ga) < 1e-5 && std::abs(gb) < 1e-5) break;
    const double det = haa * hbb - hab * hab;
    const double da = -(hbb * ga - hab * gb) / det, db = -(haa * gb - hab * ga) / det;
    const double slope = ga * da + gb * db;
    double step = 1;
    for (; step >= 1e-10; step /= 2) {
      const PlattScaling next{s.a + step * da, s.b + step * db};
      const double next_value = loss(next);
      if (next_value < value + 1e-4 * step * slope) {
        s = next;
        value = next_value;
        break;
      }
    }
    if (step < 1e-10) break;
  }
  return s;
}

}  // namespace

double fit_temperature(std::span<const float> logits, std::span<const int> labels, int classes) {
  check_classes(logits, labels, classes);
  return temperature_on(logits, labels, static_cast<Size>(classes), all_rows(labels.size()));
}

std::vector<double> bootstrap_temperatures(std::span<const float> logits, std::span<const int> labels, int classes,
                                           int replicates, std::uint64_t seed) {
  check_classes(logits, labels, classes);
  std::vector<double> out(static_cast<Size>(replicates));
  base::parallel_for(replicates, [&](std::int64_t b) {
    out[static_cast<Size>(b)] =
        temperature_on(logits, labels, static_cast<Size>(classes), drawn_rows(labels.size(), seed, b));
  });
  return out;
}

std::vector<double> softmax_at(std::span<const float> logits, double temperature) {
  std::vector<double> p(logits.begin(), logits.end());
  const double top = *std::max_element(p.begin(), p.end());
  double sum = 0;
  for (double& v : p) sum += v = std::exp((v - top) / temperature);
  for (double& v : p) v /= sum;
  return p;
}

double PlattScaling::operator()(double score) const {
  const double f = a * score + b;
  return f >= 0 ? 1 / (1 + std::exp(-f)) : std::exp(f) / (1 + std::exp(f));
}

PlattScaling fit_platt(std::span<const double> scores, std::span<const std::uint8_t> truth) {
  check_scores(scores.size(), truth.size());
  return platt_on(scores, truth, all_rows(truth.size()));
}

std::vector<PlattScaling> bootstrap_platt(std::span<const double> scores, std::span<const std::uint8_t> truth,
                                          int replicates, std::uint64_t seed) {
  check_scores(scores.size(), truth.size());
  std::vector<PlattScaling> out(static_cast<Size>(replicates));
  base::parallel_for(replicates, [&](std::int64_t b) {
    out[static_cast<Size>(b)] = platt_on(scores, truth, drawn_rows(truth.size(), seed, b));
  });
  return out;
}

std::array<double, 2> platt_interval(std::span<const PlattScaling> fits, double score, double level) {
  BALLAST_CHECK(!fits.empty(), fits.size());
  std::vector<double> p;
  for (const auto& fit : fits) p.push_back(fit(score));
  std::sort(p.begin(), p.end());
  return {quantile(p, (1 - level) / 2), quantile(p, (1 + level) / 2)};
}

IsotonicScaling IsotonicScaling::fit(std::span<const double> scores, std::span<const std::uint8_t> truth) {
  check_scores(scores.size(), truth.size());
  auto order = all_rows(scores.size());
  std::stable_sort(order.begin(), order.end(), [&](Size a, Size b) { return scores[a] < scores[b]; });
  struct Block {
    double low, high, yes, rows;
    double mean() const { return yes / rows; }
  };
  std::vector<Block> blocks;
  for (Size i = 0; i < order.size();) {
    Block block{scores[order[i]], scores[order[i]], 0, 0};
    for (; i < order.size() && scores[order[i]] == block.low; ++i) {
      block.yes += truth[order[i]] != 0;
      block.rows += 1;
    }
    BALLAST_CHECK(block.rows > 0, block.low);  // a NaN score
    while (!blocks.empty() && blocks.back().mean() >= block.mean()) {
      block = {blocks.back().low, block.high, block.yes + blocks.back().yes, block.rows + blocks.back().rows};
      blocks.pop_back();
    }
    blocks.push_back(block);
  }
  IsotonicScaling out;
  for (const auto& block : blocks) {
    out.scores_.push_back(block.low);
    out.probabilities_.push_back(block.mean());
    if (block.high > block.low) {
      out.scores_.push_back(block.high);
      out.probabilities_.push_back(block.mean());
    }
  }
  return out;
}

IsotonicScaling IsotonicScaling::from_points(std::vector<double> scores, std::vector<double> probabilities) {
  BALLAST_CHECK(!scores.empty() && scores.size() == probabilities.size(), scores.size());
  BALLAST_CHECK(std::is_sorted(scores.begin(), scores.end()), scores.size());
  IsotonicScaling out;
  out.scores_ = std::move(scores);
  out.probabilities_ = std::move(probabilities);
  return out;
}

double IsotonicScaling::operator()(double score) const {
  const auto above = std::upper_bound(scores_.begin(), scores_.end(), score);
  if (above == scores_.begin()) return probabilities_.front();
  if (above == scores_.end()) return probabilities_.back();
  const auto i = static_cast<Size>(above - scores_.begin());
  const double share = (score - scores_[i - 1]) / (scores_[i] - scores_[i - 1]);
  return probabilities_[i - 1] + share * (probabilities_[i] - probabilities_[i - 1]);
}

F1Threshold best_f1_threshold(std::span<const double> scores, std::span<const std::uint8_t> truth) {
  check_scores(scores.size(), truth.size());
  auto order = all_rows(scores.size());
  std::stable_sort(order.begin(), order.end(), [&](Size a, Size b) { return scores[a] > scores[b]; });
  const auto positives = static_cast<double>(std::count_if(truth.begin(), truth.end(), [](auto t) { return t != 0; }));
  F1Threshold best{std::nextafter(scores[order.front()], std::numeric_limits<double>::infinity()), 0};
  double hit = 0;
  for (Size i = 0; i < order.size(); ++i) {
    hit += truth[order[i]] != 0;
    if (i + 1 < order.size() && scores[order[i + 1]] == scores[order[i]]) continue;
    const double f1 = 2 * hit / (static_cast<double>(i + 1) + positives);
    if (f1 > best.f1) best = {scores[order[i]], f1};
  }
  return best;
}

}  // namespace ballast::tabular
