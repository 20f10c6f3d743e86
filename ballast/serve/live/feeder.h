// SPDX-License-Identifier: Apache-2.0
// What is new in the store, told to those who listen. It looks at the store and not at what this process did, so that
// what `ballast scan` or `ballast watch` write beside it is told as well, and a restart forgets no alert.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>

#include "ballast/serve/app.h"
#include "ballast/store/store.h"

namespace ballast::serve {

class Feeder {
 public:
  explicit Feeder(App& app);
  ~Feeder();
  Feeder(const Feeder&) = delete;
  Feeder& operator=(const Feeder&) = delete;

 private:
  struct Places {
    std::int64_t signals = 0, alerts = 0, cases = 0, decisions = 0;
  };
  void run(std::unique_ptr<store::Store> store);
  void follow(store::Store& store);
  /// Tells what is new; whether there is more.
  bool look(store::Store& store);
  void raise_alerts(store::Store& store);
  void tell_signals(store::Store& store, bool& more);
  void tell_others(store::Store& store, bool& more);
  void tell(store::Store& store, const std::string& topic, const std::string& event, const std::string& key,
            const base::Json& data);

  App& app_;
  Places places_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace ballast::serve
