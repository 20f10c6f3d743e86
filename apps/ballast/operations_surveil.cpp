// SPDX-License-Identifier: Apache-2.0
// `ballast operations surveil`: orders and process steps to findings, each a decision of kind "surveillance" with the
// rows that cause it, and a case where asked.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/hash.h"
#include "ballast/risk/operations_cases.h"
#include "ballast/risk/operations_surveillance.h"
#include "operations.h"
#include "operations_cases.h"
#include "replay.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

struct SurveilArguments {
  std::string orders, steps, rules, by;
  bool open_cases = false, strict = false;
};

/// Times are those of the desk, whose zone nobody states: a day ahead of UTC is possible, more is not.
std::int64_t time_in(const ingest::Record& row, std::int64_t now) {
  const std::string text = risk::word_cell(row, "time");
  const std::int64_t second = risk::second_number(text, "time");
  if (second > now + 86400) throw std::invalid_argument("time: \"" + text + "\" is in the future");
  return second;
}

double positive_in(const ingest::Record& row, const std::string& column) {
  const double value = risk::number_cell(row, column);
  if (value <= 0) throw std::invalid_argument(fmt::format("{}: {} is not positive", column, value));
  return value;
}

/// Refuses a row whose id was there before; tables without an id pass.
class Ids {
 public:
  void check(const ingest::Record& row) {
    if (!row.has("id")) return;
    const std::string id = risk::word_cell(row, "id");
    const auto [first, fresh] = lines_.emplace(id, row.line);
    if (!fresh) throw std::invalid_argument(fmt::format("id: \"{}\" is that of row {} already", id, first->second));
  }

 private:
  std::map<std::string, std::int64_t> lines_;
};

std::vector<risk::OrderEvent> read_orders(const SurveilArguments& a, std::int64_t now, const Common& common) {
  std::vector<risk::OrderEvent> orders;
  SetAside aside(common, a.strict);
  Ids ids;
  read_rows(a.orders, {}, aside, {"time", "trader", "instrument", "side", "quantity", "price"},
            [&](const ingest::Record& row) {
              risk::OrderEvent e;
              e.line = row.line;
              e.second = time_in(row, now);
              e.trader = risk::word_cell(row, "trader");
              e.owner = row.text("owner").value_or("");
              if (e.owner.empty()) e.owner = e.trader;
              e.instrument = risk::word_cell(row, "instrument");
              e.side = risk::word_cell(row, "side");
              if (e.side != "buy" && e.side != "sell") {
                throw std::invalid_argument("side: \"" + e.side + "\" is neither buy nor sell");
              }
              e.quantity = positive_in(row, "quantity");
              e.price = positive_in(row, "price");
              ids.check(row);
              orders.push_back(std::move(e));
            });
  return orders;
}

std::vector<risk::ProcessStep> read_steps(const SurveilArguments& a, std::int64_t now, const Common& common) {
  std::vector<risk::ProcessStep> steps;
  SetAside aside(common, a.strict);
  Ids ids;
  read_rows(a.steps, {}, aside, {"time", "item", "step", "actor"}, [&](const ingest::Record& row) {
    risk::ProcessStep s{row.line, time_in(row, now), risk::word_cell(row, "item"), risk::word_cell(row, "step"),
                        risk::word_cell(row, "actor")};
    ids.check(row);
    steps.push_back(std::move(s));
  });
  return steps;
}

Json to_json_operations_surveil(const risk::OrderEvent& e) {
  return {{"line", e.line},
          {"second", e.second},
          {"trader", e.trader},
          {"owner", e.owner},
          {"instrument", e.instrument},
          {"side", e.side},
          {"quantity", e.quantity},
          {"price", e.price}};
}

Json to_json_operations_surveil(const risk::ProcessStep& s) {
  return {{"line", s.line}, {"second", s.second}, {"item", s.item}, {"step", s.step}, {"actor", s.actor}};
}

risk::OrderEvent order_from(const Json& json, const std::string& where) {
  return {
      base::json_field<std::int64_t>(json, "line", where),      base::json_field<std::int64_t>(json, "second", where),
      base::json_field<std::string>(json, "trader", where),     base::json_field<std::string>(json, "owner", where),
      base::json_field<std::string>(json, "instrument", where), base::json_field<std::string>(json, "side", where),
      base::json_field<double>(json, "quantity", where),        base::json_field<double>(json, "price", where)};
}

risk::ProcessStep step_from(const Json& json, const std::string& where) {
  return {base::json_field<std::int64_t>(json, "line", where), base::json_field<std::int64_t>(json, "second", where),
          base::json_field<std::string>(json, "item", where), base::json_field<std::string>(json, "step", where),
          base::json_field<std::string>(json, "actor", where)};
}

/// The record of a finding: its rows (of a process: all of the item) and the rules are all that it needs.
decide::Decision decision_of_operations_surveil(const risk::Finding& f, const std::string& rules, Json orders,
                                                Json steps) {
  decide::Decision d;
  d.kind = "surveillance";
  d.subject = f.subject;
  d.inputs = {{"rules", rules},
              {"orders", std::move(orders)},
              {"steps", std::move(steps)},
              {"kind", f.kind},
              {"lines", f.lines}};
  d.model = "surveillance rules";
  d.policy_hash = base::sha256_hex(rules);
  d.outcome = {{"finding", f.kind}, {"detail", f.detail}, {"measure", f.measure}, {"rows", f.lines}};
  d.reasons.push_back({f.kind, f.detail, 1});
  return d;
}

decide::Decision replay_surveillance(const decide::Decision& was) {
  const std::string where = "decision " + was.id;
  const auto rules_text = base::json_field<std::string>(was.inputs, "rules", where);
  const risk::SurveillanceRules rules = risk::parse_surveillance(rules_text, where);
  const Json& orders_json = was.inputs.at("orders");
  const Json& steps_json = was.inputs.at("steps");
  std::vector<risk::OrderEvent> orders;
  std::vector<risk::ProcessStep> steps;
  for (const Json& row : orders_json) orders.push_back(order_from(row, where));
  for (const Json& row : steps_json) steps.push_back(step_from(row, where));
  const auto kind = base::json_field<std::string>(was.inputs, "kind", where);
  const auto lines = base::json_field<std::vector<std::int64_t>>(was.inputs, "lines", where);
  for (const risk::Finding& f : orders.empty() ? survey_process(steps, rules) : survey_orders(orders, rules)) {
    if (f.kind != kind || f.lines != lines || f.detail != was.outcome.value("detail", "")) continue;
    decide::Decision now = decision_of_operations_surveil(f, rules_text, orders_json, steps_json);
    now.seed = was.seed;
    return now;
  }
  decide::Decision nothing = was;
  nothing.outcome = "nothing found";
  return nothing;
}

Json rows_at(const std::map<std::int64_t, const risk::OrderEvent*>& by_line, const std::vector<std::int64_t>& lines) {
  Json rows = Json::array();
  for (const std::int64_t line : lines) rows.push_back(to_json_operations_surveil(*by_line.at(line)));
  return rows;
}

std::vector<decide::Decision> survey(const SurveilArguments& a, const std::string& rules_text, const Common& common) {
  const risk::SurveillanceRules rules = risk::parse_surveillance(rules_text, a.rules.empty() ? "rules" : a.rules);
  const std::int64_t now = risk::second_number(base::utc_now(), "now");
  std::vector<decide::Decision> decisions;
  if (!a.orders.empty()) {
    const std::vector<risk::OrderEvent> orders = read_orders(a, now, common);
    std::map<std::int64_t, const risk::OrderEvent*> by_line;
    for (const risk::OrderEvent& e : orders) by_line[e.line] = &e;
    for (const risk::Finding& f : survey_orders(orders, rules)) {
      decisions.push_back(decision_of_operations_surveil(f, rules_text, rows_at(by_line, f.lines), Json::array()));
    }
  }
  if (!a.steps.empty()) {
    if (rules.steps.empty() && rules.four_eyes.empty() && rules.slowest_seconds == 0) {
      throw Error(ErrorCode::usage, "say nothing of processes, so there is nothing to check", "--rules",
                  "a [process] table with steps, four_eyes or slowest_hours");
    }
    const std::vector<risk::ProcessStep> steps = read_steps(a, now, common);
    std::map<std::string, Json> by_item;
    for (const risk::ProcessStep& s : steps) by_item[s.item].push_back(to_json_operations_surveil(s));
    for (const risk::Finding& f : survey_process(steps, rules)) {
      decisions.push_back(decision_of_operations_surveil(f, rules_text, Json::array(), by_item.at(f.subject)));
    }
  }
  return decisions;
}

/// What makes a finding the same in every run: its rows themselves, not their place in a file.
std::string fingerprint(const decide::Decision& d) {
  Json rows = d.inputs.at("orders");
  for (const Json& step : d.inputs.at("steps")) rows.push_back(step);
  for (Json& row : rows) row.erase("line");
  return d.outcome.at("finding").get<std::string>() + base::dump_json(rows);
}

void run_surveil(const SurveilArguments& a, const Common& common) {
  if (a.orders.empty() && a.steps.empty()) {
    throw Error(ErrorCode::usage, "nothing to look at", "surveil", "give --orders or --steps");
  }
  const base::Stopwatch watch;
  const std::string rules = a.rules.empty() ? "" : base::read_file(a.rules);
  std::vector<decide::Decision> decisions = survey(a, rules, common);
  for (decide::Decision& d : decisions) {
    d.seed = common.seed;
    d.cost.seconds = watch.seconds() / static_cast<double>(decisions.size());
    sign(d);
  }
  const std::string actor = a.open_cases ? actor_of(a.by) : "";
  store::Store store = store::Store::open(common.store);
  decide::keep(store, decisions);
  std::int64_t opened = 0;
  for (const decide::Decision& d : decisions) {
    Json out = {{"decision_id", d.id}, {"subject", d.subject}};
    out.update(d.outcome);
    if (a.open_cases) {
      const std::string id = risk::case_id(d.kind, d.subject, fingerprint(d));
      const std::string note = fmt::format("{}: {} (decision {})", d.outcome["finding"].get<std::string>(),
                                           d.outcome["detail"].get<std::string>(), d.id);
      opened += open_case_once(store, id, d.kind, d.subject, note, actor);
      out["case_id"] = id;
    }
    if (common.json) {
      fmt::print("{}\n", base::dump_json(out));
    } else {
      fmt::print("{:<12} {}: {}; rows {}\n             measure: {}; decision {}\n", out["finding"].get<std::string>(),
                 d.subject, out["detail"].get<std::string>(),
                 fmt::join(out["rows"].get<std::vector<std::int64_t>>(), ", "), out["measure"].get<std::string>(),
                 d.id);
    }
  }
  say(common,
      fmt::format("{} findings{}", decisions.size(), a.open_cases ? fmt::format(", {} new cases", opened) : ""));
}

}  // namespace

void add_operations_surveil(CLI::App& desk, Common& common) {
  CLI::App* verb =
      desk.add_subcommand("surveil", "Orders and process steps to findings with a proposed control measure");
  const auto a = std::make_shared<SurveilArguments>();
  verb->add_option("--orders", a->orders,
                   "Table with time, trader, instrument, side, quantity, price, optional owner (beneficial) and id");
  verb->add_option("--steps", a->steps, "Table with time, item, step, actor, optional id");
  verb->add_option("--rules", a->rules, "TOML with [hours], [limits], [wash], [process]");
  verb->add_flag("--open-cases", a->open_cases, "Open a case for each finding that has none");
  verb->add_option("--by", a->by, "In whose name cases are opened (default: the user of this machine)");
  verb->add_flag("--strict", a->strict, "Stop at the first row that cannot be used");
  add_common(*verb, common, "ballast operations surveil --orders orders.csv --rules rules.toml --open-cases");
  add_replay("surveillance", replay_surveillance);
  verb->callback([a, &common] { run_surveil(*a, common); });
}

}  // namespace ballast::apps
