// SPDX-License-Identifier: Apache-2.0
#include "ballast/remote/hub/listing.h"

#include <algorithm>
#include <set>

#include "ballast/base/error.h"
#include "ballast/base/json.h"

namespace ballast::remote {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr std::size_t kMostFiles = 10000;
constexpr std::int64_t kLargestFile = std::int64_t{1} << 42;

bool is_hex(std::string_view text, std::size_t length) {
  return text.size() == length && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// A path that stays below the folder it is written to.
void check_path(const std::string& path, const std::string& where) {
  bool good = !path.empty() && path.size() < 1024 && path.front() != '/';
  for (const char c : path) good &= static_cast<unsigned char>(c) >= 0x20 && c != '\\' && c != 0x7f;
  for (std::size_t at = 0; good && at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view part = std::string_view(path).substr(at, end - at);
    good = !part.empty() && part != "." && part != ".." && part.size() < 256;
    at = end + 1;
  }
  if (!good)
    throw Error(ErrorCode::bad_input, "the path \"" + path.substr(0, 80) + "\" leaves the model's folder", where);
}

bool ends_with_any(std::string_view name, std::initializer_list<std::string_view> ends) {
  return std::any_of(ends.begin(), ends.end(), [&](std::string_view end) { return name.ends_with(end); });
}

}  // namespace

std::string read_commit(std::string_view json, const std::string& where) {
  const auto commit = base::json_field<std::string>(base::parse_json(json, where), "sha", where);
  if (!is_hex(commit, 40) && !is_hex(commit, 64)) {
    throw Error(ErrorCode::bad_input, "\"" + commit.substr(0, 80) + "\" is no commit", where);
  }
  return commit;
}

std::vector<ListedFile> read_listing(std::string_view text, const std::string& where) {
  const Json json = base::parse_json(text, where);
  if (!json.is_array() || json.size() > kMostFiles) throw Error(ErrorCode::bad_input, "is no list of files", where);
  std::vector<ListedFile> files;
  std::set<std::string> seen;
  for (const Json& entry : json) {
    if (base::json_field<std::string>(entry, "type", where) != "file") continue;
    ListedFile f;
    f.path = base::json_field<std::string>(entry, "path", where);
    f.size = base::json_field<std::int64_t>(entry, "size", where);
    check_path(f.path, where);
    if (!seen.insert(f.path).second) throw Error(ErrorCode::bad_input, "lists \"" + f.path + "\" twice", where);
    if (f.size < 0 || f.size > kLargestFile) {
      throw Error(ErrorCode::bad_input, "\"" + f.path + "\" has a size of " + std::to_string(f.size), where);
    }
    const Json large = base::json_field<Json>(entry, "lfs", where, Json());
    const auto oid = base::json_field<std::string>(large.is_object() ? large : entry, "oid", where);
    if (!is_hex(oid, large.is_object() ? 64 : 40)) {
      throw Error(ErrorCode::bad_input, "\"" + f.path + "\" has no checksum, but \"" + oid.substr(0, 80) + "\"", where);
    }
    f.checksum = (large.is_object() ? "sha256:" : "git:") + oid;
    files.push_back(std::move(f));
  }
  return files;
}

bool matches_pattern(std::string_view name, std::string_view pattern) {
  std::size_t n = 0, p = 0, star = std::string_view::npos, retry = 0;
  while (n < name.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n]) && pattern[p] != '*') {
      ++n, ++p;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      retry = n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++retry;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::vector<ListedFile> choose_files(const std::vector<ListedFile>& all, const std::vector<std::string>& only,
                                     const std::string& where) {
  std::vector<ListedFile> chosen;
  bool weights = false, pickled = false;
  for (const ListedFile& f : all) {
    const std::string_view path = f.path;
    pickled |= ends_with_any(path, {".bin", ".pt", ".pth", ".pkl"});
    const bool top = path.find('/') == std::string_view::npos;
    const bool wanted =
        only.empty()
            ? top && (ends_with_any(path, {".safetensors", ".json", ".jinja", ".model", "vocab.txt", "merges.txt"}) ||
                      path == "README.md" || path.starts_with("LICEN"))
            : std::any_of(only.begin(), only.end(), [&](const auto& p) { return matches_pattern(path, p); });
    if (!wanted) continue;
    weights |= ends_with_any(path, {".safetensors", ".gguf"});
    chosen.push_back(f);
  }
  if (!only.empty() && chosen.empty()) {
    throw Error(ErrorCode::not_found, "no file of the model has such a name", where, "--file takes * and ?");
  }
  if (only.empty() && !weights) {
    const bool gguf = std::any_of(all.begin(), all.end(), [](const auto& f) { return f.path.ends_with(".gguf"); });
    if (gguf) {
      throw Error(ErrorCode::not_found, "the model comes as several .gguf files", where,
                  "name one: --file '*Q8_0.gguf'");
    }
    if (pickled) {
      throw Error(ErrorCode::unsupported, "the weights are pickle files only, and reading a pickle runs the code in it",
                  where, "a revision with model.safetensors");
    }
    throw Error(ErrorCode::not_found, "the model has no weights", where, "expected .safetensors or .gguf");
  }
  return chosen;
}

}  // namespace ballast::remote
