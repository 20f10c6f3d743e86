// SPDX-License-Identifier: Apache-2.0
// ballast ingest SOURCE…: documents into the store, with counts of new, duplicate and rejected.
#include "ballast/ingest/document.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "ballast/base/error.h"
#include "ballast/base/json.h"
#include "ballast/store/store.h"
#include "reading.h"
#include "verb.h"

namespace ballast::apps {
namespace {

void print_json_ingest(const ingest::IngestReport& report, const Stored& stored) {
  base::Json out = {{"read", report.read},
                    {"new", stored.added},
                    {"duplicate", stored.unchanged},
                    {"changed", stored.changed},
                    {"rejected", report.quarantined},
                    {"files", report.files},
                    {"files_skipped", report.files_skipped},
                    {"reasons", base::Json::object()}};
  for (const auto& [reason, count] : report.by_reason) out["reasons"][reason] = count;
  std::printf("%s\n", base::dump_json(out).c_str());
}

void print_words(const ingest::IngestReport& report, const Stored& stored, const std::string& url) {
  std::printf("%s: %lld new, %lld duplicate, %lld changed, %lld rejected\n", url.c_str(),
              static_cast<long long>(stored.added), static_cast<long long>(stored.unchanged),
              static_cast<long long>(stored.changed), static_cast<long long>(report.quarantined));
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
  Stored stored;
  const auto report = store_documents(reading, common, store, stored, [&](std::int64_t done) {
    state.done = done;
    progress(state);
  });
  state.finished = true;
  progress(state);
  common.json ? print_json_ingest(report, stored) : print_words(report, stored, common.store);
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
