// SPDX-License-Identifier: Apache-2.0
// The verb `ballast serve`.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace ballast::serve {
class CustomersDesk;
}

namespace CLI {
class App;
}

namespace ballast::apps {

struct Common;

void add_serve(CLI::App& app, Common& common);
/// The verb `ballast store`.
void add_store(CLI::App& app, Common& common);
/// Null where neither models nor offers are named.
std::shared_ptr<const serve::CustomersDesk> open_customers(const std::vector<std::string>& folders,
                                                           const std::string& offers);
/// ballast serve user · key: who may ask.
void add_serve_accounts(CLI::App& serve, Common& common);

}  // namespace ballast::apps
