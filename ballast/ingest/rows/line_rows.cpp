// SPDX-License-Identifier: Apache-2.0
// Plain text as rows with the one column "text": a row a line (blank lines separate and are skipped), or the whole
// file.
#include <fmt/format.h>

#include "ballast/ingest/bytes/utf8.h"
#include "ballast/ingest/rows/row_source.h"

namespace ballast::ingest {
namespace {

class LineRows : public RowSource {
 public:
  LineRows(TextStream& stream, const ReadOptions& options, Quarantine& quarantine)
      : stream_(stream), whole_(options.whole_file), limit_(options.max_field_bytes), quarantine_(quarantine) {
    columns_ = std::make_shared<const std::vector<std::string>>(std::vector<std::string>{"text"});
  }

  bool next(Record& row) override {
    std::string text;
    for (;;) {
      const std::int64_t line = stream_.line();
      const std::uint64_t start = stream_.position();
      bool complete = true;
      if (whole_ ? !read_all(text, complete) : !stream_.read_line(text, limit_, complete)) return false;
      if (is_blank(text) && !whole_) continue;
      const std::string problem = !complete
                                      ? fmt::format("{} is longer than {} bytes", whole_ ? "file" : "line", limit_)
                                      : undecodable(stream_, text, start);
      if (!problem.empty()) {
        quarantine_.add(line, problem, text);
        continue;
      }
      row.source = stream_.source();
      row.line = line;
      row.names = columns_;
      row.values.assign(1, text);
      row.object = nullptr;
      return true;
    }
  }

 private:
  bool read_all(std::string& text, bool& complete) {
    text.clear();
    if (stream_.peek() < 0) return false;
    for (int c = stream_.get(); c >= 0; c = stream_.get()) {
      complete = complete && text.size() < limit_;
      if (complete) text += static_cast<char>(c);
    }
    return true;
  }

  TextStream& stream_;
  bool whole_;
  std::size_t limit_;
  Quarantine& quarantine_;
};

}  // namespace

std::unique_ptr<RowSource> make_line_rows(TextStream& stream, const ReadOptions& options, Quarantine& quarantine) {
  return std::make_unique<LineRows>(stream, options, quarantine);
}

}  // namespace ballast::ingest
