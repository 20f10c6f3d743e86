// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/config/fields.h"

#include <fmt/format.h>

#include <algorithm>

#include "ballast/base/error.h"

namespace ballast::lm::config {

using base::Error;
using base::ErrorCode;
using base::Json;
using base::json_field;

std::int64_t integer(const Json& json, const std::string& key, const std::string& where) {
  const auto value = json_field<Json>(json, key, where);
  if (!value.is_number_integer()) {
    base::json_field_failed(key, where, "has the wrong type: " + base::dump_json(value).substr(0, 60));
  }
  return value.get<std::int64_t>();
}

bool given(const Json& json, const std::string& key) {
  return json.contains(key) && !json.at(key).is_null();
}

std::int64_t positive(const Json& json, const std::string& key, const std::string& where, std::int64_t limit) {
  const std::int64_t value = integer(json, key, where);
  if (value <= 0 || value > limit) {
    throw Error(ErrorCode::bad_input,
                "field \"" + key + "\" is " + std::to_string(value) + ", expected 1 … " + std::to_string(limit), where);
  }
  return value;
}

float probability(const Json& json, const std::string& key, const std::string& where, float otherwise) {
  const auto value = json_field<double>(json, key, where, otherwise);
  if (!(value >= 0 && value < 1)) {
    throw Error(ErrorCode::bad_input, "field \"" + key + "\" is " + std::to_string(value) + ", expected 0 ≤ p < 1",
                where);
  }
  return static_cast<float>(value);
}

double small(const Json& json, const std::string& key, const std::string& where, double otherwise, double limit) {
  const auto value = json_field<double>(json, key, where, otherwise);
  if (!(value > 0 && value <= limit)) {
    throw Error(ErrorCode::bad_input,
                "field \"" + key + "\" is " + std::to_string(value) + ", expected 0 < x ≤ " + fmt::format("{}", limit),
                where);
  }
  return value;
}

void refuse_flag(const Json& json, const std::string& key, const std::string& where) {
  if (json_field<bool>(json, key, where, false)) {
    throw Error(ErrorCode::unsupported, "field \"" + key + "\" is true, which Ballast does not support", where);
  }
}

HeadType head_of(const Json& json, const std::string& where, const std::string& family,
                 const std::vector<std::string>& language) {
  const auto names = json_field<std::vector<std::string>>(json, "architectures", where, {});
  if (names.empty()) return HeadType::none;
  const std::string& name = names.front();
  if (name == family + "Model") return HeadType::none;
  if (name == family + "ForSequenceClassification") return HeadType::classification;
  if (std::find(language.begin(), language.end(), name) != language.end()) return HeadType::language_model;
  throw Error(
      ErrorCode::unsupported, "architecture \"" + name + "\" is not known", where,
      fmt::format("known for {0}: {0}Model, {1}, {0}ForSequenceClassification", family, fmt::join(language, ", ")));
}

}  // namespace ballast::lm::config
