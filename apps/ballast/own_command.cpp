// SPDX-License-Identifier: Apache-2.0
#include "own_command.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <memory>
#include <string_view>

#include "ballast/base/error.h"
#include "ballast/base/files.h"

namespace ballast::apps {

using base::Error;
using base::ErrorCode;

std::string shell_quoted(const std::string& word) {
  const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c >= 0x80 ||
           std::string_view("_./:@%+=-").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (plain) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string shell_line(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + shell_quoted(word);
  return line;
}

std::string run_own(const std::vector<std::string>& words, const std::filesystem::path& folder) {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  const std::filesystem::path complaints = folder / ".stderr";
  const std::string command = "cd " + shell_quoted(folder.string()) + " && exec " + shell_quoted(self) + " " +
                              shell_line(words) + " 2>" + shell_quoted(complaints.string());
  std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  if (!pipe) throw Error(ErrorCode::io, "cannot be started", self);
  std::string out;
  std::array<char, 1 << 16> buffer{};
  for (std::size_t n = 0; (n = std::fread(buffer.data(), 1, buffer.size(), pipe.get())) > 0;)
    out.append(buffer.data(), n);
  const int status = pclose(pipe.release());
  std::error_code ignored;
  const std::string said = std::filesystem::exists(complaints, ignored) ? base::read_file(complaints) : "";
  std::filesystem::remove(complaints, ignored);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw Error(ErrorCode::io, said.empty() ? "ended without a word" : said.substr(0, said.find_last_not_of('\n') + 1),
                "ballast " + shell_line(words));
  }
  return out;
}

}  // namespace ballast::apps
