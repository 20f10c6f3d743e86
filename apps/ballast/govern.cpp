// SPDX-License-Identifier: Apache-2.0
#include "govern.h"

#include <CLI/CLI.hpp>

namespace ballast::apps {

void add_govern(CLI::App& app, Common& common) {
  CLI::App* verb = app.add_subcommand("govern",
                                      "The model-risk desk: the audit trail, model cards, drift, fairness, privacy, "
                                      "feedback, challengers, cost, checks of data");
  verb->require_subcommand(1);
  add_govern_audit(*verb, common);
  add_govern_card(*verb, common);
  add_govern_checks(*verb, common);
  add_govern_cost(*verb, common);
  add_govern_drift(*verb, common);
  add_govern_erase(*verb, common);
  add_govern_fairness(*verb, common);
  add_govern_feedback(*verb, common);
  add_govern_membership(*verb, common);
  add_govern_shadow(*verb, common);
}

}  // namespace ballast::apps
