// SPDX-License-Identifier: Apache-2.0
#include "ballast/base/secret_box.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "tests/support/scratch.h"

namespace ballast::base {
namespace {

namespace fs = std::filesystem;

TEST(SecretBox, OpensWithItsKeyOnly) {
  const test::ScratchFolder scratch;
  const SecretKey key = SecretKey::create(scratch.path() / "key");
  const SecretKey other = SecretKey::create(scratch.path() / "other");
  const std::string secret = "王建国";
  const std::string sealed = seal(secret, key);
  EXPECT_EQ(sealed.find(secret), std::string::npos);
  EXPECT_NE(sealed, seal(secret, key));  // a fresh nonce each time
  EXPECT_EQ(unseal(sealed, SecretKey::read(scratch.path() / "key"), "f"), secret);
  EXPECT_THROW((void)unseal(sealed, other, "f"), Error);
  EXPECT_EQ(unseal(seal("", key), key, "f"), "");
}

TEST(SecretBox, SeesEveryChangedByteAndEveryCut) {
  const test::ScratchFolder scratch;
  const SecretKey key = SecretKey::create(scratch.path() / "key");
  const std::string sealed = seal("secret", key);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_THROW((void)unseal(changed, key, "f"), Error) << i;
    EXPECT_THROW((void)unseal(sealed.substr(0, i), key, "f"), Error) << i;
  }
}

TEST(SecretBox, KeyFilesAreTheirOwnersAlone) {
  const test::ScratchFolder scratch;
  const fs::path path = scratch.path() / "key";
  (void)SecretKey::create(path);
  EXPECT_EQ(fs::status(path).permissions() & fs::perms::all, fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_THROW((void)SecretKey::create(path), Error);  // never overwritten
  fs::permissions(path, fs::perms::group_read, fs::perm_options::add);
  EXPECT_THROW((void)SecretKey::read(path), Error);
  EXPECT_THROW((void)SecretKey::read(scratch.path() / "absent"), Error);
  write_file_atomic(scratch.path() / "bad", "0123");
  fs::permissions(scratch.path() / "bad", fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_THROW((void)SecretKey::read(scratch.path() / "bad"), Error);
}

}  // namespace
}  // namespace ballast::base
