// SPDX-License-Identifier: Apache-2.0
// From a JSON schema to the nodes of the grammar.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "ballast/base/error.h"
#include "ballast/lm/constrain/phases.h"
#include "ballast/lm/json_schema.h"

namespace ballast::lm {

using base::Error;
using base::ErrorCode;
using base::Json;

namespace {

constexpr std::int64_t kMostIntegers = 1000;  // that are listed one by one
constexpr std::int64_t kExcerptBytes = 6;     // of a character as JSON writes it, at most (\u0001)
constexpr int kMostDepth = 64;                // of a schema, references not counted

const std::set<std::string> kSkipped = {"title", "description", "default", "examples",    "$schema",
                                        "$id",   "$comment",    "$defs",   "definitions", "strict"};

}  // namespace

class GrammarBuilder {
 public:
  GrammarBuilder(const Json& schema, std::string where) : root_(schema), where_(std::move(where)) {}

  std::shared_ptr<const JsonGrammar> build() {
    grammar_->root_ = node_of(root_, "", 0);
    find_shortest();
    if (grammar_->nodes_[static_cast<std::size_t>(grammar_->root_)].shortest >= kNeverComplete) {
      throw Error(ErrorCode::bad_input, "no finite text fulfils the schema", where_);
    }
    return grammar_;
  }

 private:
  using Kind = JsonGrammar::Kind;
  using Node = JsonGrammar::Node;

  [[noreturn]] void fail(const std::string& path, const std::string& why) const {
    throw Error(ErrorCode::bad_input, why, where_ + (path.empty() ? "" : ": " + path));
  }
  std::int32_t add(Node node) {
    if (grammar_->nodes_.size() >= 20000) fail("", "the schema is too large");
    grammar_->nodes_.push_back(std::move(node));
    return static_cast<std::int32_t>(grammar_->nodes_.size() - 1);
  }
  std::int32_t literal(const Json& value) {
    Node n;
    n.kind = Kind::literal;
    n.literal = base::dump_json(value);
    return add(std::move(n));
  }
  std::int32_t choice(std::vector<std::int32_t> parts) {
    if (parts.size() == 1) return parts.front();
    Node n;
    n.parts = std::move(parts);
    return add(std::move(n));
  }

  /// Any JSON value.
  std::int32_t anything() {
    if (anything_ >= 0) return anything_;
    anything_ = add({});
    Node text, number, map, list;
    text.kind = Kind::string, text.most = -1;
    number.kind = Kind::number;
    map.kind = Kind::map, map.most = -1, map.parts = {anything_};
    list.kind = Kind::array, list.most = -1, list.parts = {anything_};
    std::vector<std::int32_t> parts = {add(text), add(number), add(map), add(list)};
    for (const Json& value : {Json(true), Json(false), Json()}) parts.push_back(literal(value));
    grammar_->nodes_[static_cast<std::size_t>(anything_)].parts = std::move(parts);
    return anything_;
  }

  std::int32_t node_of(const Json& schema, const std::string& path, int depth) {
    if (depth > kMostDepth) fail(path, "the schema is nested too deeply");
    if (schema.is_boolean() && schema.get<bool>()) return anything();
    if (!schema.is_object()) fail(path, "is no schema");
    if (schema.contains("$ref")) return reference(schema, path, depth);
    if (schema.contains("const")) return literal(schema["const"]);
    if (schema.contains("enum")) {
      const Json& values = schema["enum"];
      if (!values.is_array() || values.empty()) fail(path + "/enum", "is no list of values");
      std::vector<std::int32_t> parts;
      for (const Json& value : values) parts.push_back(literal(value));
      return choice(std::move(parts));
    }
    for (const char* name : {"anyOf", "oneOf"}) {
      if (!schema.contains(name)) continue;
      check_keywords(schema, {name}, path);
      const std::string at = path + "/" + name;
      if (!schema[name].is_array() || schema[name].empty()) fail(at, "is no list of schemas");
      std::vector<std::int32_t> parts;
      for (const Json& part : schema[name]) {
        parts.push_back(node_of(part, at + "/" + std::to_string(parts.size()), depth + 1));
      }
      return choice(std::move(parts));
    }
    return typed(schema, path, depth);
  }

  std::int32_t reference(const Json& schema, const std::string& path, int depth) {
    check_keywords(schema, {"$ref"}, path);
    const auto name = base::json_field<std::string>(schema, "$ref", where_);
    if (const auto known = references_.find(name); known != references_.end()) return known->second;
    if (name != "#" && !name.starts_with("#/$defs/") && !name.starts_with("#/definitions/")) {
      throw Error(ErrorCode::unsupported, "$ref \"" + name + "\" is not known", where_ + ": " + path,
                  "known: #, #/$defs/NAME, #/definitions/NAME");
    }
    const Json::json_pointer pointer(name.substr(1));
    if (!root_.contains(pointer)) fail(path, "$ref \"" + name + "\" leads nowhere");
    // A node of its own stands for it at once, so that a definition may refer to itself.
    const std::int32_t self = references_[name] = add({});
    const std::int32_t target = node_of(root_.at(pointer), name, depth + 1);
    grammar_->nodes_[static_cast<std::size_t>(self)].parts = {target};
    return self;
  }

  std::int32_t typed(const Json& schema, const std::string& path, int depth) {
    std::vector<std::string> types;
    if (!schema.contains("type")) {
      if (schema.contains("properties")) {
        types = {"object"};
      } else {
        check_keywords(schema, {}, path);
        return anything();
      }
    } else if (schema["type"].is_array()) {
      types = base::json_field<std::vector<std::string>>(schema, "type", where_);
    } else {
      types = {base::json_field<std::string>(schema, "type", where_)};
    }
    if (types.empty()) fail(path, "type is an empty list");
    std::vector<std::int32_t> parts;
    for (const std::string& type : types) parts.push_back(of_type(type, types.size() == 1, schema, path, depth));
    return choice(std::move(parts));
  }

  std::int32_t of_type(const std::string& type, bool alone, const Json& schema, const std::string& path, int depth) {
    const auto check = [&](std::set<std::string> known) {
      if (alone) check_keywords(schema, std::move(known), path);
    };
    if (type == "null" || type == "boolean") {
      check({});
      return type == "null" ? literal(nullptr) : choice({literal(true), literal(false)});
    }
    if (type == "string" && schema.contains("x-excerpt-of")) {
      check({"minLength", "maxLength", "x-excerpt-of"});
      return excerpt(schema, path);
    }
    if (type == "string") {
      check({"minLength", "maxLength"});
      Node n;
      n.kind = Kind::string;
      limits(schema, "minLength", "maxLength", path, n);
      return add(std::move(n));
    }
    if (type == "integer" || type == "number") {
      check({"minimum", "maximum"});
      return number(type == "integer", schema, path);
    }
    if (type == "array") {
      check({"items", "minItems", "maxItems"});
      Node n;
      n.kind = Kind::array;
      limits(schema, "minItems", "maxItems", path, n);
      n.parts = {schema.contains("items") ? node_of(schema["items"], path + "/items", depth + 1) : anything()};
      return add(std::move(n));
    }
    if (type == "object") {
      check({"properties", "required", "additionalProperties"});
      return object(schema, path, depth);
    }
    throw Error(ErrorCode::unsupported, "type \"" + type + "\" is not known", where_ + ": " + path,
                "known: object, array, string, integer, number, boolean, null");
  }

  std::int32_t excerpt(const Json& schema, const std::string& path) {
    Node n;
    n.kind = Kind::excerpt;
    limits(schema, "minLength", "maxLength", path, n);
    const auto text = base::json_field<std::string>(schema, "x-excerpt-of", where_);
    for (std::size_t at = 0; at < text.size();) {
      std::size_t size = 1;
      while (at + size < text.size() && (static_cast<unsigned char>(text[at + size]) & 0xc0) == 0x80) ++size;
      const std::string written = base::dump_json(Json(text.substr(at, size)));
      n.starts.resize(n.literal.size() + 1);
      n.starts[n.literal.size()] = true;
      n.literal += written.substr(1, written.size() - 2);
      at += size;
    }
    n.starts.resize(n.literal.size() + 1);
    n.starts[n.literal.size()] = true;
    return add(std::move(n));
  }

  std::int32_t number(bool integer, const Json& schema, const std::string& path) {
    Node n;
    n.kind = Kind::number;
    n.integer = integer;
    if (!schema.contains("minimum") && !schema.contains("maximum")) return add(std::move(n));
    const auto least = base::json_field<double>(schema, "minimum", where_ + ": " + path);
    const auto most = base::json_field<double>(schema, "maximum", where_ + ": " + path);
    if (integer && most - least <= kMostIntegers && std::abs(least) < 1e15 && std::abs(most) < 1e15) {
      std::vector<std::int32_t> parts;
      for (auto i = static_cast<std::int64_t>(std::ceil(least)); static_cast<double>(i) <= most; ++i) {
        parts.push_back(literal(i));
      }
      if (parts.empty()) fail(path, "no integer lies between minimum and maximum");
      return choice(std::move(parts));
    }
    if (integer || least != 0 || most != 1) {
      throw Error(ErrorCode::unsupported, "these limits of a number are not known", where_ + ": " + path,
                  "known: integers at most 1000 apart; numbers from 0 to 1");
    }
    n.unit = true;
    return add(std::move(n));
  }

  std::int32_t object(const Json& schema, const std::string& path, int depth) {
    const Json properties = base::json_field<Json>(schema, "properties", where_, Json::object());
    const auto needed = base::json_field<std::vector<std::string>>(schema, "required", where_, {});
    std::set<std::string> required(needed.begin(), needed.end());
    Node n;
    if (properties.empty()) {
      if (!required.empty()) fail(path, "required names \"" + *required.begin() + "\", which is no property");
      const bool open = !schema.contains("additionalProperties") || schema["additionalProperties"] != Json(false);
      n.kind = Kind::map;
      n.most = open ? -1 : 0;
      const bool typed_values = schema.contains("additionalProperties") && schema["additionalProperties"].is_object();
      n.parts = {typed_values ? node_of(schema["additionalProperties"], path + "/additionalProperties", depth + 1)
                              : anything()};
      return add(std::move(n));
    }
    n.kind = Kind::object;
    for (const auto& [name, value] : properties.items()) {
      const std::int32_t part = node_of(value, path + "/properties/" + name, depth + 1);
      n.members.push_back({base::dump_json(Json(name)) + ":", part, required.erase(name) > 0});
    }
    if (!required.empty()) fail(path, "required names \"" + *required.begin() + "\", which is no property");
    return add(std::move(n));
  }

  void limits(const Json& schema, const char* least, const char* most, const std::string& path, Node& n) const {
    n.least = base::json_field<std::int64_t>(schema, least, where_, 0);
    n.most = base::json_field<std::int64_t>(schema, most, where_, -1);
    if (n.least < 0 || n.least > 1000000 || (schema.contains(most) && n.most < n.least) || n.most > 1000000000) {
      fail(path, std::string(least) + " and " + most + " are out of range");
    }
  }

  void check_keywords(const Json& schema, std::set<std::string> known, const std::string& path) const {
    known.insert("type");
    for (const auto& [name, value] : schema.items()) {
      if (known.contains(name) || kSkipped.contains(name)) continue;
      throw Error(ErrorCode::unsupported, "keyword \"" + name + "\" is not known here",
                  where_ + ": " + (path.empty() ? "/" : path));
    }
  }

  std::int64_t length_of(const Node& n) const {
    const auto of = [&](std::int32_t i) { return grammar_->nodes_[static_cast<std::size_t>(i)].shortest; };
    std::int64_t sum = 0;
    switch (n.kind) {
      case Kind::literal:
        return static_cast<std::int64_t>(n.literal.size());
      case Kind::string:
        return n.least + 2;
      case Kind::excerpt:  // characters may take several bytes: the cheapest way is not looked for
        return n.least > std::count(n.starts.begin(), n.starts.end(), true) - 1 ? kNeverComplete
                                                                                : 2 + kExcerptBytes * n.least;
      case Kind::number:
        return 1;
      case Kind::map:
        return 2;
      case Kind::array:
        return n.least == 0
                   ? 2
                   : std::min(kNeverComplete, 1 + n.least * (std::min(of(n.parts[0]), kNeverComplete / 2000000) + 1));
      case Kind::object:
        for (const auto& m : n.members) {
          if (m.required)
            sum += static_cast<std::int64_t>(m.key.size()) + std::min(of(m.value), kNeverComplete / 1000000) + 1;
        }
        // The last member has no comma behind it, but the object ends there.
        return sum == 0 ? 2 : 1 + sum;
      case Kind::any:
        sum = kNeverComplete;
        for (const std::int32_t part : n.parts) sum = std::min(sum, of(part));
        return sum;
    }
    return kNeverComplete;
  }

  /// Lengths from below: each round lets them settle one level higher.
  void find_shortest() {
    for (Node& n : grammar_->nodes_) n.shortest = kNeverComplete;
    for (bool changed = true; changed;) {
      changed = false;
      for (Node& n : grammar_->nodes_) {
        std::int64_t length = length_of(n);
        if (length >= kNeverComplete / 2000000) length = kNeverComplete;
        if (length < n.shortest) {
          n.shortest = length;
          changed = true;
        }
      }
    }
  }

  const Json& root_;
  std::string where_;
  std::shared_ptr<JsonGrammar> grammar_ = std::make_shared<JsonGrammar>();
  std::map<std::string, std::int32_t> references_;
  std::int32_t anything_ = -1;
};

std::shared_ptr<const JsonGrammar> JsonGrammar::compile(const Json& schema, const std::string& where) {
  return GrammarBuilder(schema, where).build();
}

}  // namespace ballast::lm
