// SPDX-License-Identifier: Apache-2.0
#include "ballast/govern/inventory.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/hash.h"
#include "ballast/risk/credit.h"

namespace ballast::govern {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;
namespace fs = std::filesystem;

/// A figure by name, or those there are.
double figure_of(const ModelFacts& model, const std::string& name) {
  const auto found = model.figures.find(name);
  if (found != model.figures.end()) return found->second;
  std::string names;
  for (const auto& [known, value] : model.figures) names += (names.empty() ? "" : ", ") + known;
  throw Error(ErrorCode::usage, "the model's run has no figure \"" + name + "\"", model.folder,
              names.empty() ? "it wrote none down" : "there are: " + names);
}

void check_limits(const ModelFacts& model, const PromotionRequest& request) {
  for (const ModelLimit& limit : request.limits) {
    const double value = figure_of(model, limit.figure);
    if (limit.at_least ? value >= limit.bound : value <= limit.bound) continue;
    throw Error(
        ErrorCode::bad_input,
        fmt::format("the model breaches its limit {}: its {} is {:.4g}", limit_text(limit), limit.figure, value),
        model.folder);
  }
  for (const Evidence& e : request.evidence) {
    if (e.passes.value_or(true)) continue;
    throw Error(ErrorCode::bad_input, "the evidence speaks against the model: " + e.reason, e.file);
  }
}

std::vector<decide::Reason> reasons_of(const ModelFacts& model, const PromotionRequest& request) {
  std::vector<decide::Reason> reasons;
  if (model.kind == "credit") {
    const risk::CreditModel credit = risk::CreditModel::load(model.folder);
    risk::check_promotion(credit);
    reasons.push_back({"fairness",
                       credit.fairness_limit() ? "no group breaches the fairness limit at the cut-off"
                                               : "no fairness limit was set in training",
                       0});
  }
  if (request.limits.empty()) reasons.push_back({"limits", "no limit was set for the model's figures", 0});
  for (const ModelLimit& limit : request.limits) {
    reasons.push_back({"limit",
                       fmt::format("{} is {:.4g}, within its limit {}", limit.figure, figure_of(model, limit.figure),
                                   limit_text(limit)),
                       0});
  }
  for (const Evidence& e : request.evidence) {
    reasons.push_back({"evidence", e.reason.empty() ? e.file : e.file + ": " + e.reason, 0});
  }
  return reasons;
}

}  // namespace

ModelLimit parse_limit(const std::string& text) {
  for (const char* sign : {">=", "<="}) {
    const std::size_t at = text.find(sign);
    if (at == std::string::npos || at == 0) continue;
    ModelLimit limit{text.substr(0, at), sign[0] == '>', 0};
    const char *begin = text.data() + at + 2, *end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(begin, end, limit.bound);
    if (error == std::errc() && stop == end && std::isfinite(limit.bound)) return limit;
  }
  throw Error(ErrorCode::usage, "\"" + text + "\" is no limit", "--limit", "FIGURE>=NUMBER or FIGURE<=NUMBER");
}

std::string limit_text(const ModelLimit& limit) {
  return fmt::format("{}{}{}", limit.figure, limit.at_least ? ">=" : "<=", limit.bound);
}

Evidence read_evidence(const fs::path& file) {
  const Json json = base::read_json(file);
  Evidence e{file.filename().string(), base::sha256_file(file), {}, ""};
  if (json.is_object() && json.contains("gate")) {
    const Json& gate = json.at("gate");
    e.passes = base::json_field<bool>(gate, "passes", file.string() + ", gate");
    e.reason = base::json_field<std::string>(gate, "reason", file.string() + ", gate");
  }
  return e;
}

Json limits_json(const std::vector<ModelLimit>& limits) {
  Json json = Json::array();
  for (const ModelLimit& l : limits) json.push_back(limit_text(l));
  return json;
}

std::vector<ModelLimit> limits_of(const Json& json, const std::string& where) {
  std::vector<ModelLimit> limits;
  for (const Json& one : json) {
    if (!one.is_string()) throw Error(ErrorCode::bad_input, "a limit is no text", where);
    limits.push_back(parse_limit(one.get<std::string>()));
  }
  return limits;
}

Json evidence_json(const std::vector<Evidence>& evidence) {
  Json json = Json::array();
  for (const Evidence& e : evidence) {
    json.push_back({{"file", e.file},
                    {"sha256", e.sha256},
                    {"passes", e.passes ? Json(*e.passes) : Json()},
                    {"reason", e.reason}});
  }
  return json;
}

decide::Decision promotion_decision(const ModelFacts& model, const PromotionRequest& request) {
  decide::Decision d;
  d.kind = "promotion";
  d.subject = request.purpose.empty() ? model.purpose : request.purpose;
  d.model = model.folder;
  d.model_hash = model.hash;
  d.inputs = {{"model", model.folder},
              {"by", request.by},
              {"at", request.at},
              {"replaces", request.replaces.empty() ? Json() : Json(request.replaces)},
              {"limits", limits_json(request.limits)},
              {"evidence", evidence_json(request.evidence)}};
  const Json training = model.document.is_object() && model.document.contains("training")
                            ? model.document.at("training")
                            : model.document;
  d.seed = base::json_field<std::uint64_t>(training, "seed", model.folder, 0);
  d.outcome = "in charge";
  d.reasons = reasons_of(model, request);  // the fairness limit is the first to be checked
  check_limits(model, request);
  return d;
}

decide::Decision replay_promotion(const decide::Decision& was) {
  const std::string where = "decision " + was.id;
  PromotionRequest request;
  request.purpose = was.subject;
  request.by = base::json_field<std::string>(was.inputs, "by", where);
  request.at = base::json_field<std::string>(was.inputs, "at", where, "");
  request.replaces = base::json_field<std::string>(was.inputs, "replaces", where, "");
  request.limits = limits_of(base::json_field<Json>(was.inputs, "limits", where, Json::array()), where);
  for (const Json& e : base::json_field<Json>(was.inputs, "evidence", where, Json::array())) {
    Evidence one{base::json_field<std::string>(e, "file", where),
                 base::json_field<std::string>(e, "sha256", where),
                 {},
                 base::json_field<std::string>(e, "reason", where)};
    if (!e.at("passes").is_null()) one.passes = e.at("passes").get<bool>();
    request.evidence.push_back(std::move(one));
  }
  return promotion_decision(identify_model(was.model), request);
}

Json to_json(const store::ModelRecord& m) {
  const auto moment = [](const std::string& text) { return text.empty() ? Json() : Json(text); };
  return {{"hash", m.hash},
          {"name", m.name},
          {"kind", m.kind},
          {"purpose", m.purpose},
          {"role", m.role},
          {"in_charge", m.role == "champion"},
          {"folder", m.folder},
          {"owner", m.owner},
          {"tier", m.tier},
          {"note", m.note},
          {"limits", base::parse_json(m.limits, "model " + m.hash)},
          {"evidence", base::parse_json(m.evidence, "model " + m.hash)},
          {"registered_by", m.registered_by},
          {"registered_at", m.registered_at},
          {"promoted_by", moment(m.promoted_by)},
          {"promoted_at", moment(m.promoted_at)},
          {"decision_id", moment(m.decision_id)},
          {"retired_by", moment(m.retired_by)},
          {"retired_at", moment(m.retired_at)}};
}

}  // namespace ballast::govern
