// SPDX-License-Identifier: Apache-2.0
#include "reading.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/interrupt.h"
#include "ballast/risk/scan.h"
#include "masking.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t kReadingShown = 3;       // bad rows shown one by one
constexpr std::size_t kQuarantineBatch = 500;  // a transaction
constexpr std::size_t kDocumentBatch = 1000;   // a transaction

std::string place_of_reading(const ingest::Quarantined& bad) {
  return bad.line > 0 ? fmt::format("{}:{}", bad.source, bad.line) : bad.source;
}

class QuarantineWriter {
 public:
  QuarantineWriter(const Common& common, bool strict, store::Store& store)
      : common_(common), strict_(strict), store_(store) {}

  void add(const ingest::Quarantined& bad) {
    const std::string column = bad.column.empty() ? "" : fmt::format(" (column {})", bad.column);
    if (strict_)
      throw Error(ErrorCode::bad_input, bad.reason + column, place_of_reading(bad),
                  "leave out --strict to set it aside");
    if (++seen_ <= kReadingShown)
      say(common_, fmt::format("set aside: {}: {}{}", place_of_reading(bad), bad.reason, column));
    rows_.push_back(quarantine_record(bad, base::utc_now()));
    if (rows_.size() >= kQuarantineBatch) flush();
  }

  void flush() {
    if (!rows_.empty()) store_.put_quarantine(rows_);
    rows_.clear();
  }

 private:
  const Common& common_;
  bool strict_;
  store::Store& store_;
  std::vector<store::QuarantineRecord> rows_;
  std::size_t seen_ = 0;
};

}  // namespace

void add_reading(CLI::App& verb, Reading& reading) {
  verb.add_option("source", reading.sources,
                  "Files, folders, or - for standard input (txt, csv, tsv, jsonl, json; .gz)");
  verb.add_option("--format", reading.format, "auto, txt, csv, tsv, jsonl, ndjson or json")->capture_default_str();
  verb.add_option("--encoding", reading.encoding, "auto (UTF-8, UTF-16, GB18030) or a name")->capture_default_str();
  verb.add_option("--text-column", reading.text_columns,
                  "Columns that make the text, joined with a newline (default: text, else title and body or content)")
      ->delimiter(',');
  verb.add_flag("--whole-file", reading.whole_file, "Plain text: one document a file instead of one a line");
  verb.add_flag("--strict", reading.strict, "Stop at the first row that cannot be used");
}

ingest::IngestReport read_sources(const Reading& reading, const Common& common, store::Store& store,
                                  const ingest::DocumentSink& documents) {
  ingest::ReadOptions options;
  options.format = ingest::format_named(reading.format);
  if (reading.format == "tsv") options.delimiter = '\t';
  options.encoding = reading.encoding;
  options.text_columns = reading.text_columns;
  options.whole_file = reading.whole_file;
  QuarantineWriter quarantine(common, reading.strict, store);
  const auto take = [&](ingest::Document&& document) {
    if (base::interrupted()) throw Error(ErrorCode::cancelled, "stopped; run the same command again to go on");
    documents(std::move(document));
  };
  const auto report = ingest::read_documents(reading.sources, options, take,
                                             [&](const ingest::Quarantined& bad) { quarantine.add(bad); });
  quarantine.flush();
  if (report.accepted == 0) {
    throw Error(ErrorCode::bad_input,
                report.quarantined == 0 ? "holds no text" : "no row can be used: " + quarantine_words(report),
                fmt::format("{}", fmt::join(reading.sources, ", ")));
  }
  return report;
}

ingest::IngestReport store_documents(const Reading& reading, const Common& common, store::Store& store, Stored& stored,
                                     const std::function<void(std::int64_t)>& on_batch) {
  std::vector<store::DocumentRecord> batch;
  std::int64_t done = 0;
  const auto write = [&] {
    for (const store::Put put : store.put_documents(batch)) {
      ++(put == store::Put::added ? stored.added : put == store::Put::unchanged ? stored.unchanged : stored.changed);
    }
    done += static_cast<std::int64_t>(batch.size());
    batch.clear();
    on_batch(done);
  };
  const auto report = read_sources(reading, common, store, [&](ingest::Document&& document) {
    batch.push_back(risk::to_record(document));
    if (batch.size() >= kDocumentBatch) write();
  });
  write();
  return report;
}

std::string quarantine_words(const ingest::IngestReport& report) {
  if (report.quarantined == 0) return "";
  std::vector<std::string> reasons;
  for (const auto& [reason, count] : report.by_reason) reasons.push_back(fmt::format("{} {}", count, reason));
  return fmt::format("{} {} set aside: {}", report.quarantined, report.quarantined == 1 ? "row was" : "rows were",
                     fmt::join(reasons, "; "));
}

}  // namespace ballast::apps
