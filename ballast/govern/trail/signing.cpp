// SPDX-License-Identifier: Apache-2.0
#include "ballast/govern/trail/signing.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <span>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/govern/audit.h"

namespace ballast::govern {
namespace {

using base::Error;
using base::ErrorCode;

std::string hex(std::span<const unsigned char> bytes) {
  std::string out;
  for (const unsigned char b : bytes) out += fmt::format("{:02x}", b);
  return out;
}

/// The bytes of a hexadecimal text; empty where it is none of that size.
template <std::size_t N>
std::optional<std::array<unsigned char, N>> bytes_of(const std::string& text) {
  std::array<unsigned char, N> bytes{};
  std::size_t length = 0;
  const char* end = nullptr;
  if (sodium_hex2bin(bytes.data(), N, text.data(), text.size(), nullptr, &length, &end) != 0 || length != N ||
      end != text.data() + text.size()) {
    return std::nullopt;
  }
  return bytes;
}

using SecretKey = std::array<unsigned char, crypto_sign_SECRETKEYBYTES>;

SecretKey read_key(const std::filesystem::path& file) {
  std::string text = base::read_file(file);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  const auto bytes = bytes_of<crypto_sign_SECRETKEYBYTES>(text);
  if (!bytes) {
    throw Error(ErrorCode::bad_input, "is no signing key", file.string(), "make one with `ballast govern audit key`");
  }
  return *bytes;
}

/// A new file that nobody else may read.
void write_for_owner(const std::filesystem::path& file, const std::string& text) {
  const int handle = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (handle < 0) throw Error(ErrorCode::io, std::string("cannot be written: ") + std::strerror(errno), file.string());
  const bool written =
      ::write(handle, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(handle) == 0;
  ::close(handle);
  if (!written) {
    std::filesystem::remove(file);
    throw Error(ErrorCode::io, "cannot be written", file.string());
  }
}

const unsigned char* bytes_in(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

Signature sign_text(const std::string& text, const std::filesystem::path& key_file) {
  const SecretKey secret = read_key(key_file);
  std::array<unsigned char, crypto_sign_BYTES> signature{};
  crypto_sign_detached(signature.data(), nullptr, bytes_in(text), text.size(), secret.data());
  return {public_key_of(key_file), hex(signature)};
}

bool signature_holds(const Signature& s, const std::string& text) {
  const auto key = bytes_of<crypto_sign_PUBLICKEYBYTES>(s.public_key);
  const auto signature = bytes_of<crypto_sign_BYTES>(s.signature);
  if (!key || !signature) return false;
  return crypto_sign_verify_detached(signature->data(), bytes_in(text), text.size(), key->data()) == 0;
}

std::string make_signing_key(const std::filesystem::path& file) {
  if (std::filesystem::exists(file)) throw Error(ErrorCode::usage, "is there already", file.string());
  if (sodium_init() < 0) throw Error(ErrorCode::io, "no source of random numbers for a key");
  std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> open{};
  SecretKey secret{};
  crypto_sign_keypair(open.data(), secret.data());
  write_for_owner(file, hex(secret) + "\n");
  return hex(open);
}

std::string public_key_of(const std::filesystem::path& file) {
  const SecretKey secret = read_key(file);
  std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> open{};
  crypto_sign_ed25519_sk_to_pk(open.data(), secret.data());
  return hex(open);
}

}  // namespace ballast::govern
