// SPDX-License-Identifier: Apache-2.0
// Operational losses: events of the register in; severity models, loss-distribution capital and the Basel III
// standardised approach out. Amounts are in one currency, given by the caller.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/risk/operations_events.h"

namespace ballast::risk {

/// A Basel level-2 category under its level-1 type (OPE25), as "theft_and_fraud".
struct EventCategory {
  std::string type, category;
};
std::span<const EventCategory> basel_event_categories();
/// Throws std::invalid_argument ("column: reason", for quarantine) unless the type is one of the seven and the
/// category, where given, is one of the type's.
void check_event_type(const std::string& type, const std::string& category);

/// Days since 1970-01-01 of "YYYY-MM-DD", with or without a time after it. Throws std::invalid_argument for impossible
/// dates; `column` is named.
std::int64_t day_number(std::string_view date, const std::string& column);

/// Severity: lognormal up to the threshold, generalised Pareto above it.
struct SeverityFit {
  double log_mean = 0, log_sd = 0;              // lognormal by maximum likelihood over all losses
  double threshold = 0;                         // infinite: no tail was fitted
  double tail_share = 0, shape = 0, scale = 0;  // share of losses above; GPD by maximum likelihood (Grimshaw 1993)
  std::int64_t losses = 0, tail_losses = 0;
};
/// The tail above the `tail_quantile` of the losses gets a GPD where it has at least 20 losses. Throws bad_input with
/// fewer than 10 losses or an amount that is not positive.
SeverityFit fit_severity(std::span<const double> losses, double tail_quantile = 0.9);
/// The loss that a uniform number stands for (inverse of the distribution function).
double severity_quantile(const SeverityFit& fit, double p);

struct Frequency {
  double mean = 0;  // events a year
  double size = 0;  // of the negative binomial; infinite: Poisson
};

struct AnnualLoss {
  double expected = 0, expected_error = 0;  // mean and its Monte Carlo standard error
  double quantile = 0, low = 0,
         high = 0;                // at `level`, with the 90 % interval of its Monte Carlo error (order statistics)
  double expected_shortfall = 0;  // mean of the years beyond the quantile
  double level = 0;
  std::int64_t years = 0;
};
/// Loss-distribution approach: simulated years. Bit-identical for a seed at any thread count.
AnnualLoss simulate_annual_loss(const Frequency& frequency, const SeverityFit& severity, std::int64_t years,
                                double level, std::uint64_t seed);

/// What a bank reports for one year, in millions.
struct BusinessYear {
  double interest_income = 0, interest_expense = 0, interest_earning_assets = 0, dividend_income = 0;
  double other_operating_income = 0, other_operating_expense = 0, fee_income = 0, fee_expense = 0;
  double trading_book_result = 0, banking_book_result = 0;  // net profit or loss
};

struct StandardisedCapital {
  double interest_component = 0, services_component = 0, financial_component = 0;
  double business_indicator = 0, business_indicator_component = 0;
  int bucket = 1;
  double loss_component = 0, loss_multiplier = 1, capital = 0;
};
/// OPE25: BI from the last three years, marginal coefficients 12/15/18 % at 1 and 30 billion, LC = 15 times the mean
/// annual loss (of up to ten years), ILM = ln(e - 1 + (LC/BIC)^0.8), 1 in the first bucket. Years and losses are in
/// millions of euros. `annual_losses` may be empty: then the multiplier is 1, as for supervisors who set it so. Throws
/// bad_input unless there are three years, or where a loss is negative.
StandardisedCapital standardised_capital(std::span<const BusinessYear> years, std::span<const double> annual_losses);
/// The same from a ready business indicator.
StandardisedCapital standardised_capital(double business_indicator, std::span<const double> annual_losses);

}  // namespace ballast::risk
