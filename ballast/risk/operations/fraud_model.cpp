// SPDX-License-Identifier: Apache-2.0
// Scores transactions and says why.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ballast/base/error.h"
#include "ballast/risk/log_odds.h"
#include "ballast/risk/operations_fraud.h"

namespace ballast::risk {
namespace {

using base::Json;

constexpr std::size_t kShownReasons = 4;

std::string reason_text(const tabular::Column& column, std::int64_t row, std::int64_t points, bool chinese) {
  std::string name = column.spec.name;
  std::replace(name.begin(), name.end(), '_', ' ');
  const bool names = column.spec.kind == tabular::ColumnKind::categorical;
  const bool unseen = names && column.codes[static_cast<std::size_t>(row)] == tabular::kUnseenCode;
  std::string value = tabular::cell_text(column, row);
  if (names) value = "\"" + value + "\"";
  if (chinese) {
    const char* effect = points > 0 ? "提高了欺诈风险" : points < 0 ? "降低了欺诈风险" : "不影响欺诈风险";
    if (unseen) return fmt::format("{}的取值在训练数据中未出现过，{}", name, effect);
    return column.missing(row) ? fmt::format("未提供{}，{}", name, effect)
                               : fmt::format("{}为{}，{}", name, value, effect);
  }
  const char* effect = points > 0   ? "raises the risk of fraud"
                       : points < 0 ? "lowers the risk of fraud"
                                    : "does not change the risk of fraud";
  if (unseen) return fmt::format("{} has a value that training never saw, which {}", name, effect);
  return column.missing(row) ? fmt::format("{} is not stated, which {}", name, effect)
                             : fmt::format("{} is {}, which {}", name, value, effect);
}

}  // namespace

std::vector<FraudScore> FraudModel::score(const tabular::Table& transactions) const {
  const tabular::Calibration& calibration = *pipeline_.calibration();
  const std::vector<double> raw = pipeline_.scores(transactions);
  std::vector<FraudScore> out(raw.size());
  for (std::size_t r = 0; r < raw.size(); ++r) {
    FraudScore& score = out[r];
    score.line = transactions.lines[r];
    score.micro_score = micro(calibration.platt.a * raw[r] + calibration.platt.b);
    score.probability = sigmoid(static_cast<double>(score.micro_score) / kMicro);
    const auto interval = calibration.interval(raw[r]);
    score.interval = {std::min(interval[0], score.probability), std::max(interval[1], score.probability)};
    if (score.probability >= curve_.best.threshold) score.action = "review";
    if (curve_.block && score.probability >= *curve_.block) score.action = "block";
  }
  return out;
}

void FraudModel::explain(const tabular::Table& transactions, std::span<FraudScore> scores, bool chinese) const {
  BALLAST_CHECK(transactions.rows() == static_cast<std::int64_t>(scores.size()), scores.size());
  const tabular::Contributions added = pipeline_.contributions(transactions);
  const tabular::PlattScaling& platt = pipeline_.calibration()->platt;
  for (std::size_t r = 0; r < scores.size(); ++r) {
    FraudScore& score = scores[r];
    const auto row = static_cast<std::int64_t>(r);
    const std::span<const double> values = added.values.row(row);
    score.micro_base = micro(platt.a * added.base + platt.b);
    score.reasons.clear();
    std::vector<std::int64_t> points;
    std::int64_t rest = score.micro_score - score.micro_base;
    for (const double v : values) {
      points.push_back(micro(platt.a * v));
      rest -= points.back();
    }
    // Trees add up within float rounding only; the millionths that are left join the largest contribution.
    const auto largest =
        std::max_element(points.begin(), points.end(), [](auto a, auto b) { return std::abs(a) < std::abs(b); });
    *largest += rest;
    for (std::size_t c = 0; c < added.columns.size(); ++c) {
      const tabular::Column& column = transactions.at(added.columns[c]);
      score.reasons.push_back({added.columns[c], reason_text(column, row, points[c], chinese), points[c]});
    }
    std::stable_sort(score.reasons.begin(), score.reasons.end(),
                     [](const FraudReason& a, const FraudReason& b) { return a.micro_points > b.micro_points; });
  }
}

Json to_json(const FraudScore& score, bool all_reasons) {
  Json json = {{"row", score.line},
               {"probability", score.probability},
               {"interval", score.interval},
               {"base", static_cast<double>(score.micro_base) / kMicro},
               {"score", static_cast<double>(score.micro_score) / kMicro},
               {"reasons", Json::array()}};
  std::int64_t rest = score.micro_score - score.micro_base;
  for (const FraudReason& reason : score.reasons) {
    if (!all_reasons && (reason.micro_points <= 0 || json["reasons"].size() == kShownReasons)) break;
    rest -= reason.micro_points;
    json["reasons"].push_back(
        {{"code", reason.code}, {"text", reason.text}, {"points", static_cast<double>(reason.micro_points) / kMicro}});
  }
  json["rest"] = static_cast<double>(rest) / kMicro;
  return json;
}

}  // namespace ballast::risk
