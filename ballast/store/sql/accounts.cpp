// SPDX-License-Identifier: Apache-2.0
#include "ballast/store/accounts.h"

#include <fmt/format.h>

#include "ballast/base/error.h"
#include "ballast/store/sql/audit_writer.h"
#include "ballast/store/sql/query.h"
#include "ballast/store/sql/session.h"
#include "ballast/store/sql/state.h"

namespace ballast::store {
namespace {

using base::Error;
using base::ErrorCode;

constexpr const char* kUserColumns = "name, role, password_hash, disabled, created_at";
constexpr const char* kKeyColumns = "id, name, role, secret_hash, created_at, last_used_at, revoked_at";

UserRecord to_user(const soci::row& row) {
  return {text_cell(row, 0), text_cell(row, 1), text_cell(row, 2), integer_cell(row, 3) != 0, text_cell(row, 4)};
}

KeyRecord to_key(const soci::row& row) {
  return {text_cell(row, 0), text_cell(row, 1), text_cell(row, 2), text_cell(row, 3),
          text_cell(row, 4), text_cell(row, 5), text_cell(row, 6)};
}

void must_exist(soci::session& sql, const std::string& table, const std::string& column, const std::string& value) {
  int there = 0;
  sql << fmt::format("select count(*) from {} where {} = :v", table, column), soci::into(there), soci::use(value);
  if (there == 0) throw Error(ErrorCode::not_found, fmt::format("{} holds no {} \"{}\"", table, column, value));
}

}  // namespace

bool Accounts::any() {
  return guarded(store_.state_->url, [&] {
    int there = 0;
    store_.state_->sql << "select (select count(*) from users) + (select count(*) from api_keys)", soci::into(there);
    return there > 0;
  });
}

void Accounts::add_user(const UserRecord& user) {
  guarded(store_.state_->url, [&] {
    soci::session& sql = store_.state_->sql;
    Transaction transaction(sql);
    int there = 0;
    sql << "select count(*) from users where name = :n", soci::into(there), soci::use(user.name);
    if (there > 0) throw Error(ErrorCode::bad_input, "there is a user \"" + user.name + "\" already", "name");
    const long long disabled = user.disabled;
    sql << fmt::format("insert into users ({}) values (:a, :b, :c, :d, :e)", kUserColumns), soci::use(user.name),
        soci::use(user.role), soci::use(user.password_hash), soci::use(disabled), soci::use(user.created_at);
    enter(sql, store_.state_->actor, "user.add", user.name, "users", {user.name});
    transaction.commit();
  });
}

void Accounts::update_user(const UserRecord& user) {
  guarded(store_.state_->url, [&] {
    soci::session& sql = store_.state_->sql;
    Transaction transaction(sql);
    must_exist(sql, "users", "name", user.name);
    const long long disabled = user.disabled;
    sql << "update users set role = :a, password_hash = :b, disabled = :c where name = :d", soci::use(user.role),
        soci::use(user.password_hash), soci::use(disabled), soci::use(user.name);
    sql << "delete from sessions where user_name = :n", soci::use(user.name);
    enter(sql, store_.state_->actor, "user.change", user.name, "users", {user.name});
    transaction.commit();
  });
}

void Accounts::delete_user(const std::string& name) {
  guarded(store_.state_->url, [&] {
    soci::session& sql = store_.state_->sql;
    Transaction transaction(sql);
    must_exist(sql, "users", "name", name);
    sql << "delete from users where name = :n", soci::use(name);
    enter(sql, store_.state_->actor, "user.delete", name, "users", {name});
    transaction.commit();
  });
}

std::optional<UserRecord> Accounts::find_user(const std::string& name) {
  return guarded(store_.state_->url, [&] {
    Query query;
    const std::string bound = query.bind(name);
    std::optional<UserRecord> found;
    query.run(store_.state_->sql, fmt::format("select {} from users where name = {}", kUserColumns, bound),
              [&](const soci::row& row) { found = to_user(row); });
    return found;
  });
}

std::vector<UserRecord> Accounts::users() {
  return guarded(store_.state_->url, [&] {
    std::vector<UserRecord> all;
    Query().run(store_.state_->sql, fmt::format("select {} from users order by name", kUserColumns),
                [&](const soci::row& row) { all.push_back(to_user(row)); });
    return all;
  });
}

void Accounts::add_key(const KeyRecord& k) {
  guarded(store_.state_->url, [&] {
    Transaction transaction(store_.state_->sql);
    store_.state_->sql << fmt::format("insert into api_keys ({}) values (:a, :b, :c, :d, :e, :f, :g)", kKeyColumns),
        soci::use(k.id), soci::use(k.name), soci::use(k.role), soci::use(k.secret_hash), soci::use(k.created_at),
        soci::use(k.last_used_at), soci::use(k.revoked_at);
    enter(store_.state_->sql, store_.state_->actor, "key.add", k.id, "api_keys", {k.id});
    transaction.commit();
  });
}

std::optional<KeyRecord> Accounts::find_key(const std::string& id) {
  return guarded(store_.state_->url, [&] {
    Query query;
    const std::string bound = query.bind(id);
    std::optional<KeyRecord> found;
    query.run(store_.state_->sql, fmt::format("select {} from api_keys where id = {}", kKeyColumns, bound),
              [&](const soci::row& row) { found = to_key(row); });
    return found;
  });
}

std::vector<KeyRecord> Accounts::keys() {
  return guarded(store_.state_->url, [&] {
    std::vector<KeyRecord> all;
    Query().run(store_.state_->sql, fmt::format("select {} from api_keys order by created_at, id", kKeyColumns),
                [&](const soci::row& row) { all.push_back(to_key(row)); });
    return all;
  });
}

void Accounts::revoke_key(const std::string& id, const std::string& now) {
  guarded(store_.state_->url, [&] {
    soci::session& sql = store_.state_->sql;
    Transaction transaction(sql);
    must_exist(sql, "api_keys", "id", id);
    sql << "update api_keys set revoked_at = :a where id = :b and revoked_at = ''", soci::use(now), soci::use(id);
    enter(sql, store_.state_->actor, "key.revoke", id, "api_keys", {id});
    transaction.commit();
  });
}

void Accounts::touch_key(const std::string& id, const std::string& now) {
  guarded(store_.state_->url, [&] {
    Transaction transaction(store_.state_->sql);
    store_.state_->sql << "update api_keys set last_used_at = :a where id = :b", soci::use(now), soci::use(id);
    transaction.commit();
  });
}

void Accounts::add_session(const SessionRecord& s) {
  guarded(store_.state_->url, [&] {
    soci::session& sql = store_.state_->sql;
    Transaction transaction(sql);
    sql << "delete from sessions where expires_at < :t", soci::use(s.created_at);
    sql << "insert into sessions (token_hash, user_name, csrf, created_at, expires_at) values (:a, :b, :c, :d, :e)",
        soci::use(s.token_hash), soci::use(s.user), soci::use(s.csrf), soci::use(s.created_at), soci::use(s.expires_at);
    transaction.commit();
  });
}

std::optional<SessionRecord> Accounts::find_session(const std::string& token_hash) {
  return guarded(store_.state_->url, [&] {
    Query query;
    const std::string bound = query.bind(token_hash);
    std::optional<SessionRecord> found;
    query.run(store_.state_->sql,
              "select token_hash, user_name, csrf, created_at, expires_at from sessions where token_hash = " + bound,
              [&](const soci::row& row) {
                found = SessionRecord{text_cell(row, 0), text_cell(row, 1), text_cell(row, 2), text_cell(row, 3),
                                      text_cell(row, 4)};
              });
    return found;
  });
}

void Accounts::delete_session(const std::string& token_hash) {
  guarded(store_.state_->url, [&] {
    Transaction transaction(store_.state_->sql);
    store_.state_->sql << "delete from sessions where token_hash = :t", soci::use(token_hash);
    transaction.commit();
  });
}

}  // namespace ballast::store
