// SPDX-License-Identifier: Apache-2.0
// Scores applications: PD, interval, grade, and contributions that add up in decimals.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <numeric>

#include "ballast/base/error.h"
#include "ballast/risk/credit.h"
#include "ballast/risk/log_odds.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr std::size_t kShownReasons = 4;

const EffectWords kEffect = {{"raises the risk of default", "提高了违约风险"},
                             {"lowers the risk of default", "降低了违约风险"},
                             {"does not change the risk of default", "不影响违约风险"}};

/// Of a text column, whose number says nothing to people.
std::string text_reason(std::int64_t points, const ColumnWords& words, ReasonLanguage language) {
  const ColumnWords& did = points > 0 ? kEffect.raises : points < 0 ? kEffect.lowers : kEffect.leaves;
  return language == ReasonLanguage::zh ? words.zh + "的文字内容" + did.zh : "what " + words.en + " says " + did.en;
}

}  // namespace

std::vector<GradeBand> default_grades() {
  return {{"A", 0.01}, {"B", 0.02}, {"C", 0.05}, {"D", 0.10}, {"E", 0.20}, {"F", 0.40}, {"G", 1}};
}

const std::string& grade_of(double pd, std::span<const GradeBand> bands) {
  BALLAST_CHECK(!bands.empty(), bands.size());
  const auto it = std::find_if(bands.begin(), bands.end(), [&](const GradeBand& b) { return pd <= b.pd; });
  return it == bands.end() ? bands.back().grade : it->grade;
}

std::vector<double> CreditModel::Part::scores(const tabular::Table& table) const {
  return pipeline ? pipeline->scores(table) : language->scores(table);
}

tabular::Contributions CreditModel::Part::contributions(const tabular::Table& table) const {
  return pipeline ? pipeline->contributions(table) : language->contributions(table);
}

std::vector<CreditScore> CreditModel::score(const tabular::Table& applications, ReasonLanguage language) const {
  const auto rows = applications.rows();
  const std::size_t columns = schema_.columns.size();
  std::vector<double> raw(static_cast<std::size_t>(rows), offset_);
  std::vector<double> added(static_cast<std::size_t>(rows) * columns, 0);
  double base = offset_;
  for (const Part& part : parts_) {
    const auto scores = part.scores(applications);
    const tabular::Contributions contributions = part.contributions(applications);
    base += part.weight * contributions.base;
    for (std::size_t r = 0; r < raw.size(); ++r) {
      raw[r] += part.weight * scores[r];
      const auto values = contributions.values.row(static_cast<std::int64_t>(r));
      for (std::size_t c = 0; c < columns; ++c) added[r * columns + c] += part.weight * values[c];
    }
  }
  const auto is_text = [&](const std::string& name) {
    return std::find(training_.text_columns.begin(), training_.text_columns.end(), name) !=
           training_.text_columns.end();
  };
  std::vector<CreditScore> out;
  const double calibrated_base = calibration_.log_odds(base);
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto r = static_cast<std::size_t>(row);
    CreditScore score;
    score.line = applications.lines[r];
    score.micro_base = micro(calibrated_base);
    score.micro_score = score.micro_base;
    const double slope = slope_between(base, raw[r]);
    for (std::size_t c = 0; c < columns; ++c) {
      const std::string& name = schema_.columns[c].name;
      const tabular::Column& column = applications.at(name);
      const std::int64_t points = micro(slope * added[r * columns + c]);
      const ColumnWords words = words_of(name, training_.words);
      score.reasons.push_back({name,
                               is_text(name) && !column.missing(row)
                                   ? text_reason(points, words, language)
                                   : reason_text(column, row, points, words, kEffect, language),
                               points});
      score.micro_score += points;
      if (column.spec.kind == tabular::ColumnKind::categorical && column.codes[r] == tabular::kUnseenCode) {
        score.unseen.push_back(name);
      }
    }
    std::stable_sort(score.reasons.begin(), score.reasons.end(),
                     [](const CreditReason& a, const CreditReason& b) { return a.micro_points > b.micro_points; });
    score.pd = sigmoid(static_cast<double>(score.micro_score) / kMicro);
    const auto interval = calibration_.interval(raw[r]);
    score.interval = {std::min(interval[0], score.pd), std::max(interval[1], score.pd)};
    score.grade = grade_of(score.pd, grades_);
    out.push_back(std::move(score));
  }
  return out;
}

double CreditModel::slope_between(double base, double raw) const {
  const double line = calibration_.line().a;
  if (calibration_.method() != tabular::CalibrationMethod::isotonic) return line;
  return std::abs(raw - base) < 1e-9 ? line : (calibration_.log_odds(raw) - calibration_.log_odds(base)) / (raw - base);
}

Json to_json(const CreditScore& score, bool all_reasons) {
  Json json = {{"row", score.line},
               {"pd", score.pd},
               {"interval", score.interval},
               {"grade", score.grade},
               {"base", static_cast<double>(score.micro_base) / kMicro},
               {"score", static_cast<double>(score.micro_score) / kMicro},
               {"reasons", Json::array()}};
  for (const CreditReason& reason : score.reasons) {
    if (!all_reasons && (reason.micro_points <= 0 || json["reasons"].size() == kShownReasons)) break;
    json["reasons"].push_back({{"code", reason.code}, {"text", reason.text}, {"points", reason.points()}});
  }
  if (!score.unseen.empty()) json["unseen"] = score.unseen;
  return json;
}

std::vector<std::string> protected_by_name(const tabular::Table& table) {
  static constexpr const char* kWords[] = {"sex",      "gender",      "race",           "ethnic", "religio", "marital",
                                           "marriage", "nationality", "foreign_worker", "disab",  "pregnan"};
  std::vector<std::string> names;
  for (const tabular::Column& column : table.columns) {
    std::string lower;
    for (const char c : column.spec.name) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    for (const char* word : kWords) {
      const std::size_t at = lower.find(word);
      // A word of its own, or its beginning: "trace" holds no race.
      if (at == std::string::npos || (at > 0 && std::isalpha(static_cast<unsigned char>(lower[at - 1])) != 0)) continue;
      names.push_back(column.spec.name);
      break;
    }
  }
  return names;
}

void check_promotion(const CreditModel& model) {
  if (!model.fairness_limit()) return;
  const auto found = breaches(model.fairness(), *model.fairness_limit());
  if (found.empty()) return;
  std::string hint = fmt::format("{} breach(es) in all at the cut-off PD {:.4g}", found.size(), model.cut_off());
  if (model.fair_cut_off()) hint += fmt::format("; a cut-off of {:.4g} would breach nothing", *model.fair_cut_off());
  throw Error(ErrorCode::bad_input, "the model breaches its fairness limit: " + describe(found.front()), "", hint);
}

}  // namespace ballast::risk
