// SPDX-License-Identifier: Apache-2.0
#include "ballast/base/secret_box.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "ballast/base/error.h"
#include "ballast/base/files.h"

namespace ballast::base {
namespace {

constexpr std::string_view kMagic = "ballast sealed 1\n";
static_assert(crypto_secretbox_KEYBYTES == 32);

void start() {
  if (sodium_init() < 0) throw Error(ErrorCode::internal, "libsodium cannot be started");
}

const unsigned char* data(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

}  // namespace

SecretKey::~SecretKey() {
  sodium_memzero(bytes_.data(), bytes_.size());
}

SecretKey SecretKey::create(const std::filesystem::path& path) {
  start();
  SecretKey key;
  randombytes_buf(key.bytes_.data(), key.bytes_.size());
  char hex[2 * 32 + 2];
  sodium_bin2hex(hex, sizeof hex - 1, key.bytes_.data(), key.bytes_.size());
  hex[64] = '\n';
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) {
    if (errno == EEXIST) throw Error(ErrorCode::usage, "a key file is there already", path, "name another file");
    throw Error(ErrorCode::io, std::string("cannot be written: ") + std::strerror(errno), path);
  }
  const bool written = ::write(file, hex, 65) == 65 && ::fsync(file) == 0;
  sodium_memzero(hex, sizeof hex);
  const int problem = errno;
  ::close(file);
  if (!written) {
    ::unlink(path.c_str());
    throw Error(ErrorCode::io, std::string("cannot be written: ") + std::strerror(problem), path);
  }
  return key;
}

SecretKey SecretKey::read(const std::filesystem::path& path) {
  start();
  struct stat status = {};
  if (::stat(path.c_str(), &status) == 0 && (status.st_mode & 077) != 0) {
    throw Error(ErrorCode::usage, "others may read this key file", path, "run `chmod 600` on it");
  }
  std::string text = read_file(path);
  if (!text.empty() && text.back() == '\n') text.pop_back();
  SecretKey key;
  std::size_t size = 0;
  const int failed =
      sodium_hex2bin(key.bytes_.data(), key.bytes_.size(), text.data(), text.size(), nullptr, &size, nullptr);
  if (failed != 0 || size != key.bytes_.size() || text.size() != 64) {
    throw Error(ErrorCode::bad_input, "is not a key file", path, "expected one line of 64 hexadecimal digits");
  }
  sodium_memzero(text.data(), text.size());
  return key;
}

std::string seal(std::string_view bytes, const SecretKey& key) {
  start();
  unsigned char nonce[crypto_secretbox_NONCEBYTES];
  randombytes_buf(nonce, sizeof nonce);
  std::string box(bytes.size() + crypto_secretbox_MACBYTES, '\0');
  crypto_secretbox_easy(reinterpret_cast<unsigned char*>(box.data()), data(bytes), bytes.size(), nonce,
                        key.bytes_.data());
  return std::string(kMagic) + std::string(reinterpret_cast<const char*>(nonce), sizeof nonce) + box;
}

std::string unseal(std::string_view sealed, const SecretKey& key, const std::string& where) {
  start();
  if (!sealed.starts_with(kMagic) ||
      sealed.size() < kMagic.size() + crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES) {
    throw Error(ErrorCode::bad_input, "is not a sealed file", where, "expected one that `ballast mask --vault` wrote");
  }
  const std::string_view nonce = sealed.substr(kMagic.size(), crypto_secretbox_NONCEBYTES);
  const std::string_view box = sealed.substr(kMagic.size() + nonce.size());
  std::string bytes(box.size() - crypto_secretbox_MACBYTES, '\0');
  if (crypto_secretbox_open_easy(reinterpret_cast<unsigned char*>(bytes.data()), data(box), box.size(), data(nonce),
                                 key.bytes_.data()) != 0) {
    throw Error(ErrorCode::bad_input, "cannot be opened: another key sealed it, or it was changed", where);
  }
  return bytes;
}

}  // namespace ballast::base
