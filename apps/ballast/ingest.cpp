// SPDX-License-Identifier: Apache-2.0
// ballast ingest SOURCE…: documents into the store, with counts of new, duplicate and rejected.
#include "ballast/ingest/document.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "ballast/base/error.h"
#include "ballast/base/json.h"
#include "ballast/risk/scan.h"
#include "ballast/store/store.h"
#include "reading.h"
#include "verb.h"

namespace ballast::apps {
namespace {

constexpr std::size_t kBatch = 1000;  // documents a transaction

struct Tally {
  std::int64_t added = 0, unchanged = 0, changed = 0;
};

void write_batch(store::Store& store, std::vector<store::DocumentRecord>& batch, Tally& tally) {
  for (const store::Put put : store.put_documents(batch)) {
    ++(put == store::Put::added ? tally.added : put == store::Put::unchanged ? tally.unchanged : tally.changed);
  }
  batch.clear();
}

void print_json(const ingest::IngestReport& report, const Tally& tally) {
  base::Json out = {{"read", report.read},
                    {"new", tally.added},
                    {"duplicate", tally.unchanged},
                    {"changed", tally.changed},
                    {"rejected", report.quarantined},
                    {"files", report.files},
                    {"files_skipped", report.files_skipped},
                    {"reasons", base::Json::object()}};
  for (const auto& [reason, count] : report.by_reason) out["reasons"][reason] = count;
  std::printf("%s\n", base::dump_json(out).c_str());
}

void print_words(const ingest::IngestReport& report, const Tally& tally, const std::string& url) {
  std::printf("%s: %lld new, %lld duplicate, %lld changed, %lld rejected\n", url.c_str(),
              static_cast<long long>(tally.added), static_cast<long long>(tally.unchanged),
              static_cast<long long>(tally.changed), static_cast<long long>(report.quarantined));
  for (const auto& [reason, count] : report.by_reason) {
    std::printf("  %lld rejected: %s\n", static_cast<long long>(count), reason.c_str());
  }
  if (report.files_skipped > 0) {
    std::printf("  %lld other files in folders were not read\n", static_cast<long long>(report.files_skipped));
  }
}

void run_ingest(const Reading& reading, const Common& common) {
  store::Store store = store::Store::open(common.store);
  const base::ProgressSink progress = terminal_progress(common);
  base::ProgressState state{"ingesting", 0, 0, "documents", "", false};
  Tally tally;
  std::vector<store::DocumentRecord> batch;
  const auto report = read_sources(reading, common, store, [&](ingest::Document&& document) {
    batch.push_back(risk::to_record(document));
    ++state.done;
    if (batch.size() < kBatch) return;
    write_batch(store, batch, tally);
    progress(state);
  });
  write_batch(store, batch, tally);
  state.finished = true;
  progress(state);
  common.json ? print_json(report, tally) : print_words(report, tally, common.store);
}

}  // namespace

void add_ingest(CLI::App& app, Common& common) {
  auto* verb = app.add_subcommand("ingest", "Read documents into the store");
  auto reading = std::make_shared<Reading>();
  add_reading(*verb, *reading);
  verb->get_option("source")->required();
  add_common(*verb, common, "ballast ingest news/ headlines.csv.gz --store sqlite:desk.db");
  verb->callback([reading, &common] { run_ingest(*reading, common); });
}

}  // namespace ballast::apps
