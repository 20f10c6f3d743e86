// SPDX-License-Identifier: Apache-2.0
#include "ballast/decide/fraud_desk.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "ballast/base/error.h"
#include "ballast/base/hash.h"

namespace ballast::decide {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr double kMicro = 1e6;

int strength(const std::string& action) {
  return action == "block" ? 2 : action == "review" ? 1 : 0;
}

risk::FieldOf fields_of(const ingest::Record& row) {
  return [&row](std::string_view column) { return row.text(column); };
}

}  // namespace

FraudDesk::FraudDesk(const std::string& model_folder, const std::string& rules_text, const std::string& rules_name)
    : folder_(model_folder), rules_text_(rules_text), model_(risk::FraudModel::load(model_folder)) {
  hash_ = base::sha256_file(std::filesystem::path(model_folder) / "fraud.json");
  if (rules_text.empty()) return;
  rules_ = risk::parse_transaction_rules(rules_text, rules_name);
  rules_hash_ = base::sha256_hex(rules_text);
}

std::vector<FraudCase> FraudDesk::run(std::vector<ingest::Record> rows, const ingest::QuarantineSink& sink) const {
  if (rows.empty()) return {};
  for (ingest::Record& row : rows) {
    if (row.names) continue;
    // A JSON row may leave out what was missing in training too.
    for (const tabular::ColumnSpec& spec : model_.schema().columns) {
      if (spec.had_missing && !row.has(spec.name)) row.object[spec.name] = nullptr;
    }
  }
  // Rows that the schema refuses vanish from the table, in order; the others keep theirs.
  std::vector<std::uint8_t> refused(rows.size(), 0);
  std::size_t at = 0, refusals = 0;
  tabular::Table table;
  try {
    table = tabular::table_as(model_.schema(), rows, [&](const ingest::Quarantined& q) {
      while (rows[at].line != q.line || rows[at].source != q.source) ++at;
      refused[at++] = 1;
      ++refusals;
      if (sink) sink(q);
    });
  } catch (const Error& e) {
    if (e.code() == ErrorCode::bad_input && refusals == rows.size()) return {};
    throw;
  }
  std::vector<FraudCase> cases;
  at = 0;
  for (risk::FraudScore& score : model_.score(table)) {
    while (refused[at] != 0) ++at;
    FraudCase one;
    one.record = std::move(rows[at]);
    one.score = std::move(score);
    one.rules = risk::apply_rules(rules_, fields_of(one.record));
    one.action = strength(one.rules.action) > strength(one.score.action) ? one.rules.action : one.score.action;
    cases.push_back(std::move(one));
    ++at;
  }
  return cases;
}

void FraudDesk::explain(std::span<FraudCase> cases, bool chinese) const {
  if (cases.empty()) return;
  std::vector<ingest::Record> rows;
  std::vector<risk::FraudScore> scores;
  for (const FraudCase& one : cases) {
    rows.push_back(one.record);
    scores.push_back(one.score);
  }
  model_.explain(tabular::table_as(model_.schema(), rows), scores, chinese);
  for (std::size_t i = 0; i < cases.size(); ++i) cases[i].score = std::move(scores[i]);
}

std::string FraudDesk::subject_of(const FraudCase& one) const {
  const std::string& id = model_.training().columns.id;
  const std::string key = id.empty() ? "" : one.record.text(id).value_or("");
  return key.empty() ? fmt::format("row {}", one.record.line) : key;
}

Json FraudDesk::rules_json(const FraudCase& one) const {
  Json hits = Json::array();
  for (const std::size_t i : one.rules.rules) {
    const risk::TransactionRule& rule = rules_[i];
    hits.push_back({{"name", rule.name}, {"action", rule.action}, {"points", rule.points}, {"reason", rule.reason}});
  }
  return hits;
}

Decision FraudDesk::record_of(const FraudCase& one, bool chinese) const {
  Decision d;
  d.kind = "transaction";
  d.subject = subject_of(one);
  std::vector<std::string> columns = model_.schema().names();
  for (const risk::TransactionRule& rule : rules_) {
    for (const std::string& column : rule.condition.columns()) {
      if (std::find(columns.begin(), columns.end(), column) == columns.end()) columns.push_back(column);
    }
  }
  Json transaction = Json::object();
  for (const std::string& column : columns) {
    const auto text = one.record.text(column);
    transaction[column] = text ? Json(*text) : Json();
  }
  d.inputs = {{"transaction", transaction},
              {"row", one.record.line},
              {"rules", rules_text_},
              {"language", chinese ? "zh" : "en"}};
  d.model = folder_;
  d.model_hash = hash_;
  d.policy_hash = rules_hash_;
  d.seed = model_.training().seed;
  d.outcome = {{"action", one.action},
               {"model_action", one.score.action},
               {"threshold", model_.threshold()},
               {"rules", rules_json(one)},
               {"base", static_cast<double>(one.score.micro_base) / kMicro},
               {"score", static_cast<double>(one.score.micro_score) / kMicro}};
  d.probability = one.score.probability;
  d.interval = one.score.interval;
  for (const risk::FraudReason& reason : one.score.reasons) {
    d.reasons.push_back({reason.code, reason.text, static_cast<double>(reason.micro_points) / kMicro});
  }
  return d;
}

Json FraudDesk::json_of(const FraudCase& one, const std::string& decision_id, bool all_reasons) const {
  Json json = {{"row", one.record.line}, {"subject", subject_of(one)}, {"action", one.action}};
  json["model_action"] = one.score.action;
  json["rules"] = rules_json(one);
  json.update(risk::to_json(one.score, all_reasons));
  json["decision_id"] = decision_id.empty() ? Json() : Json(decision_id);
  return json;
}

std::string FraudDesk::words_of(const FraudCase& one) const {
  std::string text =
      fmt::format("{:<6} {} (row {}): probability of fraud {:.4f} [{:.4f}, {:.4f}]", one.action, subject_of(one),
                  one.record.line, one.score.probability, one.score.interval[0], one.score.interval[1]);
  for (const std::size_t i : one.rules.rules) {
    text += fmt::format("\n  rule {}: {} ({})", rules_[i].name, rules_[i].reason, rules_[i].action);
  }
  const Json json = risk::to_json(one.score, false);
  for (const Json& reason : json["reasons"]) {
    text += fmt::format("\n  {:+.4f}  {}", reason["points"].get<double>(), reason["text"].get<std::string>());
  }
  return text;
}

Decision replay_transaction(const Decision& was) {
  const std::string where = "decision " + was.id;
  const FraudDesk desk(was.model, base::json_field<std::string>(was.inputs, "rules", where), where);
  ingest::Record row;
  row.source = where;
  row.line = base::json_field<std::int64_t>(was.inputs, "row", where);
  row.object = base::json_field<Json>(was.inputs, "transaction", where);
  const bool chinese = base::json_field<std::string>(was.inputs, "language", where) == "zh";
  std::vector<FraudCase> cases = desk.run({row}, {});
  if (cases.empty()) throw Error(ErrorCode::bad_input, "the model cannot score the stored transaction", where);
  desk.explain(cases, chinese);
  Decision now = desk.record_of(cases.front(), chinese);
  now.subject = was.subject;  // a name only
  return now;
}

}  // namespace ballast::decide
