// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "verb.h"

namespace ballast::apps {

void add_assist(CLI::App& app, Common& common);

}  // namespace ballast::apps
