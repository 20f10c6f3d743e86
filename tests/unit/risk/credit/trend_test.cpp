// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/credit_trend.h"

#include <gtest/gtest.h>

#include "ballast/base/files.h"
#include "tests/support/errors.h"
#include "tests/support/scratch.h"

namespace ballast::risk {
namespace {

using std::chrono::sys_days;

Day day(const char* text) {
  return *parse_day(text);
}

class Trend : public ::testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) {
    base::write_file_atomic(scratch_ / name, text);
    return scratch_ / name;
  }
  std::vector<ingest::Record> rows(const std::string& file) {
    std::vector<ingest::Record> all;
    auto reader = ingest::RecordReader::open(file);
    for (ingest::Record row; reader.next(row);) all.push_back(row);
    return all;
  }
  test::ScratchFolder scratch_;
};

const char* const kSeries =
    "industry,date,available_at,orders,rate\n"
    "retail,2022-01-31,2022-02-20,1.5,0.1\n"
    "retail,2022-02-28,2022-03-20,-0.5,\n"
    "farming,2022-01-31,2022-02-10T09:00:00Z,7,0.2\n";

TEST_F(Trend, GivesWhatWasKnownOnTheDayAndNothingLater) {
  const auto series = TrendSeries::read(write("t.csv", kSeries), "industry");
  EXPECT_EQ(series.columns(), (std::vector<std::string>{"trend.orders", "trend.rate"}));
  EXPECT_EQ(series.at("retail", day("2022-02-19")), nullptr);
  EXPECT_EQ(series.at("retail", day("2022-02-20"))->numbers[0], 1.5);
  EXPECT_EQ(series.at("retail", day("2022-03-19"))->numbers[0], 1.5);  // the period is over, its value not yet known
  EXPECT_EQ(series.at("retail", day("2022-03-20"))->numbers[0], -0.5);
  EXPECT_EQ(series.at("retail", day("2030-01-01"))->numbers[1], std::nullopt);
  EXPECT_EQ(series.at("mining", day("2030-01-01")), nullptr);
}

TEST_F(Trend, APlantedLookAheadIsRefusedWithItsLine) {
  const std::string planted = std::string(kSeries) + "farming,2022-06-30,2022-06-01,9,0.3\n";
  EXPECT_NE(test::problem_of([&] {
              TrendSeries::read(write("t.csv", planted), "industry");
            }).find("t.csv:5: looks ahead: available_at 2022-06-01 is before the date 2022-06-30"),
            std::string::npos);
  const std::string twice = std::string(kSeries) + "retail,2022-02-28,2022-03-20,1,0.3\n";
  EXPECT_NE(test::problem_of([&] {
              TrendSeries::read(write("t.csv", twice), "industry");
            }).find("\"retail\" has two rows available at 2022-03-20"),
            std::string::npos);
  EXPECT_NE(test::problem_of([&] {
              TrendSeries::read(write("t.csv", "industry,orders\nretail,1\n"), "industry");
            }).find("available_at"),
            std::string::npos);
}

TEST_F(Trend, JoinsRowsOfCsvAndJsonAndSetsAsideTheUndated) {
  const auto series = TrendSeries::read(write("t.csv", kSeries), "industry");
  const std::string csv =
      write("a.csv", "id,industry,applied\n1,retail,2022-03-01\n2,retail,2022-02-30\n3,farming,2022-01-01\n");
  std::vector<ingest::Quarantined> aside;
  const auto joined = join_trend(rows(csv), series, "applied", [&](const auto& q) { aside.push_back(q); });
  ASSERT_EQ(joined.size(), 2u);
  EXPECT_EQ(joined[0].text("trend.orders"), "1.5");
  EXPECT_EQ(joined[1].text("trend.orders"), "");  // nothing known yet
  ASSERT_EQ(aside.size(), 1u);
  EXPECT_EQ(aside[0].column, "applied");
  EXPECT_EQ(aside[0].line, 3);
  const std::string jsonl = write("a.jsonl", "{\"id\":1,\"industry\":\"farming\",\"applied\":\"2022-02-10\"}\n");
  EXPECT_EQ(join_trend(rows(jsonl), series, "applied").front().text("trend.orders"), "7");
  const std::string own = write("b.csv", "industry,applied,trend.orders\nretail,2022-03-01,99\n");
  EXPECT_NE(test::problem_of([&] {
              join_trend(rows(own), series, "applied");
            }).find("has a column \"trend.orders\" of its own"),
            std::string::npos);
}

}  // namespace
}  // namespace ballast::risk
