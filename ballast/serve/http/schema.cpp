// SPDX-License-Identifier: Apache-2.0
#include "ballast/serve/http/schema.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "ballast/base/error.h"

namespace ballast::serve::schema {
namespace {

constexpr std::string_view kRefPrefix = "#/components/schemas/";

[[noreturn]] void fail(const std::string& where, const std::string& what, const std::string& hint = {}) {
  throw base::Error(base::ErrorCode::bad_input, what, where, hint);
}

Json typed(const char* type) {
  return {{"type", type}};
}

bool has_type(const Json& value, const std::string& type) {
  if (type == "string") return value.is_string();
  if (type == "number") return value.is_number();
  if (type == "integer") {
    if (value.is_number_integer()) return true;
    return value.is_number_float() && std::nearbyint(value.get<double>()) == value.get<double>();
  }
  if (type == "boolean") return value.is_boolean();
  if (type == "array") return value.is_array();
  if (type == "object") return value.is_object();
  return value.is_null();
}

/// Length in characters, as JSON Schema counts.
std::size_t length_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

void check_type(const Json& value, const Json& types, const std::string& where) {
  std::vector<std::string> names;
  if (types.is_string()) {
    names.push_back(types.get<std::string>());
  } else {
    names = types.get<std::vector<std::string>>();
  }
  if (std::none_of(names.begin(), names.end(), [&](const std::string& t) { return has_type(value, t); })) {
    fail(where, fmt::format("must be {}, but is {}", fmt::join(names, " or "), value.type_name()));
  }
}

std::string field_names(const Json& properties) {
  std::vector<std::string> names;
  for (const auto& [key, unused] : properties.items()) names.push_back(key);
  return fmt::format("the fields are {}", fmt::join(names, ", "));
}

void check_object(const Json& value, const Json& schema, const std::string& where, const Json& named) {
  static const Json kNone = Json::object();
  const Json& properties = schema.contains("properties") ? schema["properties"] : kNone;
  if (schema.contains("required")) {
    for (const Json& name : schema["required"]) {
      if (!value.contains(name.get<std::string>())) {
        fail(where + "." + name.get<std::string>(), "is missing", field_names(properties));
      }
    }
  }
  const Json* others = schema.contains("additionalProperties") ? &schema["additionalProperties"] : nullptr;
  for (const auto& [key, member] : value.items()) {
    const std::string inside = where + "." + key.substr(0, 60);
    if (properties.contains(key)) {
      check(member, properties[key], inside, named);
    } else if (others != nullptr && others->is_object()) {
      check(member, *others, inside, named);
    } else if (others != nullptr && *others == false) {
      fail(inside, "is not a field of this request", field_names(properties));
    }
  }
}

void check_number(const Json& value, const Json& schema, const std::string& where) {
  if (schema.contains("minimum") && value.get<double>() < schema["minimum"].get<double>()) {
    fail(where, fmt::format("must be at least {}", schema["minimum"].dump()));
  }
  if (schema.contains("maximum") && value.get<double>() > schema["maximum"].get<double>()) {
    fail(where, fmt::format("must be at most {}", schema["maximum"].dump()));
  }
}

void check_either(const Json& value, const Json& schemas, const std::string& where, const Json& named) {
  std::string last;
  for (const Json& one : schemas) {
    try {
      return check(value, one, where, named);
    } catch (const base::Error& e) {
      last = (e.where().empty() ? where : e.where()) + " " + e.problem();
    }
  }
  fail(where, "has none of the forms that are understood; of the last one: " + last);
}

}  // namespace

Json text(std::size_t most) {
  Json s = typed("string");
  if (most > 0) s["maxLength"] = most;
  return s;
}

Json word(std::initializer_list<const char*> values) {
  Json s = typed("string");
  for (const char* value : values) s["enum"].push_back(value);
  return s;
}

Json number() {
  return typed("number");
}
Json number(double least, double most) {
  return {{"type", "number"}, {"minimum", least}, {"maximum", most}};
}
Json integer() {
  return typed("integer");
}
Json integer(std::int64_t least, std::int64_t most) {
  return {{"type", "integer"}, {"minimum", least}, {"maximum", most}};
}
Json boolean() {
  return typed("boolean");
}
Json any() {
  return Json::object();
}

Json array(Json items, std::size_t most) {
  Json s = {{"type", "array"}, {"items", std::move(items)}};
  if (most > 0) s["maxItems"] = most;
  return s;
}

Json object(std::vector<std::pair<std::string, Json>> fields) {
  Json s = open_object(std::move(fields));
  s["additionalProperties"] = false;
  return s;
}

Json open_object(std::vector<std::pair<std::string, Json>> fields) {
  Json s = typed("object");
  s["properties"] = Json::object();
  for (auto& [name, field] : fields) {
    const bool optional = name.ends_with('?');
    const std::string key = optional ? name.substr(0, name.size() - 1) : name;
    s["properties"][key] = std::move(field);
    if (!optional) s["required"].push_back(key);
  }
  return s;
}

Json map_of(Json values) {
  return {{"type", "object"}, {"additionalProperties", std::move(values)}};
}

Json nullable(Json schema) {
  if (schema.contains("type") && schema["type"].is_string() && !schema.contains("enum")) {
    schema["type"] = {schema["type"], "null"};
    return schema;
  }
  return either({std::move(schema), typed("null")});
}

Json either(std::vector<Json> schemas) {
  return {{"anyOf", schemas}};
}

Json ref(const std::string& name) {
  return {{"$ref", std::string(kRefPrefix) + name}};
}

Json list_of(Json item) {
  return object({{"items", array(std::move(item))}, {"next", nullable(text())}});
}

void check(const Json& value, const Json& schema, const std::string& where, const Json& named) {
  if (schema.contains("$ref")) {
    const auto name = schema["$ref"].get<std::string>().substr(kRefPrefix.size());
    return check(value, named.at(name), where, named);
  }
  if (schema.contains("anyOf")) return check_either(value, schema["anyOf"], where, named);
  if (schema.contains("type")) check_type(value, schema["type"], where);
  if (schema.contains("enum")) {
    const Json& values = schema["enum"];
    if (std::find(values.begin(), values.end(), value) == values.end()) {
      std::vector<std::string> names;
      for (const Json& v : values) names.push_back(v.get<std::string>());
      fail(where, fmt::format("must be one of {}", fmt::join(names, ", ")));
    }
  }
  if (value.is_number()) check_number(value, schema, where);
  if (value.is_string() && schema.contains("maxLength") &&
      length_of(value.get_ref<const std::string&>()) > schema["maxLength"].get<std::size_t>()) {
    fail(where, fmt::format("is longer than {} characters", schema["maxLength"].dump()));
  }
  if (value.is_array()) {
    if (schema.contains("maxItems") && value.size() > schema["maxItems"].get<std::size_t>()) {
      fail(where, fmt::format("holds {} items, more than {}", value.size(), schema["maxItems"].dump()));
    }
    if (schema.contains("items")) {
      for (std::size_t i = 0; i < value.size(); ++i) {
        check(value[i], schema["items"], fmt::format("{}[{}]", where, i), named);
      }
    }
  }
  if (value.is_object()) check_object(value, schema, where, named);
}

}  // namespace ballast::serve::schema
