// SPDX-License-Identifier: Apache-2.0
// What strings of JSON from outside may hold.
#pragma once

#include "ballast/base/json.h"

namespace ballast::base {

/// Whether a string or a name in it, at any depth, holds the character U+0000: no text does, and PostgreSQL keeps none.
bool holds_nul(const Json& value);

}  // namespace ballast::base
