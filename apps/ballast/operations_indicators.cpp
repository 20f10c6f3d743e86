// SPDX-License-Identifier: Apache-2.0
// `ballast operations indicators`: columns of a table against thresholds; every reading is a decision of kind
// "indicator", and amber and red ones open a case where asked.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <limits>
#include <memory>
#include <stdexcept>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/hash.h"
#include "ballast/risk/operations_cases.h"
#include "ballast/risk/operations_losses.h"
#include "ballast/risk/operations_rules.h"
#include "operations.h"
#include "operations_cases.h"
#include "replay.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

struct IndicatorArguments {
  std::string config, data, by;
  bool open_cases = false, strict = false;
};

/// The values of each indicator's column, in row order. Empty cells are gaps and are left out; a cell that is no number
/// is set aside alone; a row with an impossible, future or falling date is set aside whole.
std::vector<std::vector<double>> read_values(const IndicatorArguments& a,
                                             const std::vector<risk::KeyRiskIndicator>& indicators,
                                             const Common& common) {
  std::vector<std::string> columns;
  for (const risk::KeyRiskIndicator& k : indicators) columns.push_back(k.column);
  std::vector<std::vector<double>> values(indicators.size());
  SetAside aside(common, a.strict);
  const std::int64_t today = risk::day_number(base::utc_now(), "today");
  std::int64_t last = std::numeric_limits<std::int64_t>::min();
  read_rows(a.data, {}, aside, columns, [&](const ingest::Record& row) {
    if (row.has("date")) {
      const std::int64_t day = risk::day_number(risk::word_cell(row, "date"), "date");
      if (day > today) throw std::invalid_argument("date: is in the future");
      if (day <= last) throw std::invalid_argument("date: is not after that of the row before");
      last = day;
    }
    for (std::size_t i = 0; i < indicators.size(); ++i) {
      if (row.text(columns[i]).value_or("").empty()) continue;
      try {
        values[i].push_back(risk::number_cell(row, columns[i]));
      } catch (const std::invalid_argument& e) {
        aside.add({row.source, row.line, columns[i], std::string(e.what()).substr(columns[i].size() + 2), ""});
      }
    }
  });
  return values;
}

decide::Decision decision_of_operations_indicators(const risk::KeyRiskIndicator& k, const std::vector<double>& values) {
  const risk::IndicatorReading reading = risk::read_indicator(k, values);
  decide::Decision d;
  d.kind = "indicator";
  d.subject = k.name;
  d.inputs = {{"column", k.column}, {"aggregate", k.aggregate}, {"amber", k.amber},
              {"red", k.red},       {"owner", k.owner},         {"values", values}};
  d.model = "threshold";
  d.outcome = {{"level", reading.level}, {"value", reading.value}};
  d.reasons.push_back({k.aggregate,
                       fmt::format("{} of {} over {} values; amber from {}, red from {}", k.aggregate, k.column,
                                   values.size(), k.amber, k.red),
                       reading.value});
  return d;
}

decide::Decision replay_indicator(const decide::Decision& was) {
  const std::string where = "decision " + was.id;
  risk::KeyRiskIndicator k;
  k.name = was.subject;
  k.column = base::json_field<std::string>(was.inputs, "column", where);
  k.aggregate = base::json_field<std::string>(was.inputs, "aggregate", where);
  k.owner = base::json_field<std::string>(was.inputs, "owner", where);
  k.amber = base::json_field<double>(was.inputs, "amber", where);
  k.red = base::json_field<double>(was.inputs, "red", where);
  decide::Decision now =
      decision_of_operations_indicators(k, base::json_field<std::vector<double>>(was.inputs, "values", where));
  now.seed = was.seed;
  return now;
}

void run_indicators(const IndicatorArguments& a, const Common& common) {
  const auto indicators = risk::parse_indicators(base::read_file(a.config), a.config);
  const auto values = read_values(a, indicators, common);
  const std::string actor = a.open_cases ? actor_of(a.by) : "";
  std::vector<decide::Decision> decisions;
  for (std::size_t i = 0; i < indicators.size(); ++i) {
    if (values[i].empty()) {
      throw Error(ErrorCode::bad_input, "column \"" + indicators[i].column + "\" holds no number", a.data,
                  "indicator " + indicators[i].name + " needs one");
    }
    decisions.push_back(decision_of_operations_indicators(indicators[i], values[i]));
    decisions.back().seed = common.seed;
    sign(decisions.back());
  }
  store::Store store = store::Store::open(common.store);
  decide::keep(store, decisions);
  for (std::size_t i = 0; i < decisions.size(); ++i) {
    const decide::Decision& d = decisions[i];
    const auto level = d.outcome["level"].get<std::string>();
    Json out = {{"name", d.subject},
                {"value", d.outcome["value"]},
                {"level", level},
                {"amber", indicators[i].amber},
                {"red", indicators[i].red},
                {"owner", indicators[i].owner},
                {"values", values[i].size()},
                {"decision_id", d.id}};
    if (a.open_cases && level != "green") {
      const std::string id = risk::case_id(d.kind, d.subject, d.inputs_hash);
      open_case_once(
          store, id, d.kind, d.subject,
          fmt::format("{}: {} is {:g} (decision {})", level, d.reasons[0].text, d.reasons[0].contribution, d.id),
          actor);
      out["case_id"] = id;
    }
    if (common.json) {
      fmt::print("{}\n", base::dump_json(out));
    } else {
      fmt::print("{:<24} {:>12g}  {:<6} {}{}\n", d.subject, d.outcome["value"].get<double>(), level, d.reasons[0].text,
                 indicators[i].owner.empty() ? "" : "; owner " + indicators[i].owner);
    }
  }
}

}  // namespace

void add_operations_indicators(CLI::App& desk, Common& common) {
  CLI::App* verb = desk.add_subcommand("indicators", "Key risk indicators: columns of a table against thresholds");
  const auto a = std::make_shared<IndicatorArguments>();
  verb->add_option("--config", a->config, "TOML with [[indicator]]: name, column, aggregate, amber, red, owner")
      ->required();
  verb->add_option("--data", a->data, "Table with the columns, optional date (rising)")->required();
  verb->add_flag("--open-cases", a->open_cases, "Open a case for each amber or red one that has none");
  verb->add_option("--by", a->by, "In whose name cases are opened (default: the user of this machine)");
  verb->add_flag("--strict", a->strict, "Stop at the first cell that cannot be used");
  add_common(*verb, common, "ballast operations indicators --config kri.toml --data monthly.csv --json");
  add_replay("indicator", replay_indicator);
  verb->callback([a, &common] { run_indicators(*a, common); });
}

}  // namespace ballast::apps
