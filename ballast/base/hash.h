// SPDX-License-Identifier: Apache-2.0
// Content hashes (libsodium).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace ballast::base {

/// SHA-256 (FIPS 180-4) in lower-case hexadecimal.
std::string sha256_hex(std::string_view bytes);
std::string sha256_file(const std::filesystem::path& path);

/// A fast 64-bit mix for hash tables and feature hashing (FNV-1a, then the finaliser of MurmurHash3). Stable across
/// machines and versions: trained models depend on it.
std::uint64_t hash64(std::string_view bytes, std::uint64_t seed = 0);

}  // namespace ballast::base
