// SPDX-License-Identifier: Apache-2.0
#include "ballast/base/error.h"

#include <utility>

namespace ballast::base {
namespace {

std::string sentence(const std::string& what, const std::string& where, const std::string& hint) {
  std::string s = where.empty() ? what : where + ": " + what;
  if (!hint.empty()) s += " (" + hint + ")";
  return s;
}

}  // namespace

Error::Error(ErrorCode code, std::string what, std::string where, std::string hint)
    : std::runtime_error(sentence(what, where, hint)),
      code_(code),
      problem_(std::move(what)),
      where_(std::move(where)),
      hint_(std::move(hint)) {}

const char* error_name(ErrorCode code) {
  switch (code) {
    case ErrorCode::usage:
      return "usage";
    case ErrorCode::bad_input:
      return "bad-input";
    case ErrorCode::not_found:
      return "not-found";
    case ErrorCode::unsupported:
      return "unsupported";
    case ErrorCode::io:
      return "io";
    case ErrorCode::network:
      return "network";
    case ErrorCode::cancelled:
      return "cancelled";
    case ErrorCode::internal:
      return "internal";
  }
  return "internal";
}

int exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::usage:
    case ErrorCode::bad_input:
    case ErrorCode::not_found:
    case ErrorCode::unsupported:
      return 2;
    default:
      return 1;
  }
}

void check_failed(const char* condition, const char* file, int line, const std::string& value) {
  throw Error(ErrorCode::internal, std::string("broken promise: ") + condition + ", value " + value,
              std::string(file) + ":" + std::to_string(line), "please report this");
}

}  // namespace ballast::base
