// SPDX-License-Identifier: Apache-2.0
#include "ballast/decide/decision.h"

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/hash.h"
#include "ballast/decide/decision_record.h"

namespace ballast::decide {
namespace {

using base::Json;

Json result_json(const Decision& d) {
  Json reasons = Json::array();
  for (const Reason& r : d.reasons) {
    reasons.push_back({{"code", r.code}, {"text", r.text}, {"contribution", r.contribution}});
  }
  return {{"outcome", d.outcome},
          {"probability", d.probability ? Json(*d.probability) : Json()},
          {"interval", d.interval ? Json(*d.interval) : Json()},
          {"reasons", std::move(reasons)}};
}

Json cost_json(const Cost& cost) {
  return {{"seconds", cost.seconds}, {"tokens", cost.tokens}, {"peak_memory", cost.peak_memory}};
}

/// What must come out the same again: all but the inputs themselves, and id, cost and creation.
Json comparable(const Decision& d) {
  Json fields = decision_json(d);
  for (const char* other : {"id", "inputs", "cost", "created_at"}) fields.erase(other);
  return fields;
}

store::DecisionRecord to_record(const Decision& d) {
  return {d.id,
          d.kind,
          d.subject,
          canonical_json(d.inputs),
          d.inputs_hash,
          d.model,
          d.model_hash,
          d.policy_hash,
          d.build,
          d.isa,
          d.seed,
          base::dump_json(result_json(d)),
          base::dump_json(cost_json(d.cost)),
          d.created_at};
}

Decision from_record(const store::DecisionRecord& r) {
  const std::string where = "decision " + r.id;
  Decision d;
  d.id = r.id;
  d.kind = r.kind;
  d.subject = r.subject;
  if (!r.inputs.empty()) d.inputs = base::parse_json(r.inputs, where);
  d.inputs_hash = r.inputs_hash;
  d.model = r.model;
  d.model_hash = r.model_hash;
  d.policy_hash = r.policy_hash;
  d.build = r.build;
  d.isa = r.isa;
  d.seed = r.seed;
  const Json result = base::parse_json(r.result, where), cost = base::parse_json(r.cost, where);
  d.outcome = result.at("outcome");
  if (!result.at("probability").is_null()) d.probability = base::json_field<double>(result, "probability", where);
  if (!result.at("interval").is_null()) {
    d.interval = base::json_field<std::array<double, 2>>(result, "interval", where);
  }
  for (const Json& reason : result.at("reasons")) {
    d.reasons.push_back({base::json_field<std::string>(reason, "code", where),
                         base::json_field<std::string>(reason, "text", where),
                         base::json_field<double>(reason, "contribution", where)});
  }
  d.cost = {base::json_field<double>(cost, "seconds", where), base::json_field<std::int64_t>(cost, "tokens", where),
            base::json_field<std::int64_t>(cost, "peak_memory", where)};
  d.created_at = r.created_at;
  return d;
}

}  // namespace

std::string canonical_json(const Json& value) {
  // nlohmann::json, unlike the ordered form, keeps the keys of objects sorted.
  return nlohmann::json::parse(base::dump_json(value)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void seal(Decision& d) {
  d.inputs_hash = base::sha256_hex(canonical_json(d.inputs));
  if (d.created_at.empty()) d.created_at = base::utc_now();
  const Json question = {d.kind, d.subject, d.inputs_hash, d.model_hash, d.policy_hash, d.build, d.isa, d.seed};
  d.id = base::sha256_hex(canonical_json(question)).substr(0, 16);
}

Json decision_json(const Decision& d) {
  Json out = {{"id", d.id},
              {"kind", d.kind},
              {"subject", d.subject},
              {"inputs", d.inputs},
              {"inputs_hash", d.inputs_hash},
              {"model", d.model},
              {"model_hash", d.model_hash},
              {"policy_hash", d.policy_hash},
              {"build", d.build},
              {"isa", d.isa},
              {"seed", d.seed}};
  out.update(result_json(d));
  out["cost"] = cost_json(d.cost);
  out["created_at"] = d.created_at;
  return out;
}

store::DecisionRecord sealed_record(Decision& decision) {
  seal(decision);
  return to_record(decision);
}

void keep(store::Store& store, std::span<Decision> decisions) {
  std::vector<store::DecisionRecord> records;
  for (Decision& d : decisions) records.push_back(sealed_record(d));
  store.put_decisions(records);
}

std::optional<Decision> find(store::Store& store, const std::string& id) {
  const auto record = store.find_decision(id);
  if (!record) return std::nullopt;
  return from_record(*record);
}

std::vector<Difference> differences(const Decision& was, const Decision& now) {
  const Json a = comparable(was), b = comparable(now);
  std::vector<Difference> found;
  for (const auto& [field, value] : a.items()) {
    const std::string before = base::dump_json(value), after = base::dump_json(b.at(field));
    if (before != after) found.push_back({field, before, after});
  }
  return found;
}

}  // namespace ballast::decide
