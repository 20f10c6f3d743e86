// SPDX-License-Identifier: Apache-2.0
// Who may do what: people with a password, programs with a key, and the sessions of people. Passwords, keys and session
// tokens are kept as hashes only; making and checking those is the caller's matter.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ballast/store/store.h"

namespace ballast::store {

struct UserRecord {
  std::string name, role, password_hash;
  bool disabled = false;
  std::string created_at;
};
struct KeyRecord {
  std::string id, name, role, secret_hash, created_at, last_used_at, revoked_at;
};
struct SessionRecord {
  std::string token_hash, user, csrf, created_at, expires_at;
};

class Accounts {
 public:
  /// `store` must outlive it.
  explicit Accounts(Store& store) : store_(store) {}

  /// Whether there was ever a user or a key: disabled and revoked ones count.
  bool any();
  /// Throws bad_input where the name is taken.
  void add_user(const UserRecord& user);
  /// Changes role, password and whether disabled; ends the user's sessions. Throws not_found.
  void update_user(const UserRecord& user);
  /// Throws not_found.
  void delete_user(const std::string& name);
  std::optional<UserRecord> find_user(const std::string& name);
  std::vector<UserRecord> users();

  void add_key(const KeyRecord& key);
  std::optional<KeyRecord> find_key(const std::string& id);
  std::vector<KeyRecord> keys();
  /// Throws not_found.
  void revoke_key(const std::string& id, const std::string& now);
  void touch_key(const std::string& id, const std::string& now);

  /// Adds a session and drops those that have expired.
  void add_session(const SessionRecord& session);
  std::optional<SessionRecord> find_session(const std::string& token_hash);
  void delete_session(const std::string& token_hash);

 private:
  Store& store_;
};

}  // namespace ballast::store
