// SPDX-License-Identifier: Apache-2.0
// The audit trail: read by auditors, verified on the spot.
#include "ballast/govern/audit.h"
#include "ballast/serve/api/listing.h"
#include "ballast/serve/app.h"
#include "ballast/serve/http/problem.h"

namespace ballast::serve {
namespace {

using namespace schema;

constexpr std::size_t kFaultsTold = 50;

Json entry_json(const store::AuditEntry& e) {
  return {{"sequence", e.number},
          {"at", e.at},
          {"actor", e.actor},
          {"action", e.action},
          {"subject", e.subject},
          {"records", base::parse_json(e.records, "audit entry")},
          {"details", base::parse_json(e.details, "audit entry")},
          {"previous", e.previous},
          {"hash", e.hash}};
}

std::int64_t number_of(const std::string& cursor) {
  if (cursor.empty()) return 0;
  if (cursor.size() > 18 || cursor.find_first_not_of("0123456789") != std::string::npos) {
    throw Problem(400, "is no cursor of this list", "query.cursor");
  }
  return std::stoll(cursor);
}

Response list_entries(App& app, const Request& request) {
  const store::Span span = span_of(request);
  const store::AuditFilter filter{request.asked("actor", ""), request.asked("kind", ""), request.asked("subject", ""),
                                  span.from, span.to};
  const auto store = app.stores.lend();
  return list_response(request, [&](const store::Page& page) {
    ListPage out;
    store::AuditFilter known = filter;
    if (!page.as_of.empty() && (known.to.empty() || page.as_of < known.to)) known.to = page.as_of;
    const auto entries = store::Audit(*store).newest(known, number_of(page.cursor), page.limit);
    for (const store::AuditEntry& e : entries) out.items.push_back(entry_json(e));
    if (entries.size() == static_cast<std::size_t>(page.limit)) out.next = std::to_string(entries.back().number);
    return out;
  });
}

Response verify(App& app) {
  const auto store = app.stores.lend();
  const govern::AuditReport report = govern::verify_audit(*store);
  Json faults = Json::array();
  Json first = nullptr;
  for (const govern::AuditFault& f : report.faults) {
    if (faults.size() < kFaultsTold) faults.push_back({{"sequence", f.number}, {"what", f.what}});
    if (first.is_null()) first = f.number;
  }
  return json_response({{"intact", report.intact()},
                        {"entries", report.entries},
                        {"records", report.records},
                        {"head", report.head},
                        {"first_broken", first},
                        {"faults", faults}});
}

}  // namespace

void add_audit(App& app) {
  const Json entry = open_object({{"sequence", integer(1, 1'000'000'000'000)},
                                  {"at", text()},
                                  {"actor", text()},
                                  {"action", text()},
                                  {"subject", text()},
                                  {"previous", text()},
                                  {"hash", text()}});
  app.routes.add({Method::get,
                  "/v1/audit",
                  Role::auditor,
                  Lane::quick,
                  "audit",
                  "The audit trail, the newest first",
                  list_parameters({{"actor", text(200), ""},
                                   {"kind", text(100), "the action: ingest, decide, override …"},
                                   {"subject", text(300), ""},
                                   {"from", text(40), ""},
                                   {"to", text(40), ""}}),
                  {},
                  list_of(entry),
                  200,
                  "application/json",
                  [&app](Request& r) { return list_entries(app, r); },
                  {}});
  app.routes.add({Method::post,
                  "/v1/audit/verify",
                  Role::auditor,
                  Lane::compute,
                  "audit",
                  "Every entry, every link, every covered record",
                  {},
                  {},
                  open_object({{"intact", boolean()},
                               {"entries", integer(0, 1'000'000'000'000)},
                               {"head", text()},
                               {"first_broken", nullable(integer(0, 1'000'000'000'000))}}),
                  200,
                  "application/json",
                  [&app](Request&) { return verify(app); },
                  {}});
}

}  // namespace ballast::serve
