// SPDX-License-Identifier: Apache-2.0
#include "demo_samples.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "ballast/base/random.h"
#include "ballast/risk/market_calendar.h"

namespace ballast::apps {
namespace {

constexpr std::uint64_t kSeed = 20260306;

// Three borrowers: sound, doubtful, and one that should not be lent to.
constexpr std::string_view kApplications =
    R"(id,income,debt_ratio,missed_payments,years_employed,purpose,age,amount,term
A-101,5200,0.18,0,9,home,44,12000,48
A-102,2600,0.30,0,2,car,31,9000,36
A-103,1900,0.72,3,0,consumption,24,6000,24
)";

constexpr std::string_view kPolicy = R"(name = "demonstration"
currency = "EUR"
[verdict]
approve_pd = 0.10
decline_pd = 0.25
[loss]
lgd = 0.45
[price]
funding = 0.03
cost = 0.01
margin = 0.015
hurdle = 0.10
[amount]
column = "amount"
income_column = "income"
term_column = "term"
max = 20000
)";

constexpr std::string_view kCashFlows = R"(day,amount,category
1,-18000000,deposits
2,12000000,loans
5,-22000000,deposits
9,30000000,loans
14,-35000000,wholesale
21,25000000,loans
28,-40000000,deposits
35,20000000,loans
45,-30000000,wholesale
60,38000000,loans
75,-25000000,deposits
90,28000000,loans
150,-20000000,wholesale
200,45000000,loans
300,-15000000,deposits
)";

constexpr std::string_view kLiquidityTable = R"(section,item,amount
hqla,level_1,90000000
hqla,level_2a,30000000
outflow,retail_stable,400000000
outflow,retail_less_stable,300000000
outflow,operational,80000000
outflow,corporate,70000000
outflow,other_wholesale,25000000
inflow,retail,40000000
inflow,financial,15000000
asf,capital,95000000
asf,retail_stable,400000000
asf,retail_less_stable,300000000
asf,corporate_below_1_year,70000000
rsf,level_1,90000000
rsf,level_2a,30000000
rsf,loans_below_1_year,250000000
rsf,mortgages_35,420000000
rsf,loans_1_year,200000000
)";

constexpr std::string_view kScenarios = R"([[scenario]]
name = "run on deposits"
inflows = 0.7
outflows = 1.2
buffer_haircut = 0.05
[scenario.categories]
deposits = 2.0
)";

}  // namespace

std::string demo_prices() {
  const auto calendar = risk::TradingCalendar::named("NYSE");
  const auto last = *risk::parse_day("2026-03-06");
  base::Random random(kSeed, 1);
  std::string csv = "date,close,volume\n";
  // GJR-GARCH(1,1) in percent with t errors of 5 degrees of freedom (normal over the root of a mean of squares), scaled
  // to variance 1; volatility is 1.1 % a day on average.
  double price = 1000, variance = 1.2;
  for (auto day = calendar.session_from(last - std::chrono::days(2320)); day <= last;
       day = calendar.session_after(day)) {
    double squares = 0;
    for (int i = 0; i < 5; ++i) {
      const double z = random.normal();
      squares += z * z;
    }
    const double shock = std::sqrt(variance * 3.0 / 5.0) * random.normal() / std::sqrt(squares / 5);
    variance = 0.025 + (0.03 + (shock < 0 ? 0.10 : 0.0)) * shock * shock + 0.90 * variance;
    price *= std::exp((0.03 + shock) / 100);
    csv += fmt::format("{},{:.2f},{:.0f}\n", risk::day_text(day), price, 1e6 * std::exp(0.3 * random.normal()));
  }
  return csv;
}

std::string demo_borrowers() {
  constexpr std::array kPurposes = {"home", "car", "business", "consumption"};
  constexpr std::array kPurposeRisk = {-0.4, 0.0, 0.2, 0.4};
  base::Random random(kSeed, 2);
  std::string csv = "income,debt_ratio,missed_payments,years_employed,purpose,age,outcome\n";
  for (int i = 0; i < 1500; ++i) {
    const double income = 2500 * std::exp(0.45 * random.normal());
    const double debt = 0.05 + 0.8 * random.uniform() * random.uniform();
    const double missing = random.uniform();
    const int missed = missing < 0.7 ? 0 : missing < 0.87 ? 1 : missing < 0.96 ? 2 : 3;
    const auto years = random.below(20);
    const auto purpose = random.below(kPurposes.size());
    const auto age = 21 + years + random.below(25);
    const double log_odds = -2.4 - 0.9 * std::log(income / 2500) + 3 * debt + 0.75 * missed -
                            0.05 * static_cast<double>(years) + kPurposeRisk[purpose];
    const bool bad = random.uniform() < 1 / (1 + std::exp(-log_odds));
    csv += fmt::format("{:.0f},{:.2f},{},{},{},{},{}\n", income, debt, missed, years, kPurposes[purpose], age,
                       bad ? "default" : "paid");
  }
  return csv;
}

std::string_view demo_applications() {
  return kApplications;
}
std::string_view demo_credit_policy() {
  return kPolicy;
}
std::string_view demo_cash_flows() {
  return kCashFlows;
}
std::string_view demo_liquidity_table() {
  return kLiquidityTable;
}
std::string_view demo_liquidity_scenarios() {
  return kScenarios;
}

std::string demo_log() {
  base::Random random(kSeed, 3);
  std::string log;
  for (int i = 0; i < 400; ++i) {
    const std::string time = fmt::format("2026-03-06 09:{:02d}:{:02d}", i / 8 % 60, i * 7 % 60);
    const auto payment = 100000 + random.below(900000);
    if (i == 291) {
      log += time + " ERROR ledger: balance of settlement account 7741 is negative: -1204500.00, queue stopped\n";
      continue;
    }
    switch (random.below(3)) {
      case 0:
        log += fmt::format("{} INFO gateway: payment {} accepted from 10.2.{}.{}\n", time, payment, random.below(4),
                           random.below(250));
        break;
      case 1:
        log += fmt::format("{} INFO gateway: payment {} settled in {} ms\n", time, payment, 20 + random.below(90));
        break;
      default:
        log += fmt::format("{} WARN router: retry {} for payment {}\n", time, 1 + random.below(3), payment);
    }
  }
  return log;
}

}  // namespace ballast::apps
