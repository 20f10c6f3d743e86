// SPDX-License-Identifier: Apache-2.0
#include "govern.h"

#include <CLI/CLI.hpp>

namespace ballast::apps {

void add_govern(CLI::App& app, Common& common) {
  CLI::App* verb = app.add_subcommand("govern", "The model-risk desk: the audit trail");
  verb->require_subcommand(1);
  add_govern_audit(*verb, common);
}

}  // namespace ballast::apps
