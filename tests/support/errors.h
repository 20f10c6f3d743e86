// SPDX-License-Identifier: Apache-2.0
// What a call complains of.
#pragma once

#include <exception>
#include <string>

namespace ballast::test {

/// The message of the exception that `body` throws; "no error" where it throws none.
template <class Body>
std::string problem_of(const Body& body) {
  try {
    body();
  } catch (const std::exception& e) {
    return e.what();
  }
  return "no error";
}

}  // namespace ballast::test
