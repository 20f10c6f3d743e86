// SPDX-License-Identifier: Apache-2.0
// The verbs of the credit desk, one file each.
#pragma once

#include <string>

#include "ballast/risk/credit.h"
#include "verb.h"

namespace ballast::apps {

void add_credit_train(CLI::App& credit, Common& common);
void add_credit_score(CLI::App& credit, Common& common);  // score and decide
void add_credit_fairness(CLI::App& credit, Common& common);
void add_credit_export(CLI::App& credit, Common& common);
void add_credit_simulate(CLI::App& credit, Common& common);

/// Which candidate won and by how much, in one sentence.
std::string credit_verdict(const risk::CreditModel& model);
/// The comparison, the lifts and the fairness audit as tables on standard output.
void print_credit_model(const risk::CreditModel& model);

}  // namespace ballast::apps
