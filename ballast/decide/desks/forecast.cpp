// SPDX-License-Identifier: Apache-2.0
// Prices, news and settings of a forecast as JSON and back: what a stored decision is repeated from.
#include "ballast/decide/forecast_decision.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "ballast/base/error.h"
#include "ballast/base/hash.h"

namespace ballast::decide {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct BarColumn {
  const char* name;
  double risk::Bar::*member;
};
constexpr BarColumn kBarColumns[] = {
    {"open", &risk::Bar::open}, {"high", &risk::Bar::high}, {"low", &risk::Bar::low}, {"volume", &risk::Bar::volume}};

double number_of(const Json& json, const std::string& where) {
  if (json.is_null()) return kNaN;
  if (!json.is_number()) throw Error(ErrorCode::bad_input, "holds " + base::dump_json(json), where, "a number or null");
  return json.get<double>();
}

risk::Day day_of(const Json& json, const std::string& where) {
  const auto day = json.is_string() ? risk::parse_day(json.get<std::string>()) : std::nullopt;
  if (!day) throw Error(ErrorCode::bad_input, "holds " + base::dump_json(json), where, "a date");
  return *day;
}

risk::Moment moment_of(const Json& json, const std::string& where) {
  const auto moment = json.is_string() ? risk::parse_moment(json.get<std::string>()) : std::nullopt;
  if (!moment) throw Error(ErrorCode::bad_input, "holds " + base::dump_json(json), where, "a moment");
  return *moment;
}

Json news_json(const risk::News& news, const std::string& model) {
  Json items = Json::array();
  for (const risk::NewsItem& item : news.items) {
    Json values = Json::array();
    for (const double v : item.values) values.push_back(number_json(v));
    items.push_back({risk::moment_text(item.published_at), risk::moment_text(item.available_at), values});
  }
  return {{"names", news.names}, {"model", model}, {"items", items}};
}

risk::News news_of(const Json& json, const std::string& where) {
  risk::News news;
  news.names = base::json_field<std::vector<std::string>>(json, "names", where);
  for (const Json& row : base::json_field<Json>(json, "items", where)) {
    if (!row.is_array() || row.size() != 3 || row[2].size() != news.names.size()) {
      throw Error(ErrorCode::bad_input, "an item of news has not the expected form", where);
    }
    risk::NewsItem item{moment_of(row[0], where), moment_of(row[1], where), {}};
    for (const Json& v : row[2]) item.values.push_back(number_of(v, where));
    news.items.push_back(std::move(item));
  }
  return news;
}

std::vector<std::string> names_of(const std::vector<risk::DirectionModel>& models) {
  std::vector<std::string> out;
  for (const risk::DirectionModel model : models) out.push_back(risk::direction_model_name(model));
  return out;
}

/// What the models are, and what the advice obeys.
Json model_json(const risk::ForecastOptions& o) {
  return {
      {"models", names_of(o.models)}, {"train_days", o.first_train}, {"refit_days", o.block}, {"embargo", o.embargo}};
}
Json policy_json(const risk::ForecastOptions& o) {
  return {{"cost", o.cost}, {"var_limit", o.var_limit}, {"allow_short", o.allow_short}};
}

risk::ForecastOptions options_of(const Json& model, const Json& policy, std::uint64_t seed, const std::string& where) {
  risk::ForecastOptions o;
  o.models.clear();
  for (const auto& name : base::json_field<std::vector<std::string>>(model, "models", where)) {
    o.models.push_back(risk::direction_model_named(name));
  }
  o.first_train = base::json_field<int>(model, "train_days", where);
  o.block = base::json_field<int>(model, "refit_days", where);
  o.embargo = base::json_field<int>(model, "embargo", where);
  o.cost = base::json_field<double>(policy, "cost", where);
  o.var_limit = base::json_field<double>(policy, "var_limit", where);
  o.allow_short = base::json_field<bool>(policy, "allow_short", where);
  o.seed = seed;
  return o;
}

std::string subject_of(const risk::PriceSeries& series) {
  return std::filesystem::path(series.source).filename().string() + ":" + series.column;
}

Json tail_json(const risk::Returns& returns) {
  Json out = Json::array();
  for (const double level : {0.95, 0.975, 0.99}) {
    risk::VarOptions options;
    options.level = level;
    const auto f = risk::forecast_var(returns, options);
    out.push_back({{"level", level}, {"var", f.next_var}, {"es", f.next_es}});
  }
  return out;
}

/// "momentum_20" in words.
std::string words_of(const std::string& feature) {
  const auto cut = feature.rfind('_');
  const std::string what = feature.substr(0, cut), n = cut == std::string::npos ? "" : feature.substr(cut + 1);
  if (feature == "transformer") return "what the transformer reads in the last 20 sessions";
  if (what == "change") return n == "1" ? "the last change, in volatilities" : "the change " + n + " sessions back";
  if (what == "momentum") return "the change over " + n + " sessions, in volatilities";
  if (feature == "volatility") return "the logarithm of volatility";
  if (what == "volatility") return "volatility over " + n + " sessions against the latest";
  if (feature == "range") return "the last session's range, in volatilities";
  if (feature == "close_in_range") return "where the close lies in the last session's range";
  if (feature == "volume") return "the last volume against 20 sessions before";
  if (what == "news") return "how much news came, over sessions: " + n;
  return "\"" + what + "\" of the news, over sessions: " + n;
}

}  // namespace

base::Json number_json(double value) {
  return std::isfinite(value) ? base::Json(value) : base::Json(nullptr);
}

base::Json test_json(const risk::TestResult& test) {
  return {{"statistic", test.statistic}, {"p_value", test.p_value}};
}

base::Json light_json(const risk::TrafficLight& light) {
  return {{"days", light.days},
          {"exceptions", light.exceptions},
          {"zone", light.zone},
          {"plus_factor", number_json(light.plus_factor)},
          {"cumulative_probability", light.cumulative}};
}

base::Json tests_json(const risk::VarTests& tests) {
  base::Json christoffersen = test_json(tests.christoffersen.independence);
  christoffersen["independence"] = test_json(tests.christoffersen.independence);
  christoffersen["joint"] = test_json(tests.christoffersen.joint);
  return {{"days", tests.days},
          {"exceptions", tests.exceptions},
          {"kupiec", test_json(tests.kupiec)},
          {"christoffersen", christoffersen},
          {"traffic_light", light_json(tests.light)},
          {"acerbi_szekely", test_json(tests.acerbi_szekely)}};
}

Json series_json(const risk::PriceSeries& series, bool bars) {
  Json out = {{"source", std::filesystem::path(series.source).filename().string()},
              {"column", series.column},
              {"differences", series.negative_allowed},
              {"days", Json::array()},
              {"close", Json::array()}};
  for (const risk::Bar& bar : series.bars) {
    out["days"].push_back(risk::day_text(bar.day));
    out["close"].push_back(bar.close);
  }
  for (const auto& [name, member] : kBarColumns) {
    bool any = false;
    for (const risk::Bar& bar : series.bars) any = any || std::isfinite(bar.*member);
    if (!bars || !any) continue;
    Json column = Json::array();
    for (const risk::Bar& bar : series.bars) column.push_back(number_json(bar.*member));
    out[name] = std::move(column);
  }
  return out;
}

risk::PriceSeries series_of(const Json& json, const std::string& where) {
  risk::PriceSeries series;
  series.source = base::json_field<std::string>(json, "source", where);
  series.column = base::json_field<std::string>(json, "column", where);
  series.negative_allowed = base::json_field<bool>(json, "differences", where);
  const auto days = base::json_field<Json>(json, "days", where), close = base::json_field<Json>(json, "close", where);
  if (days.size() != close.size()) throw Error(ErrorCode::bad_input, "there is not one price a day", where);
  for (std::size_t i = 0; i < days.size(); ++i) {
    risk::Bar bar;
    bar.day = day_of(days[i], where);
    bar.close = number_of(close[i], where);
    series.bars.push_back(bar);
  }
  for (const auto& [name, member] : kBarColumns) {
    if (!json.contains(name)) continue;
    const Json& column = json.at(name);
    if (column.size() != series.bars.size()) throw Error(ErrorCode::bad_input, "there is not one value a day", where);
    for (std::size_t i = 0; i < column.size(); ++i) series.bars[i].*member = number_of(column[i], where);
  }
  return series;
}

Json session_json(const risk::SessionForecast& s, bool past) {
  Json out = {{"session", risk::day_text(s.day)},
              {"probability_up", s.probability_up},
              {"probability_interval", s.interval},
              {"return_interval", {{"level", 0.9}, {"low", s.low}, {"median", s.median}, {"high", s.high}}},
              {"volatility", s.sigma},
              {"var", s.var},
              {"es", s.es},
              {"expected_return", s.expected},
              {"advice", risk::action_name(s.action)},
              {"position", s.position}};
  if (past) out["return"] = s.ret, out["net"] = s.net;
  return out;
}

Decision trade_decision(const TradeQuestion& q, const risk::ForecastReport& report) {
  const risk::ForecastOptions& o = q.options;
  const risk::SessionForecast& next = report.next;
  Decision d;
  d.kind = "trade";
  d.subject = subject_of(q.series);
  d.inputs = {{"prices", series_json(q.series, true)},
              {"news", news_json(q.news, q.news_model)},
              {"calendar", q.calendar},
              {"model", model_json(o)},
              {"policy", policy_json(o)}};
  d.model = fmt::format("{}", fmt::join(names_of(o.models), "+"));
  d.model_hash = base::sha256_hex(canonical_json(d.inputs["model"]));
  d.policy_hash = base::sha256_hex(canonical_json(d.inputs["policy"]));
  d.seed = o.seed;
  d.outcome = session_json(next, false);
  d.outcome["cost"] = o.cost;
  d.outcome["tail"] = tail_json(risk::returns_of(q.series));
  d.outcome["log_odds"] = report.log_odds;
  d.outcome["base"] = report.base;
  d.probability = next.probability_up;
  d.interval = next.interval;
  if (report.reasons.empty()) d.reasons.push_back({"base", kUnusedModels, 0});
  for (const risk::ForecastReason& reason : report.reasons) {
    d.reasons.push_back({reason.feature,
                         std::isfinite(reason.value)
                             ? fmt::format("{}: {:+.3f}", words_of(reason.feature), reason.value)
                             : words_of(reason.feature),
                         reason.contribution});
  }
  return d;
}

Decision replay_trade(const Decision& was) {
  const std::string where = "decision " + was.id;
  TradeQuestion q;
  q.series = series_of(base::json_field<Json>(was.inputs, "prices", where), where);
  const Json news = base::json_field<Json>(was.inputs, "news", where);
  q.news = news_of(news, where);
  q.news_model = base::json_field<std::string>(news, "model", where);
  q.calendar = base::json_field<std::string>(was.inputs, "calendar", where);
  q.options = options_of(base::json_field<Json>(was.inputs, "model", where),
                         base::json_field<Json>(was.inputs, "policy", where), was.seed, where);
  const auto calendar = risk::TradingCalendar::named(q.calendar);
  return trade_decision(q, risk::walk_forward(q.series, q.news, calendar, q.options));
}

Decision var_decision(const VarQuestion& q, const risk::VarForecasts& forecasts) {
  const risk::VarOptions& o = q.options;
  const Json method = {{"method", o.method.name}, {"decay", o.decay}, {"refit_days", o.refit_days}};
  Decision d;
  d.kind = "var";
  d.subject = subject_of(q.series);
  d.inputs = {{"prices", series_json(q.series, false)}, {"method", method}, {"level", o.level}, {"window", o.window}};
  d.model = o.method.name;
  d.model_hash = base::sha256_hex(canonical_json(method));
  d.seed = q.seed;
  d.outcome = {{"var", forecasts.next_var},
               {"es", forecasts.next_es},
               {"level", o.level},
               {"after", risk::day_text(q.series.bars.back().day)},
               {"volatility", number_json(forecasts.next_sigma)},
               {"tests", tests_json(risk::test_var(forecasts.days, o.level, q.seed))}};
  d.probability = 1 - o.level;
  const std::string tail = fmt::format("the {:g} % tail of the last {} changes", 100 * (1 - o.level), o.window);
  if (!o.method.filtered) {
    d.reasons = {{"window", tail, forecasts.next_var}};
    return d;
  }
  constexpr const char* kTails[] = {"historical", "normal", "t", "evt"};  // by risk::Tail
  risk::VarOptions plain = o;
  plain.method = risk::var_method_named(kTails[static_cast<int>(o.method.tail)]);
  const double unfiltered = risk::forecast_var(risk::returns_of(q.series), plain).next_var;
  d.reasons = {{"window", tail + ", as they are", unfiltered},
               {"volatility", fmt::format("a volatility of {:.4g} for the next session", forecasts.next_sigma),
                forecasts.next_var - unfiltered}};
  return d;
}

Decision replay_var(const Decision& was) {
  const std::string where = "decision " + was.id;
  const Json method = base::json_field<Json>(was.inputs, "method", where);
  VarQuestion q;
  q.series = series_of(base::json_field<Json>(was.inputs, "prices", where), where);
  q.options.method = risk::var_method_named(base::json_field<std::string>(method, "method", where));
  q.options.decay = base::json_field<double>(method, "decay", where);
  q.options.refit_days = base::json_field<int>(method, "refit_days", where);
  q.options.level = base::json_field<double>(was.inputs, "level", where);
  q.options.window = base::json_field<int>(was.inputs, "window", where);
  q.seed = was.seed;
  return var_decision(q, risk::forecast_var(risk::returns_of(q.series), q.options));
}

}  // namespace ballast::decide
