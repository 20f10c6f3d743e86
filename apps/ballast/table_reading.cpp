// SPDX-License-Identifier: Apache-2.0
#include "table_reading.h"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>

#include "ballast/base/error.h"
#include "ballast/base/hash.h"

namespace ballast::apps {
namespace {

constexpr std::int64_t kTableReadingShown = 3;

}  // namespace

ingest::QuarantineSink RowQuarantine::sink() {
  return [this](const ingest::Quarantined& q) {
    const std::string line =
        fmt::format("{}:{}: {}{}", q.source, q.line, q.column.empty() ? "" : "column \"" + q.column + "\" ", q.reason);
    if (count_++ < kTableReadingShown) say(common_, "set aside " + line);
    if (first_.empty()) first_ = line;
  };
}

void RowQuarantine::finish(bool strict) const {
  if (count_ == 0) return;
  if (strict) {
    throw base::Error(base::ErrorCode::bad_input, fmt::format("{} bad row(s) under --strict", count_), "",
                      "first: " + first_);
  }
  say(common_, fmt::format("{} row(s) set aside in all", count_));
}

std::vector<ingest::Record> read_rows(const std::vector<std::string>& files, const ingest::QuarantineSink& sink) {
  std::vector<ingest::Record> rows;
  for (const std::string& file : files) {
    auto reader = ingest::RecordReader::open(file, {}, sink);
    for (ingest::Record row; reader.next(row);) rows.push_back(row);
  }
  if (rows.empty()) throw base::Error(base::ErrorCode::bad_input, "holds no usable row", files.front());
  return rows;
}

void print_line(const std::string& line) {
  if (std::fwrite(line.data(), 1, line.size(), stdout) == line.size() && std::fputc('\n', stdout) != EOF) return;
  throw base::Error(base::ErrorCode::io, "cannot write the results", "standard output");
}

base::Json file_hashes(const std::vector<std::string>& files) {
  base::Json json = base::Json::array();
  for (const std::string& file : files) {
    const std::string name = std::filesystem::path(file).filename().string();
    json.push_back({{"file", name}, {"sha256", file == "-" ? "" : base::sha256_file(file)}});
  }
  return json;
}

}  // namespace ballast::apps
