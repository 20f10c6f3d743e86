// SPDX-License-Identifier: Apache-2.0
#include "default_model.h"

#include <cstdlib>
#include <string>
#include <system_error>

#include "ballast/base/error.h"

namespace ballast::apps {
namespace fs = std::filesystem;

fs::path default_model() {
  const char* named = std::getenv("BALLAST_MODEL");
  if (named != nullptr && *named != '\0') return named;
  std::error_code failed;
  const fs::path folder = fs::read_symlink("/proc/self/exe", failed).parent_path();
  std::string looked;
  for (const fs::path& candidate : {folder / "../share/ballast/models/risk-small", folder / "models/risk-small",
                                    fs::path(BALLAST_SOURCE_DIR) / "models/risk-small"}) {
    if (fs::is_directory(candidate, failed)) return candidate;
    if (!looked.empty()) looked += ", ";
    looked += candidate.lexically_normal().string();
  }
  throw base::Error(base::ErrorCode::not_found, "no model was named and the embedded one is not there", looked,
                    "use --model FOLDER or set BALLAST_MODEL");
}

}  // namespace ballast::apps
