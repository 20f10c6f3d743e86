// SPDX-License-Identifier: Apache-2.0
// Texts held to a JSON schema: the grammar byte by byte, and random models whose every text must be a value of the
// schema, however unlikely they find it.
#include "ballast/lm/constrain/constraint.h"

#include <gmock/gmock.h>

#include "ballast/base/error.h"
#include "ballast/base/random.h"
#include "ballast/lm/generate.h"
#include "tests/support/scratch.h"
#include "tests/support/tiny_model.h"

namespace ballast::lm {
namespace {

using base::Json;
using testing::HasSubstr;

/// Whether the text is a value of the schema, and whether it could become one.
std::pair<bool, bool> judge(const char* schema, std::string_view text) {
  const auto grammar = JsonGrammar::compile(Json::parse(schema), "schema");
  JsonGrammar::State state = grammar->start();
  for (const char c : text) state = grammar->next(state, static_cast<unsigned char>(c));
  return {!state.empty() && grammar->complete(state), !state.empty()};
}
bool accepts(const char* schema, std::string_view text) {
  return judge(schema, text).first;
}

TEST(JsonGrammar, ByHand) {
  const char* object = R"({"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "string"},
                           "c": {"type": "boolean"}}, "required": ["b"]})";
  EXPECT_TRUE(accepts(object, R"({"a":1,"b":"x","c":true})"));
  EXPECT_TRUE(accepts(object, R"({"a": -20, "b": "\"ü\\n"})"));
  EXPECT_TRUE(accepts(object, R"({"b":""})"));
  for (const char* bad :
       {R"({})", R"({"a":1})", R"({"b":"x","a":1})", R"({"b":"x",})", R"({"b":"x","b":"y"})", R"({"b":1})",
        R"({"a":01,"b":""})", R"({"a":1.5,"b":""})", R"( {"b":""})", R"({"b":"\x"})", R"({"b":"")"}) {
    EXPECT_FALSE(accepts(object, bad)) << bad;
  }
  const char* list = R"({"type": "array", "items": {"enum": ["up", "upper", 3]}, "minItems": 1, "maxItems": 3})";
  EXPECT_TRUE(accepts(list, R"(["up"])"));
  EXPECT_TRUE(accepts(list, R"(["upper", 3,"up"])"));
  for (const char* bad : {"[]", R"(["u"])", R"([3,3,3,3])", "[3,]", "[ 3]"}) EXPECT_FALSE(accepts(list, bad)) << bad;
  const char* number = R"({"type": "number"})";
  for (const char* good : {"0", "-0.5", "12e-3", "3.25E+1", "7"}) EXPECT_TRUE(accepts(number, good)) << good;
  for (const char* bad : {"", "-", "00", "1.", ".5", "1e", "+1", "1e999", "1234567890123456"}) {
    EXPECT_FALSE(accepts(number, bad)) << bad;
  }
  const char* unit = R"({"type": "number", "minimum": 0, "maximum": 1})";
  for (const char* good : {"0", "1", "0.25", "1.00", "0.999"}) EXPECT_TRUE(accepts(unit, good)) << good;
  for (const char* bad : {"1.01", "2", "-0.1", "0.", "00.1", "10"}) EXPECT_FALSE(accepts(unit, bad)) << bad;
  const char* text = R"({"type": "string", "minLength": 2, "maxLength": 3})";
  EXPECT_TRUE(accepts(text, "\"银行\""));
  EXPECT_TRUE(accepts(text, "\"a\\n😀\""));
  for (const char* bad : {"\"a\"", "\"abcd\"", "\"\xe9\x93\"", "\"\xc0\x80\x80\"", "\"a\nb\""})
    EXPECT_FALSE(accepts(text, bad));
  EXPECT_TRUE(accepts(R"({"type": "integer", "minimum": -1, "maximum": 12})", "12"));
  EXPECT_FALSE(accepts(R"({"type": "integer", "minimum": -1, "maximum": 12})", "13"));
  EXPECT_TRUE(accepts(R"({"type": ["string", "null"]})", "null"));
  EXPECT_TRUE(accepts("{}", R"({"x": [1, {"y": null}, "z"]})"));
  EXPECT_FALSE(accepts("{}", R"({"x": [1, {"y": nul}]})"));
  const char* tree =
      R"({"$defs": {"t": {"type": "object", "properties": {"v": {"type": "integer"}, "next": {"$ref": "#/$defs/t"}},
                       "required": ["v"]}}, "$ref": "#/$defs/t"})";
  EXPECT_TRUE(accepts(tree, R"({"v":1,"next":{"v":2}})"));
  const char* excerpt = R"({"type": "string", "x-excerpt-of": "a \"bad\" 银行", "minLength": 1, "maxLength": 6})";
  for (const char* good : {R"("a \"ba")", R"("银")", R"("d\" 银行")", R"("a")"})
    EXPECT_TRUE(accepts(excerpt, good)) << good;
  for (const char* bad : {R"("")", R"("b银")", R"("a \"bad\"")", R"("\")", "\"\xe9\x93\""})
    EXPECT_FALSE(accepts(excerpt, bad)) << bad;
}

TEST(JsonGrammar, RefusesByName) {
  const auto refusal = [](const char* schema) -> std::string {
    try {
      JsonGrammar::compile(Json::parse(schema), "s.json");
    } catch (const base::Error& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_EQ(refusal(R"({"type": "string", "pattern": "a+"})"), "s.json: /: keyword \"pattern\" is not known here");
  EXPECT_THAT(refusal(R"({"type": "object", "properties": {"a": {"type": "date"}}})"),
              HasSubstr("s.json: /properties/a: type \"date\" is not known (known: object"));
  EXPECT_THAT(refusal(R"({"type": "number", "minimum": 3, "maximum": 4})"), HasSubstr("these limits of a number"));
  EXPECT_THAT(refusal(R"({"type": "object", "properties": {"a": {}}, "required": ["b"]})"),
              HasSubstr("required names \"b\", which is no property"));
  EXPECT_THAT(refusal(R"({"$ref": "#/$defs/x"})"), HasSubstr("leads nowhere"));
  EXPECT_THAT(
      refusal(R"({"$defs": {"t": {"type": "object", "properties": {"n": {"$ref": "#/$defs/t"}}, "required": ["n"]}},
                         "$ref": "#/$defs/t"})"),
      HasSubstr("no finite text fulfils the schema"));
  EXPECT_THAT(refusal(R"({"type": "string", "minLength": 3, "maxLength": 2})"), HasSubstr("out of range"));
}

/// Follows random bytes and asks of every state what it needs at least; walking down that way must end in time.
TEST(JsonGrammar, TheShortestRestIsReached) {
  const Json schema = Json::parse(R"({"type": "object", "properties": {
      "kind": {"enum": ["credit", "market"]}, "p": {"type": "number", "minimum": 0, "maximum": 1},
      "list": {"type": "array", "items": {"type": "object", "properties": {"t": {"type": "string", "minLength": 1}, "u": {}},
               "required": ["t"]}, "minItems": 1},
      "q": {"type": "string", "x-excerpt-of": "央行 \"raised\" rates", "minLength": 2}, "o": {"type": "object"}},
      "required": ["kind", "list", "q"]})");
  const auto grammar = JsonGrammar::compile(schema, "schema");
  base::Random random(4);
  for (int round = 0; round < 300; ++round) {
    JsonGrammar::State state = grammar->start();
    std::string text;
    const std::uint64_t wander = random.below(60);
    for (int steps = 0; !grammar->complete(state); ++steps) {
      ASSERT_LT(steps, 1000) << text;
      std::vector<unsigned char> open;
      std::int64_t best = grammar->shortest(state), least = best + 1;
      unsigned char cheapest = 0;
      for (int byte = 0; byte < 256; ++byte) {
        const auto next = grammar->next(state, static_cast<unsigned char>(byte));
        if (next.empty()) continue;
        open.push_back(static_cast<unsigned char>(byte));
        if (grammar->shortest(next) < least) {
          least = grammar->shortest(next);
          cheapest = static_cast<unsigned char>(byte);
        }
      }
      ASSERT_LE(least, best - 1) << text;  // one byte brings the end at least one byte nearer
      const unsigned char byte =
          static_cast<std::uint64_t>(steps) < wander ? open[random.below(open.size())] : cheapest;
      text.push_back(static_cast<char>(byte));
      state = grammar->next(state, byte);
      ASSERT_FALSE(state.empty());
    }
    EXPECT_TRUE(Json::accept(text)) << text;
  }
}

TEST(Constrained, RandomModelsWriteValuesOfTheSchema) {
  const test::ScratchFolder folder;
  const std::string document = "央行 raised \"rates\" again.\nThe bank's bonds\tfell.";
  const Json schema = {
      {"type", "object"},
      {"properties",
       {{"risk", {{"enum", {"credit", "market"}}}},
        {"p", {{"type", "number"}, {"minimum", 0}, {"maximum", 1}}},
        {"quote", {{"type", "string"}, {"x-excerpt-of", document}, {"minLength", 1}, {"maxLength", 12}}},
        {"notes", {{"type", "array"}, {"items", {{"type", "string"}, {"maxLength", 8}}}, {"maxItems", 2}}},
        {"free", Json::object()}}},
      {"required", {"risk", "p", "quote"}}};
  GenerateOptions options;
  options.schema = JsonGrammar::compile(schema, "schema");
  options.add_special = false;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    test::write_tiny_model(folder.path(), test::tiny_gpt2_arch(300, 256), text::TokenizerKind::decoder, seed);
    Generator generator = Generator::load(folder.path());
    for (int i = 0; i < 4; ++i) {
      options.temperature = i;
      options.seed = seed * 10 + static_cast<std::uint64_t>(i);
      options.max_new_tokens = i % 2 == 0 ? 64 : 120;
      const Generation out = generator.generate("The bank", options);
      ASSERT_TRUE(Json::accept(out.text)) << out.text;
      const Json value = Json::parse(out.text);
      EXPECT_TRUE(value["risk"] == "credit" || value["risk"] == "market");
      EXPECT_GE(value["p"].get<double>(), 0);
      EXPECT_LE(value["p"].get<double>(), 1);
      EXPECT_NE(document.find(value["quote"].get<std::string>()), std::string::npos) << out.text;
      EXPECT_LE(value.value("notes", Json::array()).size(), 2u);
      EXPECT_NE(out.finish, FinishReason::length) << out.text;
    }
  }
  options.max_new_tokens = 10;
  options.temperature = 0;
  Generator generator = Generator::load(folder.path());
  try {
    generator.generate("The bank", options);
    FAIL();
  } catch (const base::Error& e) {
    EXPECT_THAT(e.what(), HasSubstr("--max-new-tokens: is 10, and the shortest text of the schema may need"));
  }
}

}  // namespace
}  // namespace ballast::lm
