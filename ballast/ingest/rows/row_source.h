// SPDX-License-Identifier: Apache-2.0
// What the readers of the formats have in common: a stream of text in, records and quarantined rows out.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ballast/ingest/bytes/text_stream.h"
#include "ballast/ingest/record.h"

namespace ballast::ingest {

/// Counts bad rows and hands them to the sink.
class Quarantine {
 public:
  Quarantine(std::string source, QuarantineSink sink) : source_(std::move(source)), sink_(std::move(sink)) {}
  void add(std::int64_t line, const std::string& reason, std::string_view text, const std::string& column = {});
  std::int64_t count() const { return count_; }

 private:
  std::string source_;
  QuarantineSink sink_;
  std::int64_t count_ = 0;
};

class RowSource {
 public:
  virtual ~RowSource() = default;
  virtual bool next(Record& row) = 0;
  const std::vector<std::string>& columns() const { return *columns_; }

 protected:
  std::shared_ptr<const std::vector<std::string>> columns_ = std::make_shared<std::vector<std::string>>();
};

/// Why the bytes of a row, whose first byte is at stream position `start`, are not text; empty where they are.
std::string undecodable(const TextStream& stream, std::string_view row, std::uint64_t start);

std::unique_ptr<RowSource> make_csv_rows(TextStream& stream, const ReadOptions& options, Quarantine& quarantine);
std::unique_ptr<RowSource> make_jsonl_rows(TextStream& stream, const ReadOptions& options, Quarantine& quarantine);
/// Objects one after the other, inside an array or not, over any number of lines.
std::unique_ptr<RowSource> make_json_rows(TextStream& stream, const ReadOptions& options, Quarantine& quarantine);
/// Plain text: one column "text", a row a line (or the whole file).
std::unique_ptr<RowSource> make_line_rows(TextStream& stream, const ReadOptions& options, Quarantine& quarantine);

}  // namespace ballast::ingest
