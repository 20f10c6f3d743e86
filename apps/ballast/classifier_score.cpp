// SPDX-License-Identifier: Apache-2.0
// Predictions against labelled rows: the measures that `evaluate` and the training report show.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "ballast/tabular/bootstrap.h"
#include "ballast/tabular/metrics.h"
#include "classifier_fit.h"

namespace ballast::apps {
namespace {

using base::Json;

Json number(double x) {
  return std::isfinite(x) ? Json(x) : Json(nullptr);
}

Json interval(const tabular::BootstrapInterval& x) {
  return {number(x.low), number(x.high)};
}

Json calibration(const std::vector<double>& p, const std::vector<std::uint8_t>& truth, std::uint64_t seed) {
  const auto report = tabular::calibration_report(p, truth, seed);
  return {{"ece", report.ece}, {"ece_chance_95", report.chance_95}, {"fine", report.fine()}};
}

Json scores_json(const std::vector<tabular::ClassScores>& scores, const std::vector<std::string>& labels) {
  Json json = Json::object();
  for (std::size_t j = 0; j < labels.size(); ++j) {
    json[labels[j]] = {{"precision", scores[j].precision},
                       {"recall", scores[j].recall},
                       {"f1", scores[j].f1},
                       {"support", scores[j].support},
                       {"predicted", scores[j].predicted}};
  }
  return json;
}

struct ClassRows {
  std::vector<int> truth, said;
  std::vector<double> probabilities;  // [rows, classes]
};

Json score_classes(const lm::Head& head, const ClassRows& d, std::uint64_t seed, bool confusion) {
  const int classes = static_cast<int>(head.labels.size());
  const auto matrix = tabular::confusion_matrix(d.truth, d.said, classes);
  Json json;
  json["rows"] = d.truth.size();
  json["accuracy"] = tabular::accuracy(matrix);
  json["macro_f1"] = tabular::macro_f1(matrix);
  json["mcc"] = tabular::matthews_correlation(matrix);
  json["log_loss"] = tabular::log_loss(d.probabilities, d.truth, classes);
  json["brier"] = tabular::brier_score(d.probabilities, d.truth, classes);
  std::vector<double> top;
  std::vector<std::uint8_t> right;
  for (std::size_t i = 0; i < d.truth.size(); ++i) {
    top.push_back(d.probabilities[i * head.labels.size() + static_cast<std::size_t>(d.said[i])]);
    right.push_back(d.truth[i] == d.said[i]);
  }
  json["calibration"] = calibration(top, right, seed);
  const auto rows = static_cast<std::int64_t>(d.truth.size());
  const std::span<const int> truth(d.truth), said(d.said);
  tabular::BootstrapOptions options;
  options.seed = seed;
  const auto measured = [&](double (*measure)(const tabular::ConfusionMatrix&)) {
    return tabular::bootstrap_interval(
        rows,
        tabular::measure_rows(truth, said,
                              [=](auto t, auto p) { return measure(tabular::confusion_matrix(t, p, classes)); }),
        options);
  };
  json["intervals_95"] = {{"accuracy", interval(measured(tabular::accuracy))},
                          {"macro_f1", interval(measured(tabular::macro_f1))}};
  json["labels"] = scores_json(tabular::class_scores(matrix), head.labels);
  if (confusion) {
    json["confusion"] = Json::array();
    for (int t = 0; t < classes; ++t) {
      Json row = Json::array();
      for (int p = 0; p < classes; ++p) row.push_back(matrix.at(t, p));
      json["confusion"].push_back(row);
    }
  }
  return json;
}

struct LabelRows {
  std::vector<std::uint8_t> truth, said;  // [rows, labels]
  std::vector<double> probabilities;
};

Json score_labels(const lm::Head& head, const LabelRows& d, std::uint64_t seed) {
  const auto labels = static_cast<int>(head.labels.size());
  const auto scores = tabular::multilabel_scores(d.truth, d.said, labels);
  const auto rows = static_cast<std::int64_t>(d.truth.size()) / labels;
  Json json;
  json["rows"] = rows;
  json["subset_accuracy"] = scores.subset_accuracy;
  json["macro_f1"] = scores.macro_f1;
  json["micro_f1"] = scores.micro_f1;
  json["brier"] = tabular::brier_score(d.probabilities, d.truth);
  json["calibration"] = calibration(d.probabilities, d.truth, seed);
  const std::span<const std::uint8_t> truth(d.truth), said(d.said);
  tabular::BootstrapOptions options;
  options.seed = seed;
  const auto measured = [&](auto pick) {
    return tabular::bootstrap_interval(
        rows,
        tabular::measure_rows(
            truth, said, [=](auto t, auto p) { return pick(tabular::multilabel_scores(t, p, labels)); }, labels,
            labels),
        options);
  };
  using Scores = tabular::MultilabelScores;
  json["intervals_95"] = {{"macro_f1", interval(measured([](const Scores& s) { return s.macro_f1; }))},
                          {"micro_f1", interval(measured([](const Scores& s) { return s.micro_f1; }))},
                          {"subset_accuracy", interval(measured([](const Scores& s) { return s.subset_accuracy; }))}};
  json["labels"] = scores_json(scores.labels, head.labels);
  for (std::size_t j = 0; j < head.labels.size(); ++j) {
    std::vector<double> p;
    std::vector<std::uint8_t> t;
    for (std::size_t i = j; i < d.truth.size(); i += head.labels.size()) {
      p.push_back(d.probabilities[i]);
      t.push_back(d.truth[i]);
    }
    Json& one = json["labels"][head.labels[j]];
    one["auc"] = number(tabular::auc(p, t));
    one["brier"] = tabular::brier_score(p, t);
    one["f1_interval_95"] = interval(measured([j](const Scores& s) { return s.labels[j].f1; }));
  }
  return json;
}

}  // namespace

base::Json score_predictions(const LabelledRows& rows, const std::vector<lm::Prediction>& predictions,
                             std::uint64_t seed, bool confusion) {
  Json json = Json::object();
  for (std::size_t h = 0; h < rows.heads.size(); ++h) {
    const lm::Head& head = rows.heads[h];
    ClassRows classes;
    LabelRows labels;
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const std::vector<double>& p = predictions[r].heads[h].probabilities;
      if (head.kind == lm::HeadKind::multiclass) {
        if (rows.classes[h][r] < 0) continue;
        classes.truth.push_back(rows.classes[h][r]);
        classes.said.push_back(static_cast<int>(std::max_element(p.begin(), p.end()) - p.begin()));
        classes.probabilities.insert(classes.probabilities.end(), p.begin(), p.end());
        continue;
      }
      labels.truth.insert(labels.truth.end(), rows.sets[h][r].begin(), rows.sets[h][r].end());
      for (std::size_t j = 0; j < p.size(); ++j) labels.said.push_back(p[j] >= head.thresholds[j]);
      labels.probabilities.insert(labels.probabilities.end(), p.begin(), p.end());
    }
    json[head.name] = head.kind == lm::HeadKind::multiclass ? score_classes(head, classes, seed, confusion)
                                                            : score_labels(head, labels, seed);
  }
  return json;
}

}  // namespace ballast::apps
