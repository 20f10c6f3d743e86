// SPDX-License-Identifier: Apache-2.0
// ballast scan [SOURCE…]: identify risk. Reads, scores, stores and prints, batch by batch; goes on where a killed run
// stopped.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <optional>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/interrupt.h"
#include "ballast/risk/chat_scorer.h"
#include "ballast/risk/scan.h"
#include "ballast/risk/signals.h"
#include "ballast/store/store.h"
#include "default_model.h"
#include "reading.h"
#include "remote_model.h"
#include "scan_report.h"
#include "verb.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::int64_t kScanPage = 256;  // stored documents fetched at a time

struct ScanArguments {
  Reading reading;
  std::string model, watch_list;
  bool all = false, allow_remote = false;
};

risk::Scan::Sink make_sink(const ScanArguments& arguments, const Common& common, ScanReport& report,
                           base::ProgressState& state, const base::ProgressSink& progress) {
  return [&](const risk::Scanned& scanned) {
    if (common.json) {
      const std::string row = risk::to_json_row(scanned.risk, arguments.all) + "\n";
      if (std::fwrite(row.data(), 1, row.size(), stdout) != row.size()) {
        throw Error(ErrorCode::io, "cannot write the results", "standard output");
      }
    } else {
      report.add(scanned);
    }
    ++state.done;
    progress(state);
  };
}

void scan_stored(risk::Scan& scan, store::Store& store, const std::string& model) {
  std::int64_t after = 0;
  for (auto page = store.unassessed(model, kScanPage, after); !page.empty();
       page = store.unassessed(model, kScanPage, after)) {
    for (const auto& record : page) {
      if (base::interrupted()) throw Error(ErrorCode::cancelled, "stopped; run the same command again to go on");
      scan.add(risk::to_document(record));
    }
  }
}

void run_scan(const ScanArguments& arguments, const Common& common) {
  risk::WatchList watch_list;
  if (!arguments.watch_list.empty()) watch_list = risk::WatchList::read(arguments.watch_list);
  risk::Scorer scorer =
      is_remote_model(arguments.model)
          ? risk::make_chat_scorer(remote_chat_model(arguments.model, arguments.allow_remote))
          : risk::open_scorer(arguments.model.empty() ? default_model() : std::filesystem::path(arguments.model));
  const std::string identity = scorer.model;
  store::Store store = store::Store::open(common.store);

  const base::ProgressSink progress = terminal_progress(common);
  base::ProgressState state{"scanning", 0, 0, "documents", "", false};
  const bool stored = arguments.reading.sources.empty();
  if (stored) state.total = store.count_unassessed(scorer.model);
  ScanReport report(arguments.all);
  risk::ScanOptions options;
  options.seed = common.seed;
  options.watch_list = arguments.watch_list.empty() ? nullptr : &watch_list;
  risk::Scan scan(store, std::move(scorer), options, make_sink(arguments, common, report, state, progress));

  const base::Stopwatch watch;
  ingest::IngestReport read;
  if (stored) {
    scan_stored(scan, store, identity);
  } else {
    read = read_sources(arguments.reading, common, store, [&](ingest::Document&& d) { scan.add(std::move(d)); });
  }
  scan.finish();
  state.finished = true;
  progress(state);
  if (!common.json) report.print(scan.counts(), watch.seconds());
  if (std::fflush(stdout) != 0) throw Error(ErrorCode::io, "cannot write the results", "standard output");
  if (read.quarantined > 0) say(common, quarantine_words(read));
}

}  // namespace

void add_scan(CLI::App& app, Common& common) {
  auto* verb = app.add_subcommand("scan", "Identify risk: signals to the store and the terminal");
  auto arguments = std::make_shared<ScanArguments>();
  add_reading(*verb, arguments->reading);
  verb->add_option(
      "--model", arguments->model,
      "Model folder (default: $BALLAST_MODEL, else the embedded one). A chat model's folder or .gguf file is "
      "asked for signals, which nobody has calibrated; so is https://HOST/v1#NAME");
  verb->add_option("--watchlist", arguments->watch_list, "CSV of names to look for: name,aliases (a|b),kind,ticker");
  verb->add_flag("--allow-remote", arguments->allow_remote,
                 "With a --model on another machine: the texts may go there, personal data masked");
  verb->add_flag("--all", arguments->all, "List every risk kind, also those below their threshold");
  add_common(*verb, common,
             "ballast scan headlines.csv --watchlist names.csv --json\n"
             "  ballast scan            (documents in the store that the model has not assessed yet)");
  verb->callback([arguments, &common] { run_scan(*arguments, common); });
}

}  // namespace ballast::apps
