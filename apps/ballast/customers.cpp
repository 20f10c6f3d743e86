// SPDX-License-Identifier: Apache-2.0
// ballast customers: who leaves, answers or buys, what to offer, and which complaint to read first.
#include "customers.h"

#include <CLI/CLI.hpp>

#include "customers_cases.h"
#include "customers_complaints.h"
#include "customers_intent.h"
#include "customers_offers.h"
#include "replay.h"

namespace ballast::apps {

void add_customers(CLI::App& app, Common& common) {
  CLI::App* verb = app.add_subcommand("customers", "Churn, response, offers, complaints, intents");
  verb->require_subcommand(1);
  add_customers_train(*verb, common);
  add_customers_score(*verb, common);
  add_customers_recommend(*verb, common);
  add_customers_backtest(*verb, common);
  add_customers_complaints(*verb, common);
  add_customers_intent(*verb, common);
  add_replay("customer", replay_customer);
  add_replay("offer", replay_offer);
  add_replay("complaint", replay_complaint);
  add_replay("intent", replay_intent);
}

}  // namespace ballast::apps
