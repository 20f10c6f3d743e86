// SPDX-License-Identifier: Apache-2.0
// Who is asking, and may they? Keys of programs, sessions of people, and the open door of a loopback service that has
// neither yet.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>

#include "ballast/serve/http/message.h"
#include "ballast/serve/live/store_pool.h"

namespace ballast::serve {

struct GateOptions {
  bool loopback = true;  // only this machine can reach the service
  std::chrono::hours session_time{12};
};

class Gate {
 public:
  /// `stores` must outlive it.
  Gate(StorePool& stores, GateOptions options) : stores_(stores), options_(options) {}

  /// Fills in request.principal. Throws Problem 401 for a key or session that is none (any more), and 403 where an open
  /// service is asked under a name of elsewhere or by a page of elsewhere (a browser may be made to ask by a page that
  /// the user happens to visit).
  void identify(Request& request);
  /// Throws Problem 401 or 403. Sessions must show their CSRF token where something changes.
  void admit(const Request& request, Role needs) const;
  /// Nobody needs to say who they are: loopback, and neither user nor key was ever made.
  bool open();

  /// Throws Problem 403 where a browser says that a page of elsewhere asks for a change.
  void check_same_origin(const Request& request) const;

  struct Login {
    Principal principal;
    std::string token;  // for the cookie
  };
  /// Throws Problem 401, or 429 after five failures within a minute (of one user and address).
  Login log_in(const std::string& user, const std::string& password, const std::string& remote);
  void log_out(const Request& request);
  std::chrono::seconds session_time() const { return options_.session_time; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Failures {
    int count = 0;
    Clock::time_point since;
  };
  void identify_key(Request& request, const std::string& key);
  bool identify_session(Request& request);
  void note_use(const std::string& key_id);

  StorePool& stores_;
  GateOptions options_;
  std::mutex mutex_;
  std::map<std::string, Failures> failures_;
  std::map<std::string, Clock::time_point> used_;
};

}  // namespace ballast::serve
