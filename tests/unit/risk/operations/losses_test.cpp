// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/operations_losses.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "tests/support/errors.h"

namespace ballast::risk {
namespace {

using ::testing::HasSubstr;
constexpr double kInfinite = std::numeric_limits<double>::infinity();

TEST(StandardisedApproach, BucketsByHand) {
  // BI 35 billion, the example of OPE25: 1 · 12 % + 29 · 15 % + 5 · 18 % = 5.37 billion.
  EXPECT_DOUBLE_EQ(standardised_capital(35000, {}).business_indicator_component, 5370);
  EXPECT_EQ(standardised_capital(35000, {}).bucket, 3);
  EXPECT_DOUBLE_EQ(standardised_capital(1000, {}).capital, 120);
  EXPECT_EQ(standardised_capital(1000, {}).bucket, 1);
  EXPECT_DOUBLE_EQ(standardised_capital(30000, {}).capital, 120 + 29 * 150);
  EXPECT_EQ(standardised_capital(1000.5, {}).bucket, 2);
}

TEST(StandardisedApproach, LossMultiplierByHand) {
  // LC = BIC gives 1 (OPE25): BI 2 billion, BIC 270, losses 18 a year.
  const std::vector<double> even = {10, 26, 18};
  const StandardisedCapital same = standardised_capital(2000, even);
  EXPECT_DOUBLE_EQ(same.loss_component, 270);
  EXPECT_DOUBLE_EQ(same.loss_multiplier, 1);
  EXPECT_DOUBLE_EQ(same.capital, 270);
  // No loss at all: ln(e - 1) = 0.541325.
  EXPECT_NEAR(standardised_capital(2000, std::vector<double>{0.0}).capital, 270 * 0.5413248546, 1e-7);
  // LC twice BIC: ln(1.718282 + 2^0.8) = ln 3.459383 = 1.241090.
  EXPECT_NEAR(standardised_capital(2000, std::vector<double>{36.0}).loss_multiplier, 1.2410902, 1e-6);
  // In the first bucket losses do not count (OPE25).
  EXPECT_DOUBLE_EQ(standardised_capital(500, std::vector<double>{36.0}).capital, 60);
}

TEST(StandardisedApproach, BusinessIndicatorByHand) {
  const std::vector<BusinessYear> years = {{900, 400, 20000, 10, 50, 80, 300, 100, -40, 20},
                                           {950, 350, 22000, 20, 70, 60, 320, 120, 60, -10},
                                           {1000, 300, 24000, 30, 60, 70, 340, 140, -50, 30}};
  const StandardisedCapital c = standardised_capital(years, {});
  EXPECT_DOUBLE_EQ(c.interest_component, 0.0225 * 22000 + 20);  // 495 is below the mean net interest of 600
  EXPECT_DOUBLE_EQ(c.services_component, 70 + 320);
  EXPECT_DOUBLE_EQ(c.financial_component, 50 + 20);
  EXPECT_DOUBLE_EQ(c.business_indicator, 975);
  EXPECT_DOUBLE_EQ(c.capital, 117);
  EXPECT_THAT(test::problem_of([&] { standardised_capital(std::span(years).first(2), {}); }),
              HasSubstr("needs three years, there are 2"));
  EXPECT_THAT(test::problem_of([&] { standardised_capital(2000, std::vector<double>{-1.0}); }),
              HasSubstr("the annual loss -1 is negative"));
}

TEST(Severity, RecoversSimulatedTail) {
  base::Random random(5);
  std::vector<double> losses;  // simulated: GPD with shape 0.4 and scale 100 above 1000, in a tenth of the losses
  for (int i = 0; i < 20000; ++i) {
    const double u = random.uniform();
    losses.push_back(i % 10 == 0 ? 1000 + 100 / 0.4 * std::expm1(-0.4 * std::log1p(-u)) : 1 + 998 * u);
  }
  const SeverityFit fit = fit_severity(losses, 0.9);
  EXPECT_NEAR(fit.tail_share, 0.1, 0.001);
  EXPECT_NEAR(fit.shape, 0.4, 0.08);
  EXPECT_NEAR(fit.scale, 100, 10);
  EXPECT_NEAR(severity_quantile(fit, 1 - 0.1 * 0.5),
              fit.threshold + fit.scale / fit.shape * (std::pow(2, fit.shape) - 1), 1e-9);
}

TEST(Severity, LognormalQuantiles) {
  SeverityFit fit;
  fit.log_mean = 2;
  fit.log_sd = 1.5;
  fit.threshold = kInfinite;
  EXPECT_NEAR(severity_quantile(fit, 0.5), std::exp(2), 1e-12);
  EXPECT_NEAR(severity_quantile(fit, 0.975), std::exp(2 + 1.5 * 1.959963985), 1e-6);
  EXPECT_THAT(test::problem_of([] { fit_severity(std::vector<double>(9, 1.0)); }),
              HasSubstr("9 losses are too few, at least 10 are needed"));
  EXPECT_THAT(test::problem_of([] { fit_severity(std::vector<double>(10, 0.0)); }),
              HasSubstr("the loss 0 is not positive"));
}

/// P(S <= x) of a Poisson number of exponential losses, as a series.
double compound_exponential(double mean, double scale, double x) {
  double sum = std::exp(-mean), weight = sum, erlang = 1, term = std::exp(-x / scale);
  for (int n = 1; n < 200; ++n) {
    weight *= mean / n;
    erlang -= term;  // P(gamma(n) <= x) = 1 - Σ_{k<n} e^-x x^k / k!
    term *= x / scale / n;
    sum += weight * erlang;
  }
  return sum;
}

TEST(AnnualLoss, AgreesWithTheCompoundPoissonDistribution) {
  SeverityFit exponential;  // a GPD of shape 0 from 0 on
  exponential.threshold = 0;
  exponential.tail_share = 1;
  exponential.scale = 10;
  const AnnualLoss loss = simulate_annual_loss({3, kInfinite}, exponential, 200000, 0.99, 42);
  EXPECT_NEAR(loss.expected, 30, 4 * loss.expected_error);
  EXPECT_LT(compound_exponential(3, 10, loss.low), 0.99);
  EXPECT_GT(compound_exponential(3, 10, loss.high), 0.99);
  EXPECT_NEAR(compound_exponential(3, 10, loss.quantile), 0.99, 0.001);
  EXPECT_GT(loss.expected_shortfall, loss.quantile);
  const AnnualLoss wild = simulate_annual_loss({3, 0.5}, exponential, 200000, 0.99, 42);
  EXPECT_NEAR(wild.expected, 30, 4 * wild.expected_error);
  EXPECT_GT(wild.quantile, loss.quantile);
}

TEST(AnnualLoss, SameBitsAtAnyThreadCount) {
  SeverityFit fit;
  fit.log_sd = 1;
  fit.threshold = kInfinite;
  const int before = base::threads();
  base::set_threads(1);
  const AnnualLoss one = simulate_annual_loss({2, kInfinite}, fit, 20000, 0.99, 1);
  base::set_threads(2);
  const AnnualLoss two = simulate_annual_loss({2, kInfinite}, fit, 20000, 0.99, 1);
  base::set_threads(before);
  EXPECT_EQ(one.quantile, two.quantile);
  EXPECT_EQ(one.expected, two.expected);
  EXPECT_THAT(test::problem_of([&] {
                simulate_annual_loss({2, kInfinite}, fit, 1000, 0.999, 1);
              }),
              HasSubstr("need at least 1000 years, and 20 beyond the level"));
}

TEST(EventTypes, NamesAndDates) {
  EXPECT_EQ(basel_event_types().size(), 7u);
  EXPECT_EQ(basel_event_categories().size(), 20u);
  check_event_type("systems", "systems");
  check_event_type("execution", "");
  EXPECT_EQ(test::problem_of([] { check_event_type("external_frod", ""); }),
            "type: \"external_frod\" is no Basel event type, the nearest is external_fraud");
  EXPECT_THAT(test::problem_of([] { check_event_type("systems", "theft_and_fraud"); }),
              HasSubstr("is none of systems"));
  EXPECT_EQ(day_number("1970-01-02", "date"), 1);
  EXPECT_EQ(day_number("2024-02-29T10:00:00Z", "date"), 19782);
  EXPECT_EQ(test::problem_of([] { day_number("2023-02-29", "date"); }), "date: \"2023-02-29\" is no date YYYY-MM-DD");
  EXPECT_EQ(test::problem_of([] { day_number("2023-2-9", "date"); }), "date: \"2023-2-9\" is no date YYYY-MM-DD");
}

}  // namespace
}  // namespace ballast::risk
