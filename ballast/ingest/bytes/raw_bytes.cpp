// SPDX-License-Identifier: Apache-2.0
#include "ballast/ingest/bytes/raw_bytes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>

#include "ballast/base/error.h"

namespace ballast::ingest {
namespace {

using base::Error;
using base::ErrorCode;

gzFile as_gz(void* file) {
  return static_cast<gzFile>(file);
}

int open_descriptor(const std::string& source) {
  if (source == "-") return ::dup(STDIN_FILENO);
  const int fd = ::open(source.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    const bool absent = errno == ENOENT || errno == ENOTDIR;
    throw Error(absent ? ErrorCode::not_found : ErrorCode::io, std::string("cannot open: ") + std::strerror(errno),
                source);
  }
  struct stat info {};
  if (::fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) {
    ::close(fd);
    throw Error(ErrorCode::bad_input, "is a folder, expected a file", source);
  }
  return fd;
}

}  // namespace

RawBytes::RawBytes(const std::string& source) : source_(source) {
  const int fd = open_descriptor(source);
  file_ = gzdopen(fd, "rb");  // also reads what is not gzip, as it is
  if (file_ == nullptr) {
    ::close(fd);
    throw Error(ErrorCode::io, "out of memory while opening", source);
  }
  gzbuffer(as_gz(file_), 128 << 10);
}

RawBytes::~RawBytes() {
  gzclose(as_gz(file_));
}

std::size_t RawBytes::read(std::string& out, std::size_t count) {
  const std::size_t before = out.size();
  out.resize(before + count);
  const int got = gzread(as_gz(file_), out.data() + before, static_cast<unsigned>(count));
  out.resize(before + static_cast<std::size_t>(got > 0 ? got : 0));
  int status = Z_OK;
  const char* message = gzerror(as_gz(file_), &status);
  if (got < 0 || status == Z_BUF_ERROR) {
    if (status == Z_ERRNO) throw Error(ErrorCode::io, std::string("cannot read: ") + std::strerror(errno), source_);
    throw Error(ErrorCode::bad_input,
                status == Z_BUF_ERROR ? "gzip data ends early" : std::string("damaged gzip data (") + message + ")",
                source_, "fetch the file again");
  }
  return static_cast<std::size_t>(got);
}

}  // namespace ballast::ingest
