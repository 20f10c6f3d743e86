// SPDX-License-Identifier: Apache-2.0
// Reads customers and scores them: probability, interval, and reasons that add up in decimals.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ballast/base/error.h"
#include "ballast/risk/customers.h"
#include "ballast/risk/customers/text_input.h"
#include "ballast/risk/log_odds.h"
#include "ballast/risk/signals.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr std::size_t kShownReasons = 4;

const EffectWords kEffect = {{"raises the probability", "提高了概率"},
                             {"lowers the probability", "降低了概率"},
                             {"does not change the probability", "不影响概率"}};

/// Follows a reader that sets rows aside in file order: the positions of those that it keeps.
class Survivors {
 public:
  Survivors(std::span<const ingest::Record> rows, const ingest::QuarantineSink& sink)
      : rows_(rows), sink_(sink), gone_(rows.size(), false) {}

  ingest::QuarantineSink watch() {
    return [this](const ingest::Quarantined& q) {
      while (rows_[at_].line != q.line || rows_[at_].source != q.source) ++at_;
      gone_[at_++] = true;
      if (sink_) sink_(q);
    };
  }
  std::vector<std::size_t> kept() const {
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < gone_.size(); ++i) {
      if (!gone_[i]) out.push_back(i);
    }
    return out;
  }

 private:
  std::span<const ingest::Record> rows_;
  const ingest::QuarantineSink& sink_;
  std::vector<bool> gone_;
  std::size_t at_ = 0;
};

std::vector<std::string> texts_of(std::span<const ingest::Record> rows, const std::vector<std::size_t>& kept,
                                  const std::string& column) {
  if (std::none_of(rows.begin(), rows.end(), [&](const auto& row) { return row.has(column); })) {
    throw Error(ErrorCode::not_found, "there is no column \"" + column + "\"", rows.front().source,
                "the nearest is \"" + ingest::nearest_name(column, rows.front().columns()) + "\"");
  }
  std::vector<std::string> texts;
  for (const std::size_t i : kept) {
    std::string text = rows[i].text(column).value_or("");
    texts.push_back(tabular::is_missing_text(text) ? "" : std::move(text));
  }
  return texts;
}

/// The words of a text that weigh most in the direction of its score.
std::string telling_words(const lm::NgramModel& model, const std::string& text, bool raises) {
  std::vector<TokenWeight> weights;
  for (const lm::NgramContribution& c : model.contributions(text, 0)) {
    weights.push_back({c.begin, c.end, raises ? c.weight : -c.weight});
  }
  std::string words;
  for (const Evidence& e : find_evidence(text, weights)) words += (words.empty() ? "" : " … ") + e.text;
  return words;
}

std::string text_reason(const std::string& words, std::int64_t points, const ColumnWords& called,
                        ReasonLanguage language) {
  const ColumnWords& did = points > 0 ? kEffect.raises : points < 0 ? kEffect.lowers : kEffect.leaves;
  if (language == ReasonLanguage::zh) {
    return words.empty() ? fmt::format("{}的措辞{}", called.zh, did.zh)
                         : fmt::format("{}中的“{}”{}", called.zh, words, did.zh);
  }
  return words.empty() ? fmt::format("the wording of {} {}", called.en, did.en)
                       : fmt::format("{} says \"{}\", which {}", called.en, words, did.en);
}

}  // namespace

CustomerRows CustomerRows::take(std::span<const std::int64_t> rows) const {
  CustomerRows out{table.take(rows), text_columns, {}, text_numbers};
  for (const auto& column : texts) {
    auto& own = out.texts.emplace_back();
    for (const std::int64_t r : rows) own.push_back(column[static_cast<std::size_t>(r)]);
  }
  return out;
}

CustomerRows read_customers(std::span<const ingest::Record> rows, std::span<const std::string> text_columns,
                            const tabular::TableOptions& options, const ingest::QuarantineSink& quarantine,
                            std::vector<std::size_t>* kept) {
  if (rows.empty()) throw Error(ErrorCode::bad_input, "there are no customers");
  CustomerRows out;
  out.text_columns.assign(text_columns.begin(), text_columns.end());
  tabular::TableOptions of_columns = options;
  of_columns.drop.insert(of_columns.drop.end(), text_columns.begin(), text_columns.end());
  Survivors survivors(rows, quarantine);
  out.table = tabular::infer_table(rows, of_columns, survivors.watch());
  for (const std::string& column : out.text_columns) out.texts.push_back(texts_of(rows, survivors.kept(), column));
  if (kept != nullptr) *kept = survivors.kept();
  return out;
}

CustomerRows CustomerModel::read(std::span<const ingest::Record> rows, const ingest::QuarantineSink& quarantine,
                                 std::vector<std::size_t>* kept) const {
  if (rows.empty()) throw Error(ErrorCode::bad_input, "there are no customers");
  CustomerRows out;
  out.text_columns = text_columns();
  Survivors survivors(rows, quarantine);
  out.table = tabular::table_as(schema_, rows, survivors.watch());
  for (const std::string& column : out.text_columns) out.texts.push_back(texts_of(rows, survivors.kept(), column));
  if (kept != nullptr) *kept = survivors.kept();
  return out;
}

std::vector<CustomerScore> CustomerModel::score(const CustomerRows& customers, ReasonLanguage language) const {
  tabular::Table table = customers.table;
  for (std::size_t c = 0; c < texts_.size(); ++c) {
    BALLAST_CHECK(customers.texts.size() == texts_.size(), customers.texts.size());
    table.columns.push_back(text_score_column(texts_[c]->column, text_log_odds(texts_[c]->model, customers.texts[c])));
  }
  const std::vector<double> raw = pipeline_.scores(table);
  const tabular::Contributions added = pipeline_.contributions(table);
  const tabular::Calibration& calibration = *pipeline_.calibration();
  const double slope = calibration.platt.a;
  std::vector<CustomerScore> out;
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    const auto r = static_cast<std::size_t>(row);
    CustomerScore score;
    score.line = table.lines[r];
    score.micro_base = micro(slope * added.base + calibration.platt.b);
    score.micro_score = score.micro_base;
    const std::span<const double> values = added.values.row(row);
    for (std::size_t c = 0; c < added.columns.size(); ++c) {
      const std::string& name = added.columns[c];
      const tabular::Column& column = table.at(name);
      CustomerReason reason{name, tabular::cell_text(column, row), "", micro(slope * values[c])};
      const ColumnWords called = words_of(name, training_.words);
      const auto text = std::find_if(texts_.begin(), texts_.end(), [&](const auto& t) { return t->column == name; });
      if (text != texts_.end() && !column.missing(row)) {
        const auto& words = customers.texts[static_cast<std::size_t>(text - texts_.begin())][r];
        reason.value = telling_words((*text)->model, words, column.numbers[r] > (*text)->model.bias()[0]);
        reason.text = text_reason(reason.value, reason.micro_points, called, language);
      } else {
        reason.text = reason_text(column, row, reason.micro_points, called, kEffect, language);
      }
      const auto range = ranges_.find(name);
      if (range != ranges_.end() && !column.missing(row) &&
          (column.numbers[r] < range->second.low || column.numbers[r] > range->second.high)) {
        score.outside.push_back(name);
      }
      score.micro_score += reason.micro_points;
      score.reasons.push_back(std::move(reason));
    }
    std::stable_sort(score.reasons.begin(), score.reasons.end(), [](const CustomerReason& a, const CustomerReason& b) {
      return std::abs(a.micro_points) > std::abs(b.micro_points);
    });
    score.probability = sigmoid(static_cast<double>(score.micro_score) / kMicro);
    const auto interval = calibration.interval(raw[r]);
    score.interval = {std::min(interval[0], score.probability), std::max(interval[1], score.probability)};
    out.push_back(std::move(score));
  }
  return out;
}

std::vector<std::string> CustomerModel::text_columns() const {
  std::vector<std::string> names;
  for (const auto& text : texts_) names.push_back(text->column);
  return names;
}

Json to_json(const CustomerScore& score, bool all_reasons) {
  const auto decimal = [](std::int64_t points) { return static_cast<double>(points) / kMicro; };
  Json json = {{"row", score.line},
               {"probability", score.probability},
               {"interval", score.interval},
               {"base", decimal(score.micro_base)},
               {"score", decimal(score.micro_score)},
               {"reasons", Json::array()}};
  std::int64_t rest = score.micro_score - score.micro_base;
  for (const CustomerReason& reason : score.reasons) {
    if (!all_reasons && json["reasons"].size() == kShownReasons) break;
    rest -= reason.micro_points;
    json["reasons"].push_back({{"column", reason.column},
                               {"value", reason.value},
                               {"text", reason.text},
                               {"points", decimal(reason.micro_points)}});
  }
  json["rest"] = decimal(rest);
  if (!score.outside.empty()) json["outside"] = score.outside;
  return json;
}

}  // namespace ballast::risk
