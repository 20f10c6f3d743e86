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

constexpr std::string_view kNewTransactions = R"(tx,at,card,amount,kind
P-1,2026-03-06 10:00:00,7,97.50,web
P-2,2026-03-06 10:01:00,8,0.20,web
P-3,2026-03-06 10:02:00,9,12.00,shop
)";

constexpr std::string_view kFraudRules = R"([[rule]]
name = "small web test"
when = "kind == 'web' and amount < 0.5"
action = "block"
reason = "card testing"
)";

constexpr std::string_view kComplaints = R"(text
"Tessary Pay took 900 from my account for the third time, and I have told my lawyer"
"The queue at the branch was long on Monday"
"我是老人，贷款逾期被反复催收，再不解决就向监管部门投诉"
"手机银行的字体太小，希望可以调大"
)";

constexpr std::string_view kHoldings = R"(instrument,quantity,value,currency,class
WILD,400,,USD,shares
CALM,,20000,USD,shares
cash,,1000,USD,cash
)";

constexpr std::string_view kAnswers = R"([client]
name = "Client 7"
[answers]
income = "secure"
share = "half"
reserve = "year"
duties = "some"
loss = "large"
fall = "hold"
experience = "shares"
years = "ten"
cash = "tenth"
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

std::string demo_transactions() {
  base::Random random(kSeed, 4);
  std::string csv = "tx,at,card,amount,kind,fraud\n";
  for (int i = 0; i < 900; ++i) {
    const double amount = 100 * random.uniform() * random.uniform();
    const bool web = random.uniform() > 0.7;
    const bool fraud = amount / 100 + (web ? 0.4 : 0.0) + 0.5 * (random.uniform() - 0.5) > 0.85;
    csv += fmt::format("T-{},2026-02-{:02d} {:02d}:{:02d}:00,{},{:.2f},{},{}\n", i, 1 + i / 33, i % 24, i % 60,
                       random.below(50), amount, web ? "web" : "shop", fraud ? 1 : 0);
  }
  return csv;
}
std::string_view demo_new_transactions() {
  return kNewTransactions;
}
std::string_view demo_fraud_rules() {
  return kFraudRules;
}
std::string_view demo_complaints() {
  return kComplaints;
}

std::string demo_funds() {
  const auto calendar = risk::TradingCalendar::named("NYSE");
  const auto last = *risk::parse_day("2026-03-06");
  base::Random random(kSeed, 5);
  std::string csv = "date,CALM,MILD,WILD,INDEX\n";
  double calm = 100, mild = 100, wild = 100, index = 100;
  for (auto day = calendar.session_from(last - std::chrono::days(1460)); day <= last;
       day = calendar.session_after(day)) {
    const double factor = 0.0004 + 0.010 * random.normal();
    calm *= 1 + 0.4 * factor + 0.004 * random.normal();
    mild *= 1 + 0.8 * factor + 0.006 * random.normal();
    wild *= 1 + 1.7 * factor + 0.018 * random.normal();
    index *= 1 + factor;
    csv += fmt::format("{},{:.4f},{:.4f},{:.4f},{:.4f}\n", risk::day_text(day), calm, mild, wild, index);
  }
  return csv;
}
std::string_view demo_holdings() {
  return kHoldings;
}
std::string_view demo_answers() {
  return kAnswers;
}

}  // namespace ballast::apps
