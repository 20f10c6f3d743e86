// SPDX-License-Identifier: Apache-2.0
// The verbs below `ballast customers`, one file each.
#pragma once

#include "verb.h"

namespace ballast::apps {

void add_customers(CLI::App& app, Common& common);
void add_customers_train(CLI::App& customers, Common& common);
void add_customers_score(CLI::App& customers, Common& common);
void add_customers_recommend(CLI::App& customers, Common& common);
void add_customers_backtest(CLI::App& customers, Common& common);
void add_customers_complaints(CLI::App& customers, Common& common);
void add_customers_intent(CLI::App& customers, Common& common);

}  // namespace ballast::apps
