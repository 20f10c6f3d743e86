// SPDX-License-Identifier: Apache-2.0
// People and programs that may ask a service. Roles are viewer, analyst, officer, auditor and admin.
#pragma once

#include <string>

#include "ballast/store/store.h"

namespace ballast::serve {

struct NewKey {
  std::string id, text;  // "bk_ID_SECRET": only its hash is kept, so it can be shown once
};
NewKey add_key(store::Store& store, const std::string& name, const std::string& role);
/// Throws bad_input for an empty name or one with other characters than letters, digits and . _ - @, for a name that is
/// taken, and for a password of fewer than ten bytes.
void add_user(store::Store& store, const std::string& name, const std::string& role, const std::string& password);
/// Ends the user's sessions. Throws not_found.
void set_password(store::Store& store, const std::string& name, const std::string& password);

}  // namespace ballast::serve
