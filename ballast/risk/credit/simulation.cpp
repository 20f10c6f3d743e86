// SPDX-License-Identifier: Apache-2.0
// The generator.
#include "ballast/risk/credit_simulation.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <vector>

#include "ballast/base/random.h"
#include "ballast/risk/log_odds.h"
#include "ballast/risk/market.h"

namespace ballast::risk {
namespace {

constexpr int kMonths = 36;
constexpr int kDelay = 20;  // days from a month's end until its index is known
constexpr std::array kIndustries = {"retail", "building", "transport", "farming", "software", "catering"};
constexpr std::array kPurposes = {"machines", "stock", "vehicle", "refurbishment"};
constexpr std::array kGood = {"Pays suppliers on time.",          "Orders for the next two quarters are signed.",
                              "Cash covers six months of costs.", "The owner put fresh money in.",
                              "The tax office has no claims.",    "A large customer renewed its contract."};
constexpr std::array kBad = {
    "Two suppliers asked for payment in advance.", "A reminder for last month's rent was sent.",
    "The main customer left in spring.",           "The account was overdrawn several times.",
    "A tax claim is being paid in parts.",         "Wages were paid late once."};
constexpr std::array kNeutral = {"The business was visited in person.",
                                 "Accounts are kept by an outside office.",
                                 "The applicant came with a partner.",
                                 "Papers were complete.",
                                 "The premises are rented.",
                                 "The loan was asked for by telephone."};

using std::chrono::sys_days;

/// Last day of month `m`, counted from January 2021.
sys_days month_end(int m) {
  const std::chrono::year_month month = std::chrono::year{2021} / std::chrono::January + std::chrono::months{m};
  return sys_days{month / std::chrono::last};
}

template <std::size_t N>
const char* pick(const std::array<const char*, N>& of, base::Random& random) {
  return of[random.below(N)];
}

std::string notes_for(double distress, base::Random& random) {
  std::string notes;
  for (int sentence = 0; sentence < 4; ++sentence) {
    const double u = random.uniform();
    const char* text = u < 0.4                                      ? pick(kNeutral, random)
                       : random.uniform() < sigmoid(1.5 * distress) ? pick(kBad, random)
                                                                    : pick(kGood, random);
    if (!notes.empty()) notes += ' ';
    notes += text;
  }
  return notes;
}

}  // namespace

SimulatedCredit simulate_credit(std::int64_t rows, std::uint64_t seed) {
  SimulatedCredit out;
  std::vector<std::vector<double>> orders(kIndustries.size());
  out.trend_csv = "industry,date,available_at,orders\n";
  for (std::size_t i = 0; i < kIndustries.size(); ++i) {
    base::Random random(seed, 100 + i);
    double x = random.normal();
    for (int m = 0; m < kMonths; ++m) {
      x = 0.9 * x + std::sqrt(1 - 0.9 * 0.9) * random.normal();
      orders[i].push_back(x);
      out.trend_csv += fmt::format("{},{},{},{:.4f}\n", kIndustries[i], day_text(month_end(m)),
                                   day_text(month_end(m) + std::chrono::days{kDelay}), x);
    }
  }
  base::Random random(seed, 1);
  out.loans_csv = "id,date,industry,income,debt_ratio,years_employed,purpose,notes,label\n";
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::size_t industry = random.below(kIndustries.size());
    // From the first day on which every index has a value.
    const sys_days first = month_end(0) + std::chrono::days{kDelay}, last = month_end(kMonths - 1);
    const sys_days date = first + std::chrono::days{random.below(static_cast<std::uint64_t>((last - first).count()))};
    int known = 0;
    while (known + 1 < kMonths && month_end(known + 1) + std::chrono::days{kDelay} <= date) ++known;
    const double income = random.normal(), debt = random.normal(), distress = random.normal();
    const double trend = orders[industry][static_cast<std::size_t>(known)];
    const double odds = -2.1 - 0.8 * income + 0.9 * debt + 0.9 * distress - 0.5 * trend;
    const std::string notes = notes_for(distress, random);
    const auto years = random.below(30);
    const char* purpose = pick(kPurposes, random);
    const bool bad = random.uniform() < sigmoid(odds);
    out.loans_csv += fmt::format("S{},{},{},{:.0f},{:.3f},{},{},\"{}\",{}\n", row + 1, day_text(date),
                                 kIndustries[industry], 3000 * std::exp(0.4 * income), 0.3 * std::exp(0.5 * debt),
                                 years, purpose, notes, bad ? "bad" : "good");
  }
  return out;
}

}  // namespace ballast::risk
