// SPDX-License-Identifier: Apache-2.0
#include "ballast/serve/auth/gate.h"

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/hash.h"
#include "ballast/serve/auth/secrets.h"
#include "ballast/serve/http/problem.h"
#include "ballast/serve/live/moments.h"
#include "ballast/store/accounts.h"

namespace ballast::serve {
namespace {

using store::Accounts;

constexpr int kFailures = 5;
constexpr std::chrono::minutes kFailureTime{1};
constexpr std::chrono::minutes kUseTime{1};  // how exactly the last use of a key is kept

/// The name in a Host header, without its port.
std::string host_name(std::string_view host) {
  if (host.starts_with('[')) return std::string(host.substr(0, host.find(']') + 1));
  return std::string(host.substr(0, host.find(':')));
}

bool is_this_machine(const std::string& name) {
  return name == "localhost" || name == "127.0.0.1" || name == "[::1]" || name.ends_with(".localhost");
}

}  // namespace

bool Gate::open() {
  if (!options_.loopback) return false;
  const auto store = stores_.lend();
  return !Accounts(*store).any();
}

void Gate::identify(Request& request) {
  if (const std::string* authorization = request.header("authorization")) {
    constexpr std::string_view kBearer = "Bearer ";
    if (!authorization->starts_with(kBearer)) {
      throw Problem(401, "only keys as bearer tokens are understood", "Authorization", "Authorization: Bearer bk_…");
    }
    // Clients of other services always send some key: where nobody needs one, it is not looked at.
    if (!open()) return identify_key(request, authorization->substr(kBearer.size()));
  }
  if (identify_session(request)) return;
  if (!open()) return;
  const std::string* host = request.header("host");
  if (host == nullptr || !is_this_machine(host_name(*host))) {
    throw Problem(403, "an open service answers this machine only, under one of its own names", "Host",
                  "ask http://127.0.0.1 or http://localhost, or make a key: ballast serve key add");
  }
  check_same_origin(request);
  request.principal = {Principal::How::open, "local", Role::admin, {}};
}

void Gate::check_same_origin(const Request& request) const {
  const std::string* origin = request.header("origin");
  if (origin == nullptr || !changes_things(request.method)) return;
  const std::string* host = request.header("host");
  const auto scheme = origin->find("://");
  if (host == nullptr || scheme == std::string::npos || origin->substr(scheme + 3) != *host) {
    throw Problem(403, "a page of another origin may not ask this", "Origin");
  }
}

void Gate::identify_key(Request& request, const std::string& key) {
  const auto bar = key.rfind('_');
  if (key.starts_with("bk_") && bar != std::string::npos && bar > 3) {
    const auto store = stores_.lend();
    const auto found = Accounts(*store).find_key(key.substr(3, bar - 3));
    if (found && found->revoked_at.empty() && same_secret(base::sha256_hex(key.substr(bar + 1)), found->secret_hash)) {
      request.principal = {Principal::How::key, "key:" + found->id, role_named(found->role), {}};
      return note_use(found->id);
    }
  }
  throw Problem(401, "the key is not known or was revoked", "Authorization");
}

bool Gate::identify_session(Request& request) {
  const std::string token = request.cookie("ballast_session");
  if (token.empty()) return false;
  const auto store = stores_.lend();
  Accounts accounts(*store);
  const auto session = accounts.find_session(base::sha256_hex(token));
  if (!session || session->expires_at < base::utc_now()) return false;
  const auto user = accounts.find_user(session->user);
  if (!user || user->disabled) return false;
  request.principal = {Principal::How::session, user->name, role_named(user->role), session->csrf};
  return true;
}

void Gate::note_use(const std::string& key_id) {
  const auto now = Clock::now();
  {
    const std::lock_guard lock(mutex_);
    const auto [at, fresh] = used_.try_emplace(key_id, now);
    if (!fresh && now - at->second < kUseTime) return;
    at->second = now;
  }
  const auto store = stores_.lend();
  Accounts(*store).touch_key(key_id, base::utc_now());
}

void Gate::admit(const Request& request, Role needs) const {
  if (needs == Role::none) return;
  const Principal& who = request.principal;
  if (who.how == Principal::How::nobody) {
    throw Problem(401, "who is asking?", "", "log in (POST /v1/session) or send a key: Authorization: Bearer bk_…");
  }
  if (who.how == Principal::How::session && changes_things(request.method)) {
    const std::string* token = request.header("x-csrf-token");
    if (token == nullptr || !same_secret(*token, who.csrf)) {
      throw Problem(403, "the CSRF token is missing or wrong", "X-CSRF-Token", "GET /v1/session tells it");
    }
  }
  if (!may(who.role, needs)) {
    throw Problem(
        403, std::string("needs the role ") + role_name(needs) + ", and " + who.name + " is " + role_name(who.role));
  }
}

Gate::Login Gate::log_in(const std::string& name, const std::string& password, const std::string& remote) {
  const std::string who = name + "|" + remote;
  const auto now = Clock::now();
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(failures_, [&](const auto& entry) { return now - entry.second.since > kFailureTime; });
    const auto failed = failures_.find(who);
    if (failed != failures_.end() && failed->second.count >= kFailures) {
      throw Problem(429, "too many wrong passwords").retry_after(60);
    }
  }
  const auto store = stores_.lend();
  Accounts accounts(*store);
  const auto user = accounts.find_user(name);
  // An unknown name costs as much time as a wrong password, so that names cannot be found by the clock.
  static const std::string kNobody = hash_password("nobody has this password");
  const bool right = password_matches(password, user ? user->password_hash : kNobody);
  if (!user || !right || user->disabled) {
    const std::lock_guard lock(mutex_);
    Failures& failures = failures_.try_emplace(who, Failures{0, now}).first->second;
    ++failures.count;
    throw Problem(401, "the name or the password is wrong");
  }
  Login login{{Principal::How::session, user->name, role_named(user->role), random_token(16)}, random_token()};
  accounts.add_session({base::sha256_hex(login.token), user->name, login.principal.csrf, base::utc_now(),
                        moment_after(options_.session_time)});
  return login;
}

void Gate::log_out(const Request& request) {
  const std::string token = request.cookie("ballast_session");
  if (token.empty()) return;
  const auto store = stores_.lend();
  Accounts(*store).delete_session(base::sha256_hex(token));
}

}  // namespace ballast::serve
