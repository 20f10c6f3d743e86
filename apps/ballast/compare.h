// SPDX-License-Identifier: Apache-2.0
// What the tasks of `ballast compare` share: options, rows with what the checks need of them, and the interface that
// each task fills in.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/govern/comparison.h"
#include "ballast/govern/split_checks.h"
#include "ballast/ingest/record.h"
#include "verb.h"

namespace ballast::apps {

struct CompareArguments {
  std::string task;
  std::vector<std::string> data, test, text_columns, drop, categorical;
  std::string label, positive, column, lexicon, model, split, group, time, available;
  double epochs = 0, lr = 0, level = 0.99;  // 0: the task's own
  int folds = 5, window = 250;
  bool no_language_model = false;
};

/// Everything that a comparison's result depends on, for the record; and back.
base::Json to_json(const CompareArguments& arguments);
CompareArguments arguments_from(const base::Json& json, const std::string& where);

/// One task: reads its data, says what the checks have to see, trains and scores every method on the same rows.
class CompareTask {
 public:
  virtual ~CompareTask() = default;
  /// For the checks; empty where the task's own protocol rules out what they look for (walking forward).
  virtual govern::SplitRows rows() const = 0;
  /// Leaves out the rows that are marked (by the numbers of rows()).
  virtual void drop(std::span<const std::uint8_t> marked) = 0;
  /// Names of the checks that only this task has.
  virtual std::vector<std::string> own_checks() const { return {}; }
  /// What they found, a line each.
  virtual std::vector<std::string> own_findings() { return {}; }
  virtual govern::Comparison compare() = 0;
  /// "train.csv (3354 rows) to dev.csv (504 rows)".
  virtual std::string data_words() const = 0;
  /// How it was judged, and what else to know, after compare().
  virtual std::vector<std::string> notes() const = 0;
  /// The model that it starts from, where there is one: name and hash.
  virtual std::pair<std::string, std::string> base_model() const { return {"", ""}; }
};

std::unique_ptr<CompareTask> make_text_task(const CompareArguments& arguments, const Common& common);
std::unique_ptr<CompareTask> make_multilabel_task(const CompareArguments& arguments, const Common& common);
std::unique_ptr<CompareTask> make_table_task(const CompareArguments& arguments, const Common& common);
std::unique_ptr<CompareTask> make_sessions_task(const CompareArguments& arguments, const Common& common);
std::unique_ptr<CompareTask> make_volatility_task(const CompareArguments& arguments, const Common& common);
std::unique_ptr<CompareTask> make_var_task(const CompareArguments& arguments, const Common& common);
std::unique_ptr<CompareTask> make_direction_task(const CompareArguments& arguments, const Common& common);

/// Names of the tasks.
std::vector<std::string> compare_tasks();
/// Throws usage with the nearest name.
std::unique_ptr<CompareTask> make_task(const CompareArguments& arguments, const Common& common);

/// Rows of some files with the columns that must be there; the bad ones are set aside and said.
struct CompareSide {
  std::vector<std::string> files;
  std::vector<ingest::Record> rows;
};
CompareSide read_side(const std::vector<std::string>& files, const std::vector<std::string>& required,
                      const std::string& option, const Common& common);

/// Source, line, fold, group, time and availability of a row go to the end of `rows`. Throws bad_input naming file,
/// line and column for a time that is none.
void add_split_row(const ingest::Record& row, int fold, const CompareArguments& arguments, govern::SplitRows& rows);

/// Who judges whom where there is no file of evaluation rows: the last fifth by time where there is a time column, else
/// folds: whole groups together where there is a group column, else `classes` spread evenly.
std::vector<int> assign_folds(const std::vector<ingest::Record>& rows, std::span<const int> classes, int folds,
                              const CompareArguments& arguments, std::uint64_t seed);

/// Seconds and memory of the pieces of a method's work.
class CostMeter {
 public:
  CostMeter();
  /// Runs and times; what `work` gives back is given back.
  template <class Work>
  auto train(Work work) {
    return timed(cost_.train_seconds, work);
  }
  template <class Work>
  auto score(Work work) {
    return timed(cost_.score_seconds, work);
  }
  govern::MethodCost cost() const;

 private:
  static double now();
  template <class Work>
  auto timed(double& seconds, Work& work) {
    const double start = now();
    auto result = work();
    seconds += now() - start;
    return result;
  }
  govern::MethodCost cost_;
  std::int64_t resident_ = 0;
};

/// Sum of two methods' costs, for one that needs both.
govern::MethodCost operator+(const govern::MethodCost& a, const govern::MethodCost& b);

/// SHA-256 and size of the files that `write` puts into a fresh folder, for models that live as files.
std::pair<std::string, std::int64_t> measure_files(const std::function<void(const std::string& folder)>& write);

/// Index of the rows that `keep` holds 1 for.
std::vector<std::int64_t> rows_where(std::span<const std::uint8_t> marked, bool value);

}  // namespace ballast::apps
