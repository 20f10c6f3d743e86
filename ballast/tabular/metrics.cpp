// SPDX-License-Identifier: Apache-2.0
#include "ballast/tabular/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/base/random.h"

namespace ballast::tabular {
namespace {

using Size = std::size_t;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kSmallest = 1e-15;  // probabilities of 0 and 1 have an infinite loss when wrong

void check_rows(Size a, Size b) {
  BALLAST_CHECK(a == b, a);
  if (a == 0) throw base::Error(base::ErrorCode::bad_input, "no rows to measure", "metrics", "at least one row");
}

double ratio(double a, double b) {
  return b > 0 ? a / b : 0;
}

ClassScores scores_from(std::int64_t hit, std::int64_t said, std::int64_t truly) {
  const auto h = static_cast<double>(hit), s = static_cast<double>(said), t = static_cast<double>(truly);
  return {ratio(h, s), ratio(h, t), ratio(2 * h, s + t), truly, said};
}

/// Row numbers by falling score.
std::vector<Size> by_falling_score(std::span<const double> scores) {
  std::vector<Size> order(scores.size());
  std::iota(order.begin(), order.end(), Size{0});
  std::stable_sort(order.begin(), order.end(), [&](Size a, Size b) { return scores[a] > scores[b]; });
  return order;
}

/// ECE over bins cut at i·n/bins; probabilities ascending. `bins_out` may be null.
template <class Truth>
double binned_error(std::span<const double> p, const Truth& truth, int bins, std::vector<CalibrationBin>* bins_out) {
  const Size n = p.size(), b = static_cast<Size>(bins);
  double error = 0;
  for (Size i = 0; i < b; ++i) {
    const Size begin = i * n / b, end = (i + 1) * n / b;
    if (begin == end) continue;
    double sum = 0, yes = 0;
    for (Size r = begin; r < end; ++r) {
      sum += p[r];
      yes += truth[r];
    }
    const auto rows = static_cast<double>(end - begin);
    error += std::abs(sum - yes) / static_cast<double>(n);
    if (bins_out != nullptr) bins_out->push_back({static_cast<std::int64_t>(end - begin), sum / rows, yes / rows});
  }
  return error;
}

}  // namespace

std::int64_t ConfusionMatrix::at(int truth, int predicted) const {
  BALLAST_CHECK(truth >= 0 && truth < classes && predicted >= 0 && predicted < classes, truth);
  return counts[static_cast<Size>(truth) * static_cast<Size>(classes) + static_cast<Size>(predicted)];
}

std::int64_t ConfusionMatrix::total() const {
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

ConfusionMatrix confusion_matrix(std::span<const int> truth, std::span<const int> predicted, int classes) {
  check_rows(truth.size(), predicted.size());
  const auto k = static_cast<Size>(classes);
  ConfusionMatrix m{classes, std::vector<std::int64_t>(k * k)};
  for (Size i = 0; i < truth.size(); ++i) {
    BALLAST_CHECK(truth[i] >= 0 && truth[i] < classes, truth[i]);
    BALLAST_CHECK(predicted[i] >= 0 && predicted[i] < classes, predicted[i]);
    ++m.counts[static_cast<Size>(truth[i]) * k + static_cast<Size>(predicted[i])];
  }
  return m;
}

double accuracy(const ConfusionMatrix& m) {
  std::int64_t right = 0;
  for (int c = 0; c < m.classes; ++c) right += m.at(c, c);
  return ratio(static_cast<double>(right), static_cast<double>(m.total()));
}

std::vector<ClassScores> class_scores(const ConfusionMatrix& m) {
  std::vector<ClassScores> out;
  for (int c = 0; c < m.classes; ++c) {
    std::int64_t said = 0, truly = 0;
    for (int o = 0; o < m.classes; ++o) {
      truly += m.at(c, o);
      said += m.at(o, c);
    }
    out.push_back(scores_from(m.at(c, c), said, truly));
  }
  return out;
}

double macro_f1(const ConfusionMatrix& m) {
  double sum = 0, classes = 0;
  for (const auto& c : class_scores(m)) {
    sum += c.f1;
    classes += c.support + c.predicted > 0;
  }
  return ratio(sum, classes);
}

double micro_f1(const ConfusionMatrix& m) {
  return accuracy(m);
}

double matthews_correlation(const ConfusionMatrix& m) {
  // R_K = (c·s − Σ p_k t_k) / √((s² − Σ p_k²)(s² − Σ t_k²)), c right, s all, p_k said, t_k truly of class k.
  const auto s = static_cast<double>(m.total());
  double both = 0, said = 0, truly = 0;
  for (const auto& c : class_scores(m)) {
    const auto p = static_cast<double>(c.predicted), t = static_cast<double>(c.support);
    both += p * t;
    said += p * p;
    truly += t * t;
  }
  const double spread = (s * s - said) * (s * s - truly);
  return spread > 0 ? (accuracy(m) * s * s - both) / std::sqrt(spread) : 0;
}

MultilabelScores multilabel_scores(std::span<const std::uint8_t> truth, std::span<const std::uint8_t> predicted,
                                   int labels) {
  check_rows(truth.size(), predicted.size());
  const auto k = static_cast<Size>(labels);
  BALLAST_CHECK(k > 0 && truth.size() % k == 0, truth.size());
  std::vector<std::int64_t> hit(k), said(k), truly(k);
  Size all_right = 0;
  for (Size r = 0; r < truth.size(); r += k) {
    bool right = true;
    for (Size l = 0; l < k; ++l) {
      const bool t = truth[r + l] != 0, p = predicted[r + l] != 0;
      hit[l] += t && p;
      said[l] += p;
      truly[l] += t;
      right = right && t == p;
    }
    all_right += right;
  }
  MultilabelScores out;
  for (Size l = 0; l < k; ++l) {
    out.labels.push_back(scores_from(hit[l], said[l], truly[l]));
    out.macro_f1 += out.labels.back().f1 / static_cast<double>(k);
  }
  const auto sum = [](const auto& v) { return std::accumulate(v.begin(), v.end(), std::int64_t{0}); };
  out.micro_f1 = scores_from(sum(hit), sum(said), sum(truly)).f1;
  out.subset_accuracy = static_cast<double>(all_right) / static_cast<double>(truth.size() / k);
  return out;
}

double auc(std::span<const double> scores, std::span<const std::uint8_t> truth) {
  check_rows(scores.size(), truth.size());
  const auto order = by_falling_score(scores);
  double above = 0, wins = 0, positives = 0, negatives = 0;  // `above`: positives with a higher score
  for (Size i = 0; i < order.size();) {
    double tied_positives = 0, tied_negatives = 0;
    Size next = i;
    for (; next < order.size() && scores[order[next]] == scores[order[i]]; ++next) {
      (truth[order[next]] ? tied_positives : tied_negatives) += 1;
    }
    wins += tied_negatives * (above + tied_positives / 2);
    above += tied_positives;
    positives += tied_positives;
    negatives += tied_negatives;
    if (next == i) return kNaN;  // a NaN score is equal to nothing, not even to itself
    i = next;
  }
  return positives > 0 && negatives > 0 ? wins / (positives * negatives) : kNaN;
}

double pr_auc(std::span<const double> scores, std::span<const std::uint8_t> truth) {
  check_rows(scores.size(), truth.size());
  const auto order = by_falling_score(scores);
  double hit = 0, area = 0;
  for (Size i = 0; i < order.size();) {
    double tied = 0;
    Size next = i;
    for (; next < order.size() && scores[order[next]] == scores[order[i]]; ++next) tied += truth[order[next]] != 0;
    if (next == i) return kNaN;
    hit += tied;
    area += tied * hit / static_cast<double>(next);
    i = next;
  }
  return hit > 0 ? area / hit : kNaN;
}

double brier_score(std::span<const double> probabilities, std::span<const std::uint8_t> truth) {
  check_rows(probabilities.size(), truth.size());
  double sum = 0;
  for (Size i = 0; i < truth.size(); ++i) sum += std::pow(probabilities[i] - (truth[i] ? 1.0 : 0.0), 2);
  return sum / static_cast<double>(truth.size());
}

double brier_score(std::span<const double> probabilities, std::span<const int> truth, int classes) {
  const auto k = static_cast<Size>(classes);
  check_rows(probabilities.size(), truth.size() * k);
  double sum = 0;
  for (Size i = 0; i < probabilities.size(); ++i) {
    sum += std::pow(probabilities[i] - (static_cast<Size>(truth[i / k]) == i % k ? 1.0 : 0.0), 2);
  }
  return sum / static_cast<double>(truth.size());
}

double log_loss(std::span<const double> probabilities, std::span<const std::uint8_t> truth) {
  check_rows(probabilities.size(), truth.size());
  double sum = 0;
  for (Size i = 0; i < truth.size(); ++i) {
    const double p = std::clamp(probabilities[i], kSmallest, 1 - kSmallest);
    sum -= std::log(truth[i] ? p : 1 - p);
  }
  return sum / static_cast<double>(truth.size());
}

double log_loss(std::span<const double> probabilities, std::span<const int> truth, int classes) {
  const auto k = static_cast<Size>(classes);
  check_rows(probabilities.size(), truth.size() * k);
  double sum = 0;
  for (Size i = 0; i < truth.size(); ++i) {
    BALLAST_CHECK(truth[i] >= 0 && truth[i] < classes, truth[i]);
    sum -= std::log(std::clamp(probabilities[i * k + static_cast<Size>(truth[i])], kSmallest, 1 - kSmallest));
  }
  return sum / static_cast<double>(truth.size());
}

CalibrationReport calibration_report(std::span<const double> probabilities, std::span<const std::uint8_t> truth,
                                     std::uint64_t seed, int bins, int simulations) {
  check_rows(probabilities.size(), truth.size());
  BALLAST_CHECK(bins > 0 && simulations > 0, bins);
  auto order = by_falling_score(probabilities);
  std::reverse(order.begin(), order.end());
  std::vector<double> p;
  std::vector<std::uint8_t> y;
  for (const Size i : order) {
    p.push_back(probabilities[i]);
    y.push_back(truth[i] != 0);
  }
  CalibrationReport report;
  report.ece = binned_error(p, y, bins, &report.bins);
  std::vector<double> chance(static_cast<Size>(simulations));
  base::parallel_for(simulations, [&](std::int64_t s) {
    base::Random random(seed, static_cast<std::uint64_t>(s));
    std::vector<std::uint8_t> drawn(p.size());
    for (Size i = 0; i < p.size(); ++i) drawn[i] = random.uniform() < p[i];
    chance[static_cast<Size>(s)] = binned_error(p, drawn, bins, nullptr);
  });
  std::sort(chance.begin(), chance.end());
  report.chance_95 = quantile(chance, 0.95);
  return report;
}

double quantile(std::span<const double> ascending, double p) {
  BALLAST_CHECK(!ascending.empty() && p >= 0 && p <= 1, p);
  const double at = p * static_cast<double>(ascending.size() - 1);
  const auto low = static_cast<Size>(at);
  if (low + 1 >= ascending.size()) return ascending.back();
  return ascending[low] + (at - static_cast<double>(low)) * (ascending[low + 1] - ascending[low]);
}

}  // namespace ballast::tabular
