// SPDX-License-Identifier: Apache-2.0
// The credit desk: what the models are, what they say of an application, what would be if, and decisions by the policy.
#include <fmt/format.h>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/decide/decision.h"
#include "ballast/risk/credit.h"
#include "ballast/serve/api/listing.h"
#include "ballast/serve/app.h"
#include "ballast/serve/http/problem.h"
#include "ballast/serve/live/desks.h"

namespace ballast::serve {
namespace {

using namespace schema;
using decide::CreditCase;
using decide::CreditDesk;

constexpr std::size_t kMostApplications = 1000;
constexpr std::size_t kMostVariations = 500;

struct Set {
  std::int64_t row = 0;
  std::string column, reason;
};

risk::ReasonLanguage language_of(const Json& body) {
  return body.value("language", "en") == "zh" ? risk::ReasonLanguage::zh : risk::ReasonLanguage::en;
}

/// Runs applications, numbered from 1; those that cannot be scored are in `aside`.
std::vector<CreditCase> run(const CreditDesk& desk, const std::vector<Json>& applications, const Json& body,
                            std::vector<Set>& aside) {
  std::vector<ingest::Record> rows;
  for (const Json& application : applications) {
    ingest::Record row;
    row.source = "application";
    row.line = static_cast<std::int64_t>(rows.size()) + 1;
    row.object = application;
    rows.push_back(std::move(row));
  }
  try {
    return desk.run(std::move(rows), language_of(body), body.value("allow_unseen", false),
                    [&](const ingest::Quarantined& q) {
                      aside.push_back({q.line, q.column, q.reason});
                    });
  } catch (const base::Error& e) {
    if (!aside.empty()) return {};  // no row was left
    throw;
  }
}

[[noreturn]] void refuse(const Set& set) {
  throw Problem(422, "cannot be scored: " + set.column + " " + set.reason, "body.application." + set.column);
}

Json score_json(const CreditCase& one, bool all_reasons) {
  Json json = risk::to_json(one.score, all_reasons);
  json["score"] = static_cast<double>(one.score.micro_score) / 1e6;
  return json;
}

Json aside_json(const std::vector<Set>& aside) {
  Json json = Json::array();
  for (const Set& set : aside) json.push_back({{"row", set.row}, {"column", set.column}, {"reason", set.reason}});
  return json;
}

Response score(App& app, const Request& request) {
  const Json body = request.json();
  const CreditDesk& desk = app.desks->credit(body.value("model", ""));
  const bool all = body.value("all_reasons", false);
  std::vector<Set> aside;
  if (body.contains("application")) {
    const auto cases = run(desk, {body["application"]}, body, aside);
    if (cases.empty()) refuse(aside.front());
    return json_response(score_json(cases.front(), all));
  }
  const std::vector<Json> many(body["applications"].begin(), body["applications"].end());
  if (many.empty()) throw Problem(400, "holds no application", "body.applications");
  Json items = Json::array();
  for (const CreditCase& one : run(desk, many, body, aside)) items.push_back(score_json(one, all));
  return json_response({{"items", items}, {"rejected", aside_json(aside)}});
}

Json outcome_json(const CreditCase& one) {
  Json json = {{"pd", one.score.pd}, {"interval", one.score.interval}, {"grade", one.score.grade}};
  json["outcome"] = one.decision ? Json(one.decision->outcome) : Json();
  json["amount"] = one.decision ? Json(risk::money(one.decision->amount)) : Json();
  json["rate"] = one.decision ? Json(one.decision->rate) : Json();
  return json;
}

Response what_if(App& app, const Request& request) {
  const Json body = request.json();
  const CreditDesk& desk = app.desks->credit(body.value("model", ""));
  std::vector<Json> applications = {body["application"]};
  std::vector<std::pair<std::string, Json>> varied;
  for (const auto& [column, values] : body["vary"].items()) {
    for (const Json& value : values) {
      applications.push_back(body["application"]);
      applications.back()[column] = value;
      varied.emplace_back(column, value);
    }
  }
  if (varied.size() > kMostVariations) {
    throw Problem(400, fmt::format("holds {} values, more than {}", varied.size(), kMostVariations), "body.vary");
  }
  std::vector<Set> aside;
  std::map<std::int64_t, Json> found;
  for (const CreditCase& one : run(desk, applications, body, aside)) found[one.record.line] = outcome_json(one);
  if (!found.contains(1)) refuse(aside.front());
  Json items = Json::array();
  for (std::size_t i = 0; i < varied.size(); ++i) {
    Json item = {{"column", varied[i].first}, {"value", varied[i].second}};
    const auto at = found.find(static_cast<std::int64_t>(i) + 2);
    if (at != found.end()) {
      item.update(at->second);
    } else {
      for (const Set& set : aside) {
        if (set.row == static_cast<std::int64_t>(i) + 2) item["reason"] = set.reason;
      }
    }
    items.push_back(std::move(item));
  }
  return json_response({{"base", found.at(1)}, {"items", items}});
}

Response decide_application(App& app, const Request& request) {
  const base::Stopwatch watch;
  const Json body = request.json();
  const CreditDesk& desk = app.desks->credit(body.value("model", ""));
  if (!app.desks->has_policy()) throw Problem(501, "no credit policy is in service", "", "ballast serve --policy FILE");
  std::vector<Set> aside;
  Json application = body["application"];
  if (body.contains("id")) application["id"] = body["id"];
  const auto cases = run(desk, {application}, body, aside);
  if (cases.empty()) refuse(aside.front());
  decide::Decision decision = desk.record_of(cases.front(), language_of(body));
  decision.cost.seconds = watch.seconds();
  app.keep(decision);
  Json json = {{"id", decision.subject}, {"decision_id", decision.id}};
  json.update(decision.outcome);
  json.update(score_json(cases.front(), body.value("all_reasons", false)));
  return json_response(json, 201);
}

Json input_json(const tabular::ColumnSpec& spec, const Json& ranges, const risk::WordsOfColumns& words) {
  const bool number = spec.kind == tabular::ColumnKind::numeric;
  const risk::ColumnWords called = risk::words_of(spec.name, words);
  const bool ranged = ranges.contains(spec.name);
  return {{"name", spec.name},
          {"kind", number ? "number" : "category"},
          {"integer", spec.integer},
          {"may_be_missing", spec.had_missing},
          {"levels", spec.levels},
          {"min", ranged ? ranges[spec.name][0] : Json()},
          {"max", ranged ? ranges[spec.name][1] : Json()},
          {"words_en", called.en},
          {"words_zh", called.zh}};
}

Json policy_json(const risk::CreditPolicy& p) {
  return {{"name", p.name},
          {"currency", p.currency},
          {"approve_pd", p.approve_pd},
          {"decline_pd", p.decline_pd},
          {"min_amount", p.min_amount},
          {"max_amount", p.max_amount},
          {"max_rate", p.max_rate},
          {"lgd", p.lgd},
          {"amount_column", or_null(p.amount_column)},
          {"income_column", or_null(p.income_column)},
          {"term_column", or_null(p.term_column)},
          {"hash", p.hash}};
}

Json credit_model_json(const App& app, const ServedModel& served) {
  const CreditDesk& desk = app.desks->credit(served.id);
  const risk::CreditModel& model = desk.model();
  const Json whole = model.to_json();
  Json inputs = Json::array();
  for (const tabular::ColumnSpec& spec : model.schema().columns) {
    inputs.push_back(input_json(spec, whole["ranges"], model.training().words));
  }
  return {{"id", served.id},
          {"sha256", served.sha256},
          {"champion", model.champion()},
          {"label", model.training().label},
          {"bad", model.training().bad},
          {"rows", model.rows()},
          {"default_rate", model.default_rate()},
          {"cut_off", model.cut_off()},
          {"candidates", whole["candidates"]},
          {"grades", whole["grades"]},
          {"warnings", whole["warnings"]},
          {"protected", model.training().protected_columns},
          {"inputs", inputs},
          {"policy", app.desks->has_policy() ? policy_json(desk.policy()) : Json()},
          {"card", model.card()}};
}

const ServedModel& served_model(const App& app, const std::string& id) {
  for (const ServedModel& model : app.desks->models()) {
    if (model.kind == "credit" && model.id == id) return model;
  }
  throw Problem(404, "no credit model is called \"" + id + "\"");
}

Response list_credit_models(const App& app, const Request& request) {
  Json items = Json::array();
  for (const ServedModel& model : app.desks->models()) {
    if (model.kind == "credit") items.push_back(credit_model_json(app, model));
  }
  return whole_list(request, std::move(items));
}

Response fairness(const App& app, const Request& request) {
  const risk::CreditModel& model = app.desks->credit(served_model(app, request.parameter("id")).id).model();
  Json items = Json::array(), words = Json::array();
  for (const risk::FairnessAudit& audit : model.fairness()) items.push_back(audit.to_json());
  Json limit;
  if (model.fairness_limit()) {
    limit = {{"min_adverse_impact", model.fairness_limit()->min_adverse_impact},
             {"max_opportunity_gap", model.fairness_limit()->max_opportunity_gap}};
    for (const auto& breach : risk::breaches(model.fairness(), *model.fairness_limit())) {
      words.push_back(risk::describe(breach));
    }
  }
  return json_response({{"cut_off", model.cut_off()},
                        {"fair_cut_off", model.fair_cut_off() ? Json(*model.fair_cut_off()) : Json()},
                        {"limit", limit},
                        {"breaches", words},
                        {"items", items}});
}

void add_models(App& app) {
  const Json model = open_object({{"id", text()},
                                  {"champion", text()},
                                  {"candidates", array(any())},
                                  {"inputs", array(any())},
                                  {"policy", any()},
                                  {"card", text()}});
  app.routes.add({Method::get,
                  "/v1/credit/models",
                  Role::viewer,
                  Lane::quick,
                  "credit",
                  "Credit models in service",
                  {{"format", word({"json", "csv"}), ""}},
                  {},
                  list_of(model),
                  200,
                  "application/json",
                  [&app](Request& r) { return list_credit_models(app, r); },
                  {}});
  app.routes.add(
      {Method::get,
       "/v1/credit/models/{id}",
       Role::viewer,
       Lane::quick,
       "credit",
       "What a model needs to know, how good its candidates were, its card",
       {},
       {},
       model,
       200,
       "application/json",
       [&app](Request& r) { return json_response(credit_model_json(app, served_model(app, r.parameter("id")))); },
       {}});
  app.routes.add({Method::get,
                  "/v1/credit/models/{id}/fairness",
                  Role::viewer,
                  Lane::quick,
                  "credit",
                  "How each protected group fares at every cut-off",
                  {},
                  {},
                  object({{"cut_off", number()},
                          {"fair_cut_off", nullable(number())},
                          {"limit", any()},
                          {"breaches", array(text())},
                          {"items", array(any())}}),
                  200,
                  "application/json",
                  [&app](Request& r) { return fairness(app, r); },
                  {}});
}

}  // namespace

void add_credit(App& app) {
  const Json application = map_of(either({text(), number(), boolean(), Json{{"type", "null"}}}));
  const Json language = word({"en", "zh"});
  app.routes.add({Method::post,
                  "/v1/credit/score",
                  Role::analyst,
                  Lane::compute,
                  "credit",
                  "PD, grade and reasons; nothing is kept",
                  {},
                  either({object({{"model?", text(200)},
                                  {"application", application},
                                  {"language?", language},
                                  {"all_reasons?", boolean()},
                                  {"allow_unseen?", boolean()}}),
                          object({{"model?", text(200)},
                                  {"applications", array(application, kMostApplications)},
                                  {"language?", language},
                                  {"all_reasons?", boolean()},
                                  {"allow_unseen?", boolean()}})}),
                  any(),
                  200,
                  "application/json",
                  [&app](Request& r) { return score(app, r); },
                  {}});
  app.routes.add({Method::post,
                  "/v1/credit/what-if",
                  Role::analyst,
                  Lane::compute,
                  "credit",
                  "The same application with other values, one column at a time",
                  {},
                  object({{"model?", text(200)},
                          {"application", application},
                          {"vary", map_of(array(either({text(), number(), boolean()}), 100))},
                          {"language?", language},
                          {"allow_unseen?", boolean()}}),
                  object({{"base", any()}, {"items", array(any())}}),
                  200,
                  "application/json",
                  [&app](Request& r) { return what_if(app, r); },
                  {}});
  app.routes.add({Method::post,
                  "/v1/credit/applications",
                  Role::officer,
                  Lane::compute,
                  "credit",
                  "Decide an application by the policy; the decision is kept before it is answered",
                  {},
                  object({{"model?", text(200)},
                          {"id?", text(200)},
                          {"application", application},
                          {"language?", language},
                          {"all_reasons?", boolean()},
                          {"allow_unseen?", boolean()}}),
                  open_object({{"id", text()}, {"decision_id", text()}, {"outcome", text()}, {"pd", number(0, 1)}}),
                  201,
                  "application/json",
                  [&app](Request& r) { return decide_application(app, r); },
                  {}});
  add_models(app);
}

}  // namespace ballast::serve
