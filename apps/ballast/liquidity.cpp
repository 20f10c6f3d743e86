// SPDX-License-Identifier: Apache-2.0
// `ballast liquidity`: cash flows, LCR and NSFR tables, prices and stored signals to one report with a warning level,
// kept as a decision before it is shown.
#include "liquidity.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "replay.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

std::string optional_number(const Json& x) {
  return x.is_null() ? "-" : fmt::format("{:.4g}", x.get<double>());
}

void print_ladder(const Json& ladder) {
  fmt::print("{:>9} {:>18} {:>18} {:>18} {:>18}\n", "days", "inflow", "outflow", "gap", "cumulative");
  for (const Json& r : ladder) {
    const std::string days = r["last_day"].is_null()
                                 ? fmt::format("> {}", r["first_day"].get<std::int64_t>() - 1)
                                 : fmt::format("{}-{}", r["first_day"].get<int>(), r["last_day"].get<int>());
    fmt::print("{:>9} {:>18} {:>18} {:>18} {:>18}\n", days, r["inflow"].get<std::string>(),
               r["outflow"].get<std::string>(), r["gap"].get<std::string>(), r["cumulative_gap"].get<std::string>());
  }
}

void print_market(const Json& market) {
  fmt::print("{:<8} {:>5} {:>12} {:>12} {:>14} {:>12}\n", "market", "days", "amihud", "roll", "corwin-schultz",
             "abdi-ranaldo");
  const auto line = [](const std::string& name, const Json& m) {
    fmt::print("{:<8} {:>5} {:>12} {:>12} {:>14} {:>12}\n", name, m["days"].get<int>(), optional_number(m["amihud"]),
               optional_number(m["roll"]), optional_number(m["corwin_schultz"]), optional_number(m["abdi_ranaldo"]));
  };
  for (const Json& year : market["by_year"]) line(std::to_string(year["year"].get<int>()), year);
  for (const char* part : {"before", "recent"}) {
    if (market.contains(part)) line(part, market[part]);
  }
}

void print_liquidity(const decide::Decision& d) {
  const Json& out = d.outcome;
  if (out.contains("ladder")) print_ladder(out["ladder"]);
  for (const char* ratio : {"lcr", "nsfr"}) {
    if (!out.contains(ratio)) continue;
    const Json& value = out[ratio]["ratio"];
    fmt::print("{:<6} {}\n", ratio,
               value.is_null() ? (std::string(ratio) == "lcr" ? "no net outflows" : "nothing is required")
                               : fmt::format("{:.1f} %", 100 * value.get<double>()));
  }
  if (out.contains("survival")) {
    for (const Json& s : out["survival"]) {
      fmt::print("survives {}{} days: {} (lowest {} on day {})\n", s["beyond_horizon"].get<bool>() ? "at least " : "",
                 s["days"].get<std::int64_t>(), s["scenario"].get<std::string>(), s["lowest"].get<std::string>(),
                 s["lowest_day"].get<std::int64_t>());
    }
  }
  if (out.contains("market")) print_market(out["market"]);
  if (out.contains("funding_stress")) {
    const Json& s = out["signals"];
    fmt::print("texts{}: {} liquidity or credit signals in {} days, {} in the {} before; funding stress {:.2f}\n",
               s["entity"] == "" ? "" : " about " + s["entity"].get<std::string>(), s["recent"].get<int>(),
               s["recent_days"].get<int>(), s["before"].get<int>(), s["before_days"].get<int>(),
               out["funding_stress"]["index"].get<double>());
  }
  for (const Json& note : out["notes"]) fmt::print("{}\n", note.get<std::string>());
  fmt::print("early warning: {}; decision {}\n", out["early_warning"]["level"].get<std::string>(), d.id);
  for (const Json& i : out["early_warning"]["indicators"]) {
    fmt::print("  {:<14} {:>10}  {}\n", i["name"].get<std::string>(),
               i["value"].is_null() ? "unlimited" : optional_number(i["value"]), i["level"].get<std::string>());
  }
}

void run_liquidity(LiquidityArguments& a, const Common& common) {
  if (a.cashflows.empty() && a.table.empty() && a.prices.empty() && !a.signals && a.entity.empty()) {
    throw Error(ErrorCode::usage, "nothing to look at", "liquidity",
                "give --cashflows, --table, --prices or --signals");
  }
  if (a.horizon < 1 || a.horizon > 100000) throw Error(ErrorCode::usage, "must lie in 1 … 100000", "--horizon");
  if (a.as_of.empty()) a.as_of = base::utc_now().substr(0, 10);
  decide::Decision d = assess_liquidity(read_liquidity_inputs(a, common), common.seed);
  sign(d);
  store::Store store = store::Store::open(common.store);
  decide::keep(store, {&d, 1});
  if (!common.json) return print_liquidity(d);
  Json out = {{"decision_id", d.id}};
  out.update(d.outcome);
  fmt::print("{}\n", base::dump_json(out));
}

decide::Decision replay_liquidity(const decide::Decision& was) {
  return assess_liquidity(was.inputs, was.seed);
}

}  // namespace

void add_liquidity(CLI::App& app, Common& common) {
  CLI::App* verb = app.add_subcommand("liquidity", "Gap ladder, LCR, NSFR, survival, market liquidity, early warning");
  const auto a = std::make_shared<LiquidityArguments>();
  verb->add_option("--cashflows", a->cashflows,
                   "Table with date (or day), amount (in positive, out negative), category");
  verb->add_option(
      "--table", a->table,
      "LCR and NSFR table: section (hqla, outflow, inflow, asf, rsf), item, amount, optional rate and unwind");
  verb->add_option("--scenarios", a->scenarios, "TOML with [[scenario]] and [limits]");
  verb->add_option("--buffer", a->buffer, "Liquid buffer for the survival horizon (default: the LCR's stock)")
      ->check(CLI::NonNegativeNumber);
  verb->add_option("--horizon", a->horizon, "Days looked ahead for the survival horizon")->capture_default_str();
  verb->add_option("--prices", a->prices, "Daily date, high, low, close, volume of one instrument");
  verb->add_flag("--signals", a->signals, "Funding stress from the liquidity and credit signals in the store");
  verb->add_option("--entity", a->entity, "The same, only from texts that name this company");
  verb->add_option("--as-of", a->as_of,
                   "Reporting date YYYY-MM-DD (default: today); later prices and texts are not used");
  verb->add_flag("--strict", a->strict, "Stop at the first row that cannot be used");
  add_common(*verb, common,
             "ballast liquidity --cashflows flows.csv --table lcr.csv --scenarios stress.toml --as-of 2026-06-30");
  add_replay("liquidity", replay_liquidity);
  verb->callback([a, &common] { run_liquidity(*a, common); });
}

}  // namespace ballast::apps
