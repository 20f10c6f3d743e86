// SPDX-License-Identifier: Apache-2.0
// `ballast govern feedback`: what people said of a model's answers: taken in, shown, made into labelled rows.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <map>
#include <memory>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/hash.h"
#include "ballast/govern/feedback.h"
#include "govern.h"
#include "govern_feedback.h"
#include "table_reading.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

struct FeedbackArguments {
  std::string data, decision = "decision_id", label = "label", by, by_column, model, text = "text", output;
  bool all = false, signals = false;
};

std::string feedback_model_hash(const std::string& model) {
  return model.empty() ? "" : govern::identify_model(model).hash;
}

/// What the decision answered. Throws bad_input where it is none about a text.
std::string answer_of_decision(const store::DecisionRecord& d, const std::string& where) {
  const Json outcome = base::parse_json(d.result, "decision " + d.id).at("outcome");
  if (d.kind != "intent" || !outcome.is_object() || !outcome.contains("intent")) {
    throw Error(ErrorCode::bad_input, "decision " + d.id + " is of kind " + d.kind + ": it gives no label to a text",
                where);
  }
  return outcome.at("intent").get<std::string>();
}

store::FeedbackRecord feedback_of_row(store::Store& store, const ingest::Record& row, const FeedbackArguments& a) {
  const std::string where = fmt::format("{}:{}", row.source, row.line);
  store::FeedbackRecord f;
  f.subject_kind = "decision";
  f.subject_id = row.text(a.decision).value_or("");
  const std::string label = row.text(a.label).value_or("");
  f.actor = a.by_column.empty() ? a.by : row.text(a.by_column).value_or("");
  if (f.subject_id.empty() || f.actor.empty()) {
    throw Error(ErrorCode::bad_input, f.actor.empty() ? "does not say who" : "names no decision", where);
  }
  const auto decision = store.find_decision(f.subject_id);
  if (!decision) throw Error(ErrorCode::not_found, "there is no decision " + f.subject_id, where);
  const std::string said = answer_of_decision(*decision, where);
  f.verdict = label.empty() ? "reject" : label == said ? "accept" : "correct";
  f.risk = label;
  f.created_at = base::utc_now();
  f.id = base::sha256_hex(f.subject_id + "|" + f.actor + "|" + label + "|" + f.created_at).substr(0, 16);
  return f;
}

void run_feedback_add(const FeedbackArguments& a, const Common& common) {
  if (a.by.empty() == a.by_column.empty()) {
    throw Error(ErrorCode::usage, "give one of the two: who says this", "--by, --by-column");
  }
  RowQuarantine quarantine(common);
  const auto rows = read_rows({a.data}, quarantine.sink());
  store::Store store = store::Store::open(common.store);
  store::Work work(store);
  std::map<std::pair<std::string, std::string>, std::string> said;  // decision and person to the last label
  for (const govern::ReviewedAnswer& r : govern::reviewed_answers(store, "")) {
    for (const govern::Opinion& o : r.opinions) said[{r.decision_id, o.actor}] = o.label;
  }
  std::int64_t added = 0, known = 0;
  for (const ingest::Record& row : rows) {
    store::FeedbackRecord f;
    try {
      f = feedback_of_row(store, row, a);
    } catch (const Error& e) {
      if (e.code() != ErrorCode::bad_input && e.code() != ErrorCode::not_found) throw;
      quarantine.sink()({row.source, row.line, "", e.problem(), ""});
      continue;
    }
    const auto [last, fresh] = said.try_emplace({f.subject_id, f.actor}, f.risk);
    if (!fresh && last->second == f.risk) {
      ++known;
      continue;
    }
    last->second = f.risk;
    work.put_feedback(f);
    ++added;
  }
  quarantine.finish(false);
  if (added + known == 0) throw Error(ErrorCode::bad_input, "no row could be taken in", a.data);
  if (common.json) {
    fmt::print("{}\n", base::dump_json({{"added", added}, {"known", known}}));
  } else {
    fmt::print("{} words of feedback taken in, {} were there already\n", added, known);
  }
}

void run_feedback_list(const FeedbackArguments& a, const Common& common) {
  store::Store store = store::Store::open(common.store);
  const auto answers = govern::reviewed_answers(store, feedback_model_hash(a.model));
  const govern::FeedbackSummary s = govern::summarise_feedback(answers);
  if (common.json) {
    Json json = govern::to_json(s);
    json["disputed_answers"] = Json::array();
    for (const govern::ReviewedAnswer& r : answers) {
      if (!r.settled().empty()) continue;
      Json opinions = Json::array();
      for (const auto& o : r.opinions) opinions.push_back({{"actor", o.actor}, {"label", o.label}});
      json["disputed_answers"].push_back({{"decision_id", r.decision_id}, {"said", r.said}, {"opinions", opinions}});
    }
    fmt::print("{}\n", base::dump_json(json));
    return;
  }
  fmt::print("{} answers reviewed: {} confirmed, {} corrected, {} disputed, {} rejected without a label\n", s.answers,
             s.confirmed, s.corrected, s.disputed, s.unlabelled);
  if (s.by_several > 0) {
    fmt::print("{} by at least two people, whose agreement is alpha {:.3f} (Krippendorff; 1: always, 0: by chance)\n",
               s.by_several, s.alpha);
  }
  for (std::size_t i = 0; i < std::min<std::size_t>(10, s.confusions.size()); ++i)
    fmt::print("{:>6}  {}\n", s.confusions[i].second, s.confusions[i].first);
  for (const govern::ReviewedAnswer& r : answers) {
    if (!r.settled().empty() || r.opinions.size() < 2) continue;
    fmt::print("disputed {}: the model said {}", r.decision_id, r.said);
    for (const auto& o : r.opinions) fmt::print("; {} says {}", o.actor, o.label.empty() ? "wrong" : o.label);
    fmt::print("\n");
  }
}

void run_feedback_export(const FeedbackArguments& a, const Common& common) {
  store::Store store = store::Store::open(common.store);
  std::int64_t disputed = 0;
  const auto rows = a.signals ? govern::signal_rows(store, a.text, a.label == "label" ? "risks" : a.label, disputed)
                              : settled_rows(store, feedback_model_hash(a.model), a.text, a.label, a.all);
  if (disputed > 0) say(common, fmt::format("{} documents left out: people disagree about their signals", disputed));
  if (rows.empty()) throw Error(ErrorCode::bad_input, "there is no settled feedback to export", common.store);
  std::string lines;
  for (const Json& row : rows) lines += base::dump_json(row) + "\n";
  if (a.output.empty()) {
    fmt::print("{}", lines);
  } else {
    base::write_file_atomic(a.output, lines);
    say(common, fmt::format("{} labelled rows written to {}", rows.size(), a.output));
  }
}

}  // namespace

std::vector<Json> settled_rows(store::Store& store, const std::string& model, const std::string& text_column,
                               const std::string& label_column, bool confirmed_too) {
  std::vector<Json> rows;
  for (const govern::ReviewedAnswer& r : govern::reviewed_answers(store, model)) {
    const std::string label = r.settled();
    if (label.empty() || (label == r.said && !confirmed_too)) continue;
    rows.push_back(govern::labelled_row(r, text_column, label_column));
  }
  return rows;
}

void add_govern_feedback(CLI::App& govern, Common& common) {
  CLI::App* feedback =
      govern.add_subcommand("feedback", "Corrections by people: taken in, shown, learnt from, and the gain measured");
  feedback->require_subcommand(1);
  const auto a = std::make_shared<FeedbackArguments>();
  CLI::App* add = feedback->add_subcommand("add", "Take in a sheet of reviewed answers of `customers intent`");
  add->add_option("--data", a->data, "CSV or JSONL: decision, right label (empty: only that it is wrong)")->required();
  add->add_option("--decision-column", a->decision)->capture_default_str();
  add->add_option("--label-column", a->label)->capture_default_str();
  add->add_option("--by", a->by, "Who says this");
  add->add_option("--by-column", a->by_column, "Column of who says this");
  add_common(*add, common, "ballast govern feedback add --data reviewed.csv --by ann");
  add->callback([a, &common] { run_feedback_add(*a, common); });
  CLI::App* list = feedback->add_subcommand("list", "How often people agree with a model, and with each other");
  list->add_option("--model", a->model, "Only answers of the model in this folder");
  add_common(*list, common, "ballast govern feedback list --model models/intents");
  list->callback([a, &common] { run_feedback_list(*a, common); });
  CLI::App* out = feedback->add_subcommand("export", "Settled corrections as labelled rows with their provenance");
  out->add_option("--model", a->model, "Only answers of the model in this folder");
  out->add_option("--text-column", a->text)->capture_default_str();
  out->add_option("--label-column", a->label)->capture_default_str();
  out->add_option("--output", a->output, "JSONL file (default: standard output)");
  out->add_flag("--signals", a->signals,
                "Feedback on risk signals instead: documents with the risks they should have (column risks)");
  out->add_flag("--all", a->all, "Confirmed answers too, not corrections alone");
  add_common(*out, common, "ballast govern feedback export --output corrections.jsonl");
  out->callback([a, &common] { run_feedback_export(*a, common); });
  add_feedback_round(*feedback, common);
}

}  // namespace ballast::apps
