// SPDX-License-Identifier: Apache-2.0
// ballast replay ID: the same decision or signal again, compared bit for bit.
#include "replay.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>
#include <memory>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/hash.h"
#include "ballast/base/memory.h"
#include "ballast/engine/isa.h"
#include "ballast/lm/classifier.h"
#include "ballast/risk/scan.h"
#include "default_model.h"
#include "verb.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

std::map<std::string, Replay>& replays() {
  static std::map<std::string, Replay> all;
  return all;
}

struct ReplayArguments {
  std::string id, model;
};

struct Outcome {
  std::string kind;
  std::vector<decide::Difference> differences;
  double seconds = 0;
};

/// A signal is scored again from the stored text; its record says what it must be.
Outcome replay_signal(store::Store& store, const store::SignalRecord& was, const std::string& model_folder) {
  const base::Stopwatch watch;
  const auto folder = model_folder.empty() ? default_model() : std::filesystem::path(model_folder);
  const auto model = std::make_shared<const lm::TextClassifier>(lm::TextClassifier::load(folder));
  const auto document = store.find_document(was.document_id);
  if (!document) throw Error(ErrorCode::not_found, "the document is not in the store any more", was.document_id);
  store::Store passing = store::Store::open("sqlite::memory:");
  risk::Scanned again;
  risk::ScanOptions options;
  options.seed = was.seed;
  risk::Scan scan(passing, risk::make_scorer(model), options, [&](const risk::Scanned& s) { again = s; });
  scan.add(risk::to_document(*document));
  scan.finish();
  Json now = {
      {"model", model->identity()}, {"probability", nullptr}, {"interval", nullptr}, {"evidence", Json::array()}};
  for (const risk::Signal& s : again.risk.signals) {
    if (s.risk != was.risk) continue;
    now["probability"] = s.probability;
    now["interval"] = s.interval;
    for (const risk::Evidence& e : s.evidence) {
      now["evidence"].push_back({{"start", e.start}, {"end", e.end}, {"text", e.text}, {"weight", e.weight}});
    }
  }
  const Json before = {{"model", was.model},
                       {"probability", was.probability},
                       {"interval", {was.lo, was.hi}},
                       {"evidence", base::parse_json(was.evidence, "signal " + was.id)}};
  Outcome out{"signal", {}, 0};
  for (const auto& [field, value] : before.items()) {
    if (decide::canonical_json(value) != decide::canonical_json(now.at(field))) {
      out.differences.push_back({field, base::dump_json(value), base::dump_json(now.at(field))});
    }
  }
  out.seconds = watch.seconds();
  return out;
}

Outcome replay_decision(const decide::Decision& was) {
  const base::Stopwatch watch;
  if (was.inputs.is_null()) {
    throw Error(ErrorCode::not_found, "its inputs have been erased; only their hash is kept", "decision " + was.id);
  }
  decide::Decision now = replay_of(was.kind)(was);
  sign(now);
  decide::seal(now);
  return {was.kind, decide::differences(was, now), watch.seconds()};
}

void print(const Outcome& outcome, const std::string& id, const Common& common) {
  if (common.json) {
    Json differences = Json::array();
    for (const auto& d : outcome.differences)
      differences.push_back({{"field", d.field}, {"was", d.was}, {"now", d.now}});
    const Json out = {{"id", id},
                      {"kind", outcome.kind},
                      {"identical", outcome.differences.empty()},
                      {"differences", differences},
                      {"seconds", outcome.seconds}};
    fmt::print("{}\n", base::dump_json(out));
    return;
  }
  if (outcome.differences.empty()) {
    fmt::print("{} {}: the same, bit for bit ({:.2f} s)\n", outcome.kind, id, outcome.seconds);
    return;
  }
  fmt::print("{} {}: differs\n", outcome.kind, id);
  for (const auto& d : outcome.differences) fmt::print("  {}\n    was {}\n    now {}\n", d.field, d.was, d.now);
}

void run_replay(const ReplayArguments& arguments, const Common& common) {
  store::Store store = store::Store::open(common.store);
  if (const auto decision = decide::find(store, arguments.id)) {
    return print(replay_decision(*decision), arguments.id, common);
  }
  if (const auto signal = store.find_signal(arguments.id)) {
    return print(replay_signal(store, *signal, arguments.model), arguments.id, common);
  }
  throw Error(ErrorCode::not_found, "no decision or signal has the id \"" + arguments.id + "\"", common.store,
              "an id as `scan --json` or a desk prints it");
}

}  // namespace

std::string build_name() {
  static const std::string name =
      std::string(BALLAST_VERSION) + "+" + base::sha256_file("/proc/self/exe").substr(0, 12);
  return name;
}

void sign(decide::Decision& decision) {
  decision.build = build_name();
  decision.isa = engine::isa_name();
  decision.cost.peak_memory = base::peak_memory_bytes();
}

void add_replay(const std::string& kind, Replay replay) {
  replays()[kind] = std::move(replay);
}

const Replay& replay_of(const std::string& kind) {
  const auto found = replays().find(kind);
  if (found == replays().end()) {
    throw Error(ErrorCode::unsupported, "this program cannot repeat a decision of kind \"" + kind + "\"", "replay");
  }
  return found->second;
}

void add_replay_verb(CLI::App& app, Common& common) {
  auto* verb = app.add_subcommand("replay", "The same decision or signal again, compared bit for bit");
  auto arguments = std::make_shared<ReplayArguments>();
  verb->add_option("id", arguments->id, "Of a stored decision or signal")->required();
  verb->add_option("--model", arguments->model, "Folder of the model that made a signal (default: the embedded one)");
  add_common(*verb, common, "ballast replay 3fa94c01b2d7e688");
  verb->callback([arguments, &common] { run_replay(*arguments, common); });
}

}  // namespace ballast::apps
