// SPDX-License-Identifier: Apache-2.0
#include "ballast/base/hash.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "ballast/base/error.h"
#include "ballast/base/files.h"

namespace ballast::base {
namespace {

// FIPS 180-4 examples (NIST, "SHA-256 examples"), and the digest of nothing.
TEST(Sha256, KnownAnswers) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Sha256, FileEqualsItsBytes) {
  const auto path = std::filesystem::temp_directory_path() / "ballast-sha256-test";
  write_file_atomic(path, "abc");
  EXPECT_EQ(sha256_file(path), sha256_hex("abc"));
  std::filesystem::remove(path);
  EXPECT_THROW(sha256_file(path), Error);
}

// Trained models depend on these numbers, computed once by an independent implementation: they may never change.
TEST(Hash64, KnownAnswers) {
  EXPECT_EQ(hash64(""), 0xefd01f60ba992926ull);
  EXPECT_EQ(hash64("a"), 0x82a2a958a9bece5bull);
  EXPECT_EQ(hash64("信用风险"), 0x95cdbf9f7a292ce1ull);
  EXPECT_EQ(hash64("a", 7), 0xdab1cb56494f22ceull);
}

TEST(Hash64, SpreadsNeighboursOverTheHighAndTheLowBits) {
  std::set<std::uint64_t> low, high;
  for (int i = 0; i < 1024; ++i) {
    const std::uint64_t h = hash64("feature " + std::to_string(i));
    low.insert(h & 0xffff);
    high.insert(h >> 48);
  }
  // 1024 balls into 65536 boxes: 1016 boxes are expected to be hit, with a standard deviation below 3.
  EXPECT_GT(low.size(), 1000u);
  EXPECT_GT(high.size(), 1000u);
}

}  // namespace
}  // namespace ballast::base
