// SPDX-License-Identifier: Apache-2.0
// ballast customers train: candidates compared out of fold, with and without texts, the champion calibrated and saved.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/parallel.h"
#include "budget.h"
#include "customers.h"
#include "customers_training.h"

namespace ballast::apps {
namespace {

using base::Json;

void print_lift(const risk::CustomerModel& model) {
  fmt::print("\nlift by tenths, the most probable first [95 %]; choosing at random has 1\n{:<18}", "");
  for (std::size_t d = 1; d <= 10; ++d) fmt::print(" {:>17}", d);
  fmt::print("\n");
  for (const risk::CustomerCandidate& c : model.candidates()) {
    fmt::print("{:<18}", c.name);
    for (const auto& d : c.lift) {
      fmt::print(" {:>17}", fmt::format("{:.2f} [{:.2f}, {:.2f}]", d.estimate, d.low, d.high));
    }
    fmt::print("\n");
  }
}

void print_customers_train(const risk::CustomerModel& model) {
  fmt::print("{} rows, {:.2f} % {} = {}, {} inputs\n", model.rows(), 100 * model.positive_rate(),
             model.training().label, model.training().positive,
             model.schema().columns.size() + model.text_columns().size());
  fmt::print("{:<18} {:>24} {:>15} {:>7} {:>7} {:>7} {:>15} {:>8}\n", "candidate", "AUC [95 %]", "fold mean (sd)", "AP",
             "Brier", "loss", "ECE (chance)", "seconds");
  for (const risk::CustomerCandidate& c : model.candidates()) {
    fmt::print("{:<18} {:>24} {:>15} {:>7.4f} {:>7.4f} {:>7.4f} {:>15} {:>8.1f}\n", c.name,
               fmt::format("{:.4f} [{:.4f}, {:.4f}]", c.auc.auc, c.auc.low, c.auc.high),
               fmt::format("{:.4f} ({:.4f})", c.fold_auc, c.fold_sd), c.average_precision, c.brier, c.log_loss,
               fmt::format("{:.4f} ({:.4f})", c.ece, c.ece_chance), c.seconds);
  }
  print_lift(model);
  fmt::print("\n");
  for (const risk::CandidateDifference& d : model.differences()) fmt::print("{}\n", sentence(d));
  fmt::print("{} wins with the least log loss\n", model.champion());
}

void run_customers_train(const CustomerTrainArguments& a, const std::string& output, const Budget& budget,
                         const Common& common) {
  base::set_threads(common.threads);
  RowQuarantine quarantine(common);
  const CustomerTrainingSet set = read_training_set(a, common, quarantine);
  const risk::CustomerModel model =
      risk::CustomerModel::train(set.rows, set.training, within_budget(budget, terminal_progress(common)));
  for (const tabular::Finding& f : model.warnings()) say(common, "data: " + f.text);
  model.save(output);
  if (common.json) {
    Json json = model.report();
    json["output"] = output;
    json["quarantined"] = quarantine.count();
    fmt::print("{}\n", base::dump_json(json));
  } else {
    print_customers_train(model);
  }
}

}  // namespace

void add_customers_train(CLI::App& customers, Common& common) {
  CLI::App* verb = customers.add_subcommand("train", "Who leaves, answers or buys: compare candidates, save the best");
  const auto a = std::make_shared<CustomerTrainArguments>();
  const auto output = std::make_shared<std::string>();
  add_training_options(*verb, *a);
  verb->add_option("--output", *output, "Folder of the model")->required();
  const auto budget = std::make_shared<Budget>();
  add_budget(*verb, *budget);
  add_common(*verb, common,
             "ballast customers train --data churn.csv --label left --positive yes --output models/churn");
  verb->callback([a, output, budget, &common] { run_customers_train(*a, *output, *budget, common); });
}

}  // namespace ballast::apps
