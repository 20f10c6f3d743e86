// SPDX-License-Identifier: Apache-2.0
// ballast demo: what Ballast does, on embedded samples: documents into a store, risk found in them by the embedded
// model, signals ranked with their evidence; then each desk on simulated tables. Takes seconds and leaves everything in
// one folder that it names.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/lm/classifier.h"
#include "default_model.h"
#include "demo_feed.h"
#include "demo_report.h"
#include "verb.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
namespace fs = std::filesystem;

fs::path fresh_folder() {
  std::string name = (fs::temp_directory_path() / "ballast-demo-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr)
    throw Error(ErrorCode::io, "cannot be made", name, "set TMPDIR to another folder");
  return name;
}

class Demo {
 public:
  Demo(const Common& common, bool own_store) : common_(common), own_store_(own_store) {}

  void run() {
    run_.model_folder = default_model();
    if (!common_.json)
      std::printf("Ballast at work on samples: firms and news are invented, tables are simulated.\n\n");
    step("load_model", "Opening the model", [&] {
      model_ = std::make_shared<const lm::TextClassifier>(lm::TextClassifier::load(run_.model_folder));
      scorer_ = risk::make_scorer(model_);
      run_.model = model_->identity();
      return run_.model;
    });
    step("ingest", "Reading the feed into a store", [&] { return ingest(); });
    step("scan", "Looking for risk, entities and evidence", [&] { return scan(); });
    for (const Desk& desk : demo_desks()) {
      step(desk.key, desk.step, [&] {
        run_.desks.emplace_back(desk.key, desk.show(run_.folder, run_.store));
        return run_.desks.back().second.result;
      });
    }
    run_.timings.emplace_back("total", watch_.seconds());
    if (common_.json) {
      std::printf("%s\n", base::dump_json(demo_json(run_)).c_str());
    } else {
      std::printf("\nEverything is in %s. It took %.2f s.\n", run_.folder.c_str(), watch_.seconds());
      print_demo(run_);
    }
    if (std::fflush(stdout) != 0) throw Error(ErrorCode::io, "cannot write the results", "standard output");
  }

 private:
  /// Does one step, and says in a line what it was, what came of it and how long it took.
  void step(const std::string& key, const std::string& what, const std::function<std::string()>& work) {
    const base::Stopwatch watch;
    if (!common_.json) std::printf("%zu  %-42s", run_.timings.size() + 1, what.c_str());
    if (!common_.json) std::fflush(stdout);
    const std::string result = work();
    run_.timings.emplace_back(key, watch.seconds());
    if (!common_.json) std::printf("%-44s%6.2f s\n", result.c_str(), watch.seconds());
  }

  std::string ingest() {
    run_.folder = fresh_folder();
    run_.store = own_store_ ? common_.store : "sqlite:" + (run_.folder / "demo.db").string();
    base::write_file_atomic(run_.folder / "feed.csv", demo_feed());
    base::write_file_atomic(run_.folder / "watchlist.csv", demo_watch_list());
    store_ = std::make_unique<store::Store>(store::Store::open(run_.store));
    run_.read = store_documents(reading(), unheard(), *store_, run_.stored, [](std::int64_t) {});
    return fmt::format("{} new, {} known, {} set aside (no text)", run_.stored.added,
                       run_.stored.unchanged + run_.stored.changed, run_.read.quarantined);
  }

  std::string scan() {
    const std::string watch_file = (run_.folder / "watchlist.csv").string();
    const risk::WatchList watch_list = risk::WatchList::read(watch_file);
    read_names();
    risk::ScanOptions options;
    options.seed = common_.seed;
    options.watch_list = &watch_list;
    risk::Scan scan(*store_, scorer_, options, [&](const risk::Scanned& s) { run_.scanned.push_back(s); });
    read_sources(reading(), unheard(), *store_, [&](ballast::ingest::Document&& d) { scan.add(std::move(d)); });
    scan.finish();
    std::size_t signals = 0;
    for (const auto& s : run_.scanned) {
      for (const auto& signal : s.risk.signals) signals += signal.listed ? 1 : 0;
    }
    return fmt::format("{} documents, {} signals", run_.scanned.size(), signals);
  }

  /// The watch-list's first column, in its order.
  void read_names() {
    const std::string_view list = demo_watch_list();
    for (std::size_t at = list.find('\n') + 1; at < list.size(); at = list.find('\n', at) + 1) {
      run_.watched.emplace_back(list.substr(at, list.find(',', at) - at));
    }
  }

  Reading reading() const {
    Reading reading;
    reading.sources = {(run_.folder / "feed.csv").string()};
    return reading;
  }

  /// The row without text is part of the show: the step's own line tells of it.
  Common unheard() const {
    Common quiet = common_;
    quiet.quiet = true;
    return quiet;
  }

  const Common& common_;
  bool own_store_;
  base::Stopwatch watch_;
  DemoRun run_;
  std::shared_ptr<const lm::TextClassifier> model_;
  risk::Scorer scorer_;
  std::unique_ptr<store::Store> store_;
};

}  // namespace

void add_demo(CLI::App& app, Common& common) {
  auto* verb = app.add_subcommand("demo", "A tour of every desk on embedded samples, in seconds");
  add_common(*verb, common, "ballast demo");
  verb->callback([verb, &common] { Demo(common, verb->get_option("--store")->count() > 0).run(); });
}

}  // namespace ballast::apps
