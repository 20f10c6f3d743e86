// SPDX-License-Identifier: Apache-2.0
// Passwords, keys and tokens (libsodium). What people choose is hashed slowly (Argon2id, RFC 9106); what we draw
// ourselves has 256 random bits, which no dictionary holds, so a plain SHA-256 of it is as safe and costs a request
// nothing.
#pragma once

#include <string>

namespace ballast::serve {

/// Argon2id in its encoded form, with libsodium's interactive cost (64 MiB, two passes). Throws bad_input for fewer
/// than ten or more than 512 bytes.
std::string hash_password(const std::string& password);
bool password_matches(const std::string& password, const std::string& hash);

/// `bytes` random bytes in hexadecimal.
std::string random_token(std::size_t bytes = 32);
/// Compares in time that does not depend on where the first difference is.
bool same_secret(const std::string& a, const std::string& b);
/// HMAC-SHA-256 in hexadecimal.
std::string hmac_hex(const std::string& key, const std::string& message);

}  // namespace ballast::serve
