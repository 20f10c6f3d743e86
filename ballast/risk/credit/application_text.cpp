// SPDX-License-Identifier: Apache-2.0
// Rows as text, readers over them, and what each column's segment adds.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ballast/base/error.h"
#include "ballast/base/random.h"
#include "ballast/risk/credit_text.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;
using tabular::ColumnKind;
using tabular::Table;

constexpr int kTenths = 10;
constexpr std::size_t kTexts = 20'000;  // about so many examples, whatever the rows
constexpr std::size_t kFewestCopies = 3, kMostCopies = 24;
constexpr double kLeftOut = 0.4;   // at most this share of the segments on average
constexpr double kNothing = 0.02;  // copies that say nothing at all: the base of the reasons
constexpr std::uint64_t kCopyStream = 0xc0b1e5, kOrderStream = 0x0bde5;
constexpr int kOrders = 3;  // and their reverses

std::vector<double> tenths_of(const tabular::Column& column) {
  std::vector<double> values;
  for (const double v : column.numbers) {
    if (!std::isnan(v)) values.push_back(v);
  }
  std::sort(values.begin(), values.end());
  std::vector<double> cuts;
  for (std::size_t k = 1; k < kTenths && !values.empty(); ++k) cuts.push_back(values[k * values.size() / kTenths]);
  return cuts;
}

}  // namespace

ApplicationText ApplicationText::fit(const Table& inputs, const WordsOfColumns& words) {
  ApplicationText text;
  for (const tabular::Column& column : inputs.columns) {
    text.columns_.push_back(column.spec.name);
    text.names_.push_back(words_of(column.spec.name, words).en);
    text.cuts_.push_back(column.spec.kind == ColumnKind::numeric ? tenths_of(column) : std::vector<double>());
  }
  return text;
}

std::vector<std::string> ApplicationText::segments(const Table& table, std::int64_t row) const {
  std::vector<std::string> out;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    const tabular::Column& column = table.at(columns_[c]);
    std::string value;
    if (column.missing(row)) {
      value = "not stated";
    } else if (column.spec.kind == ColumnKind::numeric) {
      const double x = column.numbers[static_cast<std::size_t>(row)];
      value = fmt::format("q{}", std::upper_bound(cuts_[c].begin(), cuts_[c].end(), x) - cuts_[c].begin());
    } else {
      value = tabular::cell_text(column, row);
      if (value.empty()) value = "other";
    }
    out.push_back(names_[c] + ": " + value);
  }
  return out;
}

std::string ApplicationText::join(std::span<const std::string> segments, std::span<const std::uint8_t> keep) {
  std::string text;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (!keep.empty() && keep[i] == 0) continue;
    if (!text.empty()) text += "; ";
    text += segments[i];
  }
  return text;
}

Json ApplicationText::to_json() const {
  return {{"columns", columns_}, {"names", names_}, {"tenths", cuts_}};
}

ApplicationText ApplicationText::from_json(const Json& json, const std::string& where) {
  ApplicationText text;
  text.columns_ = base::json_field<std::vector<std::string>>(json, "columns", where);
  text.names_ = base::json_field<std::vector<std::string>>(json, "names", where);
  text.cuts_ = base::json_field<std::vector<std::vector<double>>>(json, "tenths", where);
  if (text.names_.size() != text.columns_.size() || text.cuts_.size() != text.columns_.size()) {
    throw Error(ErrorCode::bad_input, "the serialisation's lists differ in length", where);
  }
  return text;
}

LanguagePart LanguagePart::fit(const Table& inputs, std::span<const std::uint8_t> bad, const WordsOfColumns& words,
                               std::uint64_t seed, const ReaderTrainer& trainer) {
  LanguagePart part;
  part.text = ApplicationText::fit(inputs, words);
  part.seed = seed;
  std::vector<std::vector<std::string>> segments;
  for (std::int64_t r = 0; r < inputs.rows(); ++r) segments.push_back(part.text.segments(inputs, r));
  ReaderExamples examples;
  examples.plain = segments.size();
  examples.seed = seed;
  for (std::size_t r = 0; r < segments.size(); ++r) {
    examples.texts.push_back(ApplicationText::join(segments[r]));
    examples.bad.push_back(bad[r]);
  }
  base::Random random(seed, kCopyStream);
  const std::size_t copies = std::clamp(kTexts / segments.size(), kFewestCopies, kMostCopies);
  for (std::size_t copy = 1; copy < copies; ++copy) {
    for (std::size_t r = 0; r < segments.size(); ++r) {
      const double left_out = random.uniform() < kNothing ? 1 : 2 * kLeftOut * random.uniform();
      std::vector<std::uint8_t> keep;
      for (std::size_t c = 0; c < segments[r].size(); ++c) keep.push_back(random.uniform() >= left_out ? 1 : 0);
      examples.texts.push_back(ApplicationText::join(segments[r], keep));
      examples.bad.push_back(bad[r]);
    }
  }
  part.reader = trainer(examples);
  return part;
}

std::vector<double> LanguagePart::scores(const Table& table) const {
  std::vector<std::string> texts;
  for (std::int64_t r = 0; r < table.rows(); ++r) texts.push_back(ApplicationText::join(text.segments(table, r)));
  return reader->scores(texts);
}

tabular::Contributions LanguagePart::contributions(const Table& table) const {
  const std::size_t columns = text.columns().size();
  std::vector<std::vector<std::size_t>> orders;
  base::Random random(seed, kOrderStream);
  for (int i = 0; i < kOrders; ++i) {
    std::vector<std::size_t> order(columns);
    std::iota(order.begin(), order.end(), std::size_t{0});
    random.shuffle(std::span<std::size_t>(order));
    orders.push_back(order);
    orders.emplace_back(order.rbegin(), order.rend());
  }
  tabular::Contributions out;
  out.columns = text.columns();
  out.values = {table.rows(), static_cast<std::int64_t>(columns), {}};
  out.values.values.assign(static_cast<std::size_t>(table.rows()) * columns, 0);
  out.base = reader->scores(std::vector<std::string>{""}).front();
  for (std::int64_t r = 0; r < table.rows(); ++r) {
    const auto segments = text.segments(table, r);
    std::vector<std::string> texts;
    for (const auto& order : orders) {
      std::vector<std::uint8_t> keep(columns, 0);
      for (const std::size_t c : order) {
        keep[c] = 1;
        texts.push_back(ApplicationText::join(segments, keep));
      }
    }
    const std::vector<double> scores = reader->scores(texts);
    double* row = out.values.values.data() + static_cast<std::size_t>(r) * columns;
    for (std::size_t o = 0; o < orders.size(); ++o) {
      for (std::size_t i = 0; i < columns; ++i) {
        const double before = i == 0 ? out.base : scores[o * columns + i - 1];
        row[orders[o][i]] += (scores[o * columns + i] - before) / static_cast<double>(orders.size());
      }
    }
  }
  return out;
}

}  // namespace ballast::risk
