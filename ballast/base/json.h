// SPDX-License-Identifier: Apache-2.0
// JSON from outside: parsed with depth and size limits, errors that say where.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace ballast::base {

using Json = nlohmann::ordered_json;

/// Parses one document. Throws bad_input with `where` and the byte position. Nesting is limited to 200 levels.
Json parse_json(std::string_view text, const std::string& where);

/// Reads and parses a file (same errors, plus not_found and io).
Json read_json(const std::filesystem::path& path);

/// One line; bytes that are not UTF-8 become U+FFFD.
std::string dump_json(const Json& value);

/// Member `key` of object `object` as T; throws bad_input naming `where` and the field when absent or of another type.
template <class T>
T json_field(const Json& object, const std::string& key, const std::string& where);

/// The same with a default where the member is absent or null.
template <class T>
T json_field(const Json& object, const std::string& key, const std::string& where, const T& otherwise);

[[noreturn]] void json_field_failed(const std::string& key, const std::string& where, const std::string& why);

template <class T>
T json_field(const Json& object, const std::string& key, const std::string& where) {
  if (!object.is_object() || !object.contains(key)) json_field_failed(key, where, "is missing");
  try {
    return object.at(key).get<T>();
  } catch (const nlohmann::json::exception&) {
    json_field_failed(key, where, "has the wrong type: " + dump_json(object.at(key)).substr(0, 60));
  }
}

template <class T>
T json_field(const Json& object, const std::string& key, const std::string& where, const T& otherwise) {
  if (!object.is_object() || !object.contains(key) || object.at(key).is_null()) return otherwise;
  return json_field<T>(object, key, where);
}

}  // namespace ballast::base
