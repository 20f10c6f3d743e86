// SPDX-License-Identifier: Apache-2.0
// What the parts of `ballast govern feedback` share.
#pragma once

#include <string>
#include <vector>

#include "ballast/govern/feedback.h"
#include "ballast/govern/inventory.h"
#include "verb.h"

namespace ballast::apps {

/// Settled corrections of answers of the model with this hash (empty: of all), as labelled rows.
std::vector<base::Json> settled_rows(store::Store& store, const std::string& model, const std::string& text_column,
                                     const std::string& label_column, bool confirmed_too);

void add_feedback_round(CLI::App& feedback, Common& common);

}  // namespace ballast::apps
