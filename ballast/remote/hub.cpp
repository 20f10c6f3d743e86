// SPDX-License-Identifier: Apache-2.0
#include "ballast/remote/hub.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/hash.h"
#include "ballast/base/json.h"
#include "ballast/remote/http/transfer.h"
#include "ballast/remote/hub/listing.h"

namespace ballast::remote {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;
using base::Json;

constexpr const char* kRecord = ".ballast-pull.json";  // of a snapshot: its files with sizes and checksums
constexpr std::size_t kLargestText = std::size_t{64} << 20;

void check_options(const PullOptions& o) {
  const auto plain = [](const std::string& text, bool slash) {
    return !text.empty() && text.size() < 200 && text.find("..") == std::string::npos && text.front() != '/' &&
           text.back() != '/' &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._" +
                                  std::string(slash ? "/" : "")) == std::string::npos;
  };
  if (!plain(o.id, true) || std::count(o.id.begin(), o.id.end(), '/') > 1) {
    throw Error(ErrorCode::usage, "\"" + o.id + "\" is no model's name", "ID", "expected OWNER/NAME");
  }
  if (!plain(o.revision, true)) {
    throw Error(ErrorCode::usage, "\"" + o.revision + "\" is no revision", "--revision", "a branch, a tag or a commit");
  }
  if (o.offline) return;
  if (o.hub.empty()) {
    throw Error(ErrorCode::usage, "no hub is set", "--hub",
                "set BALLAST_HUB to the base address of a Hugging Face-compatible hub, or give --hub URL");
  }
  check_address(o.hub, o.token, "--hub");
}

/// "a/b" as one name of a folder; slashes of a revision alike.
std::string flat(std::string text) {
  for (std::size_t at = text.find('/'); at != std::string::npos; at = text.find('/', at + 2)) text.replace(at, 1, "--");
  return text;
}

/// Percent-encoding of what is neither unreserved nor a slash (RFC 3986, section 2.3).
std::string url_path(std::string_view path) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) || std::string_view("-._~/").find(c) != std::string_view::npos) {
      out.push_back(c);
    } else {
      out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return out;
}

class Puller {
 public:
  explicit Puller(const PullOptions& options) : o_(options) {
    while (o_.hub.ends_with('/')) o_.hub.pop_back();
    root_ = o_.cache / "hub" / ("models--" + flat(o_.id));
  }

  Pulled run() {
    Pulled out;
    out.commit = o_.offline ? known_commit() : ask_commit();
    out.folder = root_ / "snapshots" / out.commit;
    if (o_.offline) {
      out.files = read_record(out.folder);
      check_cached(out);
      return out;
    }
    const std::string at = o_.hub + "/api/models/" + url_path(o_.id) + "/tree/" + out.commit + "?recursive=true";
    const std::vector<ListedFile> files = choose_files(read_listing(get(at, "the model's files"), at), o_.only, o_.id);
    for (const ListedFile& f : files) state_.total += f.size;
    for (const ListedFile& f : files) {
      fetch(f, out);
      state_.done = std::max(state_.done, before_ + f.size);
      before_ += f.size;
    }
    write_record(out);
    fs::create_directories(root_ / "refs");
    base::write_file_atomic(root_ / "refs" / flat(o_.revision), out.commit + "\n");
    state_.finished = true;
    if (o_.progress) o_.progress(state_);
    return out;
  }

 private:
  /// A text from the hub, asked for again where that may help.
  std::string get(const std::string& url, const std::string& what) {
    HttpAnswer answer;
    for (int attempt = 0; attempt < o_.attempts; ++attempt) {
      if (attempt > 0) wait_seconds(pause_before(attempt, o_.first_pause, answer));
      HttpAsk ask;
      ask.url = url;
      ask.token = o_.token;
      ask.most = kLargestText;
      ask.idle_seconds = o_.idle_seconds;
      answer = http_ask(ask);
      if (!worth_repeating(answer)) break;
    }
    check_answer(answer, url, what);
    return std::move(answer.body);
  }

  void check_answer(const HttpAnswer& answer, const std::string& url, const std::string& what) const {
    if (answer.problem.empty() && answer.status >= 200 && answer.status < 300) return;
    if (answer.status == 404) {
      throw Error(ErrorCode::not_found, "the hub has no " + o_.id + " of revision \"" + o_.revision + "\"", url);
    }
    if (answer.status == 401 || answer.status == 403) {
      throw Error(ErrorCode::network, "the hub refuses " + what + " (" + std::to_string(answer.status) + ")", url,
                  o_.token.empty() ? "set BALLAST_HUB_TOKEN or give --token-file" : "does the token have the right?");
    }
    throw Error(ErrorCode::network,
                "no " + what + ": " +
                    (answer.problem.empty() ? "the hub answers " + std::to_string(answer.status) : answer.problem),
                url);
  }

  std::string ask_commit() {
    const std::string at = o_.hub + "/api/models/" + url_path(o_.id) + "/revision/" + url_path(o_.revision);
    return read_commit(get(at, "answer about the model"), at);
  }

  std::string known_commit() const {
    if (fs::is_directory(root_ / "snapshots" / o_.revision)) return o_.revision;
    const fs::path ref = root_ / "refs" / flat(o_.revision);
    if (!fs::exists(ref)) {
      throw Error(ErrorCode::not_found, o_.id + " of revision \"" + o_.revision + "\" is not in the cache",
                  o_.cache.string(), "pull it once without --offline");
    }
    return read_commit(base::dump_json({{"sha", read_secret(ref)}}), ref.string());
  }

  std::vector<PulledFile> read_record(const fs::path& folder) const {
    const fs::path file = folder / kRecord;
    if (!fs::exists(file)) throw Error(ErrorCode::not_found, "has not been fetched completely", folder.string());
    std::vector<PulledFile> files;
    for (const Json& f : base::json_field<Json>(base::read_json(file), "files", file.string())) {
      files.push_back({base::json_field<std::string>(f, "path", file.string()),
                       base::json_field<std::int64_t>(f, "size", file.string()),
                       base::json_field<std::string>(f, "checksum", file.string()), 0});
    }
    return files;
  }

  void write_record(const Pulled& out) const {
    Json files = Json::array();
    std::vector<PulledFile> all = out.files;
    if (fs::exists(out.folder / kRecord)) {  // of an earlier pull with other --file patterns
      for (PulledFile& f : read_record(out.folder)) {
        const auto same = [&](const PulledFile& g) { return g.path == f.path; };
        if (std::none_of(all.begin(), all.end(), same)) all.push_back(std::move(f));
      }
    }
    for (const PulledFile& f : all) {
      files.push_back({{"path", f.path}, {"size", f.size}, {"checksum", f.checksum}});
    }
    const Json record = {{"id", o_.id}, {"commit", out.commit}, {"files", files}};
    base::write_file_atomic(out.folder / kRecord, base::dump_json(record) + "\n");
  }

  void check_cached(const Pulled& out) const {
    for (const PulledFile& f : out.files) {
      if (is_whole(out.folder / f.path, f.size, f.checksum)) continue;
      throw Error(ErrorCode::bad_input, "is missing or damaged in the cache", (out.folder / f.path).string(),
                  "pull the model again without --offline");
    }
  }

  static bool is_whole(const fs::path& file, std::int64_t size, const std::string& checksum) {
    std::error_code absent;
    if (!fs::is_regular_file(file, absent) || static_cast<std::int64_t>(fs::file_size(file)) != size) return false;
    if (checksum.starts_with("sha256:")) return base::sha256_file(file) == checksum.substr(7);
    return git_blob_hash(base::read_file(file)) == checksum.substr(4);
  }

  /// One file into the snapshot: what is there and whole stays, a part goes on, a wrong whole begins once more.
  void fetch(const ListedFile& listed, Pulled& out) {
    PulledFile f{listed.path, listed.size, listed.checksum, 0};
    const fs::path target = out.folder / f.path;
    if (listed.checksum.starts_with("git:") && listed.size > static_cast<std::int64_t>(kLargestText)) {
      throw Error(ErrorCode::bad_input, "a file of " + std::to_string(listed.size) + " bytes has only git's checksum",
                  f.path);
    }
    if (!is_whole(target, f.size, f.checksum)) {
      fs::create_directories(target.parent_path());
      const fs::path part = target.string() + ".part";
      bool whole = false;
      for (int round = 0; round < 2 && !whole; ++round) {
        receive(out.commit, f, part);
        whole = is_whole(part, f.size, f.checksum);
        if (!whole) fs::remove(part);
      }
      if (!whole) {
        throw Error(ErrorCode::bad_input, "\"" + f.path + "\" arrived twice with another checksum than the hub lists",
                    o_.id, "expected " + f.checksum);
      }
      fs::rename(part, target);
    }
    out.files.push_back(std::move(f));
  }

  /// Appends to `part` until it has the listed size.
  void receive(const std::string& commit, PulledFile& f, const fs::path& part) {
    const std::string url = o_.hub + "/" + url_path(o_.id) + "/resolve/" + commit + "/" + url_path(f.path);
    HttpAnswer answer;
    int failures = 0;
    for (;;) {
      std::error_code absent;
      std::int64_t have = fs::exists(part, absent) ? static_cast<std::int64_t>(fs::file_size(part)) : 0;
      if (have > f.size) {
        fs::remove(part);
        have = 0;
      }
      if (have == f.size && (f.size > 0 || fs::exists(part))) return;
      const std::int64_t came = receive_some(url, f, part, have, answer);
      if (came > 0) failures = 0;  // it moves
      if (came == 0 && answer.problem.empty() && answer.status >= 200 && answer.status < 300 && f.size == 0) return;
      const bool good = answer.problem.empty() && answer.status >= 200 && answer.status < 300;
      if (!good && !worth_repeating(answer) && answer.status != 416)
        check_answer(answer, url, "file \"" + f.path + "\"");
      if (answer.status == 416) fs::remove(part);  // what is there is no beginning of it
      std::int64_t now = fs::exists(part, absent) ? static_cast<std::int64_t>(fs::file_size(part)) : 0;
      if (now == f.size) return;
      if (++failures >= o_.attempts) {
        if (good) {
          throw Error(
              ErrorCode::network,
              "\"" + f.path + "\" ends after " + std::to_string(now) + " of " + std::to_string(f.size) + " bytes", url);
        }
        check_answer(answer, url, "file \"" + f.path + "\"");
      }
      wait_seconds(pause_before(failures, o_.first_pause, answer));
    }
  }

  /// One request; returns the bytes that were added.
  std::int64_t receive_some(const std::string& url, PulledFile& f, const fs::path& part, std::int64_t have,
                            HttpAnswer& answer) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(part.c_str(), have > 0 ? "ab" : "wb"),
                                                               std::fclose);
    if (!file) throw Error(ErrorCode::io, "cannot be written", part.string());
    std::int64_t at = have, added = 0;
    bool disk = true;
    HttpAsk ask;
    ask.url = url;
    ask.token = o_.token;
    ask.from = have;
    ask.most = static_cast<std::size_t>(f.size) + (std::size_t{1} << 20);
    ask.idle_seconds = o_.idle_seconds;
    ask.sink = [&](long status, std::string_view bytes) {
      if (status != 200 && status != 206) return true;  // a page about an error is not the file
      if (status == 200 && added == 0 && at > 0) {      // the hub does not go on in the middle: from the start
        if (std::fflush(file.get()) != 0 || std::freopen(part.c_str(), "wb", file.get()) == nullptr)
          return disk = false;
        at = 0;
      }
      if (at + static_cast<std::int64_t>(bytes.size()) > f.size) {
        answer.too_large = true;
        return false;
      }
      if (std::fwrite(bytes.data(), 1, bytes.size(), file.get()) != bytes.size()) return disk = false;
      at += static_cast<std::int64_t>(bytes.size());
      added += static_cast<std::int64_t>(bytes.size());
      f.fetched += static_cast<std::int64_t>(bytes.size());
      report(f, at);
      return true;
    };
    answer.too_large = false;
    HttpAnswer fresh = http_ask(ask);
    const bool too_long = answer.too_large;
    answer = std::move(fresh);
    disk &= std::fflush(file.get()) == 0;
    if (!disk) throw Error(ErrorCode::io, "cannot be written: is the disk full?", part.string());
    if (too_long) {
      throw Error(ErrorCode::bad_input,
                  "\"" + f.path + "\" is longer than the hub lists (" + std::to_string(f.size) + ")", url);
    }
    return added;
  }

  void report(const PulledFile& f, std::int64_t at) {
    state_.done = before_ + at;
    state_.metric = f.path;
    if (o_.progress) o_.progress(state_);
  }

  PullOptions o_;
  fs::path root_;
  base::ProgressState state_{"pulling", 0, 0, "bytes", "", false};
  std::int64_t before_ = 0;
};

}  // namespace

Pulled pull(const PullOptions& options) {
  check_options(options);
  return Puller(options).run();
}

fs::path default_cache() {
  const auto variable = [](const char* name) -> std::string {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
  };
  if (const auto own = variable("BALLAST_CACHE"); !own.empty()) return own;
  if (const auto xdg = variable("XDG_CACHE_HOME"); !xdg.empty()) return fs::path(xdg) / "ballast";
  if (const auto home = variable("HOME"); !home.empty()) return fs::path(home) / ".cache" / "ballast";
  throw Error(ErrorCode::usage, "there is no home folder to keep models in", "BALLAST_CACHE", "set it to a folder");
}

std::string read_secret(const fs::path& file) {
  std::string text = base::read_file(file);
  text = text.substr(0, text.find('\n'));
  while (!text.empty() && (text.back() == '\r' || text.back() == ' ')) text.pop_back();
  if (text.empty()) throw Error(ErrorCode::bad_input, "its first line is empty", file.string());
  return text;
}

}  // namespace ballast::remote
