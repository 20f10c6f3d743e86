// SPDX-License-Identifier: Apache-2.0
// Tables from outside, row by row: CSV, JSONL, JSON arrays and plain lines, optionally gzipped, in any encoding. Rows
// that cannot be used go to a quarantine sink with file, line and reason; the others come out in file order.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/base/json.h"

namespace ballast::ingest {

enum class Format { detect, text, csv, jsonl, json };

/// "auto", "txt", "csv", "tsv", "jsonl", "ndjson", "json". Throws usage for anything else.
Format format_named(const std::string& name);

/// A row that was set aside. Lines count from 1; 0 means the whole file.
struct Quarantined {
  std::string source;
  std::int64_t line = 0;
  std::string column;  // empty: the row as a whole
  std::string reason;
  std::string excerpt;  // at most 80 bytes, valid UTF-8
};

using QuarantineSink = std::function<void(const Quarantined&)>;

struct ReadOptions {
  Format format = Format::detect;         // by file name, else by content
  std::string encoding = "auto";          // auto: UTF-8, UTF-16 or GB18030; else a name that ICU knows
  char delimiter = 0;                     // CSV; 0: the most frequent of comma, tab, semicolon in the first line
  bool quotes = true;                     // CSV: fields may be quoted (RFC 4180)
  std::vector<std::string> columns;       // CSV without a header line: the names of its columns
  std::vector<std::string> text_columns;  // documents: joined with a newline; empty: see read_documents()
  bool whole_file = false;                // .txt: one document a file instead of one a line
  std::size_t max_field_bytes = std::size_t{16} << 20;
};

/// One row. Values are UTF-8, exactly as decoded.
class Record {
 public:
  std::string source;     // file, or "-"
  std::int64_t line = 0;  // the row's first line, from 1

  /// Names in file order (JSON: the keys of this row).
  std::vector<std::string> columns() const;
  bool has(std::string_view column) const;
  /// The value as text: strings as they are, JSON numbers, booleans, lists and objects as JSON; nothing where the
  /// column is absent or null.
  std::optional<std::string> text(std::string_view column) const;
  /// The value as parsed (JSON rows), or as a JSON string (other rows); null where the column is absent.
  base::Json json(std::string_view column) const;

  // Filled by the readers.
  std::shared_ptr<const std::vector<std::string>> names;  // CSV and lines
  std::vector<std::string> values;                        // CSV and lines, one a name
  base::Json object;                                      // JSON rows
};

/// Streams the rows of one file ("-": standard input).
///   RecordReader reader = RecordReader::open("train.csv.gz", {}, quarantine);
///   for (Record row; reader.next(row);) use(row.text("text"), row.json("labels"), row.line);
class RecordReader {
 public:
  /// Throws not_found, io, or bad_input (an empty file, no header). `quarantine` may be empty: bad rows are then only
  /// counted.
  static RecordReader open(const std::string& source, const ReadOptions& options = {}, QuarantineSink quarantine = {});
  ~RecordReader();
  RecordReader(RecordReader&&) noexcept;
  RecordReader& operator=(RecordReader&&) noexcept;

  /// Names of the columns. JSON: the keys of the first good row. Plain text: {"text"}.
  const std::vector<std::string>& columns() const;
  /// The next good row; false at the end. Throws bad_input where the file breaks off (a cut gzip file).
  bool next(Record& row);
  std::int64_t quarantined() const;
  Format format() const;

  /// Throws bad_input naming the file and its columns unless `column` is there. The hint is `option` with `likely`, or
  /// with the nearest name.
  void require_column(const std::string& column, const std::string& option, const std::string& likely = {}) const;

 private:
  struct State;
  explicit RecordReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The one of `names` that is closest to `wanted` by edit distance; empty where there are none.
std::string nearest_name(const std::string& wanted, const std::vector<std::string>& names);

}  // namespace ballast::ingest
