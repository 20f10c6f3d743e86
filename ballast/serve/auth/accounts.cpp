// SPDX-License-Identifier: Apache-2.0
#include "ballast/serve/accounts.h"

#include <algorithm>
#include <cctype>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/hash.h"
#include "ballast/serve/auth/secrets.h"
#include "ballast/serve/http/message.h"
#include "ballast/store/accounts.h"

namespace ballast::serve {

NewKey add_key(store::Store& store, const std::string& name, const std::string& role) {
  const std::string id = random_token(6), secret = random_token();
  store::Accounts(store).add_key(
      {id, name, role_name(role_named(role)), base::sha256_hex(secret), base::utc_now(), "", ""});
  return {id, "bk_" + id + "_" + secret};
}

void add_user(store::Store& store, const std::string& name, const std::string& role, const std::string& password) {
  const auto good = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-' || c == '@';
  };
  if (name.empty() || name.size() > 64 || !std::all_of(name.begin(), name.end(), good)) {
    throw base::Error(base::ErrorCode::bad_input, "must have 1 to 64 letters, digits and . _ - @", "name");
  }
  store::Accounts(store).add_user({name, role_name(role_named(role)), hash_password(password), false, base::utc_now()});
}

void set_password(store::Store& store, const std::string& name, const std::string& password) {
  store::Accounts accounts(store);
  auto user = accounts.find_user(name);
  if (!user) throw base::Error(base::ErrorCode::not_found, "there is no user \"" + name + "\"");
  user->password_hash = hash_password(password);
  accounts.update_user(*user);
}

}  // namespace ballast::serve
