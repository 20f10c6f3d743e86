// SPDX-License-Identifier: Apache-2.0
// A small credit model for tests of the service.
#pragma once

#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "ballast/base/random.h"
#include "ballast/risk/credit.h"
#include "ballast/tabular/table.h"

namespace ballast::serve {

/// Loans of which those with a low income and a long term go bad more often.
inline std::filesystem::path write_credit_model(const std::filesystem::path& folder) {
  base::Random random(5);
  const auto csv = folder / "loans.csv";
  {
    std::ofstream file(csv);
    file << "income,months,home,sex,outcome\n";
    for (int i = 0; i < 400; ++i) {
      const double income = 1 + 4 * random.uniform();
      const std::uint64_t months = 6 + random.below(55);
      const double odds = 0.5 - 1.1 * (income - 3) + 0.05 * (static_cast<double>(months) - 30);
      file << income << ',' << months << ',' << (random.below(2) == 0 ? "own" : "rent") << ','
           << (random.below(2) == 0 ? "f" : "m") << ','
           << (random.uniform() < 1 / (1 + std::exp(-odds)) ? "bad" : "good") << '\n';
    }
  }
  tabular::TableOptions options;
  options.categorical = {"outcome"};
  risk::CreditTraining training;
  training.label = "outcome", training.bad = "bad";
  training.protected_columns = {"sex"};
  risk::CreditModel::train(tabular::read_table(std::vector{csv.string()}, options), training).save(folder / "loans");
  return folder / "loans";
}

inline constexpr const char* kLoanPolicy =
    "[verdict]\napprove_pd = 0.3\ndecline_pd = 0.6\nrefer_uncertain = false\n[amount]\ndefault = 5000\n"
    "[price]\nmax_rate = 0.9\n";

}  // namespace ballast::serve
