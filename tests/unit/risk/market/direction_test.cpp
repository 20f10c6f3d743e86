// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "ballast/base/error.h"
#include "ballast/risk/market_direction.h"
#include "tests/support/scratch.h"
#include "tests/support/shared.h"

namespace ballast::risk {
namespace {

void write(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

/// Thirty sessions of December 2014 and January 2015 that rise by 1 % a day, and the given examples.
void make_folder(const test::ScratchFolder& folder, const std::string& examples) {
  std::string prices = "date,open,high,low,close,adj_close,volume\n";
  double close = 100;
  for (int d = 1; d <= 30; ++d) {
    prices += "2014-12-" + std::string(d < 10 ? "0" : "") + std::to_string(d) + "," + std::to_string(close * 0.99) +
              "," + std::to_string(close * 1.02) + "," + std::to_string(close * 0.98) + "," + std::to_string(close) +
              "," + std::to_string(close / 2) + ",1\n";
    close *= 1.01;
  }
  write(folder / "prices/AAA.csv", prices);
  write(folder / "tweets/AAA.jsonl",
        "{\"date\":\"2014-12-29\",\"created_at\":\"2014-12-29T10:00:00Z\",\"text\":\"first\"}\n"
        "{\"date\":\"2014-12-24\",\"created_at\":\"2014-12-24T10:00:00Z\",\"text\":\"too old\"}\n"
        "{\"date\":\"2014-12-30\",\"created_at\":\"2014-12-30T10:00:00Z\",\"text\":\"the day itself\"}\n");
  write(folder / "examples.csv", "stock,date,movement,label,split\n" + examples);
}

TEST(Acl18, UsesOnlyTheDaysBefore) {
  const test::ScratchFolder folder;
  make_folder(folder, "AAA,2014-12-30,0.01,1,train\nAAA,2014-12-10,-0.01,0,train\n");
  const auto data = read_acl18(folder.path().string());
  EXPECT_EQ(data.read[0], 2);
  EXPECT_EQ(data.without_history, 1);
  ASSERT_EQ(data.days.size(), 1u);
  EXPECT_EQ(data.days[0].tweets, "first");
  const auto f = data.features.row(0);
  ASSERT_EQ(data.names.size(), f.size());
  EXPECT_NEAR(f[4], 0.01, 1e-6);
  EXPECT_NEAR(f[5], -0.01, 1e-6);
  EXPECT_NEAR(f[10], std::pow(1.01, 20) - 1, 1e-5);
  EXPECT_NEAR(f[17], 0.01, 1e-6);
  // Sessions: the 21st to the 30th day of December; the example's is that of the day before.
  const StockSessions& sessions = data.sessions;
  EXPECT_EQ(sessions.offsets, (std::vector<std::int64_t>{0, 10}));
  EXPECT_EQ(data.days[0].session, 8);
  EXPECT_TRUE(std::equal(f.begin(), f.end(), sessions.features.row(8).begin()));
  EXPECT_EQ(sessions.tweets[8], "first");
  EXPECT_EQ(sessions.tweets[3], "too old");
  EXPECT_EQ(sessions.tweets[9], "the day itself");  // after the example's session: not known there
}

TEST(Acl18, RefusesRowsThatBreakTheProtocol) {
  const test::ScratchFolder folder;
  const auto problem = [&](const std::string& examples) {
    make_folder(folder, examples);
    try {
      read_acl18(folder.path().string());
    } catch (const base::Error& e) {
      return e.problem();
    }
    return std::string();
  };
  EXPECT_EQ(problem("AAA,2014-12-30,0.003,1,train\n"), "the label does not follow from the movement: \"1\"");
  EXPECT_EQ(problem("AAA,2014-12-30,0.01,1,test\n"), "the split does not follow from the date: \"test\"");
  EXPECT_EQ(problem("BBB,2014-12-30,0.01,1,train\n"), "there are no prices for the stock: \"BBB\"");
}

TEST(Acl18, CountsAreThosePublished) {
  BALLAST_NEEDS_SHARED("data/stocknet");
  const auto data = read_acl18((test::shared_dir() / "data/stocknet").string());
  EXPECT_EQ(data.read[0], 20348);  // the paper has 20,339
  EXPECT_EQ(data.read[1], 2555);
  EXPECT_EQ(data.read[2], 3720);
  EXPECT_EQ(data.without_history, 20);  // the first weeks of a stock listed in 2014
  EXPECT_EQ(data.days.size(), 26603u);
}

TEST(Directions, AreScoredByDay) {
  std::vector<StockDay> days;
  for (int d = 0; d < 40; ++d) {
    for (int k = 0; k < 25; ++k) {
      StockDay s;
      s.day = Day{} + std::chrono::days(d);
      s.up = d % 2 == 0;
      s.part = Part::dev;
      days.push_back(s);
    }
  }
  std::vector<std::uint8_t> said(days.size(), 1);
  const auto up = score_directions(days, said, Part::dev);
  EXPECT_EQ(up.rows, 1000);
  EXPECT_EQ(up.accuracy.estimate, 0.5);
  EXPECT_EQ(up.mcc.estimate, 0);
  EXPECT_GT(up.accuracy.high - up.accuracy.low, 0.2);  // 40 days, not 1,000 independent rows (0.06)
  for (std::size_t i = 0; i < said.size(); ++i) said[i] = days[i].up;
  EXPECT_EQ(score_directions(days, said, Part::dev).mcc.low, 1);
  EXPECT_THROW(score_directions(days, said, Part::test), base::Error);
}

}  // namespace
}  // namespace ballast::risk
