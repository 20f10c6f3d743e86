// SPDX-License-Identifier: Apache-2.0
#include "ballast/tabular/table.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "tests/support/errors.h"
#include "tests/support/scratch.h"

namespace ballast::tabular {
namespace {

class TableFile : public ::testing::Test {
 protected:
  std::vector<std::string> file(const std::string& content, const std::string& name = "t.csv") {
    base::write_file_atomic(scratch_ / name, content);
    return {(scratch_ / name).string()};
  }
  ingest::QuarantineSink sink() {
    return [this](const ingest::Quarantined& q) { bad_.push_back(q); };
  }
  test::ScratchFolder scratch_;
  std::vector<ingest::Quarantined> bad_;
};

TEST_F(TableFile, InfersKindsAndMissingValues) {
  const Table t =
      read_table(file("age,job,code,rate\n30,clerk,1,0.5\nNA,,2,1\n41.5, nurse ,1,?\n"), {{}, {"code"}, {}});
  ASSERT_EQ(t.rows(), 3);
  EXPECT_EQ(t.at("age").spec.kind, ColumnKind::numeric);
  EXPECT_FALSE(t.at("age").spec.integer);
  EXPECT_TRUE(t.at("age").missing(1));
  EXPECT_EQ(t.at("job").spec.levels, (std::vector<std::string>{"clerk", "nurse"}));
  EXPECT_EQ(t.at("job").codes, (std::vector<int>{0, kMissingCode, 1}));
  EXPECT_EQ(t.at("code").spec.kind, ColumnKind::categorical);
  EXPECT_TRUE(t.at("rate").spec.had_missing);
  EXPECT_EQ(t.lines, (std::vector<std::int64_t>{2, 3, 4}));
}

TEST_F(TableFile, AWrongCellSetsItsRowAside) {
  std::string content = "x,y\n";
  for (int i = 0; i < 40; ++i) content += i == 7 ? "many,1\n" : i == 9 ? "1e999,1\n" : std::to_string(i) + ",1\n";
  const Table t = read_table(file(content), {}, sink());
  EXPECT_EQ(t.rows(), 38);
  ASSERT_EQ(bad_.size(), 2u);
  EXPECT_EQ(bad_[0].line, 9);
  EXPECT_EQ(bad_[0].column, "x");
  EXPECT_EQ(bad_[0].reason, "is not a number: many");
  EXPECT_EQ(bad_[1].reason, "is not a finite number: 1e999");
}

TEST_F(TableFile, LaterRowsAreReadAsTheSchemaSays) {
  const Table t = read_table(file("a,b,c\n1,x,1\n2,y,\n3,x,2\n"));
  const Schema schema = Schema::from_json(t.schema().to_json(), "here");
  EXPECT_EQ(schema.to_json(), t.schema().to_json());
  const Table u = read_table_as(schema, file("c,b,a\n,z,4\n1,y,\nq,x,1\n5,,1\n7,x,2.5\n", "u.csv"), {}, sink());
  ASSERT_EQ(u.rows(), 2);
  EXPECT_EQ(u.lines, (std::vector<std::int64_t>{2, 6}));
  EXPECT_EQ(u.at("b").codes[0], kUnseenCode);
  EXPECT_TRUE(std::isnan(u.at("c").numbers[0]));
  ASSERT_EQ(bad_.size(), 3u);
  EXPECT_EQ(bad_[0].column + " " + bad_[0].reason, "a is missing, and was never missing in training");
  EXPECT_EQ(bad_[1].column + " " + bad_[1].reason, "c is not a number: q");
  EXPECT_EQ(bad_[2].column + " " + bad_[2].reason, "b is missing, and was never missing in training");
}

TEST_F(TableFile, JsonRowsGiveTheSameTable) {
  const Table a = read_table(file("x,s\n1,p\n,q\n2,p\n"));
  const Table b = read_table(file("{\"x\":1,\"s\":\"p\"}\n{\"s\":\"q\"}\n{\"x\":2.0,\"s\":\"p\"}\n", "t.jsonl"));
  EXPECT_EQ(a.schema().to_json(), b.schema().to_json());
  EXPECT_EQ(a.at("s").codes, b.at("s").codes);
  EXPECT_EQ(b.at("x").numbers[2], 2.0);
}

TEST_F(TableFile, SaysWhichColumnIsAbsent) {
  const Schema schema = read_table(file("income,job\n1,a\n2,b\n")).schema();
  const auto files = file("incme,job\n1,a\n", "u.csv");
  EXPECT_EQ(test::problem_of([&] { read_table_as(schema, files); }),
            files[0] + ": the column \"income\" that the model needs is absent (the nearest here is \"incme\")");
  EXPECT_NE(test::problem_of([&] {
              read_table(files, {{}, {}, {"jib"}});
            }).find("the nearest is \"job\""),
            std::string::npos);
}

TEST_F(TableFile, LabelsNeedTwoClasses) {
  const Table t = read_table(file("y\ngood\ngood\ngood\n"));
  EXPECT_EQ(test::problem_of([&] { binary_truth(t.at("y"), "bad"); }),
            "column \"y\": none of the 3 labels is \"bad\": two classes are needed (the values there: \"good\")");
  EXPECT_NE(test::problem_of([&] { binary_truth(t.at("y"), "good"); }).find("every one of the 3 labels"),
            std::string::npos);
  const Table n = read_table(file("y\n1\n0\n1.0\n", "n.csv"), {{}, {"y"}, {}});
  EXPECT_EQ(binary_truth(n.at("y"), "1"), (std::vector<std::uint8_t>{1, 0, 1}));
}

}  // namespace
}  // namespace ballast::tabular
