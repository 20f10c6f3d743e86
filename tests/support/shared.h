// SPDX-License-Identifier: Apache-2.0
// The folder of reference fixtures and data sets (BALLAST_SHARED in the environment, else the CMake setting).
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace ballast::test {

inline std::filesystem::path shared_dir() {
  const char* env = std::getenv("BALLAST_SHARED");
  return env != nullptr && *env != '\0' ? env : BALLAST_SHARED_DEFAULT;
}

}  // namespace ballast::test

/// Skips (and reports as skipped) a test whose reference data is absent.
#define BALLAST_NEEDS_SHARED(relative)                                                                                 \
  if (::ballast::test::shared_dir().empty() || !std::filesystem::exists(::ballast::test::shared_dir() / (relative))) { \
    GTEST_SKIP() << "needs BALLAST_SHARED with " << (relative);                                                        \
  }
