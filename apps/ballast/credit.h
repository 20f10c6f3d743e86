// SPDX-License-Identifier: Apache-2.0
// The verbs of the credit desk, one file each.
#pragma once

#include "verb.h"

namespace ballast::apps {

void add_credit_train(CLI::App& credit, Common& common);
void add_credit_score(CLI::App& credit, Common& common);  // score and decide
/// `model promote`: the credit desk's models are the ones with limits so far.
void add_promote(CLI::App& model, Common& common);

}  // namespace ballast::apps
