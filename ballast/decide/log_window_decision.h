// SPDX-License-Identifier: Apache-2.0
// One window of a log judged, now or again.
#pragma once

#include <string>

#include "ballast/base/json.h"
#include "ballast/decide/decision.h"
#include "ballast/risk/operations_log_windows.h"

namespace ballast::decide {

/// SHA-256 over the names and hashes of all files of a folder.
std::string folder_hash(const std::string& folder);

/// The record of kind "log_window", not yet sealed. `inputs`: {"source","first_line","last_line","events":[…]}.
Decision judge_window(const risk::LogWindowModel& model, const std::string& folder, const std::string& hash,
                      const base::Json& inputs);

/// Makes a decision of kind "log_window" again.
Decision replay_window(const Decision& was);

}  // namespace ballast::decide
