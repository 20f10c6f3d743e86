// SPDX-License-Identifier: Apache-2.0
// Verbs that reach for other machines.
#pragma once

#include "verb.h"

namespace ballast::apps {

void add_pull(CLI::App& app, Common& common);

}  // namespace ballast::apps
