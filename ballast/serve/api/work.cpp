// SPDX-License-Identifier: Apache-2.0
// Jobs and rows that were set aside.
#include "ballast/serve/api/listing.h"
#include "ballast/serve/app.h"
#include "ballast/serve/http/problem.h"
#include "ballast/serve/live/jobs.h"

namespace ballast::serve {

using namespace schema;

void add_work(App& app) {
  app.routes.add({Method::get,
                  "/v1/jobs",
                  Role::viewer,
                  Lane::quick,
                  "jobs",
                  "Long work, the newest first",
                  list_parameters({{"status", word({"queued", "running", "done", "failed", "cancelled"}), ""}}),
                  {},
                  list_of(ref("Job")),
                  200,
                  "application/json",
                  [&app](Request& r) {
                    const auto store = app.stores.lend();
                    return list_response(r, [&](const store::Page& page) {
                      return to_page(store::Lists(*store).jobs(r.asked("status", ""), page));
                    });
                  },
                  {}});
  app.routes.add({Method::get,
                  "/v1/jobs/{id}",
                  Role::viewer,
                  Lane::quick,
                  "jobs",
                  "One of them",
                  {},
                  {},
                  ref("Job"),
                  200,
                  "application/json",
                  [&app](Request& r) {
                    const auto store = app.stores.lend();
                    const auto job = store::Work(*store).find_job(r.parameter("id"));
                    if (!job) throw Problem(404, "there is no such job");
                    return json_response(to_json(*job));
                  },
                  {}});
  app.routes.add({Method::post,
                  "/v1/jobs/{id}/cancel",
                  Role::analyst,
                  Lane::quick,
                  "jobs",
                  "Stop it at its next step",
                  {},
                  {},
                  ref("Job"),
                  200,
                  "application/json",
                  [&app](Request& r) { return json_response(to_json(app.jobs->cancel(r.parameter("id")))); },
                  {}});
  app.routes.add({Method::post,
                  "/v1/jobs/{id}/resume",
                  Role::analyst,
                  Lane::quick,
                  "jobs",
                  "Take up again what was cancelled or failed",
                  {},
                  {},
                  ref("Job"),
                  200,
                  "application/json",
                  [&app](Request& r) { return json_response(to_json(app.jobs->resume(r.parameter("id")))); },
                  {}});
  app.routes.add({Method::get,
                  "/v1/quarantine",
                  Role::viewer,
                  Lane::quick,
                  "documents",
                  "Rows that were set aside",
                  list_parameters(),
                  {},
                  list_of(ref("Quarantined")),
                  200,
                  "application/json",
                  [&app](Request& r) {
                    const auto store = app.stores.lend();
                    return list_response(
                        r, [&](const store::Page& page) { return to_page(store::Lists(*store).quarantine(page)); });
                  },
                  {}});
}

}  // namespace ballast::serve
