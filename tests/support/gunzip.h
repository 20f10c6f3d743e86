// SPDX-License-Identifier: Apache-2.0
// A gzipped file of the reference data as a plain one.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace ballast::test {

inline void gunzip(const std::filesystem::path& from, const std::filesystem::path& to) {
  ASSERT_EQ(std::system(("gzip -dc '" + from.string() + "' > '" + to.string() + "'").c_str()), 0);
}

}  // namespace ballast::test
