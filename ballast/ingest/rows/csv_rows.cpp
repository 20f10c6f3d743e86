// SPDX-License-Identifier: Apache-2.0
// CSV by RFC 4180: quoted fields with delimiters, line breaks and doubled quotes; LF or CRLF. A quote in the middle of
// an unquoted field is text. After a quote that is never closed, reading goes on with the line after the row's first
// line, so one bad quote does not swallow the file.
#include <fmt/format.h>

#include <algorithm>

#include "ballast/base/error.h"
#include "ballast/ingest/bytes/utf8.h"
#include "ballast/ingest/rows/row_source.h"

namespace ballast::ingest {
namespace {

using base::Error;
using base::ErrorCode;

// A file full of unclosed quotes must not be read again for every line.
constexpr std::uint64_t kMaxReread = std::uint64_t{256} << 20;

char detect_delimiter(std::string_view ahead) {
  constexpr std::string_view kCandidates = ",\t;";
  std::int64_t counts[kCandidates.size()] = {};
  bool quoted = false;
  for (const char c : ahead) {
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '\n') break;
    const std::size_t which = kCandidates.find(c);
    if (which != std::string_view::npos) ++counts[which];
  }
  return kCandidates[static_cast<std::size_t>(std::max_element(counts, std::end(counts)) - counts)];
}

class CsvRows : public RowSource {
 public:
  CsvRows(TextStream& stream, const ReadOptions& options, Quarantine& quarantine)
      : stream_(stream), options_(options), quarantine_(quarantine) {
    delimiter_ = options.delimiter != 0 ? options.delimiter : detect_delimiter(stream.ahead(64 << 10));
    std::vector<std::string> names = options.columns.empty() ? read_header() : options.columns;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i].empty()) names[i] = fmt::format("column_{}", i + 1);
    }
    columns_ = std::make_shared<const std::vector<std::string>>(std::move(names));
  }

  bool next(Record& row) override {
    while (read_row()) {
      if (fields_.size() == 1 && raw_.find_first_not_of("\r\n") == std::string::npos) continue;  // an empty line
      if (problem_.empty()) problem_ = undecodable(stream_, raw_, start_);
      if (problem_.empty() && fields_.size() != columns_->size()) {
        problem_ = fmt::format("has {} fields, expected {}", fields_.size(), columns_->size());
      }
      if (!problem_.empty()) {
        quarantine_.add(line_, problem_, raw_);
        continue;
      }
      row.source = stream_.source();
      row.line = line_;
      row.names = columns_;
      row.values = fields_;
      row.object = nullptr;
      return true;
    }
    return false;
  }

 private:
  std::vector<std::string> read_header() {
    do {
      if (!read_row()) throw Error(ErrorCode::bad_input, "has no header line", stream_.source());
    } while (is_blank(raw_));
    if (problem_.empty()) problem_ = undecodable(stream_, raw_, start_);
    if (!problem_.empty()) {
      throw Error(ErrorCode::bad_input, "cannot read the header: " + problem_,
                  fmt::format("{}:{}", stream_.source(), line_));
    }
    for (std::string& name : fields_) {
      name.erase(0, std::min(name.find_first_not_of(" \t"), name.size()));
      name.erase(name.find_last_not_of(" \t") + 1);
    }
    return fields_;
  }

  int take() {
    const int c = stream_.get();
    if (c >= 0) raw_ += static_cast<char>(c);
    return c;
  }

  /// Reads one row into fields_, raw_ and problem_; false at the end of the file.
  bool read_row() {
    fields_.clear(), raw_.clear(), problem_.clear();
    line_ = stream_.line();
    start_ = stream_.position();
    if (stream_.peek() < 0) return false;
    bool more = true;
    while (more) {
      fields_.emplace_back();
      const bool quoted = options_.quotes && stream_.peek() == '"';
      if (quoted && !read_quoted(fields_.back())) return true;
      more = read_bare(fields_.back(), quoted);
    }
    return true;
  }

  /// The inside of a quoted field; false where it is not closed and the stream was set back.
  bool read_quoted(std::string& field) {
    const std::int64_t opened = stream_.line();
    take();
    for (;;) {
      const int c = take();
      if (c < 0 || field.size() > options_.max_field_bytes) {
        problem_ = c < 0 ? fmt::format("quote in field {} opened on line {} is never closed", fields_.size(), opened)
                         : too_long();
        set_back();
        return false;
      }
      if (c != '"') {
        field += static_cast<char>(c);
      } else if (stream_.peek() == '"') {
        take();
        field += '"';
      } else {
        return true;
      }
    }
  }

  /// The rest of a field up to its delimiter (true) or the end of the row (false).
  bool read_bare(std::string& field, bool after_quote) {
    for (;;) {
      int c = take();
      if (c == '\r' && stream_.peek() == '\n') c = take();
      if (c < 0 || c == '\n') return false;
      if (c == static_cast<unsigned char>(delimiter_)) return true;
      if (after_quote) {
        if (problem_.empty()) problem_ = fmt::format("text after the closing quote of field {}", fields_.size());
      } else if (field.size() >= options_.max_field_bytes) {
        problem_ = too_long();
        if (raw_.size() > options_.max_field_bytes + (64 << 10)) raw_.resize(raw_.size() - 1);  // bounded memory
      } else {
        field += static_cast<char>(c);
      }
    }
  }

  std::string too_long() const {
    return fmt::format("field {} is longer than {} bytes", fields_.size(), options_.max_field_bytes);
  }

  void set_back() {
    const std::size_t first = raw_.find('\n');
    if (first == std::string::npos || reread_ > kMaxReread) return;
    reread_ += raw_.size();
    stream_.push_back(std::string_view(raw_).substr(first + 1), line_ + 1);
    raw_.resize(first);
  }

  TextStream& stream_;
  ReadOptions options_;
  Quarantine& quarantine_;
  char delimiter_ = ',';
  std::vector<std::string> fields_;
  std::string raw_, problem_;
  std::int64_t line_ = 1;
  std::uint64_t start_ = 0, reread_ = 0;
};

}  // namespace

std::unique_ptr<RowSource> make_csv_rows(TextStream& stream, const ReadOptions& options, Quarantine& quarantine) {
  return std::make_unique<CsvRows>(stream, options, quarantine);
}

}  // namespace ballast::ingest
