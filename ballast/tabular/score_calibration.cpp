// SPDX-License-Identifier: Apache-2.0
#include "ballast/tabular/score_calibration.h"

#include <algorithm>
#include <cmath>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/base/random.h"
#include "ballast/ingest/record.h"
#include "ballast/tabular/metrics.h"
#include "ballast/tabular/validation.h"

namespace ballast::tabular {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr std::uint64_t kDrawStream = 0xca11b;
constexpr double kLow = 0.05, kHigh = 0.95;

/// An isotonic fit says 0 and 1 where only one class was seen; half a row of the other class keeps log-odds finite.
IsotonicScaling finite_steps(std::span<const double> scores, std::span<const std::uint8_t> truth) {
  const IsotonicScaling fit = IsotonicScaling::fit(scores, truth);
  const double least = 0.5 / (static_cast<double>(scores.size()) + 1);
  std::vector<double> probabilities = fit.probabilities();
  for (double& p : probabilities) p = std::clamp(p, least, 1 - least);
  return IsotonicScaling::from_points(fit.scores(), std::move(probabilities));
}

PlattScaling temperature_line(std::span<const double> scores, std::span<const std::uint8_t> truth) {
  std::vector<float> logits;
  std::vector<int> labels;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    logits.push_back(0);
    logits.push_back(static_cast<float>(scores[i]));
    labels.push_back(truth[i] != 0 ? 1 : 0);
  }
  return {1 / fit_temperature(logits, labels, 2), 0};
}

}  // namespace

const char* calibration_method_name(CalibrationMethod method) {
  switch (method) {
    case CalibrationMethod::platt:
      return "platt";
    case CalibrationMethod::temperature:
      return "temperature";
    case CalibrationMethod::isotonic:
      return "isotonic";
  }
  return "platt";
}

CalibrationMethod calibration_method_named(const std::string& name) {
  for (const auto method : {CalibrationMethod::platt, CalibrationMethod::temperature, CalibrationMethod::isotonic}) {
    if (name == calibration_method_name(method)) return method;
  }
  throw Error(ErrorCode::usage, "unknown calibration \"" + name + "\"", "",
              "the nearest is " + ingest::nearest_name(name, {"platt", "temperature", "isotonic"}));
}

ScoreCalibration::Fit ScoreCalibration::fit_once(CalibrationMethod method, std::span<const double> scores,
                                                 std::span<const std::uint8_t> truth) {
  Fit fit;
  if (method == CalibrationMethod::platt) fit.line = fit_platt(scores, truth);
  if (method == CalibrationMethod::temperature) fit.line = temperature_line(scores, truth);
  if (method == CalibrationMethod::isotonic) fit.steps = finite_steps(scores, truth);
  return fit;
}

ScoreCalibration ScoreCalibration::fit(CalibrationMethod method, std::span<const double> scores,
                                       std::span<const std::uint8_t> truth, std::uint64_t seed, int replicates) {
  ScoreCalibration out;
  out.method_ = method;
  out.fit_ = fit_once(method, scores, truth);
  if (method == CalibrationMethod::platt) {
    for (const PlattScaling& line : bootstrap_platt(scores, truth, replicates, seed)) out.drawn_.push_back({line, {}});
    return out;
  }
  out.drawn_.resize(static_cast<std::size_t>(replicates));
  base::parallel_for(replicates, [&](std::int64_t draw) {
    base::Random random(seed, kDrawStream + static_cast<std::uint64_t>(draw));
    std::vector<double> drawn_scores;
    std::vector<std::uint8_t> drawn_truth;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const auto row = static_cast<std::size_t>(random.below(scores.size()));
      drawn_scores.push_back(scores[row]);
      drawn_truth.push_back(truth[row]);
    }
    out.drawn_[static_cast<std::size_t>(draw)] = fit_once(method, drawn_scores, drawn_truth);
  });
  return out;
}

double ScoreCalibration::log_odds(const Fit& fit, double score) const {
  if (method_ != CalibrationMethod::isotonic) return fit.line.a * score + fit.line.b;
  const double p = fit.steps(score);
  return std::log(p) - std::log1p(-p);
}

double ScoreCalibration::log_odds(double score) const {
  return log_odds(fit_, score);
}

double ScoreCalibration::probability(double score) const {
  return PlattScaling{1, 0}(log_odds(score));
}

std::array<double, 2> ScoreCalibration::interval(double score) const {
  BALLAST_CHECK(!drawn_.empty(), drawn_.size());
  std::vector<double> p;
  for (const Fit& fit : drawn_) p.push_back(PlattScaling{1, 0}(log_odds(fit, score)));
  std::sort(p.begin(), p.end());
  return {quantile(p, kLow), quantile(p, kHigh)};
}

PlattScaling ScoreCalibration::line() const {
  return method_ == CalibrationMethod::isotonic ? PlattScaling{} : fit_.line;
}

Json ScoreCalibration::to_json() const {
  const auto one = [&](const Fit& fit) -> Json {
    if (method_ == CalibrationMethod::isotonic) return {fit.steps.scores(), fit.steps.probabilities()};
    return {fit.line.a, fit.line.b};
  };
  Json json = {{"method", calibration_method_name(method_)}, {"fit", one(fit_)}, {"drawn", Json::array()}};
  for (const Fit& fit : drawn_) json["drawn"].push_back(one(fit));
  return json;
}

ScoreCalibration ScoreCalibration::from_json(const Json& json, const std::string& where) {
  ScoreCalibration out;
  const auto name = base::json_field<std::string>(json, "method", where);
  if (name != "platt" && name != "temperature" && name != "isotonic") {
    throw Error(ErrorCode::bad_input, "unknown calibration \"" + name + "\"", where);
  }
  out.method_ = calibration_method_named(name);
  const auto one = [&](const Json& fit) -> Fit {
    if (!fit.is_array() || fit.size() != 2) throw Error(ErrorCode::bad_input, "a calibration is not a pair", where);
    if (out.method_ != CalibrationMethod::isotonic) {
      if (!fit[0].is_number() || !fit[1].is_number()) {
        throw Error(ErrorCode::bad_input, "a calibration holds no numbers", where);
      }
      return {{fit[0].get<double>(), fit[1].get<double>()}, {}};
    }
    const Json points = {{"scores", fit[0]}, {"probabilities", fit[1]}};
    auto scores = base::json_field<std::vector<double>>(points, "scores", where);
    auto probabilities = base::json_field<std::vector<double>>(points, "probabilities", where);
    const bool inside =
        std::all_of(probabilities.begin(), probabilities.end(), [](double p) { return p > 0 && p < 1; });
    if (scores.empty() || scores.size() != probabilities.size() || !inside ||
        !std::is_sorted(scores.begin(), scores.end())) {
      throw Error(ErrorCode::bad_input, "an isotonic calibration is damaged", where);
    }
    return {{}, IsotonicScaling::from_points(std::move(scores), std::move(probabilities))};
  };
  out.fit_ = one(base::json_field<Json>(json, "fit", where));
  for (const Json& fit : base::json_field<Json>(json, "drawn", where)) out.drawn_.push_back(one(fit));
  if (out.drawn_.empty()) throw Error(ErrorCode::bad_input, "the calibration lacks its drawn fits", where);
  return out;
}

std::vector<double> cross_calibrate(std::span<const double> scores, std::span<const std::uint8_t> truth,
                                    std::span<const int> fold, CalibrationMethod method) {
  const int folds = 1 + *std::max_element(fold.begin(), fold.end());
  std::vector<double> out(scores.size());
  for (int f = 0; f < folds; ++f) {
    const Split split = split_at(fold, f);
    const auto fit = ScoreCalibration::fit(method, take(scores, split.train), take(truth, split.train), 0, 1);
    for (const std::int64_t r : split.test) {
      out[static_cast<std::size_t>(r)] = fit.probability(scores[static_cast<std::size_t>(r)]);
    }
  }
  return out;
}

}  // namespace ballast::tabular
