// SPDX-License-Identifier: Apache-2.0
// Prices to returns and moments; the formulas of the papers written out as loops.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "ballast/base/random.h"
#include "ballast/risk/portfolio.h"
#include "tests/support/errors.h"
#include "tests/support/scratch.h"

namespace ballast::risk {
namespace {

std::string written(const test::ScratchFolder& folder, const std::string& text) {
  const auto path = folder / "prices.csv";
  std::ofstream(path) << text;
  return path.string();
}

TEST(Panel, BadRowsAndCellsAreSetAsideWithRowAndColumn) {
  const test::ScratchFolder folder;
  const std::string file = written(folder,
                                   "date,AAA,BBB,volume\n2020-01-03,102,10,1\n2020-01-02,100,,1\n2020-01-02,1,1,1\n"
                                   "2020-02-30,1,1,1\n2020-01-06,abc,11,1\n2020-01-07,103,-3,1\n2020-01-08,104,12,1\n");
  std::vector<std::string> seen;
  const PricePanel panel = read_panel(file, [&](const ingest::Quarantined& q) {
    seen.push_back(std::to_string(q.line) + " " + q.column + ": " + q.reason);
  });
  EXPECT_EQ(seen, (std::vector<std::string>{"4 date: date occurred before, in line 3",
                                            "5 date: not a date (expected YYYY-MM-DD)", "6 AAA: not a finite number",
                                            "7 BBB: price is not positive"}));
  EXPECT_EQ(panel.instruments, (std::vector<std::string>{"AAA", "BBB"}));
  ASSERT_EQ(panel.days.size(), 5u);
  EXPECT_EQ(day_text(panel.days[0]), "2020-01-02");
  EXPECT_TRUE(std::isnan(panel.price(0, 1)));
  EXPECT_EQ(panel.find("BBB"), 1);
  EXPECT_EQ(panel.find("CCC"), -1);
  // Complete on 2020-01-03 and 2020-01-08 only.
  const ReturnMatrix r = window_returns(panel, 4, 1);
  EXPECT_DOUBLE_EQ(r.at(0, 0), 104.0 / 102 - 1);
  EXPECT_DOUBLE_EQ(r.at(0, 1), 0.2);
  EXPECT_NE(test::problem_of([&] { window_returns(panel, 4, 2); }).find("2 days with prices of all of AAA, BBB"),
            std::string::npos);
}

TEST(Panel, AFileWithoutPricesIsAnError) {
  const test::ScratchFolder folder;
  EXPECT_NE(test::problem_of([&] { read_panel(written(folder, "date\n2020-01-01\n")); }).find("no column of prices"),
            std::string::npos);
  EXPECT_NE(test::problem_of([&] { read_panel(written(folder, "date,A\nx,1\n")); }).find("none of 1 rows"),
            std::string::npos);
}

TEST(Moments, LedoitWolfIsThePapersFormula) {
  const std::size_t t = 60, n = 4;
  base::Random random(3);
  ReturnMatrix r{t, n, {}};
  for (std::size_t k = 0; k < t * n; ++k) r.values.push_back(0.01 * random.normal() * static_cast<double>(1 + k % n));
  const Moments m = estimate_moments(r);
  std::vector<double> mean(n, 0.0), s(n * n, 0.0);
  for (std::size_t k = 0; k < t; ++k)
    for (std::size_t i = 0; i < n; ++i) mean[i] += r.at(k, i) / static_cast<double>(t);
  const auto x = [&](std::size_t k, std::size_t i) { return r.at(k, i) - mean[i]; };
  for (std::size_t k = 0; k < t; ++k)
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) s[i * n + j] += x(k, i) * x(k, j) / static_cast<double>(t);
  double level = 0, d2 = 0, b2 = 0;
  for (std::size_t i = 0; i < n; ++i) level += s[i * n + i] / static_cast<double>(n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) {
      d2 += std::pow(s[i * n + j] - (i == j ? level : 0), 2);
      for (std::size_t k = 0; k < t; ++k)
        b2 += std::pow(x(k, i) * x(k, j) - s[i * n + j], 2) / static_cast<double>(t * t);
    }
  EXPECT_NEAR(m.covariance_shrinkage, b2 / d2, 1e-10);
  EXPECT_GT(b2 / d2, 0.02);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j)
      EXPECT_NEAR(m.covariance[i * n + j], (1 - b2 / d2) * s[i * n + j] + (i == j ? b2 / d2 * level : 0), 1e-15);
  const Moments sample = estimate_moments(r, false);
  EXPECT_EQ(sample.covariance_shrinkage, 0);
  EXPECT_NEAR(sample.covariance[1], s[1], 1e-15);
  EXPECT_EQ(sample.mean, sample.sample_mean);
}

TEST(Moments, JorionShrinksTowardsTheMinimumVarianceMean) {
  base::Random random(5);
  ReturnMatrix r{200, 2, {}};
  for (int k = 0; k < 200; ++k) {
    r.values.push_back(0.01 * random.normal());
    r.values.push_back(0.004 + 0.02 * random.normal());
  }
  const Moments m = estimate_moments(r);
  const double a = m.covariance[0], b = m.covariance[1], d = m.covariance[3];
  const double w = (d - b) / (a + d - 2 * b);  // of the first in the minimum-variance portfolio
  const double target = w * m.sample_mean[0] + (1 - w) * m.sample_mean[1];
  const double x = m.sample_mean[0] - target, y = m.sample_mean[1] - target;
  const double form = (d * x * x - 2 * b * x * y + a * y * y) / (a * d - b * b);
  const double shrinkage = 4 / (4 + 200 * form);
  EXPECT_NEAR(m.mean_shrinkage, shrinkage, 1e-10);
  EXPECT_NEAR(m.mean[1], target + (1 - shrinkage) * y, 1e-15);
}

TEST(Moments, ExpectedShortfallCountsTheEdgeInPart) {
  std::vector<double> r;
  for (int i = 1; i <= 30; ++i) r.push_back(0.01 * i - 0.2);  // worst −0.19, −0.18
  EXPECT_NEAR(expected_shortfall(r, 0.95), (0.19 + 0.5 * 0.18) / 1.5, 1e-15);
  r.resize(20);
  EXPECT_NEAR(expected_shortfall(r, 0.95), 0.19, 1e-15);
  EXPECT_NEAR(expected_shortfall(std::vector<double>{-0.1, 0.3}, 0.95), 0.1, 1e-15);
}

}  // namespace
}  // namespace ballast::risk
