// SPDX-License-Identifier: Apache-2.0
// The bytes of a file or of standard input, unpacked where they are gzip.
#pragma once

#include <cstddef>
#include <string>

namespace ballast::ingest {

class RawBytes {
 public:
  /// Opens a file, or standard input for "-". Throws not_found or io.
  explicit RawBytes(const std::string& source);
  ~RawBytes();
  RawBytes(const RawBytes&) = delete;
  RawBytes& operator=(const RawBytes&) = delete;

  /// Appends up to `count` bytes to `out`; fewer only at the end. Throws bad_input for a cut or damaged gzip file.
  std::size_t read(std::string& out, std::size_t count);

 private:
  std::string source_;
  void* file_ = nullptr;  // gzFile
};

}  // namespace ballast::ingest
