// SPDX-License-Identifier: Apache-2.0
// The data-quality report: what is wrong, odd or too good to be true in a table, before anyone learns from it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ballast/tabular/table.h"

namespace ballast::tabular {

enum class FindingSeverity {
  note,     // worth knowing
  warning,  // look at it before training
  leakage,  // the column seems to know the label: figures from this table cannot be trusted
};

/// One thing that was found. Kinds: missing, outliers, special_code, constant, identifier, duplicates,
/// contradictions, one_class_values, missing_pattern, single_column, imputation_trace.
struct Finding {
  std::string kind;
  FindingSeverity severity = FindingSeverity::note;
  std::vector<std::string> columns;
  std::string text;  // one sentence with the figures
};

struct ColumnQuality {
  std::string name;
  ColumnKind kind = ColumnKind::numeric;
  std::int64_t missing = 0, distinct = 0;
  std::int64_t not_whole = 0;  // numeric: values with a fraction
  std::int64_t outliers = 0;   // numeric: more than three interquartile ranges outside the quartiles (Tukey's far-out)
  double min = 0, median = 0, mean = 0, max = 0;  // numeric; NaN where no value is there
  double auc = 0;  // how well the column alone tells the label, out of fold; NaN without a label
};

struct QualityReport {
  std::int64_t rows = 0, duplicates = 0;
  std::vector<ColumnQuality> columns;
  std::vector<Finding> findings;  // the gravest first

  bool leakage_suspected() const;
  /// Columns named by findings of leakage, without repetition.
  std::vector<std::string> leaking_columns() const;
  base::Json to_json() const;
};

/// `truth` may be empty: then nothing is said about leakage. The leakage rules, with the reasons for their bounds in
/// the source:
///  - single_column: a column alone reaches an out-of-fold AUC of 0.95.
///  - missing_pattern: which values are missing reaches 0.9, or the rows missing a column are of one class only.
///  - imputation_trace: a column of (mostly) whole numbers holds repeated fractions, each in one class only, such as
///    class means filled in for missing values.
///  - one_class_values: repeated values that occur in one class only, for both classes.
QualityReport quality_report(const Table& inputs, std::span<const std::uint8_t> truth);

const char* severity_name(FindingSeverity severity);

}  // namespace ballast::tabular
