// SPDX-License-Identifier: Apache-2.0
// Ed25519 (RFC 8032; libsodium): keys in files, signatures of texts in hexadecimal.
#pragma once

#include <filesystem>
#include <string>

namespace ballast::govern {

struct Signature {
  std::string public_key, signature;  // hexadecimal
};

/// Throws what reading the key throws, bad_input for what is no key.
Signature sign_text(const std::string& text, const std::filesystem::path& key_file);
/// False also for a key or signature that is none.
bool signature_holds(const Signature& signature, const std::string& text);

}  // namespace ballast::govern
