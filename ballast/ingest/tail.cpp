// SPDX-License-Identifier: Apache-2.0
#include "ballast/ingest/tail.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <utility>

#include "ballast/base/error.h"
#include "ballast/base/hash.h"
#include "ballast/ingest/bytes/line_cutter.h"

namespace ballast::ingest {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;
namespace fs = std::filesystem;

constexpr std::size_t kChunk = std::size_t{256} << 10;
constexpr std::size_t kRemembered = 100;  // files that were rotated away, by which a folder's old ones are told
constexpr std::size_t kHead = 256;        // first bytes by which a file is known again

bool is_packed(const fs::path& path) {
  const std::string e = path.extension().string();
  return e == ".gz" || e == ".bz2" || e == ".xz" || e == ".zst" || e == ".zip";
}

/// Device and inode: the same file under any name.
using Identity = std::pair<std::uint64_t, std::uint64_t>;

Identity identity(const struct stat& info) {
  return {info.st_dev, info.st_ino};
}

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(const fs::path& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (fd_ >= 0 || errno == ENOENT) return;
    throw Error(ErrorCode::io, std::string("cannot open: ") + std::strerror(errno), path.string());
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  bool open() const { return fd_ >= 0; }
  int get() const { return fd_; }
  struct stat info() const {
    struct stat s {};
    ::fstat(fd_, &s);
    return s;
  }
  std::string read(std::uint64_t at, std::size_t count, const std::string& name) const {
    std::string bytes(count, '\0');
    const ssize_t got = ::pread(fd_, bytes.data(), count, static_cast<off_t>(at));
    if (got < 0) throw Error(ErrorCode::io, std::string("cannot read: ") + std::strerror(errno), name);
    bytes.resize(static_cast<std::size_t>(got));
    return bytes;
  }

 private:
  int fd_ = -1;
};

class FileTail {
 public:
  FileTail(std::string path, const Json& state, const TailNotes& notes)
      : path_(std::move(path)), cutter_(path_), notes_(notes) {
    if (state.is_null()) return;
    const std::string where = "state of " + path_;
    cutter_.offset = base::json_field<std::uint64_t>(state, "offset", where);
    cutter_.line = base::json_field<std::int64_t>(state, "line", where);
    cutter_.generation = base::json_field<std::int64_t>(state, "generation", where);
    was_ = {base::json_field<std::uint64_t>(state, "device", where),
            base::json_field<std::uint64_t>(state, "inode", where)};
    head_ = base::json_field<std::string>(state, "head", where);
    head_bytes_ = base::json_field<std::size_t>(state, "head_bytes", where);
    resuming_ = head_bytes_ > 0;
    for (const Json& old : base::json_field<Json>(state, "past", where)) {
      past_.push_back({{base::json_field<std::uint64_t>(old, "device", where),
                        base::json_field<std::uint64_t>(old, "inode", where)},
                       base::json_field<std::string>(old, "head", where)});
    }
  }

  bool poll(const TailSink& sink, std::int64_t& budget) {
    if (!file_.open() && !open()) return false;
    bool came = false;
    while (budget > 0) {
      if (!unchanged()) restart("was cut short: it is read from its start");
      const std::string bytes = file_.read(cutter_.read(), kChunk, path_);
      if (bytes.empty()) {
        if (!follow_rotation(sink)) break;
        came = true;
        continue;
      }
      const std::int64_t before = cutter_.line;
      cutter_.add(bytes, sink);
      remember_head();
      budget -= cutter_.line - before;
      came = came || cutter_.line > before;
    }
    return came;
  }

  void finish(const TailSink& sink) { cutter_.finish(sink); }

  Json state() const {
    Json past = Json::array();
    for (const auto& [file, head] : past_) {
      past.push_back({{"device", file.first}, {"inode", file.second}, {"head", head}});
    }
    return {{"offset", cutter_.offset},  {"line", cutter_.line}, {"generation", cutter_.generation},
            {"device", was_.first},      {"inode", was_.second}, {"head", head_},
            {"head_bytes", head_bytes_}, {"past", past}};
  }

  /// Whether this file was read here, under this or another name.
  bool has_read(const Identity& file, const Descriptor& other) const {
    const std::pair<Identity, std::string> one = {file, head_of(other, kHead)};
    return std::find(past_.begin(), past_.end(), one) != past_.end() ||
           (file == was_ && head_bytes_ > 0 && head_of(other, head_bytes_) == head_);
  }

 private:
  static std::string head_of(const Descriptor& file, std::size_t bytes) {
    return base::sha256_hex(file.read(0, bytes, "")).substr(0, 16);
  }

  void note(const std::string& what) const {
    if (notes_) notes_(path_ + " " + what);
  }

  bool open() {
    file_ = Descriptor(path_);
    if (resuming_) return resume();
    if (file_.open()) was_ = identity(file_.info());
    return file_.open();
  }

  /// The file of the state: still in its place, or renamed beside it; else whatever stands here now, from its start.
  bool resume() {
    const auto is_it = [&](const Descriptor& f) {
      return f.open() && static_cast<std::uint64_t>(f.info().st_size) >= cutter_.offset &&
             head_of(f, head_bytes_) == head_;
    };
    resuming_ = false;
    if (is_it(file_)) {
      was_ = identity(file_.info());
      return true;
    }
    std::error_code ignored;
    const fs::path folder = fs::path(path_).has_parent_path() ? fs::path(path_).parent_path() : fs::path(".");
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
      if (!entry.is_regular_file(ignored)) continue;
      struct stat info {};
      if (::stat(entry.path().c_str(), &info) != 0 || identity(info) != was_) continue;
      Descriptor renamed(entry.path());
      if (!is_it(renamed)) continue;
      note("was rotated to " + entry.path().filename().string() + ", which is read to its end first");
      file_ = std::move(renamed);
      return true;
    }
    if (!file_.open()) {
      resuming_ = true;  // neither is there yet
      return false;
    }
    restart("is another file than before: it is read from its start");
    was_ = identity(file_.info());
    return true;
  }

  /// The bytes that were read are still there: not fewer, and the first ones the same.
  bool unchanged() const {
    return static_cast<std::uint64_t>(file_.info().st_size) >= cutter_.read() &&
           (head_bytes_ == 0 || head_of(file_, head_bytes_) == head_);
  }

  void restart(const std::string& why) {
    note(why);
    cutter_.start_again();
    head_.clear();
    head_bytes_ = 0;
  }

  void remember_head() {
    const std::size_t bytes = std::min<std::uint64_t>(kHead, cutter_.offset);
    if (bytes == head_bytes_) return;
    head_bytes_ = bytes;
    head_ = head_of(file_, bytes);
  }

  /// At the end of the open file: whether another one stands in its place by now, which is then the open one. One that
  /// is still empty does not count: the writer may go on with the old file until it is told of the new one.
  bool follow_rotation(const TailSink& sink) {
    struct stat here {};
    if (::stat(path_.c_str(), &here) != 0 || here.st_size == 0 || identity(here) == identity(file_.info()))
      return false;
    Descriptor next(path_);
    if (!next.open()) return false;
    cutter_.finish(sink);  // nobody writes to the old file any more
    past_.push_back({was_, head_of(file_, kHead)});
    if (past_.size() > kRemembered) past_.erase(past_.begin());
    file_ = std::move(next);
    was_ = identity(file_.info());
    restart("was rotated: the new file is read from its start");
    return true;
  }

  std::string path_;
  LineCutter cutter_;
  const TailNotes& notes_;
  Descriptor file_;
  Identity was_ = {0, 0};
  std::string head_;
  std::size_t head_bytes_ = 0;
  bool resuming_ = false;
  std::vector<std::pair<Identity, std::string>> past_;  // files that were rotated away
};

class InputTail {
 public:
  bool poll(const TailSink& sink, std::int64_t& budget) {
    bool came = false;
    while (!ended_ && budget > 0) {
      pollfd waiting{STDIN_FILENO, POLLIN, 0};
      if (::poll(&waiting, 1, 0) <= 0) break;
      std::string bytes(kChunk, '\0');
      const ssize_t got = ::read(STDIN_FILENO, bytes.data(), bytes.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw Error(ErrorCode::io, std::string("cannot read: ") + std::strerror(errno), "-");
      if (got == 0) {
        ended_ = true;
        break;
      }
      const std::int64_t before = cutter_.line;
      cutter_.add(std::string_view(bytes).substr(0, static_cast<std::size_t>(got)), sink);
      budget -= cutter_.line - before;
      came = came || cutter_.line > before;
    }
    return came;
  }
  void finish(const TailSink& sink) { cutter_.finish(sink); }
  bool ended() const { return ended_; }

 private:
  LineCutter cutter_{"-"};
  bool ended_ = false;
};

}  // namespace

struct Tail::State {
  std::vector<std::string> folders;
  std::map<std::string, FileTail> files;
  std::unique_ptr<InputTail> input;
  TailNotes notes;
  Json resumed;  // of the files of folders, until they are found again

  void add_file(const std::string& path) {
    const bool known = resumed.is_object() && resumed.contains(path);
    files.try_emplace(path, path, known ? resumed.at(path) : Json(nullptr), notes);
  }

  /// Files that have appeared, without those that another name was read under before.
  void look_into_folders() {
    for (const std::string& folder : folders) {
      std::vector<std::string> fresh;
      std::error_code ignored;
      for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
        const std::string path = entry.path().string();
        if (!entry.is_regular_file(ignored) || entry.path().filename().string().front() == '.' ||
            is_packed(entry.path()) || files.contains(path)) {
          continue;
        }
        struct stat info {};
        if (::stat(path.c_str(), &info) != 0 || ::access(path.c_str(), R_OK) != 0) continue;
        const Descriptor file(path);
        const bool read_before = file.open() && std::any_of(files.begin(), files.end(), [&](const auto& other) {
                                   return other.second.has_read(identity(info), file);
                                 });
        if (!read_before) fresh.push_back(path);
      }
      std::sort(fresh.begin(), fresh.end());
      for (const std::string& path : fresh) add_file(path);
    }
  }
};

Tail::Tail(const std::vector<std::string>& sources, const Json& state, TailNotes notes)
    : state_(std::make_unique<State>()) {
  State& s = *state_;
  s.notes = std::move(notes);
  if (!state.is_null()) s.resumed = base::json_field<Json>(state, "files", "state of the sources");
  for (const std::string& source : sources) {
    if (source == "-") {
      s.input = std::make_unique<InputTail>();
      continue;
    }
    const fs::path path(source);
    if (fs::is_directory(path)) {
      s.folders.push_back(source);
      continue;
    }
    if (is_packed(path)) {
      throw Error(ErrorCode::unsupported, "is packed; what grows is plain text", source);
    }
    const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
    if (!fs::exists(path) && !fs::is_directory(folder)) {
      throw Error(ErrorCode::not_found, "neither the file nor its folder exists", source);
    }
    s.add_file(source);
  }
  // Files of folders that were read before come first, under their old names: they may have been rotated since.
  if (!s.resumed.is_object()) return;
  for (const auto& [path, where] : s.resumed.items()) {
    const std::string folder = fs::path(path).parent_path().string();
    if (std::find_if(s.folders.begin(), s.folders.end(), [&](const std::string& f) {
          return fs::path(f) / "" == fs::path(folder) / "";
        }) != s.folders.end()) {
      s.add_file(path);
    }
  }
}

Tail::~Tail() = default;
Tail::Tail(Tail&&) noexcept = default;
Tail& Tail::operator=(Tail&&) noexcept = default;

bool Tail::poll(const TailSink& sink, std::int64_t limit) {
  bool came = false;
  for (auto& [path, file] : state_->files) came = file.poll(sink, limit) || came;
  state_->look_into_folders();  // after the files: a rotated one is then known under its new name
  for (auto& [path, file] : state_->files) came = file.poll(sink, limit) || came;
  if (state_->input) came = state_->input->poll(sink, limit) || came;
  return came;
}

void Tail::finish(const TailSink& sink) {
  for (auto& [path, file] : state_->files) file.finish(sink);
  if (state_->input) state_->input->finish(sink);
}

bool Tail::ended() const {
  return state_->input && state_->input->ended() && state_->files.empty() && state_->folders.empty();
}

Json Tail::state() const {
  Json files = Json::object();
  for (const auto& [path, file] : state_->files) files[path] = file.state();
  return {{"files", files}};
}

}  // namespace ballast::ingest
