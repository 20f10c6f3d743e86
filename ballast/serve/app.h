// SPDX-License-Identifier: Apache-2.0
// What the handlers of all routes share.
#pragma once

#include <atomic>
#include <memory>
#include <set>
#include <string>

#include "ballast/decide/decision.h"
#include "ballast/serve/auth/gate.h"
#include "ballast/serve/http/limits.h"
#include "ballast/serve/http/routes.h"
#include "ballast/serve/live/events.h"
#include "ballast/serve/live/lane.h"
#include "ballast/serve/live/metrics.h"
#include "ballast/serve/live/store_pool.h"
#include "ballast/serve/server.h"

namespace ballast::serve {

class Desks;     // live/desks.h: the models in service
class Intake;    // live/intake.h: documents to the store and to signals
class Jobs;      // live/jobs.h: long work
class Scoring;   // live/scoring.h: texts of many requests together
class Shadows;   // live/shadows.h: challengers beside the models in charge
class Webhooks;  // live/webhooks.h: events to other systems

struct App {
  explicit App(ServeOptions given);
  ~App();

  ServeOptions options;
  BodyBudget bodies;
  StorePool stores;
  Gate gate;
  EventHub hub;
  Metrics metrics;
  RateLimiter limiter;
  Routes routes;
  std::unique_ptr<Desks> desks;
  std::unique_ptr<Intake> intake;
  std::unique_ptr<Jobs> jobs;
  std::unique_ptr<Webhooks> webhooks;
  std::unique_ptr<Scoring> scoring;
  std::unique_ptr<Shadows> shadows;
  WorkLane quick, compute, writing;
  std::atomic<bool> stopping{false};
  std::atomic<int> in_flight{0};

  void log(const char* level, const std::string& what, base::Json fields = base::Json::object());
  /// Says who made a decision, seals and stores it: before anyone sees it. Challengers in shadow get it then.
  void keep(decide::Decision& decision);
  /// Finds the route, checks who asks and what, has it answered, counts and logs it.
  void dispatch(std::shared_ptr<Request> request, Reply reply);

 private:
  void answer(const Route& route, const std::shared_ptr<Request>& request, const Reply& reply);
  void dashboard(const std::shared_ptr<Request>& request, const Reply& reply);
  void answer_once(const Route& route, const std::shared_ptr<Request>& request, const Reply& reply);
  std::mutex log_mutex_, keys_mutex_;
  std::set<std::string> keys_in_work_;
};

/// Whether an address is one that only this machine reaches.
bool is_loopback(const std::string& address);

/// A file of the dashboard. Throws Problem 404.
Response dashboard_file(const App& app, const Request& request);

// Each file below api/ adds its routes.
void add_schemas(Routes& routes);
void add_health(App& app);
void add_session(App& app);
void add_accounts(App& app);
void add_documents(App& app);
void add_signals(App& app);
void add_alerts(App& app);
void add_overview(App& app);
void add_decisions(App& app);
void add_work(App& app);
void add_credit(App& app);
void add_market(App& app);
void add_advice(App& app);
void add_operations(App& app);
void add_losses(App& app);
void add_customers(App& app);
void add_openai(App& app);
void add_drift(App& app);
void add_audit(App& app);
void add_assist(App& app);
void add_administration(App& app);

/// One of the seven Basel level-1 event types, as a schema.
base::Json basel_type();
/// For each risk, how its probabilities of the last days compare with those before.
base::Json drift_items(App& app, int days);

}  // namespace ballast::serve
