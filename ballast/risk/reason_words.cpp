// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/reason_words.h"

#include <fmt/format.h>

#include <algorithm>

#include "ballast/base/error.h"
#include "ballast/risk/toml_fields.h"

namespace ballast::risk {

ColumnWords words_of(const std::string& column, const WordsOfColumns& words) {
  const auto known = words.find(column);
  if (known != words.end()) return known->second;
  std::string plain = column;  // "checking_status" → "checking status", "NumTrades60Ever" stays
  std::replace(plain.begin(), plain.end(), '_', ' ');
  std::replace(plain.begin(), plain.end(), '.', ' ');
  return {plain, plain};
}

std::string reason_text(const tabular::Column& column, std::int64_t row, std::int64_t points, const ColumnWords& words,
                        const EffectWords& effect, ReasonLanguage language) {
  const bool missing = column.missing(row);
  const bool categorical = column.spec.kind == tabular::ColumnKind::categorical;
  const bool unseen = categorical && column.codes[static_cast<std::size_t>(row)] == tabular::kUnseenCode;
  std::string value = tabular::cell_text(column, row);
  if (categorical) value = "\"" + value + "\"";
  const ColumnWords& did = points > 0 ? effect.raises : points < 0 ? effect.lowers : effect.leaves;
  if (language == ReasonLanguage::zh) {
    if (unseen) return fmt::format("{}的取值在训练数据中未出现过，{}", words.zh, did.zh);
    return missing ? fmt::format("未提供{}，{}", words.zh, did.zh) : fmt::format("{}为{}，{}", words.zh, value, did.zh);
  }
  if (unseen) return fmt::format("{} has a value that training never saw, which {}", words.en, did.en);
  return missing ? fmt::format("{} is not stated, which {}", words.en, did.en)
                 : fmt::format("{} is {}, which {}", words.en, value, did.en);
}

WordsOfColumns parse_column_words(const std::string& text, const std::string& where) {
  WordsOfColumns words;
  for (const auto& [key, node] : parse_toml(text, where)) {
    const std::string name(key.str());
    const toml::table* table = node.as_table();
    const auto en = table != nullptr ? (*table)["en"].value<std::string>() : std::nullopt;
    const auto zh = table != nullptr ? (*table)["zh"].value<std::string>() : std::nullopt;
    if (!en || !zh) {
      throw base::Error(base::ErrorCode::bad_input, "column \"" + name + "\" needs the texts en and zh",
                        fmt::format("{}:{}", where, node.source().begin.line));
    }
    words[name] = {*en, *zh};
  }
  return words;
}

}  // namespace ballast::risk
