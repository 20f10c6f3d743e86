// SPDX-License-Identifier: Apache-2.0
// The model-risk desk: one file a part of `ballast govern`.
#pragma once

#include "verb.h"

namespace ballast::apps {

void add_govern(CLI::App& app, Common& common);
void add_govern_audit(CLI::App& govern, Common& common);
void add_govern_card(CLI::App& govern, Common& common);
void add_govern_checks(CLI::App& govern, Common& common);
void add_govern_cost(CLI::App& govern, Common& common);
void add_govern_drift(CLI::App& govern, Common& common);
void add_govern_feedback(CLI::App& govern, Common& common);
void add_govern_shadow(CLI::App& govern, Common& common);
void add_govern_erase(CLI::App& govern, Common& common);
void add_govern_fairness(CLI::App& govern, Common& common);
void add_govern_membership(CLI::App& govern, Common& common);

}  // namespace ballast::apps
