// SPDX-License-Identifier: Apache-2.0
#include "ballast/tabular/scorecard.h"

#include <gtest/gtest.h>

#include <cmath>

#include "synthetic.h"

namespace ballast::tabular {
namespace {

TEST(Binning, IsMonotoneAndCoversEveryNumber) {
  const auto data = test::synthetic(2000, 5);
  const ColumnBinning b = bin_column(data.table.at("income"), data.truth);
  ASSERT_GT(b.bins.size(), 3u);
  EXPECT_EQ(b.trend, -1);
  EXPECT_TRUE(std::isinf(b.bins.front().low) && std::isinf(b.bins.back().high));
  double rows = 0;
  for (std::size_t i = 0; i < b.bins.size(); ++i) {
    rows += b.bins[i].rows();
    if (i == 0) continue;
    EXPECT_EQ(b.bins[i].low, b.bins[i - 1].high);
    EXPECT_LT(b.bins[i].bad_rate(), b.bins[i - 1].bad_rate());
    EXPECT_GT(b.bins[i].woe, b.bins[i - 1].woe);
  }
  EXPECT_EQ(rows, 2000);
  EXPECT_EQ(ColumnBinning::from_json(b.to_json(), "b").to_json(), b.to_json());
}

TEST(Binning, WoeAndIvAreThoseOfTheFormula) {
  // Two levels: a has 30 goods and 10 bads, b 20 goods and 40 bads. Smoothed by half a row.
  Column c;
  c.spec = {"c", ColumnKind::categorical, false, false, {"a", "b"}};
  std::vector<std::uint8_t> truth;
  const auto add = [&](int code, int count, std::uint8_t t) {
    for (int i = 0; i < count; ++i) c.codes.push_back(code), truth.push_back(t);
  };
  add(0, 30, 0), add(0, 10, 1), add(1, 20, 0), add(1, 40, 1);
  const ColumnBinning b = bin_column(c, truth);
  ASSERT_EQ(b.bins.size(), 2u);
  const double woe_a = std::log(30.5 / 50.5) - std::log(10.5 / 50.5), woe_b = std::log(20.5 / 40.5);
  EXPECT_NEAR(b.bins[0].woe, woe_a, 1e-12);
  EXPECT_NEAR(b.iv, 0.4 * woe_a - 0.4 * woe_b, 1e-12);
}

TEST(Binning, MissingValuesHaveTheirBin) {
  const auto data = test::synthetic(1000, 6);
  const ColumnBinning b = bin_column(data.table.at("debt"), data.truth);
  ASSERT_TRUE(b.bins.back().missing);
  EXPECT_LT(b.bins.back().woe, -0.4);
}

TEST(Scorecard, PointsOfARowAddUpToItsScore) {
  const auto data = test::synthetic(1500, 7);
  const Scorecard card = fit_scorecard(data.table, data.truth);
  const PointsScale scale;
  const auto scores = card.scores(data.table);
  for (std::int64_t r = 0; r < 20; ++r) {
    double points = 0;
    for (std::size_t c = 0; c < card.characteristics.size(); ++c) {
      const ColumnBinning& b = card.characteristics[c].binning;
      points += card.bin_points(c, b.bin_of(data.table.at(b.column), r), scale);
    }
    EXPECT_NEAR(points, scale.points(scores[static_cast<std::size_t>(r)]), 1e-9);
  }
  for (const Characteristic& c : card.characteristics) EXPECT_GE(c.coefficient, 0);
  // Odds of 50 goods to one bad are worth 600, 100 to one 620.
  EXPECT_NEAR(scale.points(-std::log(50.0)), 600, 1e-9);
  EXPECT_NEAR(scale.points(-std::log(100.0)), 620, 1e-9);
}

TEST(Scorecard, ExportsQuoteNamesAndLevels) {
  auto data = test::synthetic(800, 8);
  data.table.columns[2].spec.name = "the \"job\"";
  data.table.columns[2].spec.levels = {"a'b", "c<d", "e\"f"};
  const Scorecard card = fit_scorecard(data.table, data.truth);
  const std::string sql = to_sql(card, "loans"), pmml = to_pmml(card, "card & co");
  EXPECT_NE(sql.find("\"the \"\"job\"\"\" IN ('a''b')"), std::string::npos) << sql;
  EXPECT_NE(sql.find("\"debt\" IS NULL"), std::string::npos);
  EXPECT_NE(pmml.find("modelName=\"card &amp; co\""), std::string::npos);
  EXPECT_NE(pmml.find("c&lt;d"), std::string::npos);
  EXPECT_NE(pmml.find("<SimplePredicate field=\"debt\" operator=\"isMissing\"/>"), std::string::npos);
}

}  // namespace
}  // namespace ballast::tabular
