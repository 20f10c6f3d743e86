// SPDX-License-Identifier: Apache-2.0
// Typed columns. Rows of CSV or JSON files come in, a table of numeric and categorical columns with missing values goes
// out, together with a schema that reads later rows the same way. Cells that do not fit set their row aside.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/ingest/record.h"

namespace ballast::tabular {

enum class ColumnKind { numeric, categorical };

/// What is known of a column from the rows it was inferred on.
struct ColumnSpec {
  std::string name;
  ColumnKind kind = ColumnKind::numeric;
  bool integer = false;             // numeric: every value is whole
  bool had_missing = false;         // some value was missing
  std::vector<std::string> levels;  // categorical: the values seen, ascending
};

struct Schema {
  std::vector<ColumnSpec> columns;

  const ColumnSpec* find(std::string_view name) const;
  std::vector<std::string> names() const;
  base::Json to_json() const;
  /// Throws bad_input naming `where`.
  static Schema from_json(const base::Json& json, const std::string& where);
};

constexpr int kMissingCode = -1;  // no value
constexpr int kUnseenCode = -2;   // a value that the schema does not know

struct Column {
  ColumnSpec spec;
  std::vector<double> numbers;  // numeric, NaN = missing; empty for categorical
  std::vector<int> codes;       // categorical: index into spec.levels, or one of the two above; empty for numeric

  bool missing(std::int64_t row) const;
};

struct Table {
  std::vector<Column> columns;
  std::vector<std::int64_t> lines;  // where each row came from, from 1

  std::int64_t rows() const { return static_cast<std::int64_t>(lines.size()); }
  const Column* find(std::string_view name) const;
  /// Throws not_found with the nearest name.
  const Column& at(std::string_view name) const;
  Schema schema() const;
  /// The given rows (from 0, in that order). Levels stay as they are.
  Table take(std::span<const std::int64_t> rows) const;
  /// All columns but these. Unknown names are ignored.
  Table without(std::span<const std::string> names) const;
  /// Exactly these columns, in this order. Throws not_found.
  Table only(std::span<const std::string> names) const;
};

struct TableOptions {
  ingest::ReadOptions reading;
  std::vector<std::string> categorical;  // columns whose values are names even where they look like numbers
  std::vector<std::string> drop;         // columns left out
};

/// The text of a cell that says "no value": empty, NA, N/A, NaN, null, none-case variants, "?" and ".".
bool is_missing_text(std::string_view text);

/// The number that the whole text spells, NaN where it spells none; `finite` is false for infinities.
double number_in(std::string_view text, bool& finite);

/// Reads files with the same columns and infers each column's kind: numeric where at least 95 % of its values are
/// numbers (rows with the others are set aside, column named), else categorical. A row with an infinite number is set
/// aside too. Throws not_found, io, or bad_input (no usable row, a named column that does not exist).
Table read_table(std::span<const std::string> files, const TableOptions& options = {},
                 const ingest::QuarantineSink& quarantine = {});

/// The same inference over rows that are at hand, for callers that read the files themselves.
Table infer_table(std::span<const ingest::Record> rows, const TableOptions& options = {},
                  const ingest::QuarantineSink& quarantine = {});

/// Reads rows as a schema says, in its column order. A column that no row has is Error(bad_input) naming it. A row is
/// set aside where a numeric cell holds no number, or where a value is missing in a column that had none missing in
/// training (nothing was learnt about it). A value of a categorical column that the schema does not know is
/// kUnseenCode.
Table table_as(const Schema& schema, std::span<const ingest::Record> rows,
               const ingest::QuarantineSink& quarantine = {});
Table read_table_as(const Schema& schema, std::span<const std::string> files, const ingest::ReadOptions& reading = {},
                    const ingest::QuarantineSink& quarantine = {});

/// 1 where the column's value is `positive` (compared as text; numbers by value), else 0. Rows with a missing label
/// must have been left out. Throws bad_input when only one class is there, naming the values found.
std::vector<std::uint8_t> binary_truth(const Column& column, const std::string& positive);

/// Rows whose label is there, for take(); the others go to quarantine.
std::vector<std::int64_t> labelled_rows(const Table& table, const Column& label, const std::string& source,
                                        const ingest::QuarantineSink& quarantine = {});

/// The value of a cell as text (numbers in shortest form, "" for missing).
std::string cell_text(const Column& column, std::int64_t row);

}  // namespace ballast::tabular
