// SPDX-License-Identifier: Apache-2.0
// `ballast convert`, declared on its own so that a change here recompiles nothing else.
#pragma once

#include "verb.h"

namespace ballast::apps {

void add_convert(CLI::App& app, Common& common);

}  // namespace ballast::apps
