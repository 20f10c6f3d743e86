// SPDX-License-Identifier: Apache-2.0
// The desks of `ballast demo` beside the news: each writes its simulated tables into the demonstration's folder, runs
// the verbs that a user would type there, and says in a few lines what came out.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "ballast/base/json.h"

namespace ballast::apps {

struct DeskShow {
  std::string heading;                // of its part of the page
  std::string result;                 // a few words for the step's line
  std::vector<std::string> commands;  // as one types them in the folder, without "ballast" and --store
  std::vector<std::string> lines;     // what came out
  base::Json json;                    // what the verbs answered, the parts worth keeping
};

struct Desk {
  std::string key;   // in the JSON document: "forecast"
  std::string step;  // "Forecasting an index"
  DeskShow (*show)(const std::filesystem::path& folder, const std::string& store);
};
/// In the order in which they are shown.
const std::vector<Desk>& demo_desks();

}  // namespace ballast::apps
