// SPDX-License-Identifier: Apache-2.0
// ballast credit score · decide: applications to PDs with reasons, and by a policy to loan terms, each verdict stored
// before it is shown.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/parallel.h"
#include "ballast/decide/credit_desk.h"
#include "ballast/risk/credit_trend.h"
#include "credit.h"
#include "govern_shadow.h"
#include "replay.h"
#include "table_reading.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

struct CreditScoreScoreArguments {
  std::string model, policy, shadow, trend, language = "en";
  std::vector<std::string> data;
  bool all_reasons = false, allow_unseen = false, strict = false;
};

/// The applications, with the trend beside them where the model was trained with one.
std::vector<ingest::Record> read_applications_credit_score(const CreditScoreScoreArguments& a,
                                                           const risk::CreditTraining& training,
                                                           const ingest::QuarantineSink& sink) {
  std::vector<ingest::Record> rows = read_rows(a.data, sink);
  if (training.trend_columns.empty()) {
    if (!a.trend.empty()) throw Error(ErrorCode::usage, "--trend: the model was trained without a trend");
    return rows;
  }
  if (a.trend.empty()) {
    throw Error(ErrorCode::usage, "the model was trained with a trend", a.model,
                "--trend FILE with the columns " + training.trend_key + " and available_at");
  }
  const auto series = risk::TrendSeries::read(a.trend, training.trend_key, sink);
  return risk::join_trend(std::move(rows), series, training.as_of, sink);
}

void print_credit_score(const decide::CreditCase& one, const decide::CreditDesk& desk, bool all) {
  fmt::print("row {}: PD {:.4f} [{:.4f}, {:.4f}], grade {}\n", one.score.line, one.score.pd, one.score.interval[0],
             one.score.interval[1], one.score.grade);
  if (one.decision) {
    fmt::print("  {}: {} {} at {:.2f} % a year ({})\n", one.decision->outcome, risk::money(one.decision->amount),
               desk.policy().currency, 100 * one.decision->rate, one.decision->why);
  }
  const Json json = risk::to_json(one.score, all);
  for (const Json& reason : json["reasons"]) {
    fmt::print("  {:+.4f}  {}\n", reason["points"].get<double>(), reason["text"].get<std::string>());
  }
}

void print_json_credit_score(const decide::CreditCase& one, const decide::CreditDesk& desk, const std::string& id,
                             bool all) {
  Json json = risk::to_json(one.score, all);
  if (one.decision) {
    json.update(risk::to_json(*one.decision, desk.policy()));
    json["decision_id"] = id;
  }
  print_line(base::dump_json(json));
}

void run_credit_score(const CreditScoreScoreArguments& a, const Common& common, bool decide) {
  base::set_threads(common.threads);
  const base::Stopwatch watch;
  if (decide) risk::read_policy(a.policy);  // an empty file is not "no policy"
  const decide::CreditDesk desk(a.model, decide ? base::read_file(a.policy) : "", a.policy);
  RowQuarantine quarantine(common);
  const auto language = a.language == "zh" ? risk::ReasonLanguage::zh : risk::ReasonLanguage::en;
  std::vector<ingest::Record> rows = read_applications_credit_score(a, desk.model().training(), quarantine.sink());
  const std::vector<decide::CreditCase> cases = desk.run(std::move(rows), language, a.allow_unseen, quarantine.sink());
  quarantine.finish(a.strict);
  std::vector<decide::Decision> decisions;
  if (decide) {
    const double seconds = watch.seconds() / static_cast<double>(cases.size());
    for (const decide::CreditCase& one : cases) {
      decisions.push_back(desk.record_of(one, language));
      decisions.back().cost.seconds = seconds;
      sign(decisions.back());
    }
    store::Store store = store::Store::open(common.store);
    decide::keep(store, decisions);
    if (!a.shadow.empty()) {
      Shadows shadows = shadow_decisions(decisions, a.shadow, common);
      decide::keep(store, shadows.made);
      say(common, fmt::format("{} of {} decisions shadowed by {}", shadows.made.size(), decisions.size(), a.shadow));
    }
  }
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (common.json)
      print_json_credit_score(cases[i], desk, decide ? decisions[i].id : "", a.all_reasons);
    else
      print_credit_score(cases[i], desk, a.all_reasons);
  }
}

void add_verb_credit_score(CLI::App& credit, Common& common, bool decide) {
  CLI::App* verb = credit.add_subcommand(decide ? "decide" : "score",
                                         decide ? "Outcome, amount and rate by a policy" : "PD, grade and reasons");
  const auto a = std::make_shared<CreditScoreScoreArguments>();
  verb->add_option("--model", a->model, "Folder of the model")->required();
  verb->add_option("--data", a->data, "CSV or JSONL files of applications, - for standard input")->required();
  if (decide) {
    verb->add_option("--policy", a->policy, "The policy, a TOML file")->required();
    verb->add_option("--shadow", a->shadow,
                     "Folder of a challenger: its answers are stored beside, nobody acts on them");
  }
  verb->add_option("--language,--lang", a->language, "Language of the reasons")->check(CLI::IsMember({"en", "zh"}));
  verb->add_option("--trend", a->trend, "The series beside the columns, for a model that was trained with one");
  verb->add_flag("--allow-unseen", a->allow_unseen,
                 "Score values of a category that training never saw, as if nothing were known about them");
  verb->add_flag("--all-reasons", a->all_reasons, "Every contribution, not only the four most adverse");
  verb->add_flag("--strict", a->strict, "Rows that cannot be scored are an error");
  add_common(*verb, common,
             decide ? "ballast credit decide --model models/german --policy policy.toml --data new.csv --json"
                    : "ballast credit score --model models/german --data new.csv --json");
  verb->callback([a, &common, decide] { run_credit_score(*a, common, decide); });
}

}  // namespace

void add_credit_score(CLI::App& credit, Common& common) {
  add_verb_credit_score(credit, common, false);
  add_verb_credit_score(credit, common, true);
}

}  // namespace ballast::apps
