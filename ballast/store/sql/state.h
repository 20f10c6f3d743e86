// SPDX-License-Identifier: Apache-2.0
// What an open store holds.
#pragma once

#include <soci/soci.h>

#include <string>

#include "ballast/store/store.h"

namespace ballast::store {

struct Store::State {
  std::string url;    // as it may be shown
  std::string actor;  // in whose name the audit trail is written
  soci::session sql;
};

}  // namespace ballast::store
