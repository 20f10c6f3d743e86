// SPDX-License-Identifier: Apache-2.0
#include "ballast/base/json.h"
#include "ballast/base/json_text.h"

#include <gmock/gmock.h>

#include <functional>

#include "ballast/base/error.h"
#include "ballast/base/files.h"

namespace ballast::base {
namespace {

std::string error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::bad_input);
    return e.what();
  }
  return "no error";
}

std::string nested(int levels) {
  return std::string(levels, '[') + std::string(levels, ']');
}

TEST(Json, KeepsTheOrderOfMembers) {
  EXPECT_EQ(dump_json(parse_json(R"({"z": 1, "a": [true, null, "中"]})", "test")), R"({"z":1,"a":[true,null,"中"]})");
}

TEST(Json, SaysWhereItIsNotValid) {
  EXPECT_EQ(error_of([] { parse_json(R"({"a": 1,})", "config.json"); }), "config.json: not valid JSON at byte 9");
  EXPECT_EQ(error_of([] { parse_json("", "config.json"); }), "config.json: not valid JSON at byte 1");
  EXPECT_EQ(error_of([] { parse_json("{} {}", "config.json"); }), "config.json: not valid JSON at byte 4");
  EXPECT_EQ(error_of([] { parse_json("[\"\xff\"]", "config.json"); }), "config.json: not valid JSON at byte 3");
}

TEST(Json, DepthIsLimited) {
  EXPECT_NO_THROW(parse_json(nested(200), "test"));
  const std::string expected = "test: JSON nested deeper than 200 levels";
  EXPECT_EQ(error_of([] { parse_json(nested(202), "test"); }), expected);
  EXPECT_EQ(error_of([] { parse_json(nested(1000000), "test"); }), expected);
}

TEST(Json, FieldsAreTypedAndErrorsNameThem) {
  const Json object = parse_json(R"({"layers": 2, "name": "gpt2", "none": null})", "test");
  EXPECT_EQ(json_field<int>(object, "layers", "config.json"), 2);
  EXPECT_EQ(json_field<std::string>(object, "name", "config.json"), "gpt2");
  EXPECT_EQ(error_of([&] { json_field<int>(object, "heads", "config.json"); }),
            "config.json: field \"heads\" is missing");
  EXPECT_EQ(error_of([&] { json_field<int>(object, "name", "config.json"); }),
            "config.json: field \"name\" has the wrong type: \"gpt2\"");
  EXPECT_EQ(error_of([&] { json_field<int>(Json::array(), "heads", "config.json"); }),
            "config.json: field \"heads\" is missing");
}

TEST(Json, DefaultsStandForAbsentAndNullOnly) {
  const Json object = parse_json(R"({"layers": 2, "name": "gpt2", "none": null})", "test");
  EXPECT_EQ(json_field<int>(object, "layers", "config.json", 7), 2);
  EXPECT_EQ(json_field<int>(object, "heads", "config.json", 7), 7);
  EXPECT_EQ(json_field<int>(object, "none", "config.json", 7), 7);
  EXPECT_EQ(error_of([&] { json_field<int>(object, "name", "config.json", 7); }),
            "config.json: field \"name\" has the wrong type: \"gpt2\"");
}

TEST(Json, NulCharactersAreFoundAtAnyDepth) {
  EXPECT_TRUE(holds_nul(parse_json("\"a\\u0000b\"", "t")));
  EXPECT_TRUE(holds_nul(parse_json("{\"a\": [1, {\"b\": \"\\u0000\"}]}", "t")));
  EXPECT_TRUE(holds_nul(parse_json("{\"a\\u0000\": 1}", "t")));
  EXPECT_FALSE(holds_nul(parse_json("{\"a\": [null, 0, \"u0000\", {}]}", "t")));
}

TEST(Json, DumpReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(dump_json(Json("a\xff"
                           "b")),
            "\"a\xef\xbf\xbd"
            "b\"");
}

TEST(Json, FileErrorsNameTheFile) {
  const auto path = std::filesystem::temp_directory_path() / "ballast-json-test.json";
  write_file_atomic(path, "{\"a\":");
  EXPECT_EQ(error_of([&] { read_json(path); }), path.string() + ": not valid JSON at byte 6");
  write_file_atomic(path, "{\"a\": 5}");
  EXPECT_EQ(read_json(path).at("a"), 5);
  std::filesystem::remove(path);
  EXPECT_THROW(read_json(path), Error);
}

}  // namespace
}  // namespace ballast::base
