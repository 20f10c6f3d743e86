// SPDX-License-Identifier: Apache-2.0
// SIMULATED applications, for what public loan data does not have: free text and dates. Nothing here is real, and no
// figure measured on it says how well anything works on real applications.
#pragma once

#include <cstdint>
#include <string>

namespace ballast::risk {

struct SimulatedCredit {
  std::string loans_csv;  // id, date, industry, income, debt_ratio, years_employed, purpose, notes, label (bad or good)
  std::string trend_csv;  // industry, date, available_at, orders: a monthly index, known 20 days after the month's end
};

/// Log-odds of bad = −2.1 − 0.8·income + 0.9·debt + 0.9·distress − 0.5·orders, income and debt standard normal,
/// distress a hidden standard normal that picks the phrases of the notes (so that text shows it with noise), orders the
/// index that was known on the day of the application, an AR(1) with coefficient 0.9 and unit variance an industry.
SimulatedCredit simulate_credit(std::int64_t rows, std::uint64_t seed);

}  // namespace ballast::risk
