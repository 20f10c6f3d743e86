// SPDX-License-Identifier: Apache-2.0
// Reads rows into typed columns, with or without a schema.
#include "ballast/tabular/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include "ballast/base/error.h"

namespace ballast::tabular {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
// A column with this share of numbers is numeric and its other cells are mistakes; below, its values are names.
constexpr double kNumericShare = 0.95;

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

struct TextCell {
  std::string text;  // trimmed
  double number = kMissing;
  bool missing = false, finite = true;
};

TextCell cell_of(const ingest::Record& row, const std::string& column) {
  const std::optional<std::string> text = row.text(column);
  if (!text || is_missing_text(trimmed(*text))) return {"", kMissing, true, true};
  TextCell cell{std::string(trimmed(*text)), kMissing, false, true};
  cell.number = number_in(cell.text, cell.finite);
  return cell;
}

/// The columns of all rows in order of appearance.
std::vector<std::string> all_columns(std::span<const ingest::Record> rows) {
  std::vector<std::string> names;
  std::set<std::string> known;
  const void* last = nullptr;
  for (const ingest::Record& row : rows) {
    if (row.names != nullptr && row.names.get() == last) continue;  // the same CSV header again
    last = row.names.get();
    for (const std::string& name : row.columns()) {
      if (known.insert(name).second) names.push_back(name);
    }
  }
  return names;
}

void require_known(const std::vector<std::string>& wanted, const std::vector<std::string>& names) {
  for (const std::string& name : wanted) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      throw Error(ErrorCode::not_found, "there is no column \"" + name + "\"", "",
                  "the nearest is \"" + ingest::nearest_name(name, names) + "\"");
    }
  }
}

/// A column's cells with the kind that they suggest. Rows that do not fit are marked in `problem`.
Column infer_column(const std::string& name, std::span<const ingest::Record> rows, bool categorical,
                    std::vector<std::string>& problem, std::vector<std::string>& problem_column) {
  std::vector<TextCell> cells;
  cells.reserve(rows.size());
  std::size_t values = 0, numbers = 0;
  for (const ingest::Record& row : rows) {
    cells.push_back(cell_of(row, name));
    values += cells.back().missing ? 0 : 1;
    numbers += cells.back().missing || (std::isnan(cells.back().number) && cells.back().finite) ? 0 : 1;
  }
  Column column;
  column.spec.name = name;
  const bool numeric = !categorical && static_cast<double>(numbers) >= kNumericShare * static_cast<double>(values);
  column.spec.kind = numeric ? ColumnKind::numeric : ColumnKind::categorical;
  const auto set_aside = [&](std::size_t row, const std::string& reason) {
    if (problem[row].empty()) problem[row] = reason, problem_column[row] = name;
  };
  if (numeric) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      column.numbers.push_back(cells[i].number);
      if (cells[i].missing) continue;
      if (!cells[i].finite)
        set_aside(i, "is not a finite number: " + cells[i].text.substr(0, 40));
      else if (std::isnan(cells[i].number))
        set_aside(i, "is not a number: " + cells[i].text.substr(0, 40));
    }
    return column;
  }
  std::set<std::string> levels;
  for (const TextCell& cell : cells) {
    if (!cell.missing) levels.insert(cell.text);
  }
  column.spec.levels.assign(levels.begin(), levels.end());
  for (const TextCell& cell : cells) {
    const auto at = std::lower_bound(column.spec.levels.begin(), column.spec.levels.end(), cell.text);
    column.codes.push_back(cell.missing ? kMissingCode : static_cast<int>(at - column.spec.levels.begin()));
  }
  return column;
}

/// What the kept rows say about a column.
void describe_column(Column& column, std::int64_t rows) {
  column.spec.had_missing = false;
  column.spec.integer = column.spec.kind == ColumnKind::numeric;
  std::vector<std::uint8_t> used(column.spec.levels.size(), 0);
  for (std::int64_t i = 0; i < rows; ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (column.missing(i)) {
      column.spec.had_missing = true;
    } else if (column.spec.kind == ColumnKind::numeric) {
      column.spec.integer = column.spec.integer && column.numbers[at] == std::floor(column.numbers[at]);
    } else {
      used[static_cast<std::size_t>(column.codes[at])] = 1;
    }
  }
  std::vector<std::string> levels;
  std::vector<int> moved(used.size(), 0);
  for (std::size_t l = 0; l < used.size(); ++l) {
    moved[l] = static_cast<int>(levels.size());
    if (used[l] != 0) levels.push_back(column.spec.levels[l]);
  }
  for (int& code : column.codes) {
    if (code >= 0) code = moved[static_cast<std::size_t>(code)];
  }
  column.spec.levels = std::move(levels);
}

std::vector<ingest::Record> read_rows(std::span<const std::string> files, const ingest::ReadOptions& reading,
                                      const ingest::QuarantineSink& quarantine) {
  std::vector<ingest::Record> rows;
  for (const std::string& file : files) {
    auto reader = ingest::RecordReader::open(file, reading, quarantine);
    for (ingest::Record row; reader.next(row);) rows.push_back(row);
  }
  if (rows.empty()) throw Error(ErrorCode::bad_input, "holds no usable row", files.empty() ? "" : files.front());
  return rows;
}

Table keep_good(Table table, std::span<const ingest::Record> rows, const std::vector<std::string>& problem,
                const std::vector<std::string>& problem_column, const ingest::QuarantineSink& quarantine) {
  std::vector<std::int64_t> good;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (problem[i].empty()) {
      good.push_back(static_cast<std::int64_t>(i));
    } else if (quarantine) {
      quarantine({rows[i].source, rows[i].line, problem_column[i], problem[i], ""});
    }
  }
  if (good.empty()) {
    throw Error(ErrorCode::bad_input, "no row can be used",
                fmt::format("{}:{}", rows.front().source, rows.front().line),
                "the first one: column \"" + problem_column.front() + "\" " + problem.front());
  }
  return good.size() == rows.size() ? table : table.take(good);
}

}  // namespace

bool is_missing_text(std::string_view text) {
  if (text.size() > 4) return false;
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower.empty() || lower == "na" || lower == "n/a" || lower == "nan" || lower == "null" || lower == "?" ||
         lower == "." || lower == "<na>";
}

double number_in(std::string_view text, bool& finite) {
  finite = true;
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || end != text.data() + text.size()) return kMissing;
  if (error == std::errc::result_out_of_range || std::isinf(value)) {
    finite = false;
    return kMissing;
  }
  return error == std::errc() ? value : kMissing;
}

bool Column::missing(std::int64_t row) const {
  const auto at = static_cast<std::size_t>(row);
  return spec.kind == ColumnKind::numeric ? std::isnan(numbers[at]) : codes[at] == kMissingCode;
}

const Column* Table::find(std::string_view name) const {
  const auto it = std::find_if(columns.begin(), columns.end(), [&](const Column& c) { return c.spec.name == name; });
  return it == columns.end() ? nullptr : &*it;
}

const Column& Table::at(std::string_view name) const {
  const Column* column = find(name);
  if (column == nullptr) {
    const Schema known = schema();
    throw Error(ErrorCode::not_found, "there is no column \"" + std::string(name) + "\"", "",
                "the nearest is \"" + ingest::nearest_name(std::string(name), known.names()) + "\"");
  }
  return *column;
}

Schema Table::schema() const {
  Schema schema;
  for (const Column& column : columns) schema.columns.push_back(column.spec);
  return schema;
}

Table Table::take(std::span<const std::int64_t> rows) const {
  Table out;
  for (const std::int64_t r : rows) out.lines.push_back(lines[static_cast<std::size_t>(r)]);
  for (const Column& column : columns) {
    Column& copy = out.columns.emplace_back();
    copy.spec = column.spec;
    for (const std::int64_t r : rows) {
      const auto at = static_cast<std::size_t>(r);
      if (column.spec.kind == ColumnKind::numeric)
        copy.numbers.push_back(column.numbers[at]);
      else
        copy.codes.push_back(column.codes[at]);
    }
  }
  return out;
}

Table Table::without(std::span<const std::string> names) const {
  Table out;
  out.lines = lines;
  for (const Column& column : columns) {
    if (std::find(names.begin(), names.end(), column.spec.name) == names.end()) out.columns.push_back(column);
  }
  return out;
}

Table Table::only(std::span<const std::string> names) const {
  Table out;
  out.lines = lines;
  for (const std::string& name : names) out.columns.push_back(at(name));
  return out;
}

Table infer_table(std::span<const ingest::Record> rows, const TableOptions& options,
                  const ingest::QuarantineSink& quarantine) {
  if (rows.empty()) throw Error(ErrorCode::bad_input, "there are no rows");
  const std::vector<std::string> names = all_columns(rows);
  require_known(options.categorical, names);
  require_known(options.drop, names);
  const std::set<std::string> categorical(options.categorical.begin(), options.categorical.end());
  std::vector<std::string> problem(rows.size()), problem_column(rows.size());
  Table table;
  for (const ingest::Record& row : rows) table.lines.push_back(row.line);
  for (const std::string& name : names) {
    if (std::find(options.drop.begin(), options.drop.end(), name) != options.drop.end()) continue;
    table.columns.push_back(infer_column(name, rows, categorical.contains(name), problem, problem_column));
  }
  table = keep_good(std::move(table), rows, problem, problem_column, quarantine);
  for (Column& column : table.columns) describe_column(column, table.rows());
  return table;
}

Table read_table(std::span<const std::string> files, const TableOptions& options,
                 const ingest::QuarantineSink& quarantine) {
  return infer_table(read_rows(files, options.reading, quarantine), options, quarantine);
}

Table table_as(const Schema& schema, std::span<const ingest::Record> rows, const ingest::QuarantineSink& quarantine) {
  if (rows.empty()) throw Error(ErrorCode::bad_input, "there are no rows");
  const std::vector<std::string> names = all_columns(rows);
  for (const ColumnSpec& spec : schema.columns) {
    if (std::find(names.begin(), names.end(), spec.name) == names.end()) {
      throw Error(ErrorCode::bad_input, "the column \"" + spec.name + "\" that the model needs is absent",
                  rows.front().source, "the nearest here is \"" + ingest::nearest_name(spec.name, names) + "\"");
    }
  }
  std::vector<std::string> problem(rows.size()), problem_column(rows.size());
  Table table;
  for (const ingest::Record& row : rows) table.lines.push_back(row.line);
  for (const ColumnSpec& spec : schema.columns) {
    Column& column = table.columns.emplace_back();
    column.spec = spec;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const TextCell cell = cell_of(rows[i], spec.name);
      const auto set_aside = [&](const std::string& reason) {
        if (problem[i].empty()) problem[i] = reason, problem_column[i] = spec.name;
      };
      if (cell.missing && !spec.had_missing) set_aside("is missing, and was never missing in training");
      if (spec.kind == ColumnKind::numeric) {
        column.numbers.push_back(cell.number);
        if (!cell.missing && !cell.finite)
          set_aside("is not a finite number: " + cell.text.substr(0, 40));
        else if (!cell.missing && std::isnan(cell.number))
          set_aside("is not a number: " + cell.text.substr(0, 40));
      } else {
        const auto at = std::lower_bound(spec.levels.begin(), spec.levels.end(), cell.text);
        const bool known = at != spec.levels.end() && *at == cell.text;
        column.codes.push_back(cell.missing ? kMissingCode
                               : known      ? static_cast<int>(at - spec.levels.begin())
                                            : kUnseenCode);
      }
    }
  }
  return keep_good(std::move(table), rows, problem, problem_column, quarantine);
}

Table read_table_as(const Schema& schema, std::span<const std::string> files, const ingest::ReadOptions& reading,
                    const ingest::QuarantineSink& quarantine) {
  return table_as(schema, read_rows(files, reading, quarantine), quarantine);
}

std::string cell_text(const Column& column, std::int64_t row) {
  if (column.missing(row)) return "";
  const auto at = static_cast<std::size_t>(row);
  if (column.spec.kind == ColumnKind::numeric) return fmt::format("{}", column.numbers[at]);
  return column.codes[at] == kUnseenCode ? "" : column.spec.levels[static_cast<std::size_t>(column.codes[at])];
}

std::vector<std::uint8_t> binary_truth(const Column& column, const std::string& positive) {
  bool finite = true;
  const double wanted = number_in(trimmed(positive), finite);
  std::vector<std::uint8_t> truth;
  std::map<std::string, std::int64_t> values;
  const auto rows = static_cast<std::int64_t>(std::max(column.numbers.size(), column.codes.size()));
  std::int64_t positives = 0;
  for (std::int64_t i = 0; i < rows; ++i) {
    const std::string text = cell_text(column, i);
    bool same = text == positive;
    if (!same && !std::isnan(wanted)) same = number_in(text, finite) == wanted;
    truth.push_back(same ? 1 : 0);
    positives += same ? 1 : 0;
    if (values.size() < 12) ++values[text];
  }
  if (positives == 0 || positives == rows) {
    std::string found;
    for (const auto& [value, count] : values) found += (found.empty() ? "" : ", ") + fmt::format("\"{}\"", value);
    throw Error(ErrorCode::bad_input,
                fmt::format("{} of the {} labels is \"{}\": two classes are needed",
                            positives == 0 ? "none" : "every one", rows, positive),
                "column \"" + column.spec.name + "\"", "the values there: " + found);
  }
  return truth;
}

std::vector<std::int64_t> labelled_rows(const Table& table, const Column& label, const std::string& source,
                                        const ingest::QuarantineSink& quarantine) {
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < table.rows(); ++i) {
    if (!label.missing(i)) {
      rows.push_back(i);
    } else if (quarantine) {
      quarantine({source, table.lines[static_cast<std::size_t>(i)], label.spec.name, "has no label", ""});
    }
  }
  if (rows.empty()) throw Error(ErrorCode::bad_input, "no row has a label", "column \"" + label.spec.name + "\"");
  return rows;
}

}  // namespace ballast::tabular
