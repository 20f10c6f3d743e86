// SPDX-License-Identifier: Apache-2.0
#include "ballast/serve/auth/secrets.h"

#include <sodium.h>

#include <vector>

#include "ballast/base/error.h"

namespace ballast::serve {
namespace {

using base::Error;
using base::ErrorCode;

void start_sodium() {
  if (sodium_init() < 0) throw Error(ErrorCode::internal, "libsodium does not start");
}

std::string hex_of(const std::vector<unsigned char>& bytes) {
  std::string text(bytes.size() * 2 + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), bytes.data(), bytes.size());
  text.pop_back();
  return text;
}

}  // namespace

std::string hash_password(const std::string& password) {
  start_sodium();
  if (password.size() < 10 || password.size() > 512) {
    throw Error(ErrorCode::bad_input, "must have 10 to 512 bytes", "password");
  }
  std::string hash(crypto_pwhash_STRBYTES, '\0');
  if (crypto_pwhash_str_alg(hash.data(), password.data(), password.size(), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                            crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13) != 0) {
    throw Error(ErrorCode::io, "not enough memory to hash a password");
  }
  hash.resize(hash.find('\0'));
  return hash;
}

bool password_matches(const std::string& password, const std::string& hash) {
  start_sodium();
  return crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0;
}

std::string random_token(std::size_t bytes) {
  start_sodium();
  std::vector<unsigned char> drawn(bytes);
  randombytes_buf(drawn.data(), drawn.size());
  return hex_of(drawn);
}

bool same_secret(const std::string& a, const std::string& b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string hmac_hex(const std::string& key, const std::string& message) {
  start_sodium();
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, reinterpret_cast<const unsigned char*>(key.data()), key.size());
  crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(message.data()), message.size());
  std::vector<unsigned char> code(crypto_auth_hmacsha256_BYTES);
  crypto_auth_hmacsha256_final(&state, code.data());
  return hex_of(code);
}

}  // namespace ballast::serve
