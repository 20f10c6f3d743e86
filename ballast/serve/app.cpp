// SPDX-License-Identifier: Apache-2.0
#include "ballast/serve/app.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "ballast/base/clock.h"
#include "ballast/base/hash.h"
#include "ballast/base/memory.h"
#include "ballast/engine/isa.h"
#include "ballast/serve/auth/secrets.h"
#include "ballast/serve/http/problem.h"
#include "ballast/serve/live/desks.h"
#include "ballast/serve/live/intake.h"
#include "ballast/serve/live/jobs.h"
#include "ballast/serve/live/moments.h"
#include "ballast/serve/live/scoring.h"
#include "ballast/serve/live/shadows.h"
#include "ballast/serve/live/webhooks.h"
#include "ballast/store/work.h"

namespace ballast::serve {
namespace {

using base::Json;

// A store's reads take well under a millisecond; more threads than cores would only wait for each other.
constexpr std::size_t kQuickThreads = 2;
constexpr std::size_t kWritingThreads = 16;  // texts that a language model writes at once; the rest waits
constexpr std::chrono::hours kAnswersKept{24};
constexpr std::size_t kMostKey = 128;

/// OpenAI's clients look for {"error":{…}}; a problem document may carry it as an extension.
void add_openai_error(Response& response) {
  Json json = Json::parse(response.body);
  json["error"] = {{"message", json.value("detail", "")},
                   {"type", response.status == 429   ? "rate_limit_error"
                            : response.status >= 500 ? "server_error"
                            : response.status == 401 ? "authentication_error"
                                                     : "invalid_request_error"},
                   {"param", json.contains("where") ? json["where"] : Json()},
                   {"code", json.value("type", "")}};
  response.body = base::dump_json(json);
}

/// Answers with keys and tokens in them are never kept.
bool shows_secrets(const Route& route) {
  return route.tag == "accounts" || route.tag == "session" || route.tag == "administration";
}

}  // namespace

App::App(ServeOptions given)
    : options(std::move(given)),
      bodies(options.limits.bodies_bytes),
      stores(options.store),
      gate(stores, {is_loopback(options.address)}),
      limiter(options.limits.rate, options.limits.burst),
      quick(kQuickThreads, options.limits.queue),
      compute(1, options.limits.queue),
      writing(kWritingThreads, options.limits.queue) {
  desks = std::make_unique<Desks>(*this);
  intake = std::make_unique<Intake>(*this);
  jobs = std::make_unique<Jobs>(*this);
  webhooks = std::make_unique<Webhooks>(*this);
  scoring = std::make_unique<Scoring>(*this);
  shadows = std::make_unique<Shadows>(*this);
  add_schemas(routes);
  add_health(*this);
  add_session(*this);
  add_accounts(*this);
  add_documents(*this);
  add_signals(*this);
  add_alerts(*this);
  add_overview(*this);
  add_decisions(*this);
  add_work(*this);
  add_credit(*this);
  add_market(*this);
  add_advice(*this);
  add_operations(*this);
  add_customers(*this);
  add_openai(*this);
  add_drift(*this);
  add_audit(*this);
  add_assist(*this);
  add_administration(*this);
}

App::~App() = default;

void App::log(const char* level, const std::string& what, Json fields) {
  if (!options.log) return;
  Json line = {{"at", base::utc_now()}, {"level", level}, {"event", what}};
  line.update(fields);
  const std::lock_guard lock(log_mutex_);
  options.log(base::dump_json(line));
}

void App::keep(decide::Decision& decision) {
  decision.build = options.build;
  decision.isa = engine::isa_name();
  decision.cost.peak_memory = base::peak_memory_bytes();
  decide::keep(*stores.lend(), {&decision, 1});
  shadows->offer(decision);
}

void App::dispatch(std::shared_ptr<Request> request, Reply reply) {
  const base::Stopwatch watch;
  ++in_flight;
  request->id = random_token(8);
  const auto label = std::make_shared<std::string>("(none)");
  const auto done = std::make_shared<Reply>([this, request, label, watch, reply = std::move(reply)](Response response) {
    --in_flight;
    metrics.request(method_name(request->method), *label, response.status, watch.seconds());
    // The route's template, not the path: paths may hold names of people.
    log(response.status >= 500 ? "error" : "info", "request",
        {{"request_id", request->id},
         {"method", method_name(request->method)},
         {"route", *label},
         {"status", response.status},
         {"milliseconds", std::round(watch.seconds() * 1e5) / 100},
         {"bytes_in", request->body.size()},
         {"bytes_out", response.body.size()},
         {"who", request->principal.name.empty() ? Json() : Json(request->principal.name)},
         {"remote", request->remote}});
    reply(std::move(response));
  });
  try {
    parse_target(*request);
    const Routes::Match match = routes.match(*request);
    if (match.route == nullptr) {
      if (!match.path_known) return dashboard(request, *done);
      Response response = problem_response(Problem(405, "this path does not take this method"), *request);
      response.headers.emplace_back("Allow", fmt::format("{}", fmt::join(match.allowed, ", ")));
      return (*done)(std::move(response));
    }
    const Route& route = *match.route;
    *label = route.path;
    if (route.lane == Lane::now) return answer(route, request, *done);
    WorkLane& lane = route.lane == Lane::quick ? quick : route.lane == Lane::writing ? writing : compute;
    if (stopping || !lane.add([this, &route, request, done] { answer(route, request, *done); })) {
      throw Problem(503, stopping ? "the service is stopping" : "too much work is waiting").retry_after(1);
    }
  } catch (...) {
    (*done)(problem_response_of_current(*request));
  }
}

void App::dashboard(const std::shared_ptr<Request>& request, const Reply& reply) {
  if (changes_things(request->method)) throw Problem(404, "there is nothing at this path", "", "GET /openapi.json");
  const bool taken = quick.add([this, request, reply] {
    try {
      reply(dashboard_file(*this, *request));
    } catch (...) {
      reply(problem_response_of_current(*request));
    }
  });
  if (!taken) throw Problem(503, "too much work is waiting").retry_after(1);
}

void App::answer(const Route& route, const std::shared_ptr<Request>& request, const Reply& reply) {
  const bool openai = route.tag == "openai";
  const auto failed = [&] {
    Response response = problem_response_of_current(*request);
    if (openai) add_openai_error(response);
    reply(std::move(response));
  };
  try {
    if (route.lane != Lane::now || route.role != Role::none) {
      gate.identify(*request);
      gate.admit(*request, route.role);
      const double wait = limiter.take(request->principal.name.empty() ? request->remote : request->principal.name);
      if (wait > 0) {
        throw Problem(429, "more requests a second than are granted").retry_after(static_cast<int>(std::ceil(wait)));
      }
    }
    routes.check_request(route, *request);
    const ActingAs acting(request->principal.name.empty() ? "service" : request->principal.name);
    if (route.method == Method::post && request->header("idempotency-key") != nullptr && !shows_secrets(route)) {
      return answer_once(route, request, reply);
    }
    if (route.later) return route.later(request, reply);
    reply(route.handler(*request));
  } catch (const base::Error& e) {
    if (e.code() == base::ErrorCode::internal) {
      log("error", "failure", {{"request_id", request->id}, {"what", e.what()}});
    }
    failed();
  } catch (const Problem&) {
    failed();
  } catch (const std::exception& e) {
    log("error", "failure", {{"request_id", request->id}, {"what", e.what()}});
    failed();
  }
}

void App::answer_once(const Route& route, const std::shared_ptr<Request>& request, const Reply& reply) {
  const std::string& key = *request->header("idempotency-key");
  if (key.empty() || key.size() > kMostKey) {
    throw Problem(400, fmt::format("must have 1 to {} bytes", kMostKey), "Idempotency-Key");
  }
  const std::string who = request->principal.name, name = who + "\n" + key;
  const std::string hash = base::sha256_hex(request->target + "\n" + request->body);
  {
    const std::lock_guard lock(keys_mutex_);
    if (!keys_in_work_.insert(name).second) {
      throw Problem(409, "a request with this key is being answered", "Idempotency-Key").retry_after(1);
    }
  }
  const auto release = [this, name] {
    const std::lock_guard lock(keys_mutex_);
    keys_in_work_.erase(name);
  };
  try {
    std::optional<store::StoredAnswer> stored;
    {
      const auto store = stores.lend();
      stored = store::Work(*store).find_answer(who, key);
    }
    if (stored) {
      if (stored->request_hash != hash) {
        throw Problem(409, "the key was used for another request", "Idempotency-Key", "draw a new key a request");
      }
      Response response;
      response.status = stored->status;
      response.content_type = stored->content_type;
      response.body = stored->body;
      response.headers.emplace_back("Idempotency-Replayed", "true");
      release();
      return reply(std::move(response));
    }
    const Reply keep = [this, who, key, hash, reply, release, request](Response response) {
      try {
        if (response.status < 500 && response.status != 429 && !response.stream && response.file.empty()) {
          const auto store = stores.lend();
          store::Work(*store).put_answer(who, key, {hash, response.status, response.content_type, response.body},
                                         base::utc_now(), moment_after(-kAnswersKept));
        }
      } catch (const base::Error&) {  // the work is done; that it cannot be remembered must not undo it
        log("error", "idempotency", {{"request_id", request->id}, {"what", "the answer was not kept"}});
      }
      release();
      reply(std::move(response));
    };
    if (route.later) return route.later(request, keep);
    keep(route.handler(*request));
  } catch (...) {
    release();
    throw;
  }
}

}  // namespace ballast::serve
