// SPDX-License-Identifier: Apache-2.0
// Where the model is when nobody names one.
#pragma once

#include <filesystem>

namespace ballast::apps {

/// $BALLAST_MODEL; else the embedded model: share/ballast/models/risk-small beside the installed program,
/// models/risk-small beside the program, or that folder of the source tree it was built from. Throws not_found, naming
/// where it looked.
std::filesystem::path default_model();

}  // namespace ballast::apps
