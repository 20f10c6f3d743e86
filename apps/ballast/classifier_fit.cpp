// SPDX-License-Identifier: Apache-2.0
#include "classifier_fit.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "ballast/tabular/calibration.h"
#include "ballast/tabular/metrics.h"

namespace ballast::apps {
namespace {

constexpr int kFewestPositives = 5;  // of a label, before its threshold may lie below one half

constexpr int kMixes = 20;           // weights tried between the branches: 0, 1/20 … 1
constexpr double kMostCertain = 20;  // log-odds: separable rows would drive every probability to exactly 1, and no
                                     // limit of refusal could tell them apart
constexpr int kReplicates = 100;     // bootstrap refits kept for intervals

/// One head's columns of both branches and what is true.
struct HeadData {
  std::size_t labels = 0;
  std::vector<float> transformer, ngram;  // [rows, labels]; one may be empty
  std::vector<int> classes;               // multiclass
  std::vector<std::uint8_t> truth;        // multilabel, [rows, labels]
};

std::vector<float> columns(const std::vector<float>& all, std::size_t outputs, std::size_t first, std::size_t count,
                           const std::vector<std::size_t>& rows) {
  std::vector<float> own;
  if (all.empty()) return own;
  for (const std::size_t r : rows) {
    const float* row = all.data() + r * outputs + first;
    own.insert(own.end(), row, row + count);
  }
  return own;
}

HeadData head_data(const LabelledRows& rows, const OutOfFold& logits, std::size_t h, std::size_t first) {
  HeadData d;
  d.labels = rows.heads[h].labels.size();
  std::vector<std::size_t> known;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    if (rows.heads[h].kind == lm::HeadKind::multiclass) {
      if (rows.classes[h][r] < 0) continue;
      d.classes.push_back(rows.classes[h][r]);
    } else {
      d.truth.insert(d.truth.end(), rows.sets[h][r].begin(), rows.sets[h][r].end());
    }
    known.push_back(r);
  }
  d.transformer = columns(logits.transformer, logits.outputs, first, d.labels, known);
  d.ngram = columns(logits.ngram, logits.outputs, first, d.labels, known);
  return d;
}

std::vector<float> mixed(const HeadData& d, double a, double b) {
  std::vector<float> score(std::max(d.transformer.size(), d.ngram.size()));
  for (std::size_t i = 0; i < score.size(); ++i) {
    score[i] = static_cast<float>((d.transformer.empty() ? 0 : a * static_cast<double>(d.transformer[i])) +
                                  (d.ngram.empty() ? 0 : b * static_cast<double>(d.ngram[i])));
  }
  return score;
}

struct ClassifierFitColumn {
  std::vector<double> score;
  std::vector<std::uint8_t> truth;
};
ClassifierFitColumn column(const std::vector<float>& score, const HeadData& d, std::size_t label) {
  ClassifierFitColumn c;
  for (std::size_t i = label; i < score.size(); i += d.labels) {
    c.score.push_back(score[i]);
    c.truth.push_back(d.truth[i]);
  }
  return c;
}

/// Macro-F1 of a mix: of the likeliest class, or of each label at its best threshold.
double mix_f1(const HeadData& d, bool multilabel, const std::vector<float>& score) {
  if (multilabel) {
    double sum = 0;
    for (std::size_t j = 0; j < d.labels; ++j) {
      const ClassifierFitColumn c = column(score, d, j);
      sum += tabular::best_f1_threshold(c.score, c.truth).f1;
    }
    return sum / static_cast<double>(d.labels);
  }
  std::vector<int> said;
  for (std::size_t i = 0; i < score.size(); i += d.labels) {
    const float* row = score.data() + i;
    said.push_back(static_cast<int>(std::max_element(row, row + d.labels) - row));
  }
  return tabular::macro_f1(tabular::confusion_matrix(d.classes, said, static_cast<int>(d.labels)));
}

/// A branch's natural scale: dividing by it makes the two comparable.
double scale_of(const std::vector<float>& logits) {
  double sum = 0, squares = 0;
  for (const float x : logits) {
    sum += x;
    squares += static_cast<double>(x) * x;
  }
  const double n = static_cast<double>(logits.size()), mean = sum / n;
  return std::sqrt(std::max(1e-12, squares / n - mean * mean));
}

/// Judged by macro-F1, not by likelihood: the transformer sharpens probabilities (calibration does that as well) more
/// often than it corrects decisions. A mix is judged together with its two neighbours, since a single one may win by a
/// few rows; among equals the one that leans on the n-grams wins.
void choose_mix(const HeadData& d, bool multilabel, lm::HeadSpec& spec) {
  if (d.ngram.empty()) return;
  if (d.transformer.empty()) {
    spec.transformer_weight = 0;
    spec.ngram_weight = 1;
    return;
  }
  const double a = 1 / scale_of(d.transformer), b = 1 / scale_of(d.ngram);
  std::vector<double> f1;
  for (int i = 0; i <= kMixes; ++i) {
    const double share = static_cast<double>(i) / kMixes;
    f1.push_back(mix_f1(d, multilabel, mixed(d, share * a, (1 - share) * b)));
  }
  double best = -1;
  for (int i = 0; i <= kMixes; ++i) {
    const int from = std::max(0, i - 1), to = std::min(kMixes, i + 1);
    const double around = std::accumulate(f1.begin() + from, f1.begin() + to + 1, 0.0) / (to - from + 1);
    if (around <= best) continue;
    best = around;
    const double share = static_cast<double>(i) / kMixes;
    spec.transformer_weight = share * a;
    spec.ngram_weight = (1 - share) * b;
  }
}

/// The largest lead of a row's best score over its second best.
double widest_lead(const std::vector<float>& score, std::size_t labels) {
  double widest = 0;
  for (std::size_t i = 0; i < score.size(); i += labels) {
    std::vector<float> row(score.begin() + static_cast<std::ptrdiff_t>(i),
                           score.begin() + static_cast<std::ptrdiff_t>(i + labels));
    std::nth_element(row.begin(), row.begin() + 1, row.end(), std::greater<>());
    const auto [second, best] = std::minmax(row[0], row[1]);
    widest = std::max(widest, static_cast<double>(best) - static_cast<double>(second));
  }
  return widest;
}

void calibrate_labels(const HeadData& d, std::uint64_t seed, lm::HeadSpec& spec) {
  const std::vector<float> score = mixed(d, spec.transformer_weight, spec.ngram_weight);
  for (std::size_t j = 0; j < d.labels; ++j) {
    const ClassifierFitColumn c = column(score, d, j);
    const auto platt = tabular::fit_platt(c.score, c.truth);
    spec.platt.push_back({platt.a, platt.b});
    spec.bootstrap.emplace_back();
    for (const auto& fit : tabular::bootstrap_platt(c.score, c.truth, kReplicates, seed)) {
      spec.bootstrap.back().push_back({fit.a, fit.b});
    }
    std::vector<double> p;
    for (const double s : c.score) p.push_back(platt(s));
    double threshold = std::min(1.0, tabular::best_f1_threshold(p, c.truth).threshold);
    // One positive that ranks low has its best F1 where nearly every text is listed.
    if (std::count(c.truth.begin(), c.truth.end(), std::uint8_t{1}) < kFewestPositives)
      threshold = std::max(threshold, 0.5);
    spec.head.thresholds.push_back(threshold);
  }
}

}  // namespace

lm::ClassifierSpec fit_classifier(const LabelledRows& rows, const OutOfFold& logits, std::uint64_t seed) {
  lm::ClassifierSpec spec;
  std::size_t first = 0;
  for (std::size_t h = 0; h < rows.heads.size(); ++h) {
    lm::HeadSpec head;
    head.head = rows.heads[h];
    head.head.thresholds.clear();
    const bool multilabel = head.head.kind == lm::HeadKind::multilabel;
    const HeadData d = head_data(rows, logits, h, first);
    choose_mix(d, multilabel, head);
    if (multilabel) {
      calibrate_labels(d, seed, head);
    } else {
      const std::vector<float> score = mixed(d, head.transformer_weight, head.ngram_weight);
      head.temperature = std::max(tabular::fit_temperature(score, d.classes, static_cast<int>(d.labels)),
                                  widest_lead(score, d.labels) / kMostCertain);
    }
    first += d.labels;
    spec.heads.push_back(std::move(head));
  }
  return spec;
}

double refusal_threshold(std::vector<double> likeliest, double known_refused) {
  if (likeliest.empty()) return 0;
  std::sort(likeliest.begin(), likeliest.end());
  return likeliest[static_cast<std::size_t>(known_refused * static_cast<double>(likeliest.size()))];
}

void fit_refusal(const LabelledRows& rows, const std::vector<lm::Prediction>& predictions, double known_refused,
                 lm::ClassifierSpec& spec) {
  for (std::size_t h = 0; h < spec.heads.size(); ++h) {
    if (rows.heads[h].kind != lm::HeadKind::multiclass) continue;
    std::vector<double> top;
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const lm::HeadPrediction& p = predictions[r].heads[h];
      if (rows.classes[h][r] >= 0) top.push_back(p.probabilities[lm::likeliest(p)]);
    }
    spec.heads[h].head.refuse_below = refusal_threshold(std::move(top), known_refused);
    spec.heads[h].known_refused = known_refused;
  }
}

std::vector<lm::Prediction> predict_from_logits(const lm::ClassifierSpec& spec, const OutOfFold& logits) {
  const auto row_of = [](const std::vector<float>& branch, std::size_t first) {
    return branch.empty() ? nullptr : branch.data() + first;
  };
  std::vector<lm::Prediction> predictions(std::max(logits.transformer.size(), logits.ngram.size()) / logits.outputs);
  for (std::size_t r = 0; r < predictions.size(); ++r) {
    std::size_t first = r * logits.outputs;
    for (const lm::HeadSpec& head : spec.heads) {
      predictions[r].heads.push_back(
          lm::predict_head(head, row_of(logits.transformer, first), row_of(logits.ngram, first)));
      first += head.head.labels.size();
    }
  }
  return predictions;
}

}  // namespace ballast::apps
