// SPDX-License-Identifier: Apache-2.0
#include "ballast/decide/credit_desk.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "ballast/base/error.h"
#include "ballast/base/hash.h"

namespace ballast::decide {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

/// What an application has besides the model's inputs, by the policy's column names.
class TermsReader {
 public:
  TermsReader(const risk::CreditPolicy& policy, const ingest::QuarantineSink& sink) : policy_(policy), sink_(sink) {}

  /// Nothing where a figure is missing or wrong: the row is then set aside.
  std::optional<risk::Application> read(const ingest::Record& row) const {
    risk::Application a;
    const auto amount = number(row, policy_.amount_column, policy_.default_amount, 0.01);
    const auto term = number(row, policy_.term_column, policy_.default_term_months, 1, 600);
    const auto undrawn = number(row, policy_.undrawn_column, 0, 0);
    const auto days = number(row, policy_.days_past_due_column, 0, 0, 1e6);
    const auto income = number(row, policy_.income_column, -1, 0);
    const auto lgd = number(row, policy_.lgd_column, policy_.lgd, 0, 1);
    const auto first_pd = number(row, policy_.origination_pd_column, -1, 0, 1);
    if (!amount || !term || !undrawn || !days || !income || !lgd || !first_pd) return {};
    a.requested = *amount;
    a.term_months = static_cast<int>(std::ceil(*term));
    a.undrawn = *undrawn;
    a.days_past_due = static_cast<int>(*days);
    a.lgd = *lgd;
    if (!policy_.income_column.empty()) a.income = *income;
    if (!policy_.origination_pd_column.empty()) a.pd_at_origination = *first_pd;
    return a;
  }

 private:
  std::optional<double> number(const ingest::Record& row, const std::string& column, double otherwise, double low,
                               double high = 1e12) const {
    if (column.empty()) return otherwise;
    const std::string text = row.text(column).value_or("");
    bool finite = true;
    const double value = tabular::number_in(text, finite);
    if (finite && value >= low && value <= high) return value;
    if (sink_) {
      sink_({row.source, row.line, column,
             tabular::is_missing_text(text) ? "is missing, and the policy needs it"
                                            : "is \"" + text.substr(0, 40) + "\", which the policy cannot use",
             ""});
    }
    return {};
  }
  const risk::CreditPolicy& policy_;
  const ingest::QuarantineSink& sink_;
};

std::vector<std::string> policy_columns(const risk::CreditPolicy& p) {
  std::vector<std::string> columns;
  for (const std::string& column : {p.amount_column, p.term_column, p.undrawn_column, p.days_past_due_column,
                                    p.income_column, p.lgd_column, p.origination_pd_column}) {
    if (!column.empty()) columns.push_back(column);
  }
  return columns;
}

}  // namespace

CreditDesk::CreditDesk(const std::string& model_folder, const std::string& policy_text, const std::string& policy_name)
    : folder_(model_folder), policy_text_(policy_text), model_(risk::CreditModel::load(model_folder)) {
  hash_ = base::sha256_file(std::filesystem::path(model_folder) / "credit.json");
  if (!policy_text.empty()) policy_ = risk::parse_policy(policy_text, policy_name);
}

std::vector<CreditCase> CreditDesk::run(std::vector<ingest::Record> rows, risk::ReasonLanguage language,
                                        bool allow_unseen, const ingest::QuarantineSink& sink) const {
  if (rows.empty()) throw Error(ErrorCode::bad_input, "there are no applications");
  const std::string source = rows.front().source;
  std::vector<risk::Application> applications;
  if (!policy_text_.empty()) {
    for (const std::string& column : policy_columns(policy_)) {
      if (std::none_of(rows.begin(), rows.end(), [&](const auto& row) { return row.has(column); })) {
        throw Error(ErrorCode::bad_input, "the column \"" + column + "\" that the policy needs is absent", source);
      }
    }
    const TermsReader terms(policy_, sink);
    std::vector<ingest::Record> usable;
    for (ingest::Record& row : rows) {
      const auto application = terms.read(row);
      if (!application) continue;
      applications.push_back(*application);
      usable.push_back(std::move(row));
    }
    rows = std::move(usable);
    if (rows.empty()) throw Error(ErrorCode::bad_input, "no application can be decided", source);
  }
  const risk::ReadApplications read = model_.read(rows, allow_unseen, sink);
  std::vector<risk::CreditScore> scores = model_.score(read.table, language);
  std::vector<CreditCase> cases;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const std::size_t at = read.kept[i];
    CreditCase one{std::move(rows[at]), std::move(scores[i]), {}};
    if (!policy_text_.empty()) one.decision = risk::decide(one.score.pd, one.score.interval, applications[at], policy_);
    cases.push_back(std::move(one));
  }
  return cases;
}

Decision CreditDesk::record_of(const CreditCase& one, risk::ReasonLanguage language) const {
  Decision d;
  d.kind = "credit";
  d.subject = one.record.text("id").value_or(fmt::format("row {}", one.record.line));
  Json application = Json::object();
  std::vector<std::string> columns = model_.schema().names();
  for (const std::string& column : policy_columns(policy_)) {
    if (std::find(columns.begin(), columns.end(), column) == columns.end()) columns.push_back(column);
  }
  for (const std::string& column : columns) {
    const auto text = one.record.text(column);
    application[column] = text ? Json(*text) : Json();
  }
  d.inputs = {{"application", application},
              {"row", one.record.line},
              {"policy", policy_text_},
              {"language", language == risk::ReasonLanguage::zh ? "zh" : "en"},
              {"allow_unseen", !one.score.unseen.empty()}};
  d.model = folder_;
  d.model_hash = hash_;
  d.policy_hash = policy_.hash;
  d.seed = model_.training().seed;
  d.outcome = risk::to_json(*one.decision, policy_);
  d.outcome["grade"] = one.score.grade;
  d.outcome["base"] = static_cast<double>(one.score.micro_base) / 1e6;
  d.outcome["score"] = static_cast<double>(one.score.micro_score) / 1e6;
  d.probability = one.score.pd;
  d.interval = one.score.interval;
  for (const risk::CreditReason& reason : one.score.reasons)
    d.reasons.push_back({reason.code, reason.text, reason.points()});
  return d;
}

Decision replay_credit(const Decision& was) {
  const std::string where = "decision " + was.id;
  const CreditDesk desk(was.model, base::json_field<std::string>(was.inputs, "policy", where), where);
  ingest::Record row;
  row.source = where;
  row.line = base::json_field<std::int64_t>(was.inputs, "row", where);
  row.object = base::json_field<Json>(was.inputs, "application", where);
  const auto language = base::json_field<std::string>(was.inputs, "language", where) == "zh" ? risk::ReasonLanguage::zh
                                                                                             : risk::ReasonLanguage::en;
  const auto cases = desk.run({row}, language, base::json_field<bool>(was.inputs, "allow_unseen", where, false), {});
  Decision now = desk.record_of(cases.front(), language);
  now.subject = was.subject;  // a name only
  return now;
}

}  // namespace ballast::decide
