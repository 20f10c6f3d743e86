// SPDX-License-Identifier: Apache-2.0
// Predictions against labelled rows: the measures that `evaluate` and the training report show.
#include <algorithm>
#include <cmath>
#include <map>

#include "ballast/tabular/bootstrap.h"
#include "ballast/tabular/metrics.h"
#include "classifier_fit.h"

namespace ballast::apps {
namespace {

using base::Json;

constexpr std::size_t kFewLabels = 12;  // up to here each label's F1 gets an interval

Json number_classifier_score(double x) {
  return std::isfinite(x) ? Json(x) : Json(nullptr);
}

Json interval(const tabular::BootstrapInterval& x) {
  return {number_classifier_score(x.low), number_classifier_score(x.high)};
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

/// A measure of rows as one of texts: drawing a text draws all its rows.
class ByText {
 public:
  explicit ByText(const std::vector<std::size_t>& texts) {
    std::map<std::size_t, std::size_t> place;
    for (std::size_t r = 0; r < texts.size(); ++r) {
      const auto [at, fresh] = place.try_emplace(texts[r], rows_.size());
      if (fresh) rows_.emplace_back();
      rows_[at->second].push_back(static_cast<std::int64_t>(r));
    }
  }
  Json interval(const tabular::RowMeasure& measure, std::uint64_t seed) const {
    tabular::BootstrapOptions options;
    options.seed = seed;
    const auto drawn_rows = [&](std::span<const std::int64_t> texts) {
      std::vector<std::int64_t> rows;
      for (const std::int64_t t : texts) {
        const auto& own = rows_[static_cast<std::size_t>(t)];
        rows.insert(rows.end(), own.begin(), own.end());
      }
      return measure(rows);
    };
    const auto x = tabular::bootstrap_interval(static_cast<std::int64_t>(rows_.size()), drawn_rows, options);
    return {number_classifier_score(x.low), number_classifier_score(x.high)};
  }

 private:
  std::vector<std::vector<std::int64_t>> rows_;  // of each text
};

struct ClassRows {
  std::vector<int> truth, said;
  std::vector<std::size_t> texts;            // numbers of the rows' texts
  std::vector<double> probabilities;         // [rows, classes]
  std::vector<double> likeliest;             // probability of what is said
  std::vector<double> likeliest_of_unknown;  // the same for rows of classes that the model was never taught
};

/// Mean F1 of the classes, each weighing as many as its rows.
double weighted_f1(const tabular::ConfusionMatrix& matrix) {
  double sum = 0;
  for (const auto& c : tabular::class_scores(matrix)) sum += c.f1 * static_cast<double>(c.support);
  return sum / static_cast<double>(matrix.total());
}

double share_below(const std::vector<double>& values, double limit) {
  const auto below = std::count_if(values.begin(), values.end(), [&](double p) { return p < limit; });
  return static_cast<double>(below) / static_cast<double>(values.size());
}

/// How often the head refuses rows of known and of unknown classes, and how well it tells the two apart at any limit.
Json score_refusal(const lm::Head& head, const ClassRows& d, std::uint64_t seed) {
  Json json;
  json["below"] = head.refuse_below;
  json["known_refused"] = share_below(d.likeliest, head.refuse_below);
  std::int64_t kept = 0, right = 0;
  for (std::size_t i = 0; i < d.truth.size(); ++i) {
    if (d.likeliest[i] < head.refuse_below) continue;
    ++kept;
    right += d.truth[i] == d.said[i];
  }
  json["accuracy_kept"] = number_classifier_score(static_cast<double>(right) / static_cast<double>(kept));
  if (d.likeliest_of_unknown.empty()) return json;
  json["unknown_rows"] = d.likeliest_of_unknown.size();
  json["unknown_refused"] = share_below(d.likeliest_of_unknown, head.refuse_below);
  std::vector<double> score = d.likeliest;
  score.insert(score.end(), d.likeliest_of_unknown.begin(), d.likeliest_of_unknown.end());
  std::vector<std::uint8_t> known(d.likeliest.size(), 1);
  known.resize(score.size(), 0);
  tabular::BootstrapOptions options;
  options.seed = seed;
  const auto auroc = tabular::bootstrap_interval(
      static_cast<std::int64_t>(score.size()),
      tabular::measure_rows(std::span<const double>(score), std::span<const std::uint8_t>(known),
                            [](auto s, auto k) { return tabular::auc(s, k); }),
      options);
  json["auroc"] = number_classifier_score(auroc.estimate);
  json["auroc_interval_95"] = interval(auroc);
  return json;
}

Json score_classes(const lm::Head& head, const ClassRows& d, std::uint64_t seed, bool confusion) {
  const int classes = static_cast<int>(head.labels.size());
  const auto matrix = tabular::confusion_matrix(d.truth, d.said, classes);
  Json json;
  json["rows"] = d.truth.size();
  json["accuracy"] = tabular::accuracy(matrix);
  json["macro_f1"] = tabular::macro_f1(matrix);
  json["weighted_f1"] = weighted_f1(matrix);
  json["mcc"] = tabular::matthews_correlation(matrix);
  json["log_loss"] = tabular::log_loss(d.probabilities, d.truth, classes);
  json["brier"] = tabular::brier_score(d.probabilities, d.truth, classes);
  std::vector<std::uint8_t> right;
  for (std::size_t i = 0; i < d.truth.size(); ++i) right.push_back(d.truth[i] == d.said[i]);
  json["calibration"] = calibration(d.likeliest, right, seed);
  if (head.refuse_below > 0 || !d.likeliest_of_unknown.empty()) json["refusal"] = score_refusal(head, d, seed);
  const std::span<const int> truth(d.truth), said(d.said);
  const ByText by_text(d.texts);
  const auto measured = [&](auto measure) {
    return by_text.interval(
        tabular::measure_rows(truth, said,
                              [=](auto t, auto p) { return measure(tabular::confusion_matrix(t, p, classes)); }),
        seed);
  };
  json["intervals_95"] = {{"accuracy", measured(tabular::accuracy)},
                          {"macro_f1", measured(tabular::macro_f1)},
                          {"weighted_f1", measured(weighted_f1)}};
  json["labels"] = scores_json(tabular::class_scores(matrix), head.labels);
  for (std::size_t j = 0; head.labels.size() <= kFewLabels && j < head.labels.size(); ++j) {
    json["labels"][head.labels[j]]["f1_interval_95"] =
        measured([j](const tabular::ConfusionMatrix& m) { return tabular::class_scores(m)[j].f1; });
  }
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
    one["auc"] = number_classifier_score(tabular::auc(p, t));
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
        if (rows.classes[h][r] == kNoClass) continue;
        const std::size_t said = lm::likeliest(predictions[r].heads[h]);
        if (rows.classes[h][r] == kUnknownClass) {
          classes.likeliest_of_unknown.push_back(p[said]);
          continue;
        }
        classes.truth.push_back(rows.classes[h][r]);
        classes.texts.push_back(rows.texts_number[r]);
        classes.said.push_back(static_cast<int>(said));
        classes.likeliest.push_back(p[said]);
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
