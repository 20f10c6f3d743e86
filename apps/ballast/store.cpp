// SPDX-License-Identifier: Apache-2.0
// ballast store backup · restore: copies of a store while it is in use.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "ballast/base/error.h"
#include "ballast/store/work.h"
#include "serve.h"
#include "verb.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;

void backup(const std::string& file, bool replace, const Common& common) {
  if (std::filesystem::exists(file) && !replace) {
    throw Error(ErrorCode::usage, "is there already", file, "another name, or --replace");
  }
  store::Store store = store::Store::open(common.store);
  store::Work(store).backup(file);
  say(common, "copied " + common.store + " to " + file);
}

void restore(const std::string& file, const Common& common) {
  store::Store store = store::Store::open(common.store);
  store::Work(store).restore(file);
  say(common, common.store + " is now what " + file + " holds");
}

}  // namespace

void add_store(CLI::App& app, Common& common) {
  CLI::App* verb = app.add_subcommand("store", "Copies of a store while it is in use");
  verb->require_subcommand(1);
  const auto file = std::make_shared<std::string>();
  const auto replace = std::make_shared<bool>(false);
  CLI::App* out = verb->add_subcommand("backup", "Copy the store to a file, as it is at this moment");
  out->add_option("FILE", *file)->required();
  out->add_flag("--replace", *replace, "Overwrite a file that is there");
  add_common(*out, common, "ballast store backup monday.db --store sqlite:bank.db");
  out->callback([file, replace, &common] { backup(*file, *replace, common); });
  CLI::App* in = verb->add_subcommand("restore", "Make the store what a copy holds; a running service goes on with it");
  in->add_option("FILE", *file)->required();
  add_common(*in, common, "ballast store restore monday.db --store sqlite:bank.db");
  in->callback([file, &common] { restore(*file, common); });
}

}  // namespace ballast::apps
