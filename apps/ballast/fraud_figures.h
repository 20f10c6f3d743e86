// SPDX-License-Identifier: Apache-2.0
// What the verbs of `ballast operations fraud` share.
#pragma once

#include <string>

#include "ballast/ingest/record.h"
#include "ballast/risk/operations_fraud.h"
#include "verb.h"

namespace ballast::apps {

void add_fraud_score(CLI::App& fraud, Common& common);

/// Seconds since 1970.
double seconds_now();
/// Writes the time of a row that passed the guard as seconds.
void set_time(ingest::Record& row, const std::string& column);
void print_figures(const risk::FraudFigures& figures, const risk::FraudCosts& costs);

}  // namespace ballast::apps
