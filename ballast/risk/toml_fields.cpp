// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/toml_fields.h"

#include <fmt/format.h>

#include <algorithm>

#include "ballast/base/error.h"
#include "ballast/ingest/record.h"

namespace ballast::risk {
namespace {

std::string place(const std::string& where, const std::string& inside) {
  return inside.empty() ? where : where + ", " + inside;
}

}  // namespace

using base::Error;
using base::ErrorCode;

toml::table parse_toml(std::string_view text, const std::string& where) {
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& e) {
    throw Error(ErrorCode::bad_input, std::string(e.description()), fmt::format("{}:{}", where, e.source().begin.line));
  }
}

void refuse_unknown(const toml::table& table, std::initializer_list<std::string_view> known, const std::string& where,
                    const std::string& inside) {
  for (const auto& [key, value] : table) {
    if (std::find(known.begin(), known.end(), key.str()) != known.end()) continue;
    const std::vector<std::string> names(known.begin(), known.end());
    const std::string name(key.str());
    throw Error(ErrorCode::bad_input, fmt::format("field \"{}\" is unknown", name), place(where, inside),
                "the nearest is " + ingest::nearest_name(name, names));
  }
}

double number_field(const toml::table& table, std::string_view key, double otherwise, double low, double high,
                    const std::string& where, const std::string& inside) {
  const auto node = table[key];
  if (!node) return otherwise;
  const std::optional<double> value = node.is_number() ? node.value<double>() : std::nullopt;
  if (!value || !(*value >= low && *value <= high)) {
    throw Error(ErrorCode::bad_input, fmt::format("field \"{}\" must be a number in {} … {}", key, low, high),
                place(where, inside));
  }
  return *value;
}

}  // namespace ballast::risk
