// SPDX-License-Identifier: Apache-2.0
// ballast operations watch: logs and transaction files followed as they grow, alerts as they arise.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <thread>

#include "ballast/base/error.h"
#include "ballast/base/interrupt.h"
#include "ballast/decide/log_window_decision.h"
#include "ballast/ingest/tail.h"
#include "ballast/risk/operations_fraud.h"
#include "ballast/risk/operations_log_windows.h"
#include "operations.h"
#include "replay.h"
#include "watch_alerts.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr std::int64_t kLinesALook = 2000;  // judged, stored and shown together

struct OperationsWatchWatchArguments {
  std::vector<std::string> sources;
  std::string model, rules, templates, state;
  double interval = 0.5;
  bool once = false, from_end = false, open_cases = false;
};

std::unique_ptr<LineWatch> make_watch(const OperationsWatchWatchArguments& a, const Common& common) {
  if (!a.model.empty() && !a.templates.empty()) {
    throw Error(ErrorCode::usage, "--templates belongs to a watch without --model: a model has its own");
  }
  if (a.model.empty()) {
    if (!a.rules.empty()) throw Error(ErrorCode::usage, "--rules needs a fraud model", "", "--model M");
    return watch_templates(a.templates);
  }
  if (risk::is_fraud_model(a.model)) return watch_transactions(a.model, a.rules, common);
  if (!a.rules.empty()) throw Error(ErrorCode::usage, "--rules needs a fraud model", a.model);
  if (risk::is_log_window_model(a.model)) return watch_windows(a.model);
  throw Error(ErrorCode::not_found, "holds neither a model of log windows nor a fraud model", a.model,
              "train one with `ballast operations train --log` or `ballast operations fraud train`");
}

/// Sleeps, but not past a Ctrl-C.
void pause(double seconds) {
  using namespace std::chrono;
  const auto end = steady_clock::now() + duration_cast<steady_clock::duration>(duration<double>(seconds));
  while (!base::interrupted() && steady_clock::now() < end) {
    std::this_thread::sleep_for(std::min<steady_clock::duration>(milliseconds(50), end - steady_clock::now()));
  }
}

void run_operations_watch(const OperationsWatchWatchArguments& a, const Common& common) {
  const std::unique_ptr<LineWatch> watch = make_watch(a, common);
  Outbox outbox(common, a.state, a.open_cases);
  const Json was = outbox.resume();
  if (!was.is_null()) {
    if (base::json_field<std::string>(was, "watch", a.state) != watch->identity()) {
      throw Error(ErrorCode::bad_input, "is the state of a watch with another model or rules", a.state,
                  "another --state file, or remove it to start again");
    }
    watch->resume(base::json_field<Json>(was, "judging", a.state), a.state);
  }
  ingest::Tail tail(a.sources, was.is_null() ? Json() : base::json_field<Json>(was, "reading", a.state),
                    [&](const std::string& note) { say(common, note); });
  const auto state = [&] {
    return Json{{"watch", watch->identity()}, {"reading", tail.state()}, {"judging", watch->state()}};
  };
  if (a.from_end && was.is_null()) {
    while (tail.poll([](const ingest::TailedLine&) {}) && !base::interrupted()) {
    }
  }
  std::vector<Alert> alerts;
  const ingest::TailSink sink = [&](const ingest::TailedLine& line) { watch->take(line, alerts); };
  while (!base::interrupted()) {
    const bool came = tail.poll(sink, kLinesALook);
    const bool last = !came && (a.once || tail.ended());
    // What waits for its line break goes on in the next run where there is a state, and is all there will be where not.
    if (last && a.state.empty()) tail.finish(sink);
    if (came || last) {
      watch->flush(alerts);
      outbox.put(std::move(alerts), state());
      alerts.clear();
    }
    if (last) break;
    if (!came) pause(a.interval);
  }
  say(common, fmt::format("{}: {}, {} alerts{}", base::interrupted() ? "stopped" : "done", watch->summary(),
                          outbox.shown(), a.state.empty() ? "" : "; goes on from " + a.state));
}

}  // namespace

void add_operations_watch(CLI::App& desk, Common& common) {
  CLI::App* verb = desk.add_subcommand("watch", "Follow logs or transactions as they grow; alerts as they arise");
  const auto a = std::make_shared<OperationsWatchWatchArguments>();
  verb->add_option("LOG", a->sources, "Files, folders, or - for standard input")->required();
  verb->add_option("--model", a->model,
                   "Model of `operations train --log` (logs) or `operations fraud train` (CSV, JSONL)");
  verb->add_option("--rules", a->rules, "Rules (TOML) beside a fraud model, in place of those it was saved with");
  verb->add_option("--templates", a->templates, "Frozen templates: lines that fit none are alerts, nothing is learnt");
  verb->add_option("--state", a->state, "File that remembers how far was read: a later run goes on from there");
  verb->add_option("--interval", a->interval, "Seconds between looks when nothing comes")
      ->check(CLI::Range(0.05, 3600.0))
      ->capture_default_str();
  verb->add_flag("--once", a->once, "Stop at the end of what is there");
  verb->add_flag("--from-end", a->from_end, "Without a state: leave out what is there already");
  verb->add_flag("--open-cases", a->open_cases, "Open a case in the store for every alert");
  add_common(*verb, common,
             "ballast operations watch /var/log/app.log --model models/windows --state app.state --open-cases --json");
  verb->callback([a, &common] { run_operations_watch(*a, common); });
  add_replay("log_window", decide::replay_window);
}

}  // namespace ballast::apps
