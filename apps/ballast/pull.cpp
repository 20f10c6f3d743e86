// SPDX-License-Identifier: Apache-2.0
// `ballast pull`: a model from a hub into the cache, or into a folder of the user's own.
#include "pull.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/json.h"
#include "ballast/remote/hub.h"

namespace ballast::apps {
namespace {

struct PullArguments {
  std::string cache, token_file, output;
  remote::PullOptions options;
};

std::string hub_variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// Copies the files out of the cache, as one folder or not at all.
void copy_out(const remote::Pulled& pulled, const std::filesystem::path& output) {
  namespace fs = std::filesystem;
  if (fs::exists(output)) {
    throw base::Error(base::ErrorCode::usage, "is there already", "--output", "name a folder that does not exist");
  }
  base::write_directory_atomic(output, [&](const fs::path& fresh) {
    for (const remote::PulledFile& f : pulled.files) {
      fs::create_directories((fresh / f.path).parent_path());
      std::error_code failed;
      fs::copy_file(pulled.folder / f.path, fresh / f.path, failed);
      if (failed) throw base::Error(base::ErrorCode::io, failed.message(), (output / f.path).string());
    }
  });
}

void run_pull(const PullArguments& a, const Common& common) {
  remote::PullOptions options = a.options;
  if (options.hub.empty()) options.hub = hub_variable("BALLAST_HUB");
  options.token = a.token_file.empty() ? hub_variable("BALLAST_HUB_TOKEN") : remote::read_secret(a.token_file);
  options.cache = a.cache.empty() ? remote::default_cache() : std::filesystem::path(a.cache);
  options.progress = terminal_progress(common);
  const remote::Pulled pulled = remote::pull(options);
  if (!a.output.empty()) copy_out(pulled, a.output);
  const std::string folder = a.output.empty() ? pulled.folder.string() : a.output;
  std::int64_t fetched = 0, size = 0;
  for (const remote::PulledFile& f : pulled.files) {
    fetched += f.fetched;
    size += f.size;
  }
  if (common.json) {
    base::Json files = base::Json::array();
    for (const remote::PulledFile& f : pulled.files) {
      files.push_back({{"path", f.path}, {"size", f.size}, {"checksum", f.checksum}, {"fetched", f.fetched}});
    }
    const base::Json out = {{"id", options.id}, {"commit", pulled.commit}, {"folder", folder}, {"files", files}};
    fmt::print("{}\n", base::dump_json(out));
    return;
  }
  fmt::print("{}\n", folder);
  say(common, fmt::format("{} at {}: {} files, {:.1f} MB, {:.1f} MB of them fetched now", options.id,
                          pulled.commit.substr(0, 12), pulled.files.size(), static_cast<double>(size) / 1e6,
                          static_cast<double>(fetched) / 1e6));
}

}  // namespace

void add_pull(CLI::App& app, Common& common) {
  CLI::App* verb = app.add_subcommand("pull", "Fetch a model from a hub; what was fetched before is not fetched again");
  const auto a = std::make_shared<PullArguments>();
  remote::PullOptions& o = a->options;
  verb->add_option("id", o.id, "The model's name: OWNER/NAME")->required();
  verb->add_option("--hub", o.hub, "Base address of a Hugging Face-compatible hub (default: $BALLAST_HUB)");
  verb->add_option("--revision", o.revision, "Branch, tag or commit; a commit never changes")->capture_default_str();
  verb->add_option(
      "--file", o.only,
      "Only files of this name, with * and ? (repeatable; default: weights, configuration, tokenizer, card)");
  verb->add_option("--output", a->output, "Copy the model into this new folder, too");
  verb->add_option("--cache", a->cache, "Where models are kept (default: $BALLAST_CACHE, else ~/.cache/ballast)");
  verb->add_flag("--offline", o.offline, "Use no network: only what has been fetched before, checked again");
  verb->add_option("--token-file", a->token_file,
                   "File with a token for models that are not public (default: $BALLAST_HUB_TOKEN)");
  verb->add_option("--attempts", o.attempts, "Requests in a row that may fail before giving up")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  add_common(*verb, common,
             "ballast pull OWNER/NAME --revision main\n"
             "  (proxies: $https_proxy, $http_proxy and $no_proxy, as libcurl reads them)");
  verb->callback([a, &common] { run_pull(*a, common); });
}

}  // namespace ballast::apps
