// SPDX-License-Identifier: Apache-2.0
// The verb `ballast serve`.
#pragma once

namespace CLI {
class App;
}

namespace ballast::apps {

struct Common;

void add_serve(CLI::App& app, Common& common);
/// ballast serve user · key: who may ask.
void add_serve_accounts(CLI::App& serve, Common& common);

}  // namespace ballast::apps
