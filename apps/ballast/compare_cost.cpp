// SPDX-License-Identifier: Apache-2.0
// What a method costs: seconds, resident memory (Linux: the high-water mark of this process, reset before each method),
// and the size of its model.
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/hash.h"
#include "compare.h"

namespace ballast::apps {
namespace {

namespace fs = std::filesystem;

/// A field of /proc/self/status in bytes; 0 where there is none.
std::int64_t status_bytes(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field + ":")) return std::stoll(line.substr(field.size() + 1)) * 1024;
  }
  return 0;
}

}  // namespace

CostMeter::CostMeter() {
  malloc_trim(0);  // what the method before gave back is not this one's
  std::ofstream("/proc/self/clear_refs") << "5";
  resident_ = status_bytes("VmRSS");
}

govern::MethodCost CostMeter::cost() const {
  govern::MethodCost cost = cost_;
  cost.memory_bytes = std::max<std::int64_t>(0, status_bytes("VmHWM") - resident_);
  return cost;
}

double CostMeter::now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

govern::MethodCost operator+(const govern::MethodCost& a, const govern::MethodCost& b) {
  return {a.train_seconds + b.train_seconds, a.score_seconds + b.score_seconds,
          std::max(a.memory_bytes, b.memory_bytes)};
}

std::pair<std::string, std::int64_t> measure_files(const std::function<void(const std::string& folder)>& write) {
  std::string folder = (fs::temp_directory_path() / "ballast-compare-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) throw base::Error(base::ErrorCode::io, "cannot make a folder", folder);
  struct Removed {
    const std::string& path;
    ~Removed() {
      std::error_code ignored;
      fs::remove_all(path, ignored);
    }
  } removed{folder};
  write(folder);
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::string hashes;
  std::int64_t bytes = 0;
  for (const fs::path& file : files) {
    hashes += file.filename().string() + " " + base::sha256_file(file) + "\n";
    bytes += static_cast<std::int64_t>(fs::file_size(file));
  }
  return {base::sha256_hex(hashes), bytes};
}

}  // namespace ballast::apps
