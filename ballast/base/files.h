// SPDX-License-Identifier: Apache-2.0
// Files: mapped reads, whole reads, and writes that are either complete or did not happen.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace ballast::base {

/// A read-only memory map. Throws not_found or io. Empty files map to an empty span.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }
  /// Reads a byte of every sixteen pages, so that those are mapped and in memory: for a thread that has nothing better to
  /// do. (MADV_POPULATE_READ would be faster alone, but other threads wait for it when they ask the system for memory.)
  void populate() const noexcept;

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// The whole file. Throws not_found or io.
std::string read_file(const std::filesystem::path& path);

/// Receives the bytes of a file that is being written.
class FileSink {
 public:
  virtual ~FileSink() = default;
  virtual void write(const void* data, std::size_t size) = 0;
  void write(std::string_view text) { write(text.data(), text.size()); }
};

/// Writes `path` atomically: temporary file beside it, fsync, rename, fsync of the folder. When `produce` or the disk
/// fails, the old file is untouched, the temporary one is removed and the error goes to the caller (io for a full
/// disk).
void write_file_atomic(const std::filesystem::path& path, const std::function<void(FileSink&)>& produce);
void write_file_atomic(const std::filesystem::path& path, std::string_view content);

/// Replaces a whole folder: `produce` fills a fresh temporary folder beside `path`, which then takes its place. A
/// failure leaves an existing folder as it was.
void write_directory_atomic(const std::filesystem::path& path,
                            const std::function<void(const std::filesystem::path&)>& produce);

}  // namespace ballast::base
