// SPDX-License-Identifier: Apache-2.0
// ballast credit: PD to loan terms with reason codes.
#include "credit.h"
#include "ballast/decide/credit_desk.h"

#include <CLI/CLI.hpp>

#include "replay.h"

namespace ballast::apps {

void add_credit(CLI::App& app, Common& common) {
  CLI::App* verb = app.add_subcommand("credit", "Probability of default to loan terms with reasons");
  verb->require_subcommand(1);
  add_credit_train(*verb, common);
  add_credit_score(*verb, common);
  add_credit_fairness(*verb, common);
  add_credit_export(*verb, common);
  add_credit_simulate(*verb, common);
  add_replay("credit", decide::replay_credit);
}

}  // namespace ballast::apps
