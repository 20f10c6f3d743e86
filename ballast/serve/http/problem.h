// SPDX-License-Identifier: Apache-2.0
// What went wrong, as a problem document (RFC 9457): the one place where errors become HTTP statuses.
#pragma once

#include <stdexcept>
#include <string>

#include "ballast/base/error.h"
#include "ballast/serve/http/message.h"

namespace ballast::serve {

/// A failure that HTTP has a status of its own for. Everything else is a base::Error.
class Problem : public std::runtime_error {
 public:
  Problem(int status, std::string detail, std::string where = {}, std::string hint = {});
  int status() const { return status_; }
  const std::string& where() const { return where_; }
  const std::string& hint() const { return hint_; }
  /// For 429 and 503: seconds after which it is worth trying again.
  Problem& retry_after(int seconds) {
    retry_after_ = seconds;
    return *this;
  }
  int retry_after() const { return retry_after_; }

 private:
  int status_;
  std::string where_, hint_;
  int retry_after_ = 0;
};

/// 400 for usage and bad_input, 404 not_found, 501 unsupported, 503 io and network, 409 cancelled, 500 otherwise.
int status_of(base::ErrorCode code);
const char* reason_phrase(int status);

/// {"type","title","status","detail","instance","where","hint","request_id"}. `instance` is the request's path.
base::Json problem_json(int status, const std::string& detail, const std::string& where, const std::string& hint);
Response problem_response(const Problem& problem, const Request& request);
/// Of the exception that is being handled. What is no error of ours is 500 and says nothing of the inside.
Response problem_response_of_current(const Request& request);
/// The same as JSON, for jobs.
base::Json problem_json_of_current();

}  // namespace ballast::serve
