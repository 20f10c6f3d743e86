// SPDX-License-Identifier: Apache-2.0
// The one exception type for bad outside input and failures of the world, and the check for our own broken promises.
#pragma once

#include <stdexcept>
#include <string>

namespace ballast::base {

enum class ErrorCode {
  usage,        // wrong option or argument
  bad_input,    // a file, row or field that cannot be used
  not_found,    // a file, model, column or id that does not exist
  unsupported,  // understood, but not something this build can do
  io,           // disk full, permission, read error
  network,      // connection, time-out, remote error
  cancelled,    // stopped by the user
  internal,     // our own promise broken
};

/// What happened, where (file:line, field, byte offset), and what was expected or how to fix it.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, std::string what, std::string where = {}, std::string hint = {});

  ErrorCode code() const { return code_; }
  const std::string& problem() const { return problem_; }
  const std::string& where() const { return where_; }
  const std::string& hint() const { return hint_; }

 private:
  ErrorCode code_;
  std::string problem_, where_, hint_;
};

/// Short stable name of a code, as in problem documents ("bad-input").
const char* error_name(ErrorCode code);

/// The only map from codes to exit codes: 2 for usage and input errors, 1 for anything else.
int exit_code(ErrorCode code);

[[noreturn]] void check_failed(const char* condition, const char* file, int line, const std::string& value);

}  // namespace ballast::base

/// A promise of our own code. Throws base::Error(internal); never reachable from user input.
#define BALLAST_CHECK(condition, value)                                                \
  do {                                                                                 \
    if (!(condition)) [[unlikely]] {                                                   \
      using std::to_string;                                                            \
      ::ballast::base::check_failed(#condition, __FILE__, __LINE__, to_string(value)); \
    }                                                                                  \
  } while (false)
