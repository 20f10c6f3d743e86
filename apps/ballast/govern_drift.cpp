// SPDX-License-Identifier: Apache-2.0
// `ballast govern drift`: inputs, scores, vectors and calibration of late against before; alerts, and an exit code that
// fails where a limit is passed.
#include "govern_drift.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/hash.h"
#include "ballast/base/parallel.h"
#include "ballast/govern/inventory.h"
#include "ballast/store/work.h"
#include "govern.h"
#include "replay.h"
#include "scored_rows.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;
namespace fs = std::filesystem;

struct DriftArguments {
  std::vector<std::string> reference, current, text_columns, drop;
  std::string model, label, positive, probability;
  govern::DriftLimits limits;
  std::int64_t sample = 400;
};

Json pinned_files(const std::vector<std::string>& files) {
  Json json = Json::array();
  for (const std::string& file : files) {
    if (!fs::is_regular_file(file)) throw Error(ErrorCode::not_found, "there is no such file", file);
    json.push_back({{"file", fs::weakly_canonical(file).string()}, {"sha256", base::sha256_file(file)}});
  }
  return json;
}

/// A model of tables knows its own outcome; what the command line says counts more.
void set_outcome(DriftQuestion& q) {
  const govern::ModelFacts facts = govern::identify_model(q.model);
  if (facts.kind == "text") return;
  const ModelOutcome outcome = outcome_of_model(facts);
  if (q.label.empty()) q.label = outcome.label;
  if (q.positive.empty()) q.positive = outcome.positive;
}

decide::Decision drift_decision(const DriftQuestion& q, const govern::DriftReport& report) {
  decide::Decision d;
  d.kind = "drift";
  d.subject = q.model.empty() ? fs::path(q.current.front().at("file").get<std::string>()).filename().string()
                              : fs::path(q.model).filename().string();
  d.inputs = to_json(q);
  d.model = q.model;
  if (!q.model.empty()) d.model_hash = govern::identify_model(q.model).hash;
  d.seed = q.seed;
  d.outcome = govern::to_json(report, q.limits);
  for (const govern::DriftFinding& f : report.findings) {
    if (f.alert) d.reasons.push_back({f.what, govern::describe(f, q.limits), 0});
  }
  return d;
}

decide::Decision replay_drift(const decide::Decision& was) {
  DriftQuestion q = drift_question_of(was.inputs, "decision " + was.id);
  q.seed = was.seed;
  Common quiet;
  quiet.quiet = true;
  return drift_decision(q, answer_drift(q, quiet));
}

void raise_alerts(store::Store& store, const decide::Decision& d) {
  std::vector<store::AlertRecord> alerts;
  for (const decide::Reason& r : d.reasons) {
    store::AlertRecord alert;
    alert.id = base::sha256_hex(d.id + "|" + r.text).substr(0, 16);
    alert.kind = "drift";
    alert.severity = 2;
    alert.title = d.subject + ": " + r.text;
    alert.subject_id = d.id;
    alert.status = "open";
    alert.created_at = d.created_at;
    alerts.push_back(std::move(alert));
  }
  store::Work(store).put_alerts(alerts);
}

void print_drift(const govern::DriftReport& report, const govern::DriftLimits& limits, const std::string& id) {
  fmt::print("{} rows before, {} of late\n", report.reference_rows, report.current_rows);
  for (const govern::DriftFinding& f : report.findings) {
    fmt::print("{:<6} {}\n", f.alert ? "ALERT" : "", govern::describe(f, limits));
  }
  for (const govern::CalibrationDrift& c : report.calibration) {
    fmt::print(
        "       outcomes of {}: foretold {:.4f}, observed {:.4f}; Brier {:.4f}, ECE {:.4f} (by chance up to"
        " {:.4f})\n",
        c.rows, c.foretold, c.observed, c.brier, c.ece, c.ece_chance_95);
  }
  fmt::print("{} alert(s); decision {}\n", report.alerts(), id);
}

void run_drift(const DriftArguments& a, const Common& common) {
  base::set_threads(common.threads);
  DriftQuestion q;
  q.reference = pinned_files(a.reference);
  q.current = pinned_files(a.current);
  q.text_columns = a.text_columns, q.drop = a.drop, q.label = a.label, q.positive = a.positive;
  q.probability = a.probability, q.limits = a.limits, q.sample = a.sample, q.seed = common.seed;
  if (!a.model.empty()) {
    q.model = fs::weakly_canonical(a.model).string();
    set_outcome(q);
  }
  if (!a.probability.empty() && (a.label.empty() || a.positive.empty())) {
    throw Error(ErrorCode::usage, "needs --label and --positive: what came of it", "--probability");
  }
  const base::Stopwatch watch;
  const govern::DriftReport report = answer_drift(q, common);
  decide::Decision d = drift_decision(q, report);
  d.cost.seconds = watch.seconds();
  sign(d);
  store::Store store = store::Store::open(common.store);
  decide::keep(store, std::span(&d, 1));
  raise_alerts(store, d);
  if (common.json) {
    Json json = d.outcome;
    json["decision_id"] = d.id;
    fmt::print("{}\n", base::dump_json(json));
  } else {
    print_drift(report, q.limits, d.id);
  }
  std::fflush(stdout);
  if (d.reasons.empty()) return;
  throw Error(ErrorCode::bad_input,
              fmt::format("{} limit(s) passed, the first: {}", d.reasons.size(), d.reasons[0].text), a.current.front());
}

}  // namespace

void add_govern_drift(CLI::App& govern, Common& common) {
  CLI::App* verb = govern.add_subcommand("drift", "Do inputs, scores and outcomes of late still look like before?");
  const auto a = std::make_shared<DriftArguments>();
  verb->add_option("--reference", a->reference,
                   "CSV or JSONL files of before; for scores: rows that the model did not learn from")
      ->required();
  verb->add_option("--current", a->current, "Files of late, with the same columns")->required();
  verb->add_option("--model", a->model, "A model of credit, fraud, customers or texts: its scores are compared too");
  verb->add_option("--text-column", a->text_columns, "Columns of the text (default: the usual ones)");
  verb->add_option("--label", a->label, "Column of what came of it, where it has arrived (default: the model's)");
  verb->add_option("--positive", a->positive, "Its value that the probability is of (default: the model's)");
  verb->add_option("--probability", a->probability, "A column that holds a probability, in place of a model");
  verb->add_option("--drop", a->drop, "Columns to leave out, such as ids and dates");
  verb->add_option("--max-psi", a->limits.max_psi, "Alert above this stability index")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  verb->add_option("--min-p", a->limits.min_p, "Alert below this p-value, corrected over the report (Holm)")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  verb->add_flag("--judge-ks", a->limits.judge_ks, "Alerts by Kolmogorov and Smirnov's test too");
  verb->add_option("--sample", a->sample, "Texts of each side whose vectors are compared")
      ->check(CLI::Range(2, 5000))
      ->capture_default_str();
  add_common(*verb, common, "ballast govern drift --model models/german --reference may.csv --current june.csv");
  verb->callback([a, &common] { run_drift(*a, common); });
  add_replay("drift", replay_drift);
}

}  // namespace ballast::apps
