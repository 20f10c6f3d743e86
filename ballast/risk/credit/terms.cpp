// SPDX-License-Identifier: Apache-2.0
// Loss, capital, stages, prices and verdicts.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ballast/base/error.h"
#include "ballast/risk/credit_terms.h"
#include "ballast/tabular/roc.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr double kConfidence = 0.999;
constexpr double kPdFloor = 0.0005;
constexpr double kBasisPoint = 1e-4;

/// Down to the cent, so that no limit is passed by rounding. The small addition forgives 99.99999999 for 100.
double down_to_cents(double amount) {
  return std::floor(amount * 100 + 1e-7) / 100;
}

void require_probability(double pd, const char* what) {
  if (!(pd >= 0 && pd <= 1)) {
    throw Error(ErrorCode::bad_input, fmt::format("{} {} is not in [0, 1]", what, pd));
  }
}

/// The most that a monthly instalment pays back.
double affordable(double monthly, double rate, int months) {
  return monthly / instalment(1, rate, months);
}

struct Limit {
  double amount;
  std::string why;
};

Limit granted(const Application& a, double pd, double lgd, double rate, const CreditPolicy& policy) {
  Limit limit{a.requested, "as requested"};
  const auto lower = [&](double amount, const std::string& why) {
    if (amount < limit.amount) limit = {amount, why};
  };
  lower(policy.max_amount, "cut to the policy's maximum");
  if (a.income) {
    lower(affordable(std::max(0.0, *a.income) * policy.max_instalment_share, rate, a.term_months),
          "cut to what the income carries");
  }
  if (policy.max_expected_loss > 0 && pd * lgd > 0) {
    lower(policy.max_expected_loss / (pd * lgd) - policy.conversion * a.undrawn, "cut to the limit on expected loss");
  }
  limit.amount = down_to_cents(std::max(0.0, limit.amount));
  return limit;
}

}  // namespace

double expected_loss(double pd, double lgd, double ead) {
  require_probability(pd, "the PD");
  if (!(lgd >= 0) || !(ead >= 0)) throw Error(ErrorCode::bad_input, "LGD and EAD must not be negative");
  return pd * lgd * ead;
}

double exposure_at_default(double drawn, double undrawn, double conversion) {
  return drawn + conversion * undrawn;
}

double retail_correlation(double pd) {
  const double share = (1 - std::exp(-35 * pd)) / (1 - std::exp(-35.0));
  return 0.03 * share + 0.16 * (1 - share);
}

double retail_capital(double pd, double lgd) {
  require_probability(pd, "the PD");
  if (pd >= 1) return 0;
  const double p = std::max(pd, kPdFloor), r = retail_correlation(p);
  const double stressed =
      (tabular::normal_quantile(p) + std::sqrt(r) * tabular::normal_quantile(kConfidence)) / std::sqrt(1 - r);
  return std::max(0.0, lgd * (tabular::normal_probability(stressed) - p));
}

int ifrs9_stage(double pd, std::optional<double> pd_at_origination, int days_past_due, const StageRules& rules) {
  require_probability(pd, "the PD");
  if (days_past_due >= rules.stage_3_days || pd >= 1) return 3;
  if (days_past_due > rules.stage_2_days) return 2;
  if (pd_at_origination && pd >= rules.pd_ratio * *pd_at_origination && pd - *pd_at_origination >= rules.pd_increase) {
    return 2;
  }
  return 1;
}

double instalment(double amount, double rate, int months) {
  if (months <= 0) throw Error(ErrorCode::bad_input, fmt::format("a term of {} months cannot be repaid", months));
  const double r = rate / 12;
  return r == 0 ? amount / months : amount * r / -std::expm1(-months * std::log1p(r));
}

std::vector<double> yearly_balances(double amount, double rate, int months) {
  const double paid = instalment(amount, rate, months), r = rate / 12;
  std::vector<double> balances;
  double balance = amount;
  for (int m = 0; m < months; ++m) {
    if (m % 12 == 0) {
      // A part year at the end is exposed for its months only.
      balances.push_back(balance * std::min(12, months - m) / 12.0);
    }
    balance = balance * (1 + r) - paid;
  }
  return balances;
}

double loss_allowance(int stage, double pd, double lgd, std::span<const double> exposure_by_year, double rate) {
  require_probability(pd, "the PD");
  if (exposure_by_year.empty()) return 0;
  if (stage == 3) return lgd * exposure_by_year[0];
  const std::size_t years = stage == 1 ? 1 : exposure_by_year.size();
  double sum = 0, alive = 1;
  for (std::size_t t = 0; t < years; ++t) {
    sum += alive * pd * lgd * exposure_by_year[t] * std::pow(1 + rate, -(static_cast<double>(t) + 0.5));
    alive *= 1 - pd;
  }
  return sum;
}

Price price_of(double pd, double lgd, const CreditPolicy& policy) {
  return {policy.funding, expected_loss(pd, lgd, 1), retail_capital(pd, lgd) * policy.hurdle, policy.cost,
          policy.margin};
}

CreditDecision decide(double pd, std::array<double, 2> interval, const Application& a, const CreditPolicy& policy) {
  CreditDecision d;
  d.lgd = a.lgd.value_or(policy.lgd);
  if (!(d.lgd >= 0 && d.lgd <= 1))
    throw Error(ErrorCode::bad_input, fmt::format("an LGD of {} is not in [0, 1]", d.lgd));
  if (!(a.requested > 0)) throw Error(ErrorCode::bad_input, fmt::format("an amount of {} cannot be lent", a.requested));
  d.term_months = a.term_months;
  d.price = price_of(pd, d.lgd, policy);
  d.rate = std::ceil(d.price.rate() / kBasisPoint - 1e-9) * kBasisPoint;
  const Limit limit = granted(a, pd, d.lgd, d.rate, policy);
  d.amount = limit.amount;
  d.outcome = "approve";
  d.why = limit.why;
  if (pd > policy.decline_pd) {
    d.outcome = "decline";
    d.why = fmt::format("the PD {:.4f} is above {:.4f}", pd, policy.decline_pd);
  } else if (d.rate > policy.max_rate) {
    d.outcome = "decline";
    d.why = fmt::format("the rate {:.4f} that covers the risk is above {:.4f}", d.rate, policy.max_rate);
  } else if (d.amount < policy.min_amount) {
    d.outcome = "decline";
    d.why = fmt::format("{}: {} is below the minimum of {}", limit.why, money(d.amount), money(policy.min_amount));
  } else if (a.days_past_due > policy.stages.stage_2_days) {
    d.outcome = "refer";
    d.why = fmt::format("{} days past due", a.days_past_due);
  } else if (pd > policy.approve_pd) {
    d.outcome = "refer";
    d.why = fmt::format("the PD {:.4f} is between {:.4f} and {:.4f}", pd, policy.approve_pd, policy.decline_pd);
  } else if (policy.refer_uncertain && interval[1] > policy.decline_pd) {
    d.outcome = "refer";
    d.why = fmt::format("the PD may be as high as {:.4f}", interval[1]);
  }
  if (d.outcome == "decline") d.amount = 0;
  d.ead = exposure_at_default(d.amount, d.outcome == "decline" ? 0 : a.undrawn, policy.conversion);
  d.expected_loss = expected_loss(pd, d.lgd, d.ead);
  d.capital = retail_capital(pd, d.lgd) * d.ead;
  d.stage = ifrs9_stage(pd, a.pd_at_origination, a.days_past_due, policy.stages);
  if (d.amount > 0) {
    d.instalment = instalment(d.amount, d.rate, d.term_months);
    std::vector<double> balances = yearly_balances(d.amount, d.rate, d.term_months);
    for (double& balance : balances) balance *= d.ead / d.amount;
    d.loss_12_months = loss_allowance(1, pd, d.lgd, balances, d.rate);
    d.loss_lifetime = loss_allowance(2, pd, d.lgd, balances, d.rate);
    // Stage 3 has the whole exposure at stake, whatever is left of the year.
    if (d.stage == 3) d.loss_12_months = d.loss_lifetime = loss_allowance(3, pd, d.lgd, std::vector{d.ead}, d.rate);
    d.allowance = d.stage == 1 ? d.loss_12_months : d.loss_lifetime;
  }
  return d;
}

std::string money(double amount) {
  // The default rounding mode ties to even; the nearest double decides what a tie is.
  const double cents = std::nearbyint(amount * 100);
  return fmt::format("{:.2f}", cents / 100);
}

Json to_json(const CreditDecision& d, const CreditPolicy& policy) {
  return {{"outcome", d.outcome},
          {"why", d.why},
          {"amount", money(d.amount)},
          {"currency", policy.currency},
          {"rate", std::round(d.rate * 1e4) / 1e4},
          {"price",
           {{"funding", d.price.funding},
            {"expected_loss", d.price.expected_loss},
            {"capital_charge", d.price.capital_charge},
            {"cost", d.price.cost},
            {"margin", d.price.margin}}},
          {"lgd", d.lgd},
          {"ead", money(d.ead)},
          {"expected_loss", money(d.expected_loss)},
          {"capital", money(d.capital)},
          {"instalment", money(d.instalment)},
          {"term_months", d.term_months},
          {"stage", d.stage},
          {"ecl_12_months", money(d.loss_12_months)},
          {"ecl_lifetime", money(d.loss_lifetime)},
          {"allowance", money(d.allowance)},
          {"policy_hash", policy.hash}};
}

}  // namespace ballast::risk
