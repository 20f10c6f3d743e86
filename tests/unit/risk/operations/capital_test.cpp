// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/operations_capital.h"

#include <gmock/gmock.h>

#include <cmath>

#include "ballast/base/parallel.h"
#include "tests/support/errors.h"

namespace ballast::risk {
namespace {

using ::testing::HasSubstr;

/// SIMULATED losses: evenly spaced, lognormal with log mean 8 and log sd 1.
LossHistory history(const std::string& type, int losses, std::uint64_t seed) {
  base::Random random(seed);
  LossHistory h;
  h.type = type;
  h.history.days = 3652.5;
  for (int i = 0; i < losses; ++i) {
    h.history.times.push_back(3652.5 * (i + 0.5) / losses);
    h.amounts.push_back(std::exp(8 + random.normal()));
  }
  return h;
}

CapitalSettings settings(std::int64_t years, std::int64_t resamples) {
  CapitalSettings s;
  s.years = years;
  s.level = 0.99;
  s.resamples = resamples;
  return s;
}

TEST(Frequency, IsPoissonUnlessQuartersClump) {
  EXPECT_DOUBLE_EQ(fit_frequency(history("systems", 40, 1).history).mean, 4);
  EXPECT_TRUE(std::isinf(fit_frequency(history("systems", 40, 1).history).size));
  EventHistory bursts;
  bursts.days = 3652.5;
  for (int i = 0; i < 40; ++i) bursts.times.push_back(i / 10 * 900 + 5 + 0.1 * (i % 10));
  const Frequency f = fit_frequency(bursts);
  EXPECT_NEAR(f.mean, 4, 1e-12);
  EXPECT_LT(f.size, 1);
}

TEST(LossDistribution, TotalsAddUpAndIntervalsSurroundThem) {
  const std::vector<LossHistory> histories = {history("external_fraud", 120, 1), history("employment", 0, 2),
                                              history("systems", 30, 3), history("execution", 4, 4)};
  const LossDistributionCapital c = loss_distribution_capital(histories, settings(20000, 12));
  ASSERT_EQ(c.types.size(), 3u);  // a type without a loss has no distribution
  double expected = 0, worst = 0;
  for (const TypeCapital& t : c.types) {
    expected += t.loss.expected;
    worst += t.loss.quantile;
    EXPECT_LT(t.interval[0], t.interval[1]);
  }
  EXPECT_NEAR(c.total.expected, expected, 1e-6 * expected);
  EXPECT_DOUBLE_EQ(c.comonotonic, worst);
  EXPECT_LT(c.total.quantile, worst);  // independent types have their bad years at different times
  EXPECT_LT(c.interval[0], c.total.quantile);
  EXPECT_GT(c.interval[1], c.total.quantile);
  EXPECT_GT(c.interval[1] - c.interval[0], c.total.high - c.total.low);  // few losses weigh more than the simulation
  EXPECT_TRUE(c.types[2].pooled);
  EXPECT_THAT(c.notes, ::testing::Contains("execution has only 4 losses: its severity is that of all types"));
  // Lognormal by hand: 12 a year with mean exp(8 + 1/2).
  EXPECT_NEAR(c.types[0].loss.expected, 12 * std::exp(8.5), 0.25 * 12 * std::exp(8.5));
}

TEST(LossDistribution, SameBitsAtAnyThreadCount) {
  const std::vector<LossHistory> histories = {history("external_fraud", 60, 1), history("systems", 30, 3)};
  const int before = base::threads();
  base::set_threads(1);
  const LossDistributionCapital one = loss_distribution_capital(histories, settings(5000, 3));
  base::set_threads(2);
  const LossDistributionCapital two = loss_distribution_capital(histories, settings(5000, 3));
  base::set_threads(before);
  EXPECT_EQ(one.total.quantile, two.total.quantile);
  EXPECT_EQ(one.interval, two.interval);
}

TEST(LossDistribution, RefusesWhatItCannotUse) {
  const std::vector<LossHistory> few = {history("systems", 4, 1)};
  EXPECT_THAT(test::problem_of([&] { loss_distribution_capital(few, settings(5000, 0)); }),
              HasSubstr("4 losses are too few, at least 10"));
  const std::vector<LossHistory> enough = {history("systems", 20, 1)};
  EXPECT_THAT(test::problem_of([&] { loss_distribution_capital(enough, settings(1500, 0)); }),
              HasSubstr("20 beyond the level"));
}

}  // namespace
}  // namespace ballast::risk
