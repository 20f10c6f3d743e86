// SPDX-License-Identifier: Apache-2.0
// `ballast operations`: the operations desk. Each sub-verb is a file of its own.
#include "operations.h"

#include <CLI/CLI.hpp>

namespace ballast::apps {

void add_operations(CLI::App& app, Common& common) {
  CLI::App* desk = app.add_subcommand("operations", "Logs, transactions, loss events, surveillance, cases");
  desk->require_subcommand(1);
  add_operations_templates(*desk, common);
  add_operations_sessions(*desk, common);
  add_operations_fraud(*desk, common);
  add_operations_watch(*desk, common);
  add_operations_losses(*desk, common);
  add_operations_events(*desk, common);
  add_operations_capital(*desk, common);
  add_operations_surveil(*desk, common);
  add_operations_indicators(*desk, common);
  add_operations_cases(*desk, common);
}

}  // namespace ballast::apps
