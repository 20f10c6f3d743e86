// SPDX-License-Identifier: Apache-2.0
// `ballast compare direction`: does the next session close higher? The desk's walk-forward models and the language
// model of returns beside always saying yes.
#include <cmath>

#include "ballast/risk/market_forecast.h"
#include "compare_market.h"

namespace ballast::apps {
namespace {

class DirectionTask : public MarketTask {
 public:
  using MarketTask::MarketTask;

  std::vector<std::string> own_findings() override {
    const auto leaks = risk::find_lookahead(risk::make_features, series_, {}, calendar_);
    for (const risk::Leak& leak : leaks) {
      findings_.push_back("look-ahead: the feature " + leak.feature + " of " + risk::day_text(leak.day) +
                          " knows later days");
    }
    return findings_;
  }

  govern::Comparison compare() override {
    CostMeter meter;
    const auto report = meter.train([&] { return risk::walk_forward(series_, {}, calendar_, walk_options()); });
    choose_sessions(report);
    std::vector<govern::MethodRun> runs = {always_up()};
    runs.push_back(run_of(
        "logistic", [](const auto& s) { return 1 / (1 + std::exp(-s.scores[0])); }, meter.cost()));
    runs.push_back(run_of(
        "boosted", [](const auto& s) { return 1 / (1 + std::exp(-s.scores[1])); }, meter.cost()));
    runs.push_back(run_of(
        "both calibrated", [](const auto& s) { return s.probability_up; }, meter.cost()));
    runs.push_back(language());
    govern::JudgeOptions options;
    options.seed = common_.seed;
    return govern::judge_classes(a_.task, truth_, 2, std::move(runs), options);
  }

  std::vector<std::string> notes() const override {
    return {judged_words(), "logistic and boosted trees walk forward, refitted every 63 sessions (one run, one time)"};
  }

 private:
  risk::ForecastOptions walk_options() const {
    risk::ForecastOptions options;
    options.models = {risk::DirectionModel::logistic, risk::DirectionModel::boosted};  // in the order of the scores
    options.seed = common_.seed;
    return options;
  }

  /// Sessions from the first judged day on whose probability is calibrated.
  void choose_sessions(const risk::ForecastReport& report) {
    std::size_t day = 0;
    for (const risk::SessionForecast& s : report.sessions) {
      while (day < returns_.size() && returns_.days[day] < s.day) ++day;
      const bool calibrated = s.interval[0] > 0 || s.interval[1] < 1;
      if (day < first_ || day >= returns_.size() || !calibrated) continue;
      sessions_.push_back(s);
      at_.push_back(day);
      truth_.push_back(s.ret > 0 ? 1 : 0);
    }
    if (sessions_.size() < kFewestJudged) {
      throw base::Error(
          base::ErrorCode::bad_input,
          fmt::format("{} sessions can be judged, at least {} are needed", sessions_.size(), kFewestJudged),
          a_.data.front());
    }
  }

  template <class Probability>
  govern::MethodRun run_of(const std::string& name, Probability probability, const govern::MethodCost& cost) const {
    govern::MethodRun run;
    run.name = name;
    run.cost = cost;
    for (const risk::SessionForecast& s : sessions_) add(probability(s), run);
    return run;
  }

  static void add(double up, govern::MethodRun& run) {
    run.probabilities.insert(run.probabilities.end(), {1 - up, up});
  }

  govern::MethodRun always_up() const {
    govern::MethodRun run;
    run.name = "always up";
    run.family = govern::Family::baseline;
    run.note = "with the share of rises before the first judged day as its probability";
    double ups = 0;
    for (std::size_t i = 0; i < first_; ++i) ups += returns_.values[i] > 0;
    for (std::size_t i = 0; i < sessions_.size(); ++i)
      add(std::max(0.5 + 1e-9, ups / static_cast<double>(first_)), run);
    return run;
  }

  govern::MethodRun language() const {
    CostMeter meter;
    const auto model = meter.train([&] { return language_model(); });
    const auto expected = meter.score([&] { return model.expect(returns_.values, first_, returns_.size()); });
    govern::MethodRun run = language_run(model, meter);
    for (const std::size_t day : at_) add(model.probability_above(expected[day - first_], 0), run);
    return run;
  }

  risk::TradingCalendar calendar_ = risk::TradingCalendar::named("weekdays");
  std::vector<risk::SessionForecast> sessions_;
  std::vector<std::size_t> at_;  // index of the session's return
  std::vector<int> truth_;
};

}  // namespace

std::unique_ptr<CompareTask> make_direction_task(const CompareArguments& arguments, const Common& common) {
  return std::make_unique<DirectionTask>(arguments, common);
}

}  // namespace ballast::apps
