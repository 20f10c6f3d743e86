// SPDX-License-Identifier: Apache-2.0
// From a probability of default to loan terms: expected loss, capital, IFRS 9 stage and allowance, price, amount, and a
// verdict by a policy that is written down. Plain numbers; no model needed. Rates and PDs are decimals per annum.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ballast/base/json.h"

namespace ballast::risk {

/// PD · LGD · EAD.
double expected_loss(double pd, double lgd, double ead);

/// Drawn amount plus the share (credit conversion factor) of the undrawn line that will be drawn at default.
double exposure_at_default(double drawn, double undrawn, double conversion);

/// Asset correlation of other retail exposures (Basel CRE31.15): from 16 % at PD 0 down to 3 %.
double retail_correlation(double pd);
/// Basel IRB capital requirement K per unit of exposure (CRE31.5 without maturity adjustment, 99.9 %): unexpected loss
/// only. PD is floored at 0.05 % (CRE32.13's floor); 0 at PD 1.
double retail_capital(double pd, double lgd);

struct StageRules {
  int stage_2_days = 30;       // stage 2 where more days past due: the rebuttable presumption of IFRS 9 5.5.11
  int stage_3_days = 90;       // stage 3 from so many days past due: default is no later (IFRS 9 B5.5.37)
  double pd_ratio = 2;         // significant increase: PD now at least this many times the first one …
  double pd_increase = 0.005;  // … and higher by at least this much
};
/// IFRS 9 stage 1, 2 or 3. Without a PD at origination, only days past due count.
int ifrs9_stage(double pd, std::optional<double> pd_at_origination, int days_past_due, const StageRules& rules = {});

/// Loss allowance: stage 1 twelve months, stage 2 the remaining life, stage 3 LGD · EAD. A constant yearly hazard from
/// `pd`, defaults in the middle of a year on the exposure of that year, discounted at the effective rate:
/// Σ_t PD(1 − PD)^(t−1) · LGD · EAD_t · (1 + rate)^(−(t − ½)). A last part year counts in proportion to its months.
double loss_allowance(int stage, double pd, double lgd, std::span<const double> exposure_by_year, double rate);

/// Balance at the start of each year of a loan repaid in equal monthly instalments at `rate` over `months`.
std::vector<double> yearly_balances(double amount, double rate, int months);

/// The monthly instalment (annuity); amount / months at rate 0.
double instalment(double amount, double rate, int months);

struct CreditPolicy {
  std::string name;
  std::string currency = "EUR";
  // verdict
  double approve_pd = 0.10;     // approve at or below …
  double decline_pd = 0.20;     // … decline above, refer between
  bool refer_uncertain = true;  // refer where the interval's upper end is above decline_pd
  // loss
  double lgd = 0.45;
  std::string lgd_column;  // a column with each application's own LGD
  double conversion = 1;   // of the undrawn line
  std::string undrawn_column;
  // price
  double funding = 0.03, cost = 0.01, margin = 0.015;
  double hurdle = 0.10;    // return that the bank asks on capital
  double max_rate = 0.30;  // above it, the law or the bank says no
  // amount
  std::string amount_column;  // what the applicant asks for
  double default_amount = 0;  // asked where there is no such column
  double min_amount = 500, max_amount = 100000;
  double max_expected_loss = 0;        // per loan; 0: no limit
  std::string income_column;           // monthly income
  double max_instalment_share = 0.35;  // of it
  std::string term_column;
  int default_term_months = 36;
  // staging of existing loans
  std::string days_past_due_column, origination_pd_column;
  StageRules stages;
  std::string hash;  // SHA-256 of the policy's text
};

/// Reads the TOML policy (docs/formats/credit_policy.md). Unknown names, wrong types and values out of range are
/// bad_input with the field, and the nearest name.
CreditPolicy read_policy(const std::filesystem::path& file);
CreditPolicy parse_policy(const std::string& toml, const std::string& where);

struct Application {
  double requested = 0;
  std::optional<double> income;  // monthly
  int term_months = 36;
  std::optional<double> lgd;
  double undrawn = 0;
  int days_past_due = 0;
  std::optional<double> pd_at_origination;
};

/// The price: annual rate = funding + EL + capital charge + cost + margin, each per unit of exposure.
struct Price {
  double funding = 0, expected_loss = 0, capital_charge = 0, cost = 0, margin = 0;
  double rate() const { return funding + expected_loss + capital_charge + cost + margin; }
};
Price price_of(double pd, double lgd, const CreditPolicy& policy);

struct CreditDecision {
  std::string outcome;  // approve, refer, decline
  std::string why;      // one sentence
  double amount = 0;    // granted (approve) or considered (refer); 0 for decline; cents
  Price price;
  double rate = 0;  // rounded up to a basis point
  double lgd = 0, ead = 0, expected_loss = 0, capital = 0;
  double instalment = 0;
  int term_months = 0;
  int stage = 1;
  // IFRS 9: expected credit loss of the next twelve months and of the whole life, and the one that the stage books
  double loss_12_months = 0, loss_lifetime = 0, allowance = 0;
};

/// Applies the policy. `interval` is the PD's. Amounts are the least of what is asked, the policy's maximum, what the
/// income carries and what the limit on expected loss allows; below the minimum the answer is no.
CreditDecision decide(double pd, std::array<double, 2> interval, const Application& application,
                      const CreditPolicy& policy);

/// Two decimals, half to even: "1250.00".
std::string money(double amount);

/// {"outcome","why","amount","currency","rate","price":{…},"lgd","ead","expected_loss","capital","instalment","term_months",
/// "stage","ecl_12_months","ecl_lifetime","allowance","policy_hash"}.
base::Json to_json(const CreditDecision& decision, const CreditPolicy& policy);

}  // namespace ballast::risk
