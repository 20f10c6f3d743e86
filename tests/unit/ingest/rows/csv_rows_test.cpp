// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "tests/unit/ingest/collect.h"

namespace ballast::ingest {
namespace {

using test::collect;
using test::error_of;
using test::put;
using ::testing::ElementsAre;

struct Rows {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> values;
  std::vector<std::int64_t> lines;
  std::vector<Quarantined> bad;
};

Rows read(const std::string& bytes, ReadOptions options = {}, const std::string& name = "t.csv") {
  const test::ScratchFolder folder;
  Rows rows;
  auto reader =
      RecordReader::open(put(folder, name, bytes), options, [&](const Quarantined& q) { rows.bad.push_back(q); });
  rows.columns = reader.columns();
  for (Record row; reader.next(row);) {
    rows.values.push_back(row.values);
    rows.lines.push_back(row.line);
  }
  return rows;
}

TEST(CsvRows, ReadsQuotesDelimitersLineBreaksAndDoubledQuotes) {
  const Rows rows = read("id,text\n1,\"a, \"\"b\"\"\nc\"\n2,plain \"quote\" inside\n3,\"\"\n");
  EXPECT_THAT(rows.columns, ElementsAre("id", "text"));
  EXPECT_THAT(rows.values, ElementsAre(ElementsAre("1", "a, \"b\"\nc"), ElementsAre("2", "plain \"quote\" inside"),
                                       ElementsAre("3", "")));
  EXPECT_THAT(rows.lines, ElementsAre(2, 4, 5));
  EXPECT_TRUE(rows.bad.empty());
}

TEST(CsvRows, ReadsByteOrderMarkAndCarriageReturns) {
  const Rows rows = read(
      "\xEF\xBB\xBF"
      "id,text\r\n1,\"a\r\nb\"\r\n\r\n2,c");
  EXPECT_THAT(rows.columns, ElementsAre("id", "text"));
  EXPECT_THAT(rows.values, ElementsAre(ElementsAre("1", "a\r\nb"), ElementsAre("2", "c")));
}

TEST(CsvRows, FindsTheDelimiter) {
  EXPECT_THAT(read("a;b;c, d\n1;2;3\n").columns, ElementsAre("a", "b", "c, d"));
  EXPECT_THAT(read("a\tb\n1\t2, 3, 4\n", {}, "t.tsv").values, ElementsAre(ElementsAre("1", "2, 3, 4")));
  EXPECT_THAT(read("\"a;b;c\",d\n1,2\n").columns, ElementsAre("a;b;c", "d"));
  ReadOptions options;
  options.delimiter = '|';
  EXPECT_THAT(read("a|b,c\n1|2\n", options).columns, ElementsAre("a", "b,c"));
}

TEST(CsvRows, TakesColumnNamesAndBareQuotesWhereTold) {
  ReadOptions options;
  options.columns = {"label", "text"};
  options.quotes = false;
  EXPECT_THAT(read("x\t\"Great\" says CEO\ny\tplain\n", options, "t.tsv").values,
              ElementsAre(ElementsAre("x", "\"Great\" says CEO"), ElementsAre("y", "plain")));
}

TEST(CsvRows, SetsRaggedLinesAside) {
  const Rows rows = read("a,b,c,d,e\n1,2,3\n1,2,3,4,5\n1,2,3,4,5,6\n");
  EXPECT_THAT(rows.values, ElementsAre(ElementsAre("1", "2", "3", "4", "5")));
  ASSERT_EQ(rows.bad.size(), 2u);
  EXPECT_EQ(rows.bad[0].line, 2);
  EXPECT_EQ(rows.bad[0].reason, "has 3 fields, expected 5");
  EXPECT_EQ(rows.bad[0].excerpt, "1,2,3 ");
  EXPECT_EQ(rows.bad[1].line, 4);
  EXPECT_EQ(rows.bad[1].reason, "has 6 fields, expected 5");
}

TEST(CsvRows, AnUnclosedQuoteCostsOneRow) {
  const Rows rows = read("id,text\n1,\"never closed\n2,good\n3,also good\n");
  EXPECT_THAT(rows.values, ElementsAre(ElementsAre("2", "good"), ElementsAre("3", "also good")));
  EXPECT_THAT(rows.lines, ElementsAre(3, 4));
  ASSERT_EQ(rows.bad.size(), 1u);
  EXPECT_EQ(rows.bad[0].line, 2);
  EXPECT_EQ(rows.bad[0].reason, "quote in field 2 opened on line 2 is never closed");
}

TEST(CsvRows, SetsTextAfterAClosingQuoteAside) {
  const Rows rows = read("id,text\n1,\"He said \"hi\" to me\"\n2,good\n");
  EXPECT_THAT(rows.values, ElementsAre(ElementsAre("2", "good")));
  ASSERT_EQ(rows.bad.size(), 1u);
  EXPECT_EQ(rows.bad[0].reason, "text after the closing quote of field 2");
}

TEST(CsvRows, NamesTheByteThatCannotBeDecoded) {
  const Rows rows = read("id,text\n1,fine\n2,bro\xC3ken\n3,\"\xE5\x85\xAC\"\n");
  EXPECT_THAT(rows.values, ElementsAre(ElementsAre("1", "fine"), ElementsAre("3", "公")));
  ASSERT_EQ(rows.bad.size(), 1u);
  EXPECT_EQ(rows.bad[0].line, 3);
  EXPECT_EQ(rows.bad[0].reason, "cannot be decoded at byte 20 of the file");
  EXPECT_EQ(rows.bad[0].excerpt, "2,bro\uFFFDken ");
}

TEST(CsvRows, BoundsTheFieldSize) {
  ReadOptions options;
  options.max_field_bytes = 10;
  const Rows rows = read("id,text\n1,12345678901\n2,\"12345678901\nx\"\n3,1234567890\n", options);
  EXPECT_THAT(rows.values, ElementsAre(ElementsAre("3", "1234567890")));
  ASSERT_GE(rows.bad.size(), 2u);
  EXPECT_EQ(rows.bad[0].reason, "field 2 is longer than 10 bytes");
  EXPECT_EQ(rows.bad[1].reason, "field 2 is longer than 10 bytes");
}

TEST(CsvRows, AFileOfUnclosedQuotesStaysLinear) {
  std::string bytes = "id,text\n";
  for (int i = 0; i < 3001; ++i) bytes += "1,\"a\n";  // an odd number of quotes on as many lines
  const Rows rows = read(bytes);
  EXPECT_GE(rows.bad.size(), 1u);
}

TEST(CsvRows, AskedForAnAbsentColumnNamesTheNearest) {
  const test::ScratchFolder folder;
  auto reader = RecordReader::open(put(folder, "t.csv", "Text,label\na,b\n"));
  EXPECT_EQ(error_of([&] { reader.require_column("text", "--text-column"); }),
            "has no column \"text\" (its columns: Text, label) | --text-column Text");
}

}  // namespace
}  // namespace ballast::ingest
