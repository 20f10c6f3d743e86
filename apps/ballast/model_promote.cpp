// SPDX-License-Identifier: Apache-2.0
// ballast model promote: puts a model in charge, unless it breaches its limits or the evidence speaks against it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/decide/decision_record.h"
#include "model_inventory.h"
#include "replay.h"

namespace ballast::apps {
namespace {

using base::Json;

/// Only a model of tables knows which of its candidates won.
std::string champion_words(const govern::ModelFacts& facts) {
  const std::string champion =
      facts.document.is_object() ? base::json_field<std::string>(facts.document, "champion", facts.folder, "") : "";
  return champion.empty() ? facts.kind : champion;
}

govern::PromotionRequest promotion_request(store::Work& work, const store::ModelRecord& m) {
  govern::PromotionRequest request;
  request.purpose = m.purpose;
  request.by = inventory_actor();
  request.at = base::utc_now();
  request.limits = govern::limits_of(base::parse_json(m.limits, "limits"), "limits");
  for (const Json& e : base::parse_json(m.evidence, "evidence")) {
    govern::Evidence one{e.at("file"), e.at("sha256"), {}, e.at("reason")};
    if (!e.at("passes").is_null()) one.passes = e.at("passes").get<bool>();
    request.evidence.push_back(std::move(one));
  }
  for (const store::ModelRecord& other : work.models()) {
    if (other.purpose == m.purpose && other.role == "champion" && other.hash != m.hash) request.replaces = other.hash;
  }
  return request;
}

void run_model_promote(const InventoryArguments& a, const Common& common) {
  const govern::ModelFacts facts = govern::identify_model(a.model);
  store::Store store = store::Store::open(common.store);
  store::Work work(store);
  store::ModelRecord m = inventory_record(work, facts, a);
  if (m.role == "retired") {
    throw base::Error(base::ErrorCode::bad_input, fmt::format("was retired by {}: {}", m.retired_by, m.note), a.model,
                      "`ballast model register` takes it in again");
  }
  decide::Decision d = govern::promotion_decision(facts, promotion_request(work, m));
  sign(d);
  const store::DecisionRecord record = decide::sealed_record(d);
  m.role = "champion";
  m.promoted_by = inventory_actor();
  m.promoted_at = d.created_at;
  m.decision_id = d.id;
  work.promote_model(m, record);
  if (common.json) {
    fmt::print("{}\n", base::dump_json(decide::decision_json(d)));
  } else {
    fmt::print("{} ({}) is in charge of {}; {}; decision {}\n", a.model, champion_words(facts), m.purpose,
               d.reasons[0].text, d.id);
  }
}

}  // namespace

void add_model_promote(CLI::App& model, Common& common) {
  CLI::App* verb = model.add_subcommand("promote", "Put a model in charge; refused where it breaches its limits");
  const auto a = std::make_shared<InventoryArguments>();
  add_inventory_options(*verb, *a);
  add_common(*verb, common, "ballast model promote models/german --owner ann --tier 1 --limit \"auc>=0.75\"");
  verb->callback([a, &common] { run_model_promote(*a, common); });
  add_replay("promotion", govern::replay_promotion);
}

}  // namespace ballast::apps
