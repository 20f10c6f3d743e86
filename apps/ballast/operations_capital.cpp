// SPDX-License-Identifier: Apache-2.0
// `ballast operations capital`: loss-distribution approach by Monte Carlo and the Basel III standardised approach, each
// a decision of kind "capital".
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <stdexcept>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/risk/credit_terms.h"
#include "ballast/risk/operations_capital.h"
#include "ballast/risk/operations_forecast.h"
#include "operations_register.h"
#include "replay.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr double kMillion = 1e6;
constexpr int kLossYears = 10, kFewestLossYears = 5;  // OPE25.12 and 25.14

struct CapitalArguments {
  std::string data, from, as_of, currency, business;
  risk::CapitalSettings settings;
  double de_minimis = 20000;  // OPE25.26: losses below it do not count
  bool gross = false, skip_simulation = false, ignore_losses = false, strict = false;
};

Json number_operations_capital(double x) {
  return std::isfinite(x) ? Json(x) : Json();
}

std::string range(const Json& low, const Json& high) {
  return fmt::format("[{}, {}]", low.get<std::string>(), high.get<std::string>());
}

/// The register in one currency.
std::vector<store::LossEventRecord> one_currency(const CapitalArguments& a, const Common& common,
                                                 std::string& currency) {
  std::vector<store::LossEventRecord> losses = register_of(a.data, a.strict, common);
  std::map<std::string, std::int64_t> seen;
  for (const auto& loss : losses) ++seen[loss.currency];
  currency = a.currency.empty() ? seen.begin()->first : a.currency;
  if (a.currency.empty() && seen.size() > 1) {
    throw Error(ErrorCode::usage, fmt::format("the register has losses in {} currencies", seen.size()), "--currency",
                "name one, as " + seen.begin()->first);
  }
  if (!seen.contains(currency)) throw Error(ErrorCode::usage, "the register has no loss in " + currency, "--currency");
  const std::size_t all = losses.size();
  std::erase_if(losses, [&](const auto& loss) { return loss.currency != currency; });
  if (losses.size() < all) say(common, fmt::format("{} losses in other currencies are left out", all - losses.size()));
  return losses;
}

double size_of(const store::LossEventRecord& loss, bool gross) {
  return amount_of(loss.amount) - (gross ? 0 : amount_of(loss.recovery));
}

// ---- loss distribution

Json simulation_inputs(const CapitalArguments& a, std::vector<store::LossEventRecord> losses,
                       const std::string& currency, const Common& common) {
  const Observation o = observation_of(losses, a.from, a.as_of, common);
  const std::size_t all = losses.size();
  std::erase_if(losses, [&](const auto& loss) { return !(size_of(loss, a.gross) > 0); });
  if (losses.size() < all) {
    say(common, fmt::format("{} events cost nothing after recoveries and are left out", all - losses.size()));
  }
  Json types = Json::array();
  for (const std::string& type : risk::basel_event_types()) {
    std::vector<double> amounts;
    for (const auto& loss : losses) {
      const std::int64_t day = risk::day_number(loss.occurred_on, "date");
      if (loss.type == type && day >= o.first_day && day <= o.last_day) amounts.push_back(size_of(loss, a.gross));
    }
    types.push_back({{"type", type}, {"times", event_times(losses, type, o, common.seed)}, {"amounts", amounts}});
  }
  return {{"types", types},
          {"days", o.days()},
          {"from", date_of(o.first_day)},
          {"as_of", date_of(o.last_day)},
          {"currency", currency},
          {"years", a.settings.years},
          {"level", a.settings.level},
          {"resamples", a.settings.resamples}};
}

Json annual_json(const risk::AnnualLoss& loss, const std::array<double, 2>& interval, bool resampled) {
  Json out = {{"expected", risk::money(loss.expected)},
              {"capital", risk::money(loss.quantile)},
              {"unexpected", risk::money(loss.quantile - loss.expected)},
              {"expected_shortfall", risk::money(loss.expected_shortfall)},
              {"simulation_interval", {risk::money(loss.low), risk::money(loss.high)}}};
  out["interval"] = resampled ? Json{risk::money(interval[0]), risk::money(interval[1])} : Json();
  return out;
}

Json simulation_json(const risk::LossDistributionCapital& c, bool resampled) {
  Json types = Json::array();
  for (const risk::TypeCapital& t : c.types) {
    Json one = {{"type", t.type},
                {"losses", t.losses},
                {"events_a_year", t.frequency.mean},
                {"frequency", std::isinf(t.frequency.size) ? "poisson" : "negative_binomial"},
                {"frequency_size", number_operations_capital(t.frequency.size)},
                {"severity",
                 {{"log_mean", t.severity.log_mean},
                  {"log_sd", t.severity.log_sd},
                  {"threshold", number_operations_capital(t.severity.threshold)},
                  {"tail_shape", std::isinf(t.severity.threshold) ? Json() : Json(t.severity.shape)},
                  {"tail_scale", std::isinf(t.severity.threshold) ? Json() : Json(t.severity.scale)},
                  {"pooled", t.pooled}}}};
    one.update(annual_json(t.loss, t.interval, resampled));
    types.push_back(std::move(one));
  }
  Json total = annual_json(c.total, c.interval, resampled);
  total["comonotonic"] = risk::money(c.comonotonic);
  return {{"types", types}, {"total", total}, {"notes", c.notes}};
}

decide::Decision simulate(const Json& inputs, std::uint64_t seed, const base::ProgressSink& progress) {
  const base::Stopwatch watch;
  const std::string where = "capital";
  std::vector<risk::LossHistory> histories;
  for (const Json& t : base::json_field<Json>(inputs, "types", where)) {
    histories.push_back(
        {base::json_field<std::string>(t, "type", where),
         {base::json_field<std::vector<double>>(t, "times", where), base::json_field<double>(inputs, "days", where)},
         base::json_field<std::vector<double>>(t, "amounts", where)});
  }
  risk::CapitalSettings settings;
  settings.years = base::json_field<std::int64_t>(inputs, "years", where);
  settings.level = base::json_field<double>(inputs, "level", where);
  settings.resamples = base::json_field<std::int64_t>(inputs, "resamples", where);
  settings.seed = seed;
  const risk::LossDistributionCapital c = risk::loss_distribution_capital(histories, settings, progress);
  decide::Decision d;
  d.kind = "capital";
  d.subject = "loss distribution";
  d.inputs = inputs;
  d.model = "loss distribution approach";
  d.seed = seed;
  d.outcome = simulation_json(c, settings.resamples > 0);
  for (const risk::TypeCapital& t : c.types) {
    d.reasons.push_back({t.type, "expected loss of a year", t.loss.expected});
  }
  d.cost.seconds = watch.seconds();
  return d;
}

// ---- standardised approach

struct OperationsCapitalColumn {
  const char* name;
  double risk::BusinessYear::*field;
  bool may_be_negative;
};
constexpr OperationsCapitalColumn kOperationsCapitalColumns[] = {
    {"interest_income", &risk::BusinessYear::interest_income, false},
    {"interest_expense", &risk::BusinessYear::interest_expense, false},
    {"interest_earning_assets", &risk::BusinessYear::interest_earning_assets, false},
    {"dividend_income", &risk::BusinessYear::dividend_income, false},
    {"other_operating_income", &risk::BusinessYear::other_operating_income, false},
    {"other_operating_expense", &risk::BusinessYear::other_operating_expense, false},
    {"fee_income", &risk::BusinessYear::fee_income, false},
    {"fee_expense", &risk::BusinessYear::fee_expense, false},
    {"trading_book_result", &risk::BusinessYear::trading_book_result, true},
    {"banking_book_result", &risk::BusinessYear::banking_book_result, true}};

std::map<int, risk::BusinessYear> read_business(const CapitalArguments& a, const Common& common) {
  std::map<int, risk::BusinessYear> years;
  SetAside aside(common, a.strict);
  std::vector<std::string> required = {"year"};
  for (const OperationsCapitalColumn& c : kOperationsCapitalColumns) required.emplace_back(c.name);
  const int now = std::stoi(base::utc_now().substr(0, 4));
  read_rows(a.business, {}, aside, required, [&](const ingest::Record& row) {
    const double year = risk::number_cell(row, "year");
    if (year != std::floor(year) || year < 1900) throw std::invalid_argument("year: is no year");
    if (year > now) throw std::invalid_argument(fmt::format("year: {} is in the future", year));
    risk::BusinessYear y;
    for (const OperationsCapitalColumn& c : kOperationsCapitalColumns) {
      y.*c.field = risk::number_cell(row, c.name);
      if (!c.may_be_negative && y.*c.field < 0) {
        throw std::invalid_argument(fmt::format("{}: {} is negative", c.name, y.*c.field));
      }
    }
    if (!years.emplace(static_cast<int>(year), y).second) {
      throw std::invalid_argument(fmt::format("year: {} is there already", year));
    }
  });
  return years;
}

/// Net losses by calendar year, in millions, of up to ten years that end with `last`.
std::vector<double> losses_by_year(const CapitalArguments& a, const std::vector<store::LossEventRecord>& losses,
                                   int last, const Common& common) {
  int first = a.from.empty() ? 9999 : std::stoi(a.from.substr(0, 4));
  std::map<int, double> sums;
  for (const auto& loss : losses) {
    const int year = std::stoi(loss.occurred_on.substr(0, 4));
    if (a.from.empty()) first = std::min(first, year);
    const double net = size_of(loss, a.gross);
    if (net >= a.de_minimis) sums[year] += net / kMillion;
  }
  first = std::max(first, last - kLossYears + 1);
  std::vector<double> annual;
  for (int year = first; year <= last; ++year) annual.push_back(sums[year]);
  if (static_cast<int>(annual.size()) < kFewestLossYears) {
    say(common, fmt::format("losses of {} years are too few for the multiplier (at least {}): it is 1", annual.size(),
                            kFewestLossYears));
    annual.clear();
  }
  return annual;
}

Json standardised_inputs(const CapitalArguments& a, const std::vector<store::LossEventRecord>& losses,
                         const Common& common) {
  const std::map<int, risk::BusinessYear> years = read_business(a, common);
  const int last = years.rbegin()->first;
  Json business = Json::array();
  for (int year = last - 2; year <= last; ++year) {
    const auto found = years.find(year);
    if (found == years.end()) {
      throw Error(ErrorCode::bad_input, fmt::format("the year {} is missing", year), a.business,
                  "the approach needs the last three years");
    }
    Json one = {{"year", year}};
    for (const OperationsCapitalColumn& c : kOperationsCapitalColumns) one[c.name] = found->second.*c.field;
    business.push_back(std::move(one));
  }
  std::vector<double> annual;
  if (!a.ignore_losses && !losses.empty()) annual = losses_by_year(a, losses, last, common);
  return {{"business", business}, {"annual_losses", annual}, {"last_year", last}};
}

decide::Decision standardised_operations_capital(const Json& inputs, std::uint64_t seed) {
  std::vector<risk::BusinessYear> years;
  for (const Json& one : base::json_field<Json>(inputs, "business", "capital")) {
    risk::BusinessYear& y = years.emplace_back();
    for (const OperationsCapitalColumn& c : kOperationsCapitalColumns)
      y.*c.field = base::json_field<double>(one, c.name, "capital");
  }
  const auto annual = base::json_field<std::vector<double>>(inputs, "annual_losses", "capital");
  const risk::StandardisedCapital c = risk::standardised_capital(years, annual);
  decide::Decision d;
  d.kind = "capital";
  d.subject = "standardised approach";
  d.inputs = inputs;
  d.model = "Basel III standardised approach (OPE25)";
  d.seed = seed;
  d.outcome = {{"unit", "millions"},
               {"interest_component", c.interest_component},
               {"services_component", c.services_component},
               {"financial_component", c.financial_component},
               {"business_indicator", c.business_indicator},
               {"bucket", c.bucket},
               {"business_indicator_component", c.business_indicator_component},
               {"loss_component", annual.empty() ? Json() : Json(c.loss_component)},
               {"loss_years", annual.size()},
               {"loss_multiplier", c.loss_multiplier},
               {"capital", c.capital},
               {"risk_weighted_assets", 12.5 * c.capital}};
  d.reasons = {{"interest", "interest, leases and dividends", c.interest_component},
               {"services", "services", c.services_component},
               {"financial", "financial", c.financial_component}};
  return d;
}

decide::Decision replay_capital(const decide::Decision& was) {
  return was.subject == "loss distribution" ? simulate(was.inputs, was.seed, {})
                                            : standardised_operations_capital(was.inputs, was.seed);
}

void print_simulation(const decide::Decision& d) {
  const auto line = [](const std::string& name, const Json& x, const std::string& tail) {
    fmt::print("{:<17} {:>14} {:>15}  {}{}\n", name, x["expected"].get<std::string>(), x["capital"].get<std::string>(),
               x["interval"].is_null() ? "simulation " + range(x["simulation_interval"][0], x["simulation_interval"][1])
                                       : range(x["interval"][0], x["interval"][1]),
               tail);
  };
  fmt::print("{:<17} {:>14} {:>15}  {}\n", "a year, " + d.inputs["currency"].get<std::string>(), "expected",
             fmt::format("{:g} %", 100 * d.inputs["level"].get<double>()), "90 % interval");
  for (const Json& t : d.outcome["types"]) {
    line(t["type"].get<std::string>(), t,
         fmt::format("  {} losses, {:.2f} a year", t["losses"].get<std::int64_t>(), t["events_a_year"].get<double>()));
  }
  const Json& total = d.outcome["total"];
  line("total", total, "  all types at once: " + total["comonotonic"].get<std::string>());
  for (const Json& note : d.outcome["notes"]) fmt::print("{}\n", note.get<std::string>());
  fmt::print("decision {}\n", d.id);
}

void print_standardised(const decide::Decision& d) {
  const Json& o = d.outcome;
  fmt::print("business indicator {:.6g} million (interest {:.6g}, services {:.6g}, financial {:.6g}), bucket {}\n",
             o["business_indicator"].get<double>(), o["interest_component"].get<double>(),
             o["services_component"].get<double>(), o["financial_component"].get<double>(), o["bucket"].get<int>());
  fmt::print("component {:.6g} million, loss multiplier {:.4f} (from {} years): capital {:.6g} million; decision {}\n",
             o["business_indicator_component"].get<double>(), o["loss_multiplier"].get<double>(),
             o["loss_years"].get<int>(), o["capital"].get<double>(), d.id);
}

void run_capital(const CapitalArguments& a, const Common& common) {
  if (a.business.empty() && a.skip_simulation) {
    throw Error(ErrorCode::usage, "nothing is left to compute", "--standardised-only", "give --business");
  }
  std::string currency;
  std::vector<store::LossEventRecord> losses;
  if (!a.skip_simulation || !a.ignore_losses) losses = one_currency(a, common, currency);
  std::vector<decide::Decision> decisions;
  if (!a.skip_simulation) {
    decisions.push_back(
        simulate(simulation_inputs(a, losses, currency, common), common.seed, terminal_progress(common)));
  }
  if (!a.business.empty())
    decisions.push_back(standardised_operations_capital(standardised_inputs(a, losses, common), common.seed));
  for (decide::Decision& d : decisions) sign(d);
  store::Store store = store::Store::open(common.store);
  decide::keep(store, decisions);
  Json out = Json::object();
  for (const decide::Decision& d : decisions) {
    const bool simulated = d.subject == "loss distribution";
    Json one = {{"decision_id", d.id}};
    if (simulated) one.update({{"currency", currency}, {"level", a.settings.level}, {"years", a.settings.years}});
    one.update(d.outcome);
    out[simulated ? "loss_distribution" : "standardised"] = std::move(one);
    if (!common.json) simulated ? print_simulation(d) : print_standardised(d);
  }
  if (common.json) fmt::print("{}\n", base::dump_json(out));
}

}  // namespace

void add_operations_capital(CLI::App& desk, Common& common) {
  CLI::App* verb = desk.add_subcommand(
      "capital", "Capital for operational risk: simulated loss distribution, and the standardised approach");
  const auto a = std::make_shared<CapitalArguments>();
  verb->add_option("--data", a->data, "A loss register (CSV or JSON) instead of the store's");
  verb->add_option("--from", a->from, "First observed day YYYY-MM-DD (default: that of the first loss)");
  verb->add_option("--as-of", a->as_of, "Last observed day (default: that of the last loss)");
  verb->add_option("--currency", a->currency, "Use the losses in this currency only");
  verb->add_flag("--gross", a->gross, "Losses before recoveries (default: after)");
  verb->add_option("--level", a->settings.level)->check(CLI::Range(0.5, 0.99999))->capture_default_str();
  verb->add_option("--years", a->settings.years, "Simulated years")
      ->check(CLI::Range(1000, 20000000))
      ->capture_default_str();
  verb->add_option("--resamples", a->settings.resamples, "Of the losses, for the 90 % interval; 0: none")
      ->check(CLI::Range(0, 10000))
      ->capture_default_str();
  verb->add_option("--business", a->business,
                   "Table of business years for the standardised approach, in millions: year, interest_income …");
  verb->add_option("--de-minimis", a->de_minimis, "Losses below it do not count in the standardised approach")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb->add_flag("--ignore-losses", a->ignore_losses, "Loss multiplier 1, where the supervisor set it so");
  verb->add_flag("--standardised-only", a->skip_simulation, "No simulation");
  verb->add_flag("--strict", a->strict, "Stop at the first row that cannot be used");
  add_common(*verb, common, "ballast operations capital --data losses.csv --business years.csv --as-of 2025-12-31");
  add_replay("capital", replay_capital);
  verb->callback([a, &common] { run_capital(*a, common); });
}

}  // namespace ballast::apps
