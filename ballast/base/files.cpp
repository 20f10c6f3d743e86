// SPDX-License-Identifier: Apache-2.0
#include "ballast/base/files.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

#include "ballast/base/error.h"

namespace ballast::base {
namespace fs = std::filesystem;
namespace {

[[noreturn]] void fail(const fs::path& path, const char* doing) {
  const int reason = errno;
  const bool absent = reason == ENOENT || reason == ENOTDIR;
  throw Error(absent ? ErrorCode::not_found : ErrorCode::io, std::string("cannot ") + doing + ": " + strerror(reason),
              path.string());
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

void sync_folder(const fs::path& folder) {
  Descriptor d(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (d.get() >= 0) ::fsync(d.get());  // Some file systems refuse this; the rename itself has then still happened.
}

class DescriptorSink : public FileSink {
 public:
  DescriptorSink(int fd, fs::path path) : fd_(fd), path_(std::move(path)) { buffer_.reserve(kBuffer); }
  using FileSink::write;
  void write(const void* data, std::size_t size) override {
    if (buffer_.size() + size > kBuffer) flush();
    if (size >= kBuffer) return put(static_cast<const char*>(data), size);
    buffer_.append(static_cast<const char*>(data), size);
  }
  void flush() {
    put(buffer_.data(), buffer_.size());
    buffer_.clear();
  }

 private:
  static constexpr std::size_t kBuffer = 1 << 20;  // one system call a mebibyte
  void put(const char* data, std::size_t size) {
    while (size > 0) {
      const ssize_t n = ::write(fd_, data, size);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) fail(path_, "write");
      data += n;
      size -= static_cast<std::size_t>(n);
    }
  }
  int fd_;
  fs::path path_;
  std::string buffer_;
};

std::string temporary_name(const fs::path& path) {
  return path.string() + ".tmp-" + std::to_string(::getpid());
}

}  // namespace

MappedFile::MappedFile(const fs::path& path) {
  Descriptor d(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (d.get() < 0) fail(path, "open");
  struct stat info {};
  if (::fstat(d.get(), &info) != 0) fail(path, "read");
  if (!S_ISREG(info.st_mode)) throw Error(ErrorCode::bad_input, "is not a regular file", path.string());
  size_ = static_cast<std::size_t>(info.st_size);
  if (size_ == 0) return;
  void* p = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, d.get(), 0);
  if (p == MAP_FAILED) fail(path, "map");
  data_ = static_cast<const std::byte*>(p);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

void MappedFile::populate() const noexcept {
  constexpr std::size_t kPagesAround = std::size_t{16} << 12;  // what Linux maps at once
  for (std::size_t at = 0; at < size_; at += kPagesAround) {
    [[maybe_unused]] const volatile std::byte read = data_[at];
  }
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

std::string read_file(const fs::path& path) {
  const MappedFile file(path);
  return std::string(file.text());
}

void write_file_atomic(const fs::path& path, const std::function<void(FileSink&)>& produce) {
  const std::string temporary = temporary_name(path);
  Descriptor d(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (d.get() < 0) fail(temporary, "create");
  try {
    DescriptorSink sink(d.get(), path);
    produce(sink);
    sink.flush();
    if (::fsync(d.get()) != 0) fail(path, "write");
    if (::close(d.release()) != 0) fail(path, "write");
    if (::rename(temporary.c_str(), path.c_str()) != 0) fail(path, "replace");
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  sync_folder(path.parent_path());
}

void write_file_atomic(const fs::path& path, std::string_view content) {
  write_file_atomic(path, [&](FileSink& sink) { sink.write(content); });
}

void write_directory_atomic(const fs::path& path, const std::function<void(const fs::path&)>& produce) {
  fs::path target = path;
  if (!target.has_filename()) target = target.parent_path();  // "dir/" names the same folder as "dir"
  const fs::path temporary = temporary_name(target);
  std::error_code ec;
  fs::remove_all(temporary, ec);
  if (!fs::create_directories(temporary, ec)) {
    throw Error(ErrorCode::io, "cannot create folder: " + ec.message(), temporary.string());
  }
  try {
    produce(temporary);
    sync_folder(temporary);
    if (fs::exists(target)) {
      // Both names change in one step, so that a reader always finds a whole folder under `path`.
      if (::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, target.c_str(), RENAME_EXCHANGE) != 0)
        fail(target, "replace");
      fs::remove_all(temporary, ec);
    } else if (::rename(temporary.c_str(), target.c_str()) != 0) {
      fail(target, "create");
    }
  } catch (...) {
    fs::remove_all(temporary, ec);
    throw;
  }
  sync_folder(target.parent_path());
}

}  // namespace ballast::base
