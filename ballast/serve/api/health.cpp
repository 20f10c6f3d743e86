// SPDX-License-Identifier: Apache-2.0
// Is it alive, is it ready, what does it count, what can be asked; and the dashboard's files.
#include <fmt/format.h>

#include <sys/stat.h>

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/memory.h"
#include "ballast/serve/app.h"
#include "ballast/serve/http/problem.h"
#include "ballast/serve/live/intake.h"
#include "ballast/serve/live/shadows.h"

namespace ballast::serve {
namespace {

using namespace schema;

constexpr int kDriftDays = 7;

/// Looking for drift reads thousands of assessments: not at every scrape.
class DriftWatch {
 public:
  bool due() {
    const auto now = std::chrono::steady_clock::now();
    const std::lock_guard lock(mutex_);
    if (looked_ && now - *looked_ < std::chrono::minutes(5)) return false;
    looked_ = now;
    return true;
  }

 private:
  std::mutex mutex_;
  std::optional<std::chrono::steady_clock::time_point> looked_;
};

// The dashboard runs its own scripts and asks this service only; charts set styles on their elements.
constexpr const char* kContentPolicy =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:;"
    " frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

std::string type_of(const std::filesystem::path& file) {
  static const std::map<std::string, std::string> kTypes = {{".html", "text/html; charset=utf-8"},
                                                            {".js", "text/javascript; charset=utf-8"},
                                                            {".mjs", "text/javascript; charset=utf-8"},
                                                            {".css", "text/css; charset=utf-8"},
                                                            {".svg", "image/svg+xml"},
                                                            {".png", "image/png"},
                                                            {".ico", "image/x-icon"},
                                                            {".json", "application/json"},
                                                            {".map", "application/json"},
                                                            {".woff2", "font/woff2"},
                                                            {".woff", "font/woff"},
                                                            {".webp", "image/webp"},
                                                            {".txt", "text/plain; charset=utf-8"},
                                                            {".webmanifest", "application/manifest+json"}};
  const auto found = kTypes.find(file.extension().string());
  return found == kTypes.end() ? "application/octet-stream" : found->second;
}

/// The file that a path names below the folder, or the page itself where the path is one of the page's own places.
/// Empty where there is none. Links that lead out of the folder are not followed.
std::filesystem::path file_of(const std::filesystem::path& folder, const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code failed;
  const fs::path root = fs::weakly_canonical(folder, failed);
  const fs::path asked = fs::weakly_canonical(root / fs::path(path).relative_path(), failed);
  const auto outside = std::mismatch(root.begin(), root.end(), asked.begin(), asked.end()).first != root.end();
  if (!failed && !outside && fs::is_regular_file(asked, failed)) return asked;
  const bool place = fs::path(path).extension().empty();
  return place && fs::is_regular_file(root / "index.html", failed) ? root / "index.html" : fs::path();
}

}  // namespace

Response dashboard_file(const App& app, const Request& request) {
  if (request.path.starts_with("/v1/") || request.path == "/v1") {
    throw Problem(404, "there is nothing at this path", "", "GET /openapi.json lists what is");
  }
  if (app.options.web.empty()) {
    throw Problem(404, "this service has no dashboard", "", "build it, or name its folder with --web");
  }
  const auto file = file_of(app.options.web, request.path);
  struct stat info {};
  if (file.empty() || ::stat(file.c_str(), &info) != 0) throw Problem(404, "the dashboard has no such file");
  Response response;
  response.content_type = type_of(file);
  const std::string tag =
      fmt::format("\"{:x}-{:x}\"", info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec, info.st_size);
  response.headers = {{"ETag", tag}, {"Content-Security-Policy", kContentPolicy}, {"Referrer-Policy", "no-referrer"}};
  // Vite names what it bundles by content; everything else is asked for again.
  const bool fixed = request.path.starts_with("/assets/");
  response.headers.emplace_back("Cache-Control", fixed ? "public, max-age=31536000, immutable" : "no-cache");
  const std::string* known = request.header("if-none-match");
  if (known != nullptr && *known == tag) {
    response.status = 304;
  } else {
    response.body = base::read_file(file);
  }
  return response;
}

namespace {

Response readiness(App& app) {
  base::Json checks = {{"store", "ok"}, {"stopping", app.stopping.load()}, {"waiting", app.intake->waiting()}};
  bool ready = !app.stopping;
  try {
    app.stores.lend()->counts();
  } catch (const base::Error& e) {
    checks["store"] = e.problem();
    ready = false;
  }
  return json_response({{"status", ready ? "ready" : "not ready"}, {"checks", checks}}, ready ? 200 : 503);
}

Response metrics_text(App& app, DriftWatch& drift) {
  app.metrics.set("ballast_queue_waiting", "Work that waits for a thread", static_cast<double>(app.quick.waiting()),
                  {"lane", "quick"});
  app.metrics.set("ballast_queue_waiting", "Work that waits for a thread", static_cast<double>(app.compute.waiting()),
                  {"lane", "compute"});
  app.metrics.set("ballast_queue_waiting", "Work that waits for a thread", static_cast<double>(app.intake->waiting()),
                  {"lane", "documents"});
  app.metrics.set("ballast_queue_waiting", "Work that waits for a thread", static_cast<double>(app.shadows->waiting()),
                  {"lane", "shadow"});
  if (drift.due()) drift_items(app, kDriftDays);  // sets its own figures
  app.metrics.set("ballast_event_listeners", "Open event streams", static_cast<double>(app.hub.listeners()));
  app.metrics.set("ballast_http_body_bytes", "Memory that requests' bodies hold",
                  static_cast<double>(app.bodies.held()));
  app.metrics.set("ballast_http_bodies_refused", "Requests refused since the start for want of such memory",
                  static_cast<double>(app.bodies.refused()));
  app.metrics.set("ballast_http_in_flight", "Requests being answered", app.in_flight.load());
  app.metrics.set("ballast_peak_memory_bytes", "Peak resident memory", static_cast<double>(base::peak_memory_bytes()));
  Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = app.metrics.text();
  return response;
}

}  // namespace

void add_health(App& app) {
  app.routes.add({Method::get,
                  "/healthz",
                  Role::none,
                  Lane::now,
                  "service",
                  "The process is alive",
                  {},
                  {},
                  object({{"status", text()}}),
                  200,
                  "application/json",
                  [](Request&) {
                    return json_response({{"status", "alive"}});
                  },
                  {}});
  app.routes.add({Method::get,
                  "/readyz",
                  Role::none,
                  Lane::quick,
                  "service",
                  "The store answers and work is taken",
                  {},
                  {},
                  open_object({{"status", text()}}),
                  200,
                  "application/json",
                  [&app](Request&) { return readiness(app); },
                  {}});
  app.routes.add({Method::get,
                  "/metrics",
                  Role::viewer,
                  Lane::quick,
                  "service",
                  "Figures for Prometheus",
                  {},
                  {},
                  {},
                  200,
                  "text/plain",
                  [&app, drift = std::make_shared<DriftWatch>()](Request&) { return metrics_text(app, *drift); },
                  {}});
  app.routes.add({Method::get,
                  "/openapi.json",
                  Role::none,
                  Lane::quick,
                  "service",
                  "This description",
                  {},
                  {},
                  any(),
                  200,
                  "application/json",
                  [&app](Request&) { return json_response(app.routes.openapi(app.options.version)); },
                  {}});
}

}  // namespace ballast::serve
