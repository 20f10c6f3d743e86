// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "ballast/base/error.h"
#include "ballast/risk/market.h"
#include "tests/support/errors.h"
#include "tests/support/scratch.h"
#include "tests/support/shared.h"

namespace ballast::risk {
namespace {

std::string written(const test::ScratchFolder& folder, const std::string& text) {
  const auto path = folder / "prices.csv";
  std::ofstream(path) << text;
  return path.string();
}

TEST(Days, AreReadAndRefused) {
  EXPECT_EQ(day_text(*parse_day("2020-02-29")), "2020-02-29");
  EXPECT_EQ(parse_day("2020/04/20"), parse_day("20200420"));
  for (const char* bad : {"2021-02-29", "2020-13-01", "2020-00-10", "20-04-20", "2020-04-31", "2020-4-20", "", "1.5",
                          "2020-04/20", "0020-04-20", "-020-04-20"}) {
    EXPECT_FALSE(parse_day(bad)) << bad;
  }
}

TEST(Prices, BadRowsAreSetAsideWithRowAndColumn) {
  const test::ScratchFolder folder;
  const std::string file = written(folder,
                                   "date,close\n2020-01-03,102\n2020-01-02,100\n2020-01-02,101\n2020-02-30,1\n"
                                   "2999-01-01,1\n2020-01-06,\n2020-01-07,abc\n2020-01-08,-36.98\n2020-01-09,inf\n"
                                   "2020-01-10,51\n");
  std::vector<std::string> seen;
  const auto series = read_prices(file, {}, [&](const ingest::Quarantined& q) {
    seen.push_back(std::to_string(q.line) + " " + q.column + ": " + q.reason);
  });
  EXPECT_EQ(seen, (std::vector<std::string>{
                      "4 date: date occurred before, in line 3", "5 date: not a date (expected YYYY-MM-DD)",
                      "6 date: lies in the future", "7 close: no price", "8 close: not a finite number",
                      "9 close: price is not positive (--allow-negative keeps it and uses differences)",
                      "10 close: not a finite number"}));
  EXPECT_EQ(series.rows, 10);
  EXPECT_EQ(series.quarantined, 7);
  ASSERT_EQ(series.bars.size(), 3u);
  const Returns returns = returns_of(series);
  EXPECT_NEAR(returns.values[0], 0.02, 1e-15);
  EXPECT_NEAR(returns.values[1], -0.5, 1e-15);
  EXPECT_EQ(day_text(returns.days[1]), "2020-01-10");
}

TEST(Prices, NegativeOnesGiveDifferences) {
  const test::ScratchFolder folder;
  PriceOptions options;
  options.allow_negative = true;
  const auto returns =
      returns_of(read_prices(written(folder, "date,price\n2020-04-17,18.31\n2020-04-20,-36.98\n"), options));
  EXPECT_TRUE(returns.differences);
  EXPECT_NEAR(returns.values.at(0), -55.29, 1e-12);
}

TEST(Prices, ColumnsAreChosenOrAskedFor) {
  const test::ScratchFolder folder;
  const std::string several = written(folder, "date,AAPL,KO\n2020-01-02,1,2\n");
  EXPECT_EQ(test::problem_of([&] { read_prices(several); }),
            several + ": has several instruments: AAPL, KO (choose one with --column)");
  PriceOptions options;
  options.column = "KO";
  EXPECT_EQ(read_prices(several, options).bars[0].close, 2);
  options.column = "K0";
  EXPECT_NE(test::problem_of([&] { read_prices(several, options); }).find("KO"), std::string::npos);
  const std::string bars = written(folder, "date,open,high,low,close,volume\n2020-01-02,1,3,0.5,2,700\n");
  const Bar bar = read_prices(bars).bars[0];
  EXPECT_EQ(bar.close, 2);
  EXPECT_EQ(bar.high, 3);
  EXPECT_EQ(bar.volume, 700);
  EXPECT_EQ(price_columns(bars), (std::vector<std::string>{"open", "high", "low", "close"}));
  const std::string none = written(folder, "date,close\n2020-01-02,0\n");
  EXPECT_EQ(test::problem_of([&] { read_prices(none); }),
            none + ", column close: none of 1 rows has a usable date and price");
}

TEST(Prices, LongGapsAreNamed) {
  const test::ScratchFolder folder;
  const auto series = read_prices(written(folder, "date,close\n2020-01-02,1\n2020-01-10,1\n2020-03-02,1\n"));
  ASSERT_EQ(series.gaps.size(), 1u);
  EXPECT_EQ(day_text(series.gaps[0].from), "2020-01-10");
}

TEST(Actions, AdjustPricesToTotalReturns) {
  const test::ScratchFolder folder;
  auto series = read_prices(written(folder,
                                    "date,close,volume\n2020-01-02,400,10\n2020-01-03,404,10\n2020-01-06,101,40\n"
                                    "2020-01-07,100,40\n"));
  const auto path = folder / "actions.csv";
  std::ofstream(path) << "date,kind,value\n2020-01-06,split,4:1\n2020-01-07,dividend,1.01\n2020-01-08,merger,1\n"
                         "2020-01-08,dividend,-1\n2020-02-31,split,2\n";
  std::vector<std::string> refused;
  const auto actions = read_actions(path.string(), [&](const ingest::Quarantined& q) { refused.push_back(q.column); });
  EXPECT_EQ(refused, (std::vector<std::string>{"kind", "value", "date"}));
  adjust_for_actions(series, actions);
  const auto returns = returns_of(series).values;
  EXPECT_NEAR(returns[0], 0.01, 1e-12);
  EXPECT_NEAR(returns[1], 0.0, 1e-12);
  EXPECT_NEAR(returns[2], 100 / (101 - 1.01) - 1, 1e-12);  // the dividend counts as reinvested before the ex-date
  EXPECT_EQ(series.bars[0].volume, 40);
  const CorporateAction huge{*parse_day("2020-01-03"), CorporateAction::Kind::dividend, 500};
  EXPECT_NE(
      test::problem_of([&] { adjust_for_actions(series, std::span(&huge, 1)); }).find("dividend 500 is not below"),
      std::string::npos);
}

TEST(Statistics, MatchHandComputation) {
  const Returns returns{{}, {0.01, -0.02, 0.03, 0.0}, false};
  const auto s = describe(returns);
  EXPECT_NEAR(s.mean, 0.005, 1e-15);
  EXPECT_NEAR(s.stdev, std::sqrt((0.000025 + 0.000625 + 0.000625 + 0.000025) / 3), 1e-15);
  EXPECT_NEAR(s.skewness, 0, 1e-12);
  EXPECT_NEAR(s.max_drawdown, 0.02, 1e-12);
  EXPECT_NEAR(s.autocorrelation, (0.005 * -0.025 + -0.025 * 0.025 + 0.025 * -0.005) / 0.0013, 1e-12);
  EXPECT_THROW(describe({{}, {0.1}, false}), base::Error);
}

TEST(Prices, OfOilWentBelowZeroOnce) {
  BALLAST_NEEDS_SHARED("data/market_prices");
  const auto file = (test::shared_dir() / "data/market_prices/wti_daily.csv").string();
  std::string what;
  const auto series = read_prices(file, {}, [&](const ingest::Quarantined& q) { what += q.excerpt + q.column; });
  EXPECT_EQ(what, "-36.98price");
  PriceOptions options;
  options.allow_negative = true;
  EXPECT_EQ(read_prices(file, options).bars.size(), series.bars.size() + 1);
}

}  // namespace
}  // namespace ballast::risk
