// SPDX-License-Identifier: Apache-2.0
// A seeded table whose truth follows a known rule, for the tests of what learns from tables.
#pragma once

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "ballast/base/random.h"
#include "ballast/tabular/table.h"

namespace ballast::test {

struct Synthetic {
  tabular::Table table;
  std::vector<std::uint8_t> truth;
};

/// Columns income (lower is worse), age (noise), job (three levels), debt (missing means bad). Log-odds
/// −1 − 1.2·income + job effect + 1.5 where debt is missing.
inline Synthetic synthetic(std::int64_t rows, std::uint64_t seed) {
  base::Random random(seed);
  Synthetic s;
  tabular::Column income, age, job, debt;
  income.spec = {"income", tabular::ColumnKind::numeric, false, false, {}};
  age.spec = {"age", tabular::ColumnKind::numeric, true, false, {}};
  job.spec = {"job", tabular::ColumnKind::categorical, false, false, {"clerk", "farmer", "smith"}};
  debt.spec = {"debt", tabular::ColumnKind::numeric, false, true, {}};
  for (std::int64_t i = 0; i < rows; ++i) {
    const double x = random.normal();
    const int j = static_cast<int>(random.below(3));
    const bool none = random.uniform() < 0.2;
    income.numbers.push_back(x);
    age.numbers.push_back(20 + static_cast<double>(random.below(50)));
    job.codes.push_back(j);
    debt.numbers.push_back(none ? std::numeric_limits<double>::quiet_NaN() : random.normal());
    const double odds = -1 - 1.2 * x + (j == 0 ? -0.5 : j == 1 ? 0 : 0.8) + (none ? 1.5 : 0);
    s.truth.push_back(random.uniform() < 1 / (1 + std::exp(-odds)) ? 1 : 0);
    s.table.lines.push_back(i + 2);
  }
  s.table.columns = {income, age, job, debt};
  return s;
}

}  // namespace ballast::test
