// SPDX-License-Identifier: Apache-2.0
// JSON objects as rows: one a line (a bad line is set aside), or one after the other over several lines, with or
// without an array around them (there a broken object ends the reading, since nothing tells where the next one starts).
#include <fmt/format.h>

#include "ballast/base/error.h"
#include "ballast/base/json_text.h"
#include "ballast/ingest/bytes/utf8.h"
#include "ballast/ingest/rows/row_source.h"

namespace ballast::ingest {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr std::size_t kFieldsALine = 4;  // longest line, in longest fields

class JsonRows : public RowSource {
 public:
  JsonRows(TextStream& stream, const ReadOptions& options, Quarantine& quarantine)
      : stream_(stream), limit_(options.max_field_bytes), quarantine_(quarantine) {}

 protected:
  /// Fills `row` from the text of one object; sets it aside and returns false where that fails.
  bool accept(std::string_view text, std::int64_t line, std::uint64_t start, Record& row) {
    std::string problem = undecodable(stream_, text, start), column;
    Json object;
    if (problem.empty()) {
      try {
        object = base::parse_json(text, stream_.source());
        if (!object.is_object()) problem = "is not a JSON object";
        if (problem.empty() && base::holds_nul(object)) problem = "holds a NUL character";
      } catch (const Error& e) {
        problem = e.problem();
      }
    }
    if (problem.empty()) {
      for (const auto& [key, value] : object.items()) {
        const auto* string = value.get_ptr<const Json::string_t*>();
        if (string != nullptr && string->size() > limit_) {
          column = key;
          problem = fmt::format("field is longer than {} bytes", limit_);
        }
      }
    }
    if (!problem.empty()) {
      quarantine_.add(line, problem, text, column);
      return false;
    }
    if (columns_->empty()) remember_columns(object);
    row.source = stream_.source();
    row.line = line;
    row.names.reset();
    row.values.clear();
    row.object = std::move(object);
    return true;
  }

  void remember_columns(const Json& object) {
    auto names = std::make_shared<std::vector<std::string>>();
    for (const auto& item : object.items()) names->push_back(item.key());
    columns_ = std::move(names);
  }

  TextStream& stream_;
  std::size_t limit_;
  Quarantine& quarantine_;
};

class JsonLines : public JsonRows {
 public:
  using JsonRows::JsonRows;
  bool next(Record& row) override {
    std::string text;
    for (bool complete = true;;) {
      const std::int64_t line = stream_.line();
      const std::uint64_t start = stream_.position();
      if (!stream_.read_line(text, kFieldsALine * limit_, complete)) return false;
      if (!complete) {
        quarantine_.add(line, fmt::format("line is longer than {} bytes", kFieldsALine * limit_), text);
      } else if (!is_blank(text) && accept(text, line, start, row)) {
        return true;
      }
    }
  }
};

class JsonObjects : public JsonRows {
 public:
  using JsonRows::JsonRows;
  bool next(Record& row) override {
    for (;;) {
      skip_between();
      const int c = stream_.peek();
      if (c < 0 && !in_array_) return false;
      if (c == ']' && in_array_) {
        stream_.get();
        in_array_ = false;
        continue;
      }
      const std::int64_t line = stream_.line();
      if (c != '{') fail(line, "expected an array of JSON objects");
      const std::uint64_t start = stream_.position();
      std::string text = read_object(line);
      if (accept(text, line, start, row)) return true;
    }
  }

 private:
  [[noreturn]] void fail(std::int64_t line, const std::string& what) const {
    throw Error(ErrorCode::bad_input, what, fmt::format("{}:{}", stream_.source(), line));
  }

  void skip_between() {
    for (int c = stream_.peek(); c >= 0; c = stream_.peek()) {
      const bool opens = c == '[' && !started_;
      if (!opens && c != ',' && c != ' ' && c != '\n' && c != '\r' && c != '\t') break;
      if (opens) in_array_ = true;
      if (opens) started_ = true;
      stream_.get();
    }
    started_ = true;
  }

  std::string read_object(std::int64_t line) {
    std::string text;
    int depth = 0;
    bool in_string = false, escaped = false;
    do {
      const int c = stream_.get();
      if (c < 0) fail(line, "the JSON object that starts here is never closed");
      if (text.size() > kFieldsALine * limit_) fail(line, "the JSON object that starts here is too long");
      text += static_cast<char>(c);
      if (in_string) {
        in_string = escaped || c != '"';
        escaped = !escaped && c == '\\';
      } else if (c == '"') {
        in_string = true;
      } else {
        depth += (c == '{' || c == '[') - (c == '}' || c == ']');
      }
    } while (depth > 0);
    return text;
  }

  bool started_ = false, in_array_ = false;
};

}  // namespace

std::unique_ptr<RowSource> make_jsonl_rows(TextStream& stream, const ReadOptions& options, Quarantine& quarantine) {
  return std::make_unique<JsonLines>(stream, options, quarantine);
}

std::unique_ptr<RowSource> make_json_rows(TextStream& stream, const ReadOptions& options, Quarantine& quarantine) {
  return std::make_unique<JsonObjects>(stream, options, quarantine);
}

}  // namespace ballast::ingest
