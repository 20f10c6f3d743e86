// SPDX-License-Identifier: Apache-2.0
// ballast serve user · key: people and programs that may ask a service.
#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <memory>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/json.h"
#include "ballast/serve/accounts.h"
#include "ballast/store/accounts.h"
#include "serve.h"
#include "verb.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;

struct AccountArguments {
  std::string name, role = "viewer";
};

/// From $BALLAST_PASSWORD, else one line of standard input, not shown on a terminal. Never an argument: those are seen
/// by every user of the machine.
std::string read_password(const Common& common) {
  if (const char* given = std::getenv("BALLAST_PASSWORD")) return given;
  termios before{};
  const bool terminal = isatty(STDIN_FILENO) != 0 && tcgetattr(STDIN_FILENO, &before) == 0;
  if (terminal) {
    say(common, "password (at least ten characters), then Enter:");
    termios silent = before;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSANOW, &silent);
  }
  std::string password;
  std::getline(std::cin, password);
  if (terminal) tcsetattr(STDIN_FILENO, TCSANOW, &before);
  if (password.empty()) {
    throw Error(ErrorCode::usage, "no password came", "standard input", "type it, or set BALLAST_PASSWORD");
  }
  return password;
}

void print_serve_accounts(const base::Json& json, const std::string& words, const Common& common) {
  fmt::print("{}\n", common.json ? base::dump_json(json) : words);
}

CLI::App* add_verb_serve_accounts(CLI::App& parent, Common& common, const std::string& name, const std::string& about,
                                  const std::string& example, const std::function<void()>& run) {
  CLI::App* verb = parent.add_subcommand(name, about);
  add_common(*verb, common, "ballast serve " + parent.get_name() + " " + example);
  verb->callback(run);
  return verb;
}

CLI::Option* add_role(CLI::App& verb, AccountArguments& a) {
  return verb.add_option("--role", a.role, "viewer, analyst, officer, auditor or admin")
      ->check(CLI::IsMember({"viewer", "analyst", "officer", "auditor", "admin"}))
      ->capture_default_str();
}

void add_users(CLI::App& serve, Common& common) {
  CLI::App* user = serve.add_subcommand("user", "People: add, list, password, remove");
  user->require_subcommand(1);
  const auto a = std::make_shared<AccountArguments>();
  CLI::App* add = add_verb_serve_accounts(*user, common, "add", "A new person", "add ann --role officer", [a, &common] {
    store::Store store = store::Store::open(common.store);
    serve::add_user(store, a->name, a->role, read_password(common));
    print_serve_accounts({{"name", a->name}, {"role", a->role}}, a->name + " is " + a->role, common);
  });
  add->add_option("name", a->name)->required();
  add_role(*add, *a);
  CLI::App* password =
      add_verb_serve_accounts(*user, common, "password", "Another password", "password ann", [a, &common] {
        store::Store store = store::Store::open(common.store);
        serve::set_password(store, a->name, read_password(common));
        print_serve_accounts({{"name", a->name}}, "changed", common);
      });
  password->add_option("name", a->name)->required();
  CLI::App* remove = add_verb_serve_accounts(*user, common, "remove", "Remove a person", "remove ann", [a, &common] {
    store::Store store = store::Store::open(common.store);
    store::Accounts(store).delete_user(a->name);
    print_serve_accounts({{"name", a->name}}, "removed", common);
  });
  remove->add_option("name", a->name)->required();
  add_verb_serve_accounts(*user, common, "list", "Everybody", "list --json", [&common] {
    store::Store store = store::Store::open(common.store);
    for (const store::UserRecord& u : store::Accounts(store).users()) {
      print_serve_accounts(
          {{"name", u.name}, {"role", u.role}, {"disabled", u.disabled}, {"created_at", u.created_at}},
          fmt::format("{:<20} {:<8} {}{}", u.name, u.role, u.created_at, u.disabled ? "  disabled" : ""), common);
    }
  });
}

void add_keys(CLI::App& serve, Common& common) {
  CLI::App* key = serve.add_subcommand("key", "Keys of programs: add, list, revoke");
  key->require_subcommand(1);
  const auto a = std::make_shared<AccountArguments>();
  CLI::App* add = add_verb_serve_accounts(
      *key, common, "add", "A new key; it is shown once", "add feed --role analyst", [a, &common] {
        store::Store store = store::Store::open(common.store);
        const auto [id, text] = serve::add_key(store, a->name, a->role);
        print_serve_accounts({{"id", id}, {"name", a->name}, {"role", a->role}, {"key", text}}, text, common);
      });
  add->add_option("name", a->name, "What it is for")->required();
  add_role(*add, *a);
  CLI::App* revoke =
      add_verb_serve_accounts(*key, common, "revoke", "It is no key any more", "revoke 3fa94c01b2d7", [a, &common] {
        store::Store store = store::Store::open(common.store);
        store::Accounts(store).revoke_key(a->name, base::utc_now());
        print_serve_accounts({{"id", a->name}}, "revoked", common);
      });
  revoke->add_option("id", a->name)->required();
  add_verb_serve_accounts(*key, common, "list", "All keys, without their secrets", "list --json", [&common] {
    store::Store store = store::Store::open(common.store);
    for (const store::KeyRecord& k : store::Accounts(store).keys()) {
      print_serve_accounts({{"id", k.id},
                            {"name", k.name},
                            {"role", k.role},
                            {"created_at", k.created_at},
                            {"last_used_at", k.last_used_at},
                            {"revoked_at", k.revoked_at}},
                           fmt::format("{:<14} {:<20} {:<8} {}{}", k.id, k.name, k.role, k.created_at,
                                       k.revoked_at.empty() ? "" : "  revoked"),
                           common);
    }
  });
}

}  // namespace

void add_serve_accounts(CLI::App& serve, Common& common) {
  add_users(serve, common);
  add_keys(serve, common);
}

}  // namespace ballast::apps
