// SPDX-License-Identifier: Apache-2.0
// Cases as the other verbs of the desk open them.
#pragma once

#include <string>

#include "ballast/store/store.h"

namespace ballast::apps {

/// Opens a case with `id` unless there is one, and says whether it did.
bool open_case_once(store::Store& store, const std::string& id, const std::string& kind, const std::string& subject,
                    const std::string& note, const std::string& actor);

/// `by`, or the name of the user of this machine. Throws usage where there is neither: a case says who did what.
std::string actor_of(const std::string& by);

}  // namespace ballast::apps
