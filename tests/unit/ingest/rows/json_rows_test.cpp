// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "tests/unit/ingest/collect.h"

namespace ballast::ingest {
namespace {

using test::error_of;
using test::put;
using ::testing::ElementsAre;

TEST(JsonRows, KeepsTheParsedValues) {
  const test::ScratchFolder folder;
  const auto path = put(folder, "t.jsonl", "{\"text\":\"公司\",\"labels\":[\"a\",\"b\"],\"n\":1.5,\"none\":null}\n");
  auto reader = RecordReader::open(path);
  EXPECT_THAT(reader.columns(), ElementsAre("text", "labels", "n", "none"));
  Record row;
  ASSERT_TRUE(reader.next(row));
  EXPECT_EQ(row.line, 1);
  EXPECT_EQ(row.text("text"), "公司");
  EXPECT_EQ(row.json("labels").size(), 2u);
  EXPECT_EQ(row.text("labels"), "[\"a\",\"b\"]");
  EXPECT_EQ(row.text("n"), "1.5");
  EXPECT_EQ(row.text("none"), std::nullopt);
  EXPECT_TRUE(row.has("none"));
  EXPECT_FALSE(row.has("absent"));
  EXPECT_FALSE(reader.next(row));
}

TEST(JsonRows, SetsBadLinesAside) {
  const test::ScratchFolder folder;
  std::vector<Quarantined> bad;
  const auto path =
      put(folder, "t.ndjson", "{\"text\":\"a\"}\n{\"text\":\n\n[1]\n{\"text\":\"b\xFF\"}\r\n{\"text\":\"c\"}");
  auto reader = RecordReader::open(path, {}, [&](const Quarantined& q) { bad.push_back(q); });
  std::vector<std::string> texts;
  for (Record row; reader.next(row);) texts.push_back(row.text("text").value());
  EXPECT_THAT(texts, ElementsAre("a", "c"));
  ASSERT_EQ(bad.size(), 3u);
  EXPECT_EQ(reader.quarantined(), 3);
  EXPECT_EQ(bad[0].line, 2);
  EXPECT_EQ(bad[0].reason, "not valid JSON at byte 9");
  EXPECT_EQ(bad[1].line, 4);
  EXPECT_EQ(bad[1].reason, "is not a JSON object");
  EXPECT_EQ(bad[2].line, 5);
  EXPECT_EQ(bad[2].reason, "cannot be decoded at byte 37 of the file");
}

TEST(JsonRows, ReadsArraysAndObjectsOverSeveralLines) {
  const test::ScratchFolder folder;
  for (const std::string bytes :
       {"[\n {\"text\": \"a}]\\\"\"},\n {\n\"text\": \"b\"}\n]\n", "{\"text\": \"a}]\\\"\"}\n{\n\"text\": \"b\"}"}) {
    auto reader = RecordReader::open(put(folder, "t.json", bytes));
    std::vector<std::string> texts;
    for (Record row; reader.next(row);) texts.push_back(row.text("text").value());
    EXPECT_THAT(texts, ElementsAre("a}]\"", "b"));
  }
}

TEST(JsonRows, ABrokenArrayIsAnError) {
  const test::ScratchFolder folder;
  const auto read_all = [&](const std::string& bytes) {
    return error_of([&] {
      auto reader = RecordReader::open(put(folder, "t.json", bytes));
      for (Record row; reader.next(row);) {
      }
    });
  };
  EXPECT_EQ(read_all("[{\"text\":\"a\"}, {\"text\":"), "the JSON object that starts here is never closed");
  EXPECT_EQ(read_all("[{\"text\":\"a\"}"), "expected an array of JSON objects");
  EXPECT_EQ(read_all("\"text\""), "expected an array of JSON objects");
}

TEST(JsonRows, NulCharactersAreSetAside) {
  const test::ScratchFolder folder;
  std::vector<Quarantined> bad;
  const auto path = put(folder, "t.ndjson", "{\"text\":\"a\\u0000b\"}\n{\"text\":\"c\"}\n");
  auto reader = RecordReader::open(path, {}, [&](const Quarantined& q) { bad.push_back(q); });
  std::vector<std::string> texts;
  for (Record row; reader.next(row);) texts.push_back(row.text("text").value());
  EXPECT_THAT(texts, ElementsAre("c"));
  ASSERT_EQ(bad.size(), 1u);
  EXPECT_EQ(bad[0].reason, "holds a NUL character");
}

TEST(JsonRows, DeepNestingIsSetAside) {
  const test::ScratchFolder folder;
  std::vector<Quarantined> bad;
  const std::string deep = "{\"a\":" + std::string(5000, '[') + std::string(5000, ']') + "}\n";
  auto reader = RecordReader::open(put(folder, "t.jsonl", deep), {}, [&](const Quarantined& q) { bad.push_back(q); });
  Record row;
  EXPECT_FALSE(reader.next(row));
  ASSERT_EQ(bad.size(), 1u);
  EXPECT_EQ(bad[0].reason, "JSON nested deeper than 200 levels");
}

}  // namespace
}  // namespace ballast::ingest
