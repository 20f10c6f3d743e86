// SPDX-License-Identifier: Apache-2.0
#include "ballast/base/json.h"

#include "ballast/base/error.h"
#include "ballast/base/files.h"

namespace ballast::base {
namespace {
constexpr int kMaxDepth = 200;  // deeper documents are attacks, not data
}

Json parse_json(std::string_view text, const std::string& where) {
  bool too_deep = false;
  const auto guard = [&](int depth, Json::parse_event_t, Json&) {
    if (depth > kMaxDepth) too_deep = true;
    return !too_deep;
  };
  try {
    Json value = Json::parse(text, guard);
    if (too_deep) throw Error(ErrorCode::bad_input, "JSON nested deeper than 200 levels", where);
    return value;
  } catch (const nlohmann::json::parse_error& e) {
    throw Error(ErrorCode::bad_input, "not valid JSON at byte " + std::to_string(e.byte), where);
  } catch (const nlohmann::json::out_of_range&) {
    throw Error(ErrorCode::bad_input, "JSON with a number that is too large", where);
  }
}

Json read_json(const std::filesystem::path& path) {
  const MappedFile file(path);
  return parse_json(file.text(), path.string());
}

std::string dump_json(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void json_field_failed(const std::string& key, const std::string& where, const std::string& why) {
  throw Error(ErrorCode::bad_input, "field \"" + key + "\" " + why, where);
}

}  // namespace ballast::base
