// SPDX-License-Identifier: Apache-2.0
// `ballast govern shadow`: a challenger answers the same questions as the model in charge, nobody acts on it, and once
// outcomes come the two are compared.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <set>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/parallel.h"
#include "ballast/govern/comparison.h"
#include "ballast/govern/inventory.h"
#include "govern.h"
#include "govern_shadow.h"
#include "replay.h"
#include "table_reading.h"

namespace ballast::apps {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;
using base::Json;

constexpr auto kEveryDecision = std::numeric_limits<std::int64_t>::max();

struct ShadowArguments {
  std::string challenger, data, key = "id", label, positive, output;
  std::int64_t limit = 0;
};

/// The kind of decision that a model of this kind takes.
std::string decision_kind_of(const govern::ModelFacts& model) {
  static const std::map<std::string, std::string> kKinds = {
      {"credit", "credit"}, {"fraud", "transaction"}, {"customers", "customer"}, {"text", "intent"}};
  const auto found = kKinds.find(model.kind);
  if (found == kKinds.end()) {
    throw Error(ErrorCode::unsupported, "a model of kind " + model.kind + " takes no decisions that can be shadowed",
                model.folder, "credit, fraud, customers or text");
  }
  return found->second;
}

/// The same question to another model. Inputs that name the model's folder name the challenger's then.
decide::Decision answer_of_challenger(const std::string& kind, const Json& inputs, const std::string& folder,
                                      const std::string& subject, const std::string& id) {
  decide::Decision question;
  question.id = id;
  question.kind = kind;
  question.subject = subject;
  question.inputs = inputs;
  if (question.inputs.contains("model")) question.inputs["model"] = folder;
  question.model = folder;
  return replay_of(kind)(question);
}

decide::Decision shadow_decision(const Json& inputs, const std::string& folder) {
  const auto text = [&](const char* field) { return base::json_field<std::string>(inputs, field, "shadow"); };
  const decide::Decision answer = answer_of_challenger(text("kind"), base::json_field<Json>(inputs, "inputs", "shadow"),
                                                       folder, text("subject"), text("decision"));
  decide::Decision d;
  d.kind = "shadow";
  d.subject = text("decision");
  d.inputs = inputs;
  d.model = folder;
  d.model_hash = answer.model_hash;
  d.policy_hash = answer.policy_hash;
  d.seed = answer.seed;
  d.outcome = answer.outcome;
  d.probability = answer.probability;
  d.interval = answer.interval;
  d.reasons = answer.reasons;
  return d;
}

/// The challenger's answer to a decision, signed. Throws what answering throws.
decide::Decision signed_answer(const decide::Decision& was, const std::string& folder) {
  const base::Stopwatch watch;
  decide::Decision made = shadow_decision(
      {{"decision", was.id}, {"kind", was.kind}, {"subject", was.subject}, {"inputs", was.inputs}}, folder);
  made.cost.seconds = watch.seconds();
  sign(made);
  return made;
}

void run_shadow(const ShadowArguments& a, const Common& common) {
  base::set_threads(common.threads);
  const govern::ModelFacts challenger = govern::identify_model(a.challenger);
  const std::string kind = decision_kind_of(challenger);
  store::Store store = store::Store::open(common.store);
  std::set<std::string> shadowed;
  for (const store::DecisionRecord& r : store.decisions("shadow", kEveryDecision)) {
    if (r.model == challenger.folder && r.model_hash.ends_with(challenger.hash)) shadowed.insert(r.subject);
  }
  std::vector<decide::Decision> open;
  for (const store::DecisionRecord& r : store.decisions(kind, kEveryDecision)) {
    if (r.model_hash.ends_with(challenger.hash) || shadowed.contains(r.id)) continue;
    if (a.limit > 0 && static_cast<std::int64_t>(open.size()) >= a.limit) break;
    open.push_back(*decide::find(store, r.id));
  }
  Shadows shadows = shadow_decisions(open, a.challenger, common);
  decide::keep(store, shadows.made);
  if (common.json) {
    fmt::print("{}\n", base::dump_json({{"challenger", challenger.name},
                                        {"kind", kind},
                                        {"shadowed", shadows.made.size()},
                                        {"otherwise", shadows.otherwise},
                                        {"refused", shadows.refused},
                                        {"erased", shadows.erased}}));
  } else {
    fmt::print("{} decisions of kind {} shadowed by {}, {} with another probability; {} refused, {} erased\n",
               shadows.made.size(), kind, challenger.name, shadows.otherwise, shadows.refused, shadows.erased);
  }
}

/// What both said of a case, and what came of it.
struct ShadowedCase {
  std::string decision;
  double champion = 0, challenger = 0;
  bool event = false;
};

Json cases_json(const std::vector<ShadowedCase>& cases) {
  Json json = Json::array();
  for (const ShadowedCase& c : cases) json.push_back({c.decision, c.champion, c.challenger, c.event});
  return json;
}

decide::Decision shadow_report(const Json& inputs, const std::string& folder, std::uint64_t seed) {
  std::vector<std::uint8_t> truth;
  std::vector<govern::MethodRun> runs(2);
  runs[0].name = "in charge";
  runs[1].name = "challenger";
  for (govern::MethodRun& run : runs) run.family = govern::Family::hybrid;  // two of the same house
  for (const Json& c : base::json_field<Json>(inputs, "cases", "shadow report")) {
    runs[0].probabilities.push_back(c.at(1).get<double>());
    runs[1].probabilities.push_back(c.at(2).get<double>());
    truth.push_back(c.at(3).get<bool>());
  }
  govern::JudgeOptions options;
  options.seed = seed;
  const govern::Comparison c = govern::judge_events("shadow", truth, std::move(runs), options);
  const govern::PairTest& test = c.tests.front();
  const bool passes = test.difference.low > 0;
  const std::string reason =
      fmt::format("AUC of the challenger {:+.4f} [{:+.4f}, {:+.4f}] over {} cases with an outcome, {} p {:.3g}: {}",
                  test.difference.value, test.difference.low, test.difference.high, c.rows, test.test, test.p_value,
                  passes ? "better" : "not better than chance could make it");
  decide::Decision d;
  d.kind = "shadow_report";
  d.subject = fs::path(folder).filename().string();
  d.inputs = inputs;
  d.model = folder;
  d.model_hash = base::json_field<std::string>(inputs, "challenger_hash", "shadow report");
  d.seed = seed;
  d.outcome = {{"gate", {{"passes", passes}, {"reason", reason}}}, {"comparison", govern::to_json(c, false)}};
  d.reasons.push_back({"gate", reason, test.difference.value});
  return d;
}

/// By the decision's id or by its subject.
std::map<std::string, bool> outcomes_by_key(const ShadowArguments& a, const Common& common) {
  RowQuarantine quarantine(common);
  std::map<std::string, bool> outcomes;
  for (const ingest::Record& row : read_rows({a.data}, quarantine.sink())) {
    const std::string key = row.text(a.key).value_or(""), label = row.text(a.label).value_or("");
    if (!key.empty() && !label.empty()) outcomes[key] = label == a.positive;
  }
  quarantine.finish(false);
  if (outcomes.empty()) {
    throw Error(ErrorCode::bad_input, "no row has a key and an outcome", a.data,
                fmt::format("columns \"{}\" and \"{}\"", a.key, a.label));
  }
  return outcomes;
}

std::vector<ShadowedCase> cases_with_outcome(store::Store& store, const govern::ModelFacts& challenger,
                                             const std::map<std::string, bool>& outcomes) {
  std::vector<ShadowedCase> cases;
  for (const store::DecisionRecord& r : store.decisions("shadow", kEveryDecision)) {
    if (r.model != challenger.folder || !r.model_hash.ends_with(challenger.hash)) continue;
    const auto was = decide::find(store, r.subject), shadow = decide::find(store, r.id);
    if (!was || !was->probability || !shadow->probability) continue;
    auto outcome = outcomes.find(was->id);
    if (outcome == outcomes.end()) outcome = outcomes.find(was->subject);
    if (outcome != outcomes.end()) cases.push_back({was->id, *was->probability, *shadow->probability, outcome->second});
  }
  std::sort(cases.begin(), cases.end(), [](const auto& x, const auto& y) { return x.decision < y.decision; });
  const auto events = std::count_if(cases.begin(), cases.end(), [](const auto& c) { return c.event; });
  if (events == 0 || events == static_cast<std::ptrdiff_t>(cases.size())) {
    throw Error(ErrorCode::bad_input,
                fmt::format("{} shadowed decisions have an outcome, {} of them the event: both"
                            " are needed",
                            cases.size(), events),
                challenger.folder, "ballast govern shadow run");
  }
  return cases;
}

void run_shadow_report(const ShadowArguments& a, const Common& common) {
  const govern::ModelFacts challenger = govern::identify_model(a.challenger);
  store::Store store = store::Store::open(common.store);
  const auto cases = cases_with_outcome(store, challenger, outcomes_by_key(a, common));
  decide::Decision d = shadow_report({{"challenger_hash", challenger.hash}, {"cases", cases_json(cases)}},
                                     challenger.folder, common.seed);
  sign(d);
  decide::keep(store, std::span(&d, 1));
  Json report = d.outcome;
  report["decision_id"] = d.id;
  if (!a.output.empty()) base::write_file_atomic(a.output, report.dump(2) + "\n");
  if (common.json) {
    fmt::print("{}\n", base::dump_json(report));
    return;
  }
  for (const Json& m : d.outcome["comparison"]["methods"]) {
    fmt::print("{:<11}", m.value("name", ""));
    for (const auto& [name, e] : m["measures"].items())
      fmt::print("  {} {:.4f}", name, e.is_object() ? e.value("value", 0.0) : e.is_number() ? e.get<double>() : 0.0);
    fmt::print("\n");
  }
  fmt::print("{}; decision {}\n", d.reasons.front().text, d.id);
}

}  // namespace

Shadows shadow_decisions(std::span<const decide::Decision> decisions, const std::string& folder, const Common& common) {
  const govern::ModelFacts challenger = govern::identify_model(folder);
  const std::string kind = decision_kind_of(challenger);
  Shadows out;
  for (const decide::Decision& was : decisions) {
    if (was.kind != kind) {
      throw Error(ErrorCode::usage, "takes no decisions of kind " + was.kind + ", but of kind " + kind, folder);
    }
    if (was.inputs.is_null()) {
      ++out.erased;
      continue;
    }
    try {
      out.made.push_back(signed_answer(was, challenger.folder));
    } catch (const Error& e) {
      if (out.refused++ == 0)
        say(common, fmt::format("{} {}: the challenger cannot answer: {}", kind, was.id, e.what()));
      continue;
    }
    const decide::Decision& made = out.made.back();
    out.otherwise += was.probability && made.probability && *was.probability != *made.probability;
  }
  return out;
}

std::vector<serve::ShadowModel> open_shadows(const std::vector<std::string>& folders) {
  std::vector<serve::ShadowModel> shadows;
  for (const std::string& folder : folders) {
    const govern::ModelFacts challenger = govern::identify_model(folder);
    const std::string kind = decision_kind_of(challenger);
    if (kind == "intent") {
      throw Error(ErrorCode::unsupported, "the service takes no decisions of kind " + kind, folder,
                  "a challenger of a credit, fraud or customers model");
    }
    shadows.push_back({challenger.name, challenger.hash, kind,
                       [at = challenger.folder](const decide::Decision& was) { return signed_answer(was, at); }});
  }
  return shadows;
}

void add_govern_shadow(CLI::App& govern, Common& common) {
  CLI::App* shadow = govern.add_subcommand("shadow", "A challenger beside the model in charge, on the same live cases");
  shadow->require_subcommand(1);
  const auto a = std::make_shared<ShadowArguments>();
  CLI::App* run =
      shadow->add_subcommand("run", "Let a challenger answer every stored decision of its desk that it has not");
  run->add_option("--challenger", a->challenger, "Model folder")->required();
  run->add_option("--limit", a->limit, "At most so many; 0: all")->check(CLI::NonNegativeNumber);
  add_common(*run, common, "ballast govern shadow run --challenger models/german-2");
  run->callback([a, &common] { run_shadow(*a, common); });
  CLI::App* report = shadow->add_subcommand("report", "Both against what came of the cases");
  report->add_option("--challenger", a->challenger, "Model folder")->required();
  report->add_option("--data", a->data, "CSV or JSONL: outcomes")->required();
  report->add_option("--key-column", a->key, "Column with a decision's id or subject")->capture_default_str();
  report->add_option("--label", a->label, "Column of what came of it")->required();
  report->add_option("--positive", a->positive, "Its value that the probability is of")->required();
  report->add_option("--output", a->output, "JSON file: evidence for `model promote`");
  add_common(
      *report, common,
      "ballast govern shadow report --challenger models/german-2 --data outcomes.csv --label label --positive bad");
  report->callback([a, &common] { run_shadow_report(*a, common); });
  add_replay("shadow", [](const decide::Decision& was) { return shadow_decision(was.inputs, was.model); });
  add_replay("shadow_report",
             [](const decide::Decision& was) { return shadow_report(was.inputs, was.model, was.seed); });
}

}  // namespace ballast::apps
