// SPDX-License-Identifier: Apache-2.0
// `ballast compare volatility|var`: forecasts for each day made from the days before it, judged by their daily losses.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "ballast/base/error.h"
#include "ballast/risk/market_backtest.h"
#include "ballast/risk/market_var.h"
#include "ballast/risk/market_volatility.h"
#include "compare_market.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::int64_t kParameters =
    6;  // of a volatility model at most: mean, omega, alpha, gamma, beta, degrees of freedom

class VolatilityTask : public MarketTask {
 public:
  using MarketTask::MarketTask;

  std::vector<std::string> own_findings() override {
    for (const auto model : kModels) {
      const std::size_t cut = check_length();
      const auto whole = path(model, returns_.values), part = path(model, head(cut).values);
      check(risk::volatility_model_name(model), std::equal(part.begin(), part.end(), whole.begin()));
    }
    return findings_;
  }

  govern::Comparison compare() override {
    std::vector<govern::MethodRun> runs = {constant()};
    for (const auto model : kModels) {
      govern::MethodRun run;
      run.name = risk::volatility_model_name(model);
      CostMeter meter;
      run.losses = losses(meter.train([&] { return path(model, returns_.values); }));
      run.model_bytes = 8 * kParameters;
      run.cost = meter.cost();
      runs.push_back(std::move(run));
    }
    runs.push_back(language());
    govern::JudgeOptions options;
    options.seed = common_.seed;
    return govern::judge_losses(a_.task, "QLIKE", std::move(runs), options);
  }

  std::vector<std::string> notes() const override {
    return {judged_words(), "QLIKE of the squared return (Patton 2011)", "refitted every 21 days on at most 1000"};
  }

 private:
  static constexpr risk::VolatilityModel kModels[] = {risk::VolatilityModel::ewma,    risk::VolatilityModel::garch,
                                                      risk::VolatilityModel::garch_t, risk::VolatilityModel::gjr,
                                                      risk::VolatilityModel::gjr_t,   risk::VolatilityModel::har};

  static std::vector<double> path(risk::VolatilityModel model, std::span<const double> returns) {
    risk::VolatilityOptions options;
    options.model = model;
    return risk::volatility_path(returns, options);
  }

  /// The loss of each judged day.
  std::vector<double> losses(const std::vector<double>& sigmas) const {
    std::vector<double> out;
    for (std::size_t t = first_; t < returns_.size(); ++t) {
      const double proxy = returns_.values[t] * returns_.values[t];
      out.push_back(risk::qlike(std::span(&proxy, 1), std::span(&sigmas[t], 1)));
    }
    return out;
  }

  govern::MethodRun language() const {
    CostMeter meter;
    const auto model = meter.train([&] { return language_model(); });
    const auto expected = meter.score([&] { return model.expect(returns_.values, first_, returns_.size()); });
    std::vector<double> sigmas(first_, 0);
    for (const auto& p : expected) sigmas.push_back(model.sigma(p));
    govern::MethodRun run = language_run(model, meter);
    run.losses = losses(sigmas);
    return run;
  }

  /// The root mean square of all days before.
  govern::MethodRun constant() const {
    govern::MethodRun run;
    run.name = "past average";
    run.family = govern::Family::baseline;
    run.note = "root mean square of all days before";
    std::vector<double> sigmas(returns_.size(), 0);
    double sum = 0;
    for (std::size_t t = 0; t < returns_.size(); ++t) {
      sigmas[t] = std::max(1e-6, t == 0 ? 0 : std::sqrt(sum / static_cast<double>(t)));
      sum += returns_.values[t] * returns_.values[t];
    }
    run.losses = losses(sigmas);
    return run;
  }
};

class VarTask : public MarketTask {
 public:
  using MarketTask::MarketTask;

  std::vector<std::string> own_findings() override {
    for (const char* name : kMethods) {
      const auto whole = forecast(name, returns_).days, part = forecast(name, head(check_length())).days;
      check(name, std::equal(part.begin(), part.end(), whole.begin(),
                             [](const auto& a, const auto& b) { return a.var == b.var && a.es == b.es; }));
    }
    return findings_;
  }

  govern::Comparison compare() override {
    std::vector<govern::MethodRun> runs;
    for (const char* name : kMethods) {
      govern::MethodRun run;
      run.name = name;
      run.model_bytes = 8 * (a_.window + kParameters);
      if (std::string_view(name) == "historical") run.family = govern::Family::baseline;
      CostMeter meter;
      const auto all = meter.train([&] { return forecast(name, returns_).days; });
      // One forecast for each return after the first window.
      judge(std::span(all).subspan(first_ - static_cast<std::size_t>(a_.window)), run);
      run.cost = meter.cost();
      runs.push_back(std::move(run));
    }
    runs.push_back(language());
    govern::JudgeOptions options;
    options.seed = common_.seed;
    return govern::judge_losses(a_.task, "quantile score", std::move(runs), options);
  }

  std::vector<std::string> notes() const override {
    return {judged_words(), fmt::format("{:g} % VaR from windows of {} days", 100 * a_.level, a_.window),
            "Kupiec's and Christoffersen's tests beside the quantile score, which decides"};
  }

 private:
  static constexpr const char* kMethods[] = {"historical",         "normal",   "ewma-normal",
                                             "garch-t-historical", "filtered", "evt"};

  /// Daily losses and the back-tests of one method.
  void judge(std::span<const risk::VarDay> days, govern::MethodRun& run) const {
    std::vector<std::uint8_t> exceptions;
    for (const risk::VarDay& day : days) {
      run.losses.push_back(risk::quantile_score(std::span(&day, 1), 1 - a_.level));
      exceptions.push_back(day.exception);
    }
    const auto count = std::count(exceptions.begin(), exceptions.end(), 1);
    const auto n = static_cast<std::int64_t>(days.size());
    const auto markov = risk::christoffersen_test(exceptions, 1 - a_.level);
    run.extra = {{"exceptions %", 100 * static_cast<double>(count) / static_cast<double>(n)},
                 {"Kupiec p", risk::kupiec_test(count, n, 1 - a_.level).p_value},
                 {"independence p", markov.independence.p_value},
                 {"joint p", markov.joint.p_value}};
  }

  govern::MethodRun language() const {
    CostMeter meter;
    const auto model = meter.train([&] { return language_model(); });
    const auto expected = meter.score([&] { return model.expect(returns_.values, first_, returns_.size()); });
    std::vector<risk::VarDay> days;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      risk::VarDay day{returns_.days[first_ + i], -model.quantile(expected[i], 1 - a_.level), 0,
                       returns_.values[first_ + i], false};
      day.exception = day.ret < -day.var;
      days.push_back(day);
    }
    govern::MethodRun run = language_run(model, meter);
    judge(days, run);
    return run;
  }

  risk::VarForecasts forecast(const std::string& name, const risk::Returns& returns) const {
    risk::VarOptions options;
    options.method = risk::var_method_named(name);
    options.level = a_.level;
    options.window = a_.window;
    return risk::forecast_var(returns, options);
  }
};

}  // namespace

std::unique_ptr<CompareTask> make_volatility_task(const CompareArguments& arguments, const Common& common) {
  return std::make_unique<VolatilityTask>(arguments, common);
}
std::unique_ptr<CompareTask> make_var_task(const CompareArguments& arguments, const Common& common) {
  return std::make_unique<VarTask>(arguments, common);
}

}  // namespace ballast::apps
