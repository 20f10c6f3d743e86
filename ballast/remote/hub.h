// SPDX-License-Identifier: Apache-2.0
// Models from a hub that speaks the paths of Hugging Face's:
//
//   GET /api/models/ID/revision/REVISION                    {"sha": commit, …}
//   GET /api/models/ID/tree/COMMIT?recursive=true           [{"type": "file", "path", "size", "oid", "lfs": {"oid"}}]
//   GET /ID/resolve/COMMIT/PATH                             the file, perhaps from where a redirection leads
//
// What is fetched lies in a cache, by commit, and is there without a network. A file that arrives has the size and the
// checksum that the listing says (SHA-256, or git's for small files), or it is not taken.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "ballast/base/progress.h"

namespace ballast::remote {

struct PullOptions {
  std::string id;                 // "owner/name"
  std::string revision = "main";  // a branch, a tag or a commit
  std::string hub;                // https://…; needed unless offline
  std::string token;              // for models that are not public
  std::filesystem::path cache;    // made if absent
  bool offline = false;           // only what the cache holds
  std::vector<std::string> only;  // file names with * and ?; empty: weights, configuration, tokenizer, card
  int attempts = 6;               // of a request
  double first_pause = 0.5;       // seconds before the first repetition; doubles
  double idle_seconds = 60;       // without a byte
  base::ProgressSink progress;    // bytes of all files
};

struct PulledFile {
  std::string path;
  std::int64_t size = 0;
  std::string checksum;      // "sha256:…" or "git:…"
  std::int64_t fetched = 0;  // bytes that came over the network now
};

struct Pulled {
  std::filesystem::path folder;  // of the model, in the cache
  std::string commit;
  std::vector<PulledFile> files;
};

/// Fetches what is missing. Throws usage (no hub, an id or option that cannot be), not_found (no such model, revision
/// or file), bad_input (a listing or checksum that is wrong, which is asked for twice), unsupported (pickled weights
/// only), network (no answer after all attempts), io.
Pulled pull(const PullOptions& options);

/// $BALLAST_CACHE, else $XDG_CACHE_HOME/ballast, else ~/.cache/ballast. Throws usage where none is set.
std::filesystem::path default_cache();

/// The first line of a file, for secrets. Throws not_found, or bad_input for an empty one.
std::string read_secret(const std::filesystem::path& file);

}  // namespace ballast::remote
