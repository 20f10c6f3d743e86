// SPDX-License-Identifier: Apache-2.0
// Bytes that only the holder of a key file can read or change: libsodium's secretbox (XSalsa20 and Poly1305).
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <string_view>

namespace ballast::base {

/// 32 random bytes in a file of their own: one line of 64 hexadecimal digits, readable by its owner only.
class SecretKey {
 public:
  /// Draws a key and writes it with mode 0600. Throws usage where the file is there already: a key that is overwritten
  /// takes with it all that it sealed; io where it cannot be written.
  static SecretKey create(const std::filesystem::path& path);
  /// Throws not_found, io, bad_input where the file is no key, usage where others than its owner may read it.
  static SecretKey read(const std::filesystem::path& path);
  ~SecretKey();  // wipes the key
  SecretKey(const SecretKey&) = default;
  SecretKey& operator=(const SecretKey&) = default;

 private:
  friend std::string seal(std::string_view bytes, const SecretKey& key);
  friend std::string unseal(std::string_view sealed, const SecretKey& key, const std::string& where);
  SecretKey() = default;
  std::array<unsigned char, 32> bytes_ = {};
};

/// A magic line, a fresh random nonce, and the encrypted bytes with their authenticator.
std::string seal(std::string_view bytes, const SecretKey& key);
/// What was sealed. Throws bad_input naming `where`: not sealed by us, another key, or changed by so much as one bit.
std::string unseal(std::string_view sealed, const SecretKey& key, const std::string& where);

}  // namespace ballast::base
