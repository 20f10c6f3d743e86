// SPDX-License-Identifier: Apache-2.0
// ballast advise: a portfolio and a risk profile to advice, stored before it is shown; a report for the client.
#include "advise.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <memory>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/hash.h"
#include "ballast/base/parallel.h"
#include "ballast/decide/advice.h"
#include "ballast/decide/advice_decision.h"
#include "ballast/decide/report.h"
#include "ballast/store/store.h"
#include "print_pdf.h"
#include "replay.h"
#include "verb.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;
using decide::Language;

struct AdviseArguments {
  std::string portfolio, prices, profile, shocks, hedges, index_prices, objective = "min-variance", language = "en";
  std::string report, pdf;
  double cost_bp = 10;
  bool strict = false;
  decide::AdviceSettings settings;
};

/// The panel with one more column, of the days that it has.
risk::PricePanel joined(const risk::PricePanel& panel, const risk::PriceSeries& series, const std::string& name) {
  std::map<risk::Day, double> prices;
  for (const risk::Bar& bar : series.bars) prices[bar.day] = bar.close;
  risk::PricePanel out = panel;
  out.instruments.push_back(name);
  out.prices.clear();
  for (std::size_t r = 0; r < panel.days.size(); ++r) {
    for (std::size_t i = 0; i < panel.width(); ++i) out.prices.push_back(panel.price(r, i));
    const auto found = prices.find(panel.days[r]);
    out.prices.push_back(found == prices.end() ? NAN : found->second);
  }
  return out;
}

risk::PricePanel read_all_prices(AdviseArguments& a, const Common& common) {
  risk::PricePanel panel = read_price_panel(a.prices, common, a.strict);
  if (a.index_prices.empty()) {
    if (!a.settings.index.empty() && panel.find(a.settings.index) < 0) {
      throw Error(ErrorCode::usage, "no column \"" + a.settings.index + "\" in " + a.prices, "--index",
                  "the nearest is " + ingest::nearest_name(a.settings.index, panel.instruments));
    }
    return panel;
  }
  if (a.settings.index.empty()) a.settings.index = std::filesystem::path(a.index_prices).stem().string();
  if (panel.find(a.settings.index) >= 0) {
    throw Error(ErrorCode::usage, "\"" + a.settings.index + "\" is a column of " + a.prices + " already", "--index",
                "another name for the index of --index-prices");
  }
  return joined(panel, risk::read_prices(a.index_prices), a.settings.index);
}

/// The objective against equal weights over all prices, for the report; the index and currencies are left out.
void add_runs(decide::ReportFacts& facts, const risk::PricePanel& panel, const AdviseArguments& a,
              const decide::AdviceInputs& inputs, const Json& advice, std::uint64_t seed) {
  const std::string base_currency = advice.at("currency");
  std::vector<std::size_t> columns;
  for (std::size_t c = 0; c < panel.width(); ++c) {
    const std::string& name = panel.instruments[c];
    if (!decide::is_currency_rate(name, base_currency) && name != inputs.settings.index) columns.push_back(c);
  }
  risk::PortfolioBacktestOptions options;
  options.window = inputs.settings.window;
  options.cost = inputs.settings.cost;
  options.risk_aversion = advice.at("risk_aversion");
  const double most = advice.at("profile").at("limits").at("position");
  if (most * static_cast<double>(columns.size()) > 1.05) options.high = most;  // else it could not be fully invested
  try {
    facts.runs =
        study_portfolios(panel.part(0, panel.days.size(), columns), {a.settings.objective}, options, seed).runs;
  } catch (const Error& e) {
    facts.no_runs = e.problem();  // a short file still gives advice
  }
}

void write_report(const decide::Decision& d, const risk::PricePanel& panel, const AdviseArguments& a,
                  const decide::AdviceInputs& inputs, const Common& common) {
  decide::ReportFacts facts{d.id, d.created_at, d.build, inputs.prices_file, inputs.prices_hash, d.policy_hash, {}, {}};
  add_runs(facts, panel, a, inputs, d.outcome, common.seed);
  const std::string html = decide::report_html(d.outcome, facts, a.language == "zh" ? Language::zh : Language::en);
  const std::string file =
      a.report.empty() ? std::filesystem::path(a.pdf).replace_extension(".html").string() : a.report;
  base::write_file_atomic(file, html);
  say(common, "wrote " + file);
  if (a.pdf.empty()) return;
  const std::string browser = find_browser();
  if (browser.empty()) {
    say(common, "no Chromium is installed, so there is no " + a.pdf + "; " + file + " prints from any browser");
    return;
  }
  print_pdf(browser, file, a.pdf);
  say(common, "wrote " + a.pdf);
}

void print_advise(const decide::Decision& d, const std::string& language) {
  for (const Json& paragraph : d.outcome.at("text").at(language).at("paragraphs"))
    fmt::print("{}\n\n", paragraph.get<std::string>());
  fmt::print("{} {}\n", language == "zh" ? "决策编号" : "decision", d.id);
}

void run_advise(AdviseArguments& a, const Common& common) {
  for (const auto& [option, value] : {std::pair<const char*, const std::string&>{"--portfolio", a.portfolio},
                                      {"--prices", a.prices},
                                      {"--profile", a.profile}}) {
    if (value.empty()) {
      throw Error(ErrorCode::usage, "is missing", option, "advice needs --portfolio, --prices and --profile");
    }
  }
  base::set_threads(common.threads);
  a.settings.objective = risk::objective_named(a.objective);
  a.settings.cost = a.cost_bp / 1e4;
  decide::AdviceInputs inputs;
  inputs.profile = base::read_file(a.profile);
  decide::parse_profile(inputs.profile, a.profile);  // its errors name the file
  if (!a.shocks.empty()) risk::parse_shocks(inputs.shocks = base::read_file(a.shocks), a.shocks);
  if (!a.hedges.empty()) risk::parse_hedge_terms(inputs.hedges = base::read_file(a.hedges), a.hedges);
  inputs.holdings = decide::read_holdings(a.portfolio);
  const risk::PricePanel panel = read_all_prices(a, common);
  inputs.settings = a.settings;
  inputs.prices_file = std::filesystem::path(a.prices).filename().string();
  inputs.prices_hash = base::sha256_file(a.prices);
  decide::take_prices(inputs, panel);
  std::vector<decide::Decision> decisions = {decide::portfolio_decision(inputs, common.seed)};
  sign(decisions.front());
  store::Store store = store::Store::open(common.store);
  decide::keep(store, decisions);
  const decide::Decision& d = decisions.front();
  if (!a.report.empty() || !a.pdf.empty()) write_report(d, panel, a, inputs, common);
  if (!common.json) return print_advise(d, a.language);
  Json out = {{"decision_id", d.id}};
  out.update(d.outcome);
  fmt::print("{}\n", base::dump_json(out));
}

void add_options(CLI::App& verb, AdviseArguments& a) {
  verb.add_option("--portfolio", a.portfolio, "CSV: instrument, currency, quantity or value; class, duration, beta");
  verb.add_option("--prices", a.prices, "CSV with a date and one column an instrument; EURUSD: dollars for a euro");
  verb.add_option("--profile", a.profile, "TOML of `advise questionnaire`");
  verb.add_option("--objective", a.objective, "min-variance, min-cvar, risk-parity or mean-variance")
      ->capture_default_str();
  verb.add_option("--shocks", a.shocks, "TOML with [[shock]] tables");
  verb.add_option("--hedges", a.hedges, "TOML with [index], [put] and [duration] terms");
  verb.add_option("--index", a.settings.index, "Column of the market index, for betas and hedges");
  verb.add_option("--index-prices", a.index_prices, "Prices of the index in a file of its own");
  verb.add_option("--currency", a.settings.currency, "Of the advice (default: that of the first holding)");
  verb.add_option("--window", a.settings.window, "Returns that moments come from")
      ->check(CLI::Range(250, 100000))
      ->capture_default_str();
  verb.add_option("--cost-bp", a.cost_bp, "Of the traded value, one way")
      ->check(CLI::Range(0.0, 1000.0))
      ->capture_default_str();
  verb.add_option("--turnover", a.settings.turnover, "Most that may be bought or sold, share of the value")
      ->check(CLI::Range(0.0, 2.0));
  verb.add_flag("--held-only", a.settings.held_only, "Do not buy other instruments of the price file");
  verb.add_option("--language", a.language)->check(CLI::IsMember({"en", "zh"}))->capture_default_str();
  verb.add_option("--report", a.report, "HTML file to write");
  verb.add_option("--pdf", a.pdf, "PDF file to write, through Chromium where it is installed");
  verb.add_flag("--strict", a.strict, "Rows and cells of prices that cannot be used are an error");
}

}  // namespace

void add_advise(CLI::App& app, Common& common) {
  CLI::App* verb = app.add_subcommand("advise", "Portfolio and risk-strategy advice for a client's profile");
  const auto a = std::make_shared<AdviseArguments>();
  add_options(*verb, *a);
  add_common(*verb, common,
             "ballast advise --portfolio holdings.csv --prices prices.csv --profile profile.toml --report out.html");
  add_advise_questionnaire(*verb, common);
  add_advise_backtest(*verb, common);
  add_replay("portfolio", decide::replay_portfolio);
  verb->callback([verb, a, &common] {
    if (verb->get_subcommands().empty()) run_advise(*a, common);
  });
}

}  // namespace ballast::apps
