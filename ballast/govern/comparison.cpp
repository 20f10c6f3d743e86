// SPDX-License-Identifier: Apache-2.0
#include "ballast/govern/comparison.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "ballast/base/error.h"
#include "ballast/base/random.h"
#include "ballast/tabular/bootstrap.h"
#include "ballast/tabular/metrics.h"
#include "ballast/tabular/roc.h"
#include "ballast/tabular/significance.h"

namespace ballast::govern {
namespace {

using tabular::RowMeasure;

constexpr std::int64_t kBlockDays = 21;  // a month of trading days: volatility clusters about so long
constexpr std::uint64_t kCalibrationStream = 0xca11b;

/// Measures of one method: each a function of drawn rows.
struct Measured {
  std::vector<Measure> measures;
  std::vector<RowMeasure> functions;
  void add(const std::string& name, bool higher, RowMeasure function) {
    measures.push_back({name, higher});
    functions.push_back(std::move(function));
  }
};

/// The mean of a number a row.
RowMeasure mean_of(std::vector<double> values) {
  return [values = std::move(values)](std::span<const std::int64_t> rows) {
    double sum = 0;
    for (const auto r : rows) sum += values[static_cast<std::size_t>(r)];
    return sum / static_cast<double>(rows.size());
  };
}

class Judge {
 public:
  Judge(const std::string& task, std::int64_t rows, std::vector<MethodRun> runs, const JudgeOptions& options)
      : runs_(std::move(runs)), options_{options.replicates, 0.95, options.seed} {
    if (rows <= 0 || runs_.empty()) {
      throw base::Error(base::ErrorCode::bad_input, "there are no rows or no methods to compare", task);
    }
    c_.task = task;
    c_.rows = rows;
    for (const MethodRun& run : runs_) {
      c_.methods.push_back(
          {run.name, run.family, run.note, run.model_hash, run.model_bytes, {}, {}, run.extra, run.cost});
    }
  }

  const std::vector<MethodRun>& runs() const { return runs_; }

  /// Bootstraps each measure of method `m` over `units` (rows, or blocks of them).
  void measure(std::size_t m, Measured measured, std::int64_t units) {
    for (const RowMeasure& function : measured.functions) {
      const auto i = tabular::bootstrap_interval(units, function, options_);
      c_.methods[m].measures.push_back({i.estimate, i.low, i.high});
    }
    c_.measures = measured.measures;
    functions_.push_back(std::move(measured.functions));
  }
  /// In shuffled order: bins of equal mass cut through equal probabilities, and rows may be sorted by their label.
  void calibrate(std::size_t m, std::span<const double> probabilities, std::span<const std::uint8_t> right) {
    std::vector<std::size_t> order(probabilities.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    base::Random random(options_.seed, kCalibrationStream);
    random.shuffle(std::span<std::size_t>(order));
    std::vector<double> p;
    std::vector<std::uint8_t> r;
    for (const std::size_t i : order) {
      p.push_back(probabilities[i]);
      r.push_back(right[i]);
    }
    const auto report = tabular::calibration_report(p, r, options_.seed);
    c_.methods[m].calibration = CalibrationFigures{report.ece, report.chance_95};
  }
  void set_estimate(std::size_t m, std::size_t k, const Estimate& estimate) { c_.methods[m].measures[k] = estimate; }
  void decide_by(std::size_t measure) { c_.primary = measure; }

  /// Every pair; `p_value` tells two methods apart and may set the interval of their difference.
  void test_pairs(const std::string& name, const std::function<double(std::size_t, std::size_t, Estimate&)>& p_value,
                  std::int64_t units) {
    std::vector<double> p;
    for (std::size_t a = 0; a < runs_.size(); ++a) {
      for (std::size_t b = a + 1; b < runs_.size(); ++b) {
        PairTest test{a, b, name, {}, 1, 1};
        const auto paired =
            tabular::bootstrap_difference(units, functions_[a][c_.primary], functions_[b][c_.primary], options_);
        test.difference = {paired.difference.estimate, paired.difference.low, paired.difference.high};
        test.p_value = p_value ? p_value(a, b, test.difference) : paired.p_value;
        p.push_back(test.p_value);
        c_.tests.push_back(std::move(test));
      }
    }
    const std::vector<double> corrected = tabular::holm_adjusted(p);
    for (std::size_t i = 0; i < corrected.size(); ++i) c_.tests[i].p_holm = corrected[i];
  }

  Comparison finish() {
    c_.verdict = decide_verdict(c_);
    return std::move(c_);
  }

 private:
  std::vector<MethodRun> runs_;
  tabular::BootstrapOptions options_;
  std::vector<std::vector<RowMeasure>> functions_;  // [method][measure]
  Comparison c_;
};

std::vector<int> said_classes(const MethodRun& run, int classes) {
  std::vector<int> said;
  const auto width = static_cast<std::ptrdiff_t>(classes);
  for (auto row = run.probabilities.begin(); row != run.probabilities.end(); row += width) {
    said.push_back(static_cast<int>(std::max_element(row, row + width) - row));
  }
  return said;
}

/// A measure of the confusion matrix of drawn rows.
RowMeasure of_confusion(std::span<const int> truth, std::vector<int> said, int classes,
                        double (*function)(const tabular::ConfusionMatrix&)) {
  return [=, said = std::move(said)](std::span<const std::int64_t> rows) {
    tabular::ConfusionMatrix m{classes, std::vector<std::int64_t>(static_cast<std::size_t>(classes * classes))};
    for (const auto r : rows) {
      const auto i = static_cast<std::size_t>(r);
      ++m.counts[static_cast<std::size_t>(truth[i] * classes + said[i])];
    }
    return function(m);
  };
}

/// Log loss and Brier score of each row.
std::pair<std::vector<double>, std::vector<double>> class_losses(const MethodRun& run, std::span<const int> truth,
                                                                 int classes) {
  std::vector<double> logs, squares;
  for (std::size_t r = 0; r < truth.size(); ++r) {
    const std::span<const double> p(run.probabilities.data() + r * static_cast<std::size_t>(classes),
                                    static_cast<std::size_t>(classes));
    const std::span<const int> t = truth.subspan(r, 1);
    logs.push_back(tabular::log_loss(p, t, classes));
    squares.push_back(tabular::brier_score(p, t, classes));
  }
  return {std::move(logs), std::move(squares)};
}

using Ranking = double (*)(std::span<const double>, std::span<const std::uint8_t>);

RowMeasure of_ranking(std::span<const std::uint8_t> truth, std::span<const double> scores, Ranking function) {
  return tabular::measure_rows(truth, scores, [function](auto t, auto s) { return function(s, t); });
}

/// Precision, recall or F1 of what a method marks, in the drawn rows.
RowMeasure of_marks(std::span<const std::uint8_t> truth, std::span<const std::uint8_t> said,
                    double tabular::ClassScores::*figure) {
  return tabular::measure_rows(
      truth, said, [figure](auto t, auto s) { return tabular::multilabel_scores(t, s, 1).labels.front().*figure; });
}

}  // namespace

const char* family_name(Family family) {
  switch (family) {
    case Family::language_model:
      return "language model";
    case Family::traditional:
      return "traditional";
    case Family::hybrid:
      return "hybrid";
    case Family::baseline:
      return "baseline";
  }
  return "";
}

Comparison judge_classes(const std::string& task, std::span<const int> truth, int classes, std::vector<MethodRun> runs,
                         const JudgeOptions& options) {
  const auto rows = static_cast<std::int64_t>(truth.size());
  Judge judge(task, rows, std::move(runs), options);
  std::vector<std::vector<std::uint8_t>> right;
  for (std::size_t m = 0; m < judge.runs().size(); ++m) {
    const MethodRun& run = judge.runs()[m];
    BALLAST_CHECK(run.probabilities.size() == truth.size() * static_cast<std::size_t>(classes),
                  run.probabilities.size());
    const std::vector<int> said = said_classes(run, classes);
    auto [logs, squares] = class_losses(run, truth, classes);
    Measured measured;
    measured.add("accuracy", true, of_confusion(truth, said, classes, tabular::accuracy));
    measured.add("macro-F1", true, of_confusion(truth, said, classes, tabular::macro_f1));
    measured.add("MCC", true, of_confusion(truth, said, classes, tabular::matthews_correlation));
    measured.add("log loss", false, mean_of(std::move(logs)));
    measured.add("Brier", false, mean_of(std::move(squares)));
    judge.measure(m, std::move(measured), rows);
    std::vector<double> confidence;
    auto& hits = right.emplace_back();
    for (std::size_t r = 0; r < truth.size(); ++r) {
      confidence.push_back(
          run.probabilities[r * static_cast<std::size_t>(classes) + static_cast<std::size_t>(said[r])]);
      hits.push_back(said[r] == truth[r]);
    }
    judge.calibrate(m, confidence, hits);
  }
  judge.test_pairs(
      "McNemar mid-p",
      [&](std::size_t a, std::size_t b, Estimate&) { return tabular::mcnemar(right[a], right[b]).mid_p; }, rows);
  return judge.finish();
}

Comparison judge_labels(const std::string& task, std::span<const std::uint8_t> truth, int labels,
                        std::vector<MethodRun> runs, const JudgeOptions& options) {
  const auto rows = static_cast<std::int64_t>(truth.size()) / labels;
  Judge judge(task, rows, std::move(runs), options);
  for (std::size_t m = 0; m < judge.runs().size(); ++m) {
    const MethodRun& run = judge.runs()[m];
    BALLAST_CHECK(run.probabilities.size() == truth.size() && run.said.size() == truth.size(), run.said.size());
    const auto of_labels = [&](double tabular::MultilabelScores::*figure) {
      return tabular::measure_rows(
          truth, std::span<const std::uint8_t>(run.said),
          [=](auto t, auto s) { return tabular::multilabel_scores(t, s, labels).*figure; }, labels, labels);
    };
    Measured measured;
    measured.add("macro-F1", true, of_labels(&tabular::MultilabelScores::macro_f1));
    measured.add("micro-F1", true, of_labels(&tabular::MultilabelScores::micro_f1));
    measured.add("all right", true, of_labels(&tabular::MultilabelScores::subset_accuracy));
    measured.add("Brier", false,
                 tabular::measure_rows(
                     truth, std::span<const double>(run.probabilities),
                     [](auto t, auto p) { return tabular::brier_score(p, t); }, labels, labels));
    judge.measure(m, std::move(measured), rows);
    judge.calibrate(m, run.probabilities, truth);
  }
  judge.test_pairs("paired bootstrap", {}, rows);
  return judge.finish();
}

Comparison judge_events(const std::string& task, std::span<const std::uint8_t> truth, std::vector<MethodRun> runs,
                        const JudgeOptions& options) {
  const auto rows = static_cast<std::int64_t>(truth.size());
  Judge judge(task, rows, std::move(runs), options);
  for (std::size_t m = 0; m < judge.runs().size(); ++m) {
    const std::vector<double>& p = judge.runs()[m].probabilities;
    BALLAST_CHECK(p.size() == truth.size(), p.size());
    std::vector<double> logs, squares;
    for (std::size_t r = 0; r < truth.size(); ++r) {
      logs.push_back(tabular::log_loss(std::span(p).subspan(r, 1), truth.subspan(r, 1)));
      squares.push_back(tabular::brier_score(std::span(p).subspan(r, 1), truth.subspan(r, 1)));
    }
    Measured measured;
    measured.add("AUC", true, of_ranking(truth, p, tabular::auc));
    measured.add("average precision", true, of_ranking(truth, p, tabular::pr_auc));
    measured.add("Brier", false, mean_of(std::move(squares)));
    measured.add("log loss", false, mean_of(std::move(logs)));
    judge.measure(m, std::move(measured), rows);
    const auto auc = tabular::auc_with_interval(p, truth);
    judge.set_estimate(m, 0, {auc.auc, auc.low, auc.high});
    judge.calibrate(m, p, truth);
  }
  if (options.rare_event) {
    judge.decide_by(1);
    judge.test_pairs("paired bootstrap", {}, rows);
    return judge.finish();
  }
  judge.test_pairs(
      "DeLong",
      [&](std::size_t a, std::size_t b, Estimate& difference) {
        const auto test = tabular::compare_auc(judge.runs()[a].probabilities, judge.runs()[b].probabilities, truth);
        difference = {test.difference, test.low, test.high};
        return test.p_value;
      },
      rows);
  return judge.finish();
}

Comparison judge_detection(const std::string& task, std::span<const std::uint8_t> truth, std::vector<MethodRun> runs,
                           const JudgeOptions& options) {
  const auto rows = static_cast<std::int64_t>(truth.size());
  Judge judge(task, rows, std::move(runs), options);
  for (std::size_t m = 0; m < judge.runs().size(); ++m) {
    const MethodRun& run = judge.runs()[m];
    BALLAST_CHECK(run.scores.size() == truth.size() && run.said.size() == truth.size(), run.scores.size());
    Measured measured;
    measured.add("average precision", true, of_ranking(truth, run.scores, tabular::pr_auc));
    measured.add("AUC", true, of_ranking(truth, run.scores, tabular::auc));
    measured.add("F1", true, of_marks(truth, run.said, &tabular::ClassScores::f1));
    measured.add("precision", true, of_marks(truth, run.said, &tabular::ClassScores::precision));
    measured.add("recall", true, of_marks(truth, run.said, &tabular::ClassScores::recall));
    judge.measure(m, std::move(measured), rows);
  }
  judge.test_pairs("paired bootstrap", {}, rows);
  return judge.finish();
}

Comparison judge_losses(const std::string& task, const std::string& measure, std::vector<MethodRun> runs,
                        const JudgeOptions& options) {
  const auto days = static_cast<std::int64_t>(runs.empty() ? 0 : runs.front().losses.size());
  Judge judge(task, days, std::move(runs), options);
  const std::int64_t blocks = (days + kBlockDays - 1) / kBlockDays;
  for (std::size_t m = 0; m < judge.runs().size(); ++m) {
    const std::vector<double>& losses = judge.runs()[m].losses;
    BALLAST_CHECK(static_cast<std::int64_t>(losses.size()) == days, losses.size());
    Measured measured;
    measured.add(measure, false, [&losses, days](std::span<const std::int64_t> drawn) {
      double sum = 0, count = 0;
      for (const std::int64_t block : drawn) {
        for (std::int64_t d = block * kBlockDays; d < std::min(days, (block + 1) * kBlockDays); ++d) {
          sum += losses[static_cast<std::size_t>(d)];
          count += 1;
        }
      }
      return sum / count;
    });
    judge.measure(m, std::move(measured), blocks);
  }
  judge.test_pairs(
      "Diebold-Mariano",
      [&](std::size_t a, std::size_t b, Estimate& difference) {
        const auto test = tabular::diebold_mariano(judge.runs()[a].losses, judge.runs()[b].losses);
        difference = {test.difference, test.low, test.high};
        return test.p_value;
      },
      blocks);
  return judge.finish();
}

}  // namespace ballast::govern
