// SPDX-License-Identifier: Apache-2.0
// What the tasks over prices share: one series of returns, the first day that is judged, the language model of returns.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <tuple>
#include <vector>

#include "ballast/base/error.h"
#include "ballast/risk/market_language.h"
#include "compare.h"
#include "forecast.h"

namespace ballast::apps {

/// What the tasks share: one series of returns, the first day that is judged, and the check that no forecast
/// changes when the days after it are taken away.
class MarketTask : public CompareTask {
 public:
  MarketTask(const CompareArguments& a, const Common& common) : a_(a), common_(common) {
    if (a.data.size() != 1) throw base::Error(base::ErrorCode::usage, "takes one file of prices", "--data");
    PriceArguments prices;
    Quarantine quarantine;
    series_ = read_series(prices, a.data.front(), a.column, common, quarantine);
    returns_ = risk::returns_of(series_);
    first_ = first_judged();
    if (first_ + kFewestJudged > returns_.size()) {
      throw base::Error(
          base::ErrorCode::bad_input,
          fmt::format("{} of its {} returns are left to judge, at least {} are needed",
                      returns_.size() - std::min(first_, returns_.size()), returns_.size(), kFewestJudged),
          a.data.front());
    }
  }

  govern::SplitRows rows() const override { return {}; }
  void drop(std::span<const std::uint8_t>) override {}
  std::vector<std::string> own_checks() const override {
    return {"look-ahead (forecasts made again without the days after)"};
  }
  std::string data_words() const override {
    return fmt::format("{}, {} ({} days)", std::filesystem::path(a_.data.front()).filename().string(), series_.column,
                       returns_.size());
  }

 protected:
  static constexpr std::size_t kFewestJudged = 250;
  static constexpr double kEpochs = 80;  // on S&P 500 before 2005, 20 left it undertrained

  /// The first third of the returns comes before, unless --split says otherwise.
  std::size_t first_judged() const {
    const std::size_t least = static_cast<std::size_t>(a_.window) + 1;
    if (a_.split.empty()) return std::max(least, returns_.size() / 3);
    const auto day = risk::parse_day(a_.split);
    if (!day) throw base::Error(base::ErrorCode::usage, "not a date (expected YYYY-MM-DD)", "--split");
    const auto at = std::lower_bound(returns_.days.begin(), returns_.days.end(), *day) - returns_.days.begin();
    return std::max(least, static_cast<std::size_t>(at));
  }
  std::string judged_words() const {
    return fmt::format("forecasts made at the close of the day before, judged from {} on",
                       risk::day_text(returns_.days[first_]));
  }
  /// The returns up to half of the judged days, for the check.
  std::size_t check_length() const { return first_ + (returns_.size() - first_) / 2; }
  risk::Returns head(std::size_t count) const {
    risk::Returns out = returns_;
    out.days.resize(count);
    out.values.resize(count);
    return out;
  }
  /// The language model learns from the days before the first judged one only, and is not trained again.
  risk::ReturnLanguageModel language_model() const {
    risk::ReturnLanguageOptions options;
    options.epochs = epochs_;
    options.seed = common_.seed;
    options.progress = terminal_progress(common_);
    return risk::ReturnLanguageModel::train(std::span(returns_.values).first(first_), options);
  }
  govern::MethodRun language_run(const risk::ReturnLanguageModel& model, const CostMeter& meter) const {
    govern::MethodRun run;
    run.name = "language model";
    run.family = govern::Family::language_model;
    run.note = fmt::format(
        "causal transformer over returns as 14 symbols, learnt from the {} days before the first judged one, {:g} "
        "epochs",
        first_, epochs_);
    run.cost = meter.cost();
    std::tie(run.model_hash, run.model_bytes) = measure_files([&](const std::string& folder) { model.save(folder); });
    return run;
  }
  void check(const std::string& method, bool same) {
    if (!same) findings_.push_back("look-ahead: forecasts by " + method + " change when later days are taken away");
  }

  CompareArguments a_;
  double epochs_ = a_.epochs > 0 ? a_.epochs : kEpochs;
  const Common& common_;
  risk::PriceSeries series_;
  risk::Returns returns_;
  std::size_t first_ = 0;
  std::vector<std::string> findings_;
};

}  // namespace ballast::apps
