// SPDX-License-Identifier: Apache-2.0
// ballast replay ID: the same decision or signal again, compared bit for bit; --all: every decision.
#include "replay.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <map>
#include <memory>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/hash.h"
#include "ballast/base/memory.h"
#include "ballast/engine/isa.h"
#include "ballast/risk/chat_scorer.h"
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
  std::string id, model, since, kind;
  double tolerance = 0;
  bool all = false;
};

struct Outcome {
  std::string kind;
  std::vector<decide::Difference> differences;  // build and instruction set are not among them
  double seconds = 0;
  std::string program;  // who decided then, where it was another program or instruction set than now; else empty
  double largest = 0;   // absolute difference of two numbers; infinite where something else than numbers differs

  bool within(double tolerance) const { return differences.empty() || largest <= tolerance; }
};

/// The largest absolute difference between numbers at the same place; infinite where anything else differs.
double largest_difference(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number()) return std::abs(a.get<double>() - b.get<double>());
  double largest = 0;
  if (a.is_object() && b.is_object() && a.size() == b.size()) {
    for (const auto& [key, value] : a.items()) {
      largest = std::max(largest, b.contains(key) ? largest_difference(value, b.at(key)) : INFINITY);
    }
    return largest;
  }
  if (a.is_array() && b.is_array() && a.size() == b.size()) {
    for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, largest_difference(a[i], b[i]));
    return largest;
  }
  return a == b ? 0 : INFINITY;
}

/// Another build or instruction set is no difference of the verdict: it is said apart.
void set_program_apart(const decide::Decision& was, const decide::Decision& now, Outcome& out) {
  if (was.build != now.build || was.isa != now.isa) out.program = was.build + " on " + was.isa;
  std::erase_if(out.differences, [](const auto& d) { return d.field == "build" || d.field == "isa"; });
  for (const decide::Difference& d : out.differences) {
    out.largest =
        std::max(out.largest, largest_difference(base::parse_json(d.was, d.field), base::parse_json(d.now, d.field)));
  }
}

/// A signal is scored again from the stored text; its record says what it must be.
Outcome replay_signal(store::Store& store, const store::SignalRecord& was, const std::string& model_folder) {
  const base::Stopwatch watch;
  const auto folder = model_folder.empty() ? default_model() : std::filesystem::path(model_folder);
  risk::Scorer scorer = risk::open_scorer(folder);
  const std::string identity = scorer.model;
  const auto document = store.find_document(was.document_id);
  if (!document) throw Error(ErrorCode::not_found, "the document is not in the store any more", was.document_id);
  store::Store passing = store::Store::open("sqlite::memory:");
  risk::Scanned again;
  risk::ScanOptions options;
  options.seed = was.seed;
  risk::Scan scan(passing, std::move(scorer), options, [&](const risk::Scanned& s) { again = s; });
  scan.add(risk::to_document(*document));
  scan.finish();
  Json now = {{"model", identity}, {"probability", nullptr}, {"interval", nullptr}, {"evidence", Json::array()}};
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
  Outcome out{"signal", {}, 0, "", 0};
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
  Outcome out{was.kind, decide::differences(was, now), watch.seconds(), "", 0};
  set_program_apart(was, now, out);
  return out;
}

std::string program_words(const Outcome& outcome) {
  return outcome.program.empty()
             ? ""
             : fmt::format(", decided by {}, now {} on {}", outcome.program, build_name(), engine::isa_name());
}

void print_replay(const Outcome& outcome, const std::string& id, const Common& common) {
  if (common.json) {
    Json differences = Json::array();
    for (const auto& d : outcome.differences)
      differences.push_back({{"field", d.field}, {"was", d.was}, {"now", d.now}});
    const Json out = {{"id", id},
                      {"kind", outcome.kind},
                      {"identical", outcome.differences.empty()},
                      {"differences", differences},
                      {"largest_difference", std::isfinite(outcome.largest) ? Json(outcome.largest) : Json()},
                      {"decided_by", outcome.program.empty() ? Json() : Json(outcome.program)},
                      {"seconds", outcome.seconds}};
    fmt::print("{}\n", base::dump_json(out));
    return;
  }
  if (outcome.differences.empty()) {
    fmt::print("{} {}: the same, bit for bit{} ({:.2f} s)\n", outcome.kind, id, program_words(outcome),
               outcome.seconds);
    return;
  }
  fmt::print("{} {}: differs{}{}\n", outcome.kind, id,
             std::isfinite(outcome.largest) ? fmt::format(" by at most {:.3g}", outcome.largest) : "",
             program_words(outcome));
  for (const auto& d : outcome.differences) fmt::print("  {}\n    was {}\n    now {}\n", d.field, d.was, d.now);
}

struct Tally {
  std::int64_t same = 0, differ = 0, impossible = 0;
  std::int64_t other_program = 0;  // decided by another build or on another instruction set
  double largest = 0;
};

void print_tally(const std::map<std::string, Tally>& kinds, double seconds, const Common& common) {
  if (common.json) {
    Json out = {{"seconds", seconds}, {"kinds", Json::object()}};
    for (const auto& [kind, t] : kinds) {
      out["kinds"][kind] = {{"identical", t.same},
                            {"different", t.differ},
                            {"impossible", t.impossible},
                            {"by_another_program", t.other_program},
                            {"largest_difference", std::isfinite(t.largest) ? Json(t.largest) : Json()}};
    }
    fmt::print("{}\n", base::dump_json(out));
    return;
  }
  for (const auto& [kind, t] : kinds) {
    fmt::print("{:<16} {:>6} the same, bit for bit {:>6} different {:>6} that cannot be repeated", kind, t.same,
               t.differ, t.impossible);
    if (t.other_program > 0) fmt::print("; {} decided by another build or instruction set", t.other_program);
    if (t.differ > 0) fmt::print("; largest difference {:.3g}", t.largest);
    fmt::print("\n");
  }
  fmt::print("{:.1f} s\n", seconds);
}

/// Every stored decision, the newest first; those that differ or cannot be repeated are named.
void run_replay_all(const ReplayArguments& a, const Common& common) {
  const base::Stopwatch watch;
  store::Store store = store::Store::open(common.store);
  std::map<std::string, Tally> kinds;
  std::int64_t beyond = 0;
  for (const store::DecisionRecord& record : store.decisions(a.kind, std::numeric_limits<std::int64_t>::max())) {
    if (record.created_at < a.since) continue;
    Tally& tally = kinds[record.kind];
    try {
      const Outcome outcome = replay_decision(*decide::find(store, record.id));
      (outcome.differences.empty() ? tally.same : tally.differ) += 1;
      tally.other_program += !outcome.program.empty();
      tally.largest = std::max(tally.largest, outcome.largest);
      beyond += !outcome.within(a.tolerance);
      if (!outcome.differences.empty()) print_replay(outcome, record.id, common);
    } catch (const Error& e) {
      ++tally.impossible;
      say(common, fmt::format("{} {}: {}", record.kind, record.id, e.what()));
    }
  }
  print_tally(kinds, watch.seconds(), common);
  if (beyond > 0) throw Error(ErrorCode::bad_input, fmt::format("{} decision(s) do not repeat", beyond), common.store);
}

void run_replay(const ReplayArguments& arguments, const Common& common) {
  if (arguments.all != arguments.id.empty()) {
    throw Error(ErrorCode::usage, "takes the id of a decision or signal, or --all", "replay");
  }
  if (arguments.all) return run_replay_all(arguments, common);
  store::Store store = store::Store::open(common.store);
  if (const auto decision = decide::find(store, arguments.id)) {
    return print_replay(replay_decision(*decision), arguments.id, common);
  }
  if (const auto signal = store.find_signal(arguments.id)) {
    return print_replay(replay_signal(store, *signal, arguments.model), arguments.id, common);
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
  verb->add_option("id", arguments->id, "Of a stored decision or signal");
  verb->add_flag("--all", arguments->all, "Every stored decision");
  verb->add_option("--since", arguments->since,
                   "With --all: only those made at or after this moment (RFC 3339, or a date)");
  verb->add_option("--kind", arguments->kind, "With --all: only decisions of this kind");
  verb->add_option("--tolerance", arguments->tolerance,
                   "With --all: numbers may differ so much, for another build or instruction set")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb->add_option("--model", arguments->model, "Folder of the model that made a signal (default: the embedded one)");
  add_common(*verb, common, "ballast replay 3fa94c01b2d7e688");
  verb->callback([arguments, &common] { run_replay(*arguments, common); });
}

}  // namespace ballast::apps
