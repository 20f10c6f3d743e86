// SPDX-License-Identifier: Apache-2.0
#include "ballast/ingest/record.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "ballast/base/error.h"
#include "ballast/ingest/bytes/utf8.h"
#include "ballast/ingest/rows/row_source.h"
#include "ballast/ingest/rows/sources.h"

namespace ballast::ingest {

using base::Error;
using base::ErrorCode;

void Quarantine::add(std::int64_t line, const std::string& reason, std::string_view text, const std::string& column) {
  ++count_;
  if (sink_) sink_({source_, line, column, reason, excerpt(text)});
}

std::string undecodable(const TextStream& stream, std::string_view row, std::uint64_t start) {
  const std::size_t bad = first_invalid_utf8(row);
  if (bad != std::string_view::npos) {
    return fmt::format("cannot be decoded at byte {} of the file", stream.source_offset(start + bad));
  }
  return row.find('\0') != std::string_view::npos ? "holds a NUL character" : "";
}

std::vector<std::string> Record::columns() const {
  if (names) return *names;
  std::vector<std::string> keys;
  for (const auto& item : object.items()) keys.push_back(item.key());
  return keys;
}

bool Record::has(std::string_view column) const {
  if (names) return std::find(names->begin(), names->end(), column) != names->end();
  return object.is_object() && object.contains(std::string(column));
}

std::optional<std::string> Record::text(std::string_view column) const {
  if (names) {
    const auto at = std::find(names->begin(), names->end(), column);
    if (at == names->end()) return std::nullopt;
    return values.at(static_cast<std::size_t>(at - names->begin()));
  }
  const base::Json value = json(column);
  if (value.is_null()) return std::nullopt;
  return value.is_string() ? value.get<std::string>() : base::dump_json(value);
}

base::Json Record::json(std::string_view column) const {
  if (names) {
    const auto value = text(column);
    return value ? base::Json(*value) : base::Json();
  }
  const auto at = object.find(std::string(column));
  return at == object.end() ? base::Json() : *at;
}

struct RecordReader::State {
  State(const std::string& source, const ReadOptions& options, QuarantineSink sink)
      : stream(source, options.encoding), quarantine(source, std::move(sink)), format(options.format) {
    if (format == Format::detect) format = format_of_name(source);
    if (format == Format::detect) format = format_of_content(stream.ahead(4096));
    switch (format) {
      case Format::csv:
        rows = make_csv_rows(stream, options, quarantine);
        break;
      case Format::jsonl:
        rows = make_jsonl_rows(stream, options, quarantine);
        break;
      case Format::json:
        rows = make_json_rows(stream, options, quarantine);
        break;
      default:
        rows = make_line_rows(stream, options, quarantine);
    }
    pending = format == Format::jsonl || format == Format::json;
    if (pending) pending = rows->next(first);  // so that columns() is known from the start
  }

  TextStream stream;
  Quarantine quarantine;
  Format format;
  std::unique_ptr<RowSource> rows;
  Record first;
  bool pending = false;
};

RecordReader::RecordReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
RecordReader::~RecordReader() = default;
RecordReader::RecordReader(RecordReader&&) noexcept = default;
RecordReader& RecordReader::operator=(RecordReader&&) noexcept = default;

RecordReader RecordReader::open(const std::string& source, const ReadOptions& options, QuarantineSink quarantine) {
  return RecordReader(std::make_unique<State>(source, options, std::move(quarantine)));
}

const std::vector<std::string>& RecordReader::columns() const {
  return state_->rows->columns();
}
std::int64_t RecordReader::quarantined() const {
  return state_->quarantine.count();
}
Format RecordReader::format() const {
  return state_->format;
}

bool RecordReader::next(Record& row) {
  if (state_->pending) {
    row = std::move(state_->first);
    state_->pending = false;
    return true;
  }
  return state_->rows->next(row);
}

void RecordReader::require_column(const std::string& column, const std::string& option,
                                  const std::string& likely) const {
  const auto& names = columns();
  if (std::find(names.begin(), names.end(), column) != names.end()) return;
  const std::string nearest = likely.empty() ? nearest_name(column, names) : likely;
  throw Error(ErrorCode::bad_input,
              fmt::format("has no column \"{}\" (its columns: {})", column, fmt::join(names, ", ")),
              state_->stream.source(), nearest.empty() ? "" : fmt::format("{} {}", option, nearest));
}

std::string nearest_name(const std::string& wanted, const std::vector<std::string>& names) {
  std::string best;
  std::size_t best_distance = 0;
  for (const std::string& name : names) {
    std::vector<std::size_t> row(name.size() + 1);  // Levenshtein, one row at a time
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      std::size_t diagonal = row[0];
      row[0] = i + 1;
      for (std::size_t j = 0; j < name.size(); ++j) {
        const std::size_t change = diagonal + ((wanted[i] | 32) != (name[j] | 32));  // case does not matter
        diagonal = row[j + 1];
        row[j + 1] = std::min({change, row[j] + 1, diagonal + 1});
      }
    }
    // A name that holds the wanted one ("full_text") is nearer than any typing error.
    const std::size_t distance = name.find(wanted) != std::string::npos ? 1 : row.back();
    if (best.empty() || distance < best_distance) best = name, best_distance = distance;
  }
  return best;
}

}  // namespace ballast::ingest
