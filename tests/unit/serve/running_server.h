// SPDX-License-Identifier: Apache-2.0
// A server of a test's own, with a store in a scratch folder.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "ballast/serve/accounts.h"
#include "ballast/serve/server.h"
#include "tests/support/http_client.h"
#include "tests/support/scratch.h"
#include "tests/support/store_url.h"

namespace ballast::serve {

class RunningServer {
 public:
  explicit RunningServer(const std::function<void(ServeOptions&)>& change = {}, bool model = false) {
    options.port = 0;
    options.store = test::store_url(folder);
    options.version = "0", options.build = "0+test";
    options.limits.rate = 0;
    if (model) options.risk_model = std::string(BALLAST_SOURCE_DIR) + "/models/risk-small";
    options.log = [this](const std::string& line) {
      const std::lock_guard lock(mutex);
      log.push_back(line);
    };
    if (change) change(options);
    start();
  }
  void start() {
    server = std::make_unique<Server>(options);
    server->start();
  }
  unsigned short port() const { return server->port(); }
  store::Store store() const { return store::Store::open(options.store); }

  test::ScratchFolder folder;
  ServeOptions options;
  std::mutex mutex;
  std::vector<std::string> log;
  std::unique_ptr<Server> server;
};

}  // namespace ballast::serve
