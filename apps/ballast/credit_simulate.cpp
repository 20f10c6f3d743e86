// SPDX-License-Identifier: Apache-2.0
// ballast credit simulate: SIMULATED applications with notes and a dated industry index, to try and to test what public
// loan data does not have.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "ballast/base/files.h"
#include "ballast/risk/credit_simulation.h"
#include "credit.h"

namespace ballast::apps {
namespace {

struct CreditSimulateSimulateArguments {
  std::string output;
  std::int64_t rows = 2000;
};

void run_credit_simulate(const CreditSimulateSimulateArguments& a, const Common& common) {
  const risk::SimulatedCredit made = risk::simulate_credit(a.rows, common.seed);
  const std::filesystem::path folder = a.output;
  base::write_directory_atomic(folder, [&](const std::filesystem::path& fresh) {
    base::write_file_atomic(fresh / "simulated_loans.csv", made.loans_csv);
    base::write_file_atomic(fresh / "simulated_trend.csv", made.trend_csv);
  });
  if (common.json) {
    fmt::print("{}\n", base::dump_json({{"simulated", true},
                                        {"rows", a.rows},
                                        {"seed", common.seed},
                                        {"loans", (folder / "simulated_loans.csv").string()},
                                        {"trend", (folder / "simulated_trend.csv").string()}}));
  } else {
    fmt::print("SIMULATED: {} applications and an index of six industries in {} (seed {})\n", a.rows, a.output,
               common.seed);
  }
}

}  // namespace

void add_credit_simulate(CLI::App& credit, Common& common) {
  CLI::App* verb = credit.add_subcommand("simulate", "SIMULATED applications with notes and an industry index");
  const auto a = std::make_shared<CreditSimulateSimulateArguments>();
  verb->add_option("--output", a->output, "Folder to write")->required();
  verb->add_option("--rows", a->rows, "Applications")->check(CLI::Range(10, 1000000))->capture_default_str();
  add_common(*verb, common, "ballast credit simulate --output simulated --rows 4000 --seed 7");
  verb->callback([a, &common] { run_credit_simulate(*a, common); });
}

}  // namespace ballast::apps
