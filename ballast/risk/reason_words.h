// SPDX-License-Identifier: Apache-2.0
// How reasons are put into words, in English and Chinese: what a column is called and what its value did.
#pragma once

#include <map>
#include <string>

#include "ballast/tabular/table.h"

namespace ballast::risk {

enum class ReasonLanguage { en, zh };

/// How a column is called in a sentence.
struct ColumnWords {
  std::string en, zh;
};
using WordsOfColumns = std::map<std::string, ColumnWords>;

/// What a positive or negative contribution does, e.g. "raises the risk of default" / "提高了违约风险".
struct EffectWords {
  ColumnWords raises, lowers, leaves;
};

/// The column's own words where they are given, else its name with spaces.
ColumnWords words_of(const std::string& column, const WordsOfColumns& words);

/// "age is 45, which raises the probability"; says where the value is missing or was never seen in training.
std::string reason_text(const tabular::Column& column, std::int64_t row, std::int64_t points, const ColumnWords& words,
                        const EffectWords& effect, ReasonLanguage language);

/// [column] en = "…" zh = "…" of a TOML text. Throws bad_input naming `where`.
WordsOfColumns parse_column_words(const std::string& text, const std::string& where);

}  // namespace ballast::risk
