// SPDX-License-Identifier: Apache-2.0
// The customers desk: scores with reasons, and suitable offers.
#include "ballast/serve/customers.h"
#include "ballast/base/error.h"
#include "ballast/serve/api/listing.h"
#include "ballast/serve/app.h"
#include "ballast/serve/http/problem.h"

namespace ballast::serve {
namespace {

using namespace schema;

constexpr std::size_t kMostCustomers = 5000;

const CustomersDesk& desk_of(const App& app) {
  if (!app.options.customers) {
    throw Problem(501, "no model of customers is in service", "", "ballast serve --customers FOLDER");
  }
  return *app.options.customers;
}

std::vector<ingest::Record> rows_of(const Json& customers) {
  std::vector<ingest::Record> rows;
  for (const Json& customer : customers) {
    ingest::Record row;
    row.source = "customers";
    row.line = static_cast<std::int64_t>(rows.size()) + 1;
    row.object = customer;
    rows.push_back(std::move(row));
  }
  if (rows.empty()) throw Problem(400, "holds nobody", "body.customers");
  return rows;
}

Response answer(App& app, const Request& request, bool offers) {
  const Json body = request.json();
  const CustomersDesk& desk = desk_of(app);
  Json rejected = Json::array(), items = Json::array();
  const ingest::QuarantineSink sink = [&](const ingest::Quarantined& q) {
    rejected.push_back({{"row", q.line}, {"column", q.column}, {"reason", q.reason}});
  };
  const bool chinese = body.value("language", "en") == "zh";
  auto rows = rows_of(body["customers"]);
  auto decisions = offers ? desk.recommend(std::move(rows), chinese, sink)
                          : desk.score(body.value("model", ""), std::move(rows), chinese, sink);
  for (decide::Decision& decision : decisions) {
    app.keep(decision);
    Json reasons = Json::array();
    for (const decide::Reason& reason : decision.reasons) {
      reasons.push_back({{"code", reason.code}, {"text", reason.text}, {"points", reason.contribution}});
    }
    Json item = {{"row", decision.inputs.value("row", 0)}, {"subject", decision.subject}};
    if (decision.outcome.is_object()) item.update(decision.outcome);
    item["probability"] = decision.probability ? Json(*decision.probability) : Json();
    item["interval"] = decision.interval ? Json(*decision.interval) : Json();
    item["reasons"] = std::move(reasons);
    item["decision_id"] = decision.id;
    items.push_back(std::move(item));
  }
  return json_response({{"items", items}, {"rejected", rejected}});
}

}  // namespace

void add_customers(App& app) {
  const Json customers = array(map_of(any()), kMostCustomers);
  const Json reply = object({{"items", array(any())}, {"rejected", array(any())}});
  app.routes.add({Method::get,
                  "/v1/customers/models",
                  Role::viewer,
                  Lane::quick,
                  "customers",
                  "Models of customers in service",
                  {{"format", word({"json", "csv"}), ""}},
                  {},
                  list_of(open_object({{"id", text()}})),
                  200,
                  "application/json",
                  [&app](Request& r) {
                    return whole_list(r, app.options.customers ? app.options.customers->models() : Json::array());
                  },
                  {}});
  app.routes.add({Method::post,
                  "/v1/customers/score",
                  Role::analyst,
                  Lane::compute,
                  "customers",
                  "Probability with reasons for each customer",
                  {},
                  object({{"model?", text(200)}, {"customers", customers}, {"language?", word({"en", "zh"})}}),
                  reply,
                  200,
                  "application/json",
                  [&app](Request& r) { return answer(app, r, false); },
                  {}});
  app.routes.add({Method::post,
                  "/v1/customers/recommend",
                  Role::analyst,
                  Lane::compute,
                  "customers",
                  "Suitable offers by expected value, and why not the others",
                  {},
                  object({{"customers", customers}, {"language?", word({"en", "zh"})}}),
                  reply,
                  200,
                  "application/json",
                  [&app](Request& r) { return answer(app, r, true); },
                  {}});
}

}  // namespace ballast::serve
