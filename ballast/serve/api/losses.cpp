// SPDX-License-Identifier: Apache-2.0
// The register of operational losses: events in, checked one by one, and the list of them.
#include <fmt/format.h>

#include <map>
#include <stdexcept>

#include "ballast/base/clock.h"
#include "ballast/risk/operations_losses.h"
#include "ballast/risk/operations_rows.h"
#include "ballast/serve/api/listing.h"
#include "ballast/serve/api/records.h"
#include "ballast/serve/app.h"
#include "ballast/serve/http/problem.h"

namespace ballast::serve {
namespace {

using namespace schema;

constexpr std::size_t kMostLosses = 5000;  // a request

/// The events of a body that can be used, each with its place there; the others are told why not.
struct LossesRead {
  std::vector<store::LossEventRecord> good;
  std::vector<std::size_t> place;
  Json rejected = Json::array();
};

LossesRead read_losses(const Json& losses) {
  LossesRead read;
  std::map<std::string, std::size_t> seen;
  const std::string now = base::utc_now();
  const std::int64_t today = risk::day_number(now, "today");
  for (std::size_t i = 0; i < losses.size(); ++i) {
    ingest::Record row;
    row.source = "losses";
    row.line = static_cast<std::int64_t>(i) + 1;
    row.object = losses[i];
    try {
      store::LossEventRecord loss = risk::loss_event(row, today);
      const auto [first, fresh] = seen.emplace(loss.id, i);
      if (!fresh) {
        throw std::invalid_argument(fmt::format("id: \"{}\" is that of index {} already", loss.id, first->second));
      }
      loss.created_at = now;
      read.good.push_back(std::move(loss));
      read.place.push_back(i);
    } catch (const std::invalid_argument& e) {
      const ingest::Quarantined bad = risk::row_set_aside(row, e.what());
      read.rejected.push_back({{"index", i}, {"column", or_null(bad.column)}, {"reason", bad.reason}});
    }
  }
  return read;
}

Response put_losses(App& app, const Request& request) {
  const LossesRead read = read_losses(request.json()["losses"]);
  if (read.good.empty()) {
    if (read.rejected.empty()) throw Problem(400, "holds no loss", "body.losses");
    const Json& first = read.rejected[0];
    throw Problem(400, "no loss can be used: " + first["reason"].get<std::string>(),
                  fmt::format("body.losses[0]{}",
                              first["column"].is_null() ? "" : "." + first["column"].get_ref<const std::string&>()));
  }
  const auto store = app.stores.lend();
  const std::vector<store::Put> puts = store->put_losses(read.good);
  std::map<std::string, store::LossEventRecord> there;
  for (store::LossEventRecord& loss : store->losses()) there.emplace(loss.id, std::move(loss));
  Json items = Json::array();
  for (std::size_t i = 0; i < read.good.size(); ++i) {
    const store::LossEventRecord& sent = read.good[i];
    // What the register holds stays, also where it says otherwise.
    const char* status = puts[i] == store::Put::added               ? "added"
                         : risk::same_loss(there.at(sent.id), sent) ? "unchanged"
                                                                    : "differs";
    items.push_back({{"id", sent.id}, {"index", read.place[i]}, {"status", status}});
  }
  return json_response({{"items", items}, {"rejected", read.rejected}}, 201);
}

}  // namespace

Json basel_type() {
  return word({"internal_fraud", "external_fraud", "employment", "clients_products", "physical_assets", "systems",
               "execution"});
}

void add_losses(App& app) {
  // Names are checked at once, since a misspelt one would be lost; values row by row.
  const Json loss = object({{"id?", any()},
                            {"date?", any()},
                            {"type?", any()},
                            {"category?", any()},
                            {"amount?", any()},
                            {"recovery?", any()},
                            {"currency?", any()},
                            {"description?", any()}});
  app.routes.add(
      {Method::post,
       "/v1/operations/losses",
       Role::analyst,
       Lane::quick,
       "operations",
       "Loss events into the register: id, date, type, amount, currency, and where known category, recovery,"
       " description. An id that is there already keeps its first entry",
       {},
       object({{"losses", array(loss, kMostLosses)}}),
       object({{"items",
                array(object(
                    {{"id", text()}, {"index", integer()}, {"status", word({"added", "unchanged", "differs"})}}))},
               {"rejected", array(object({{"index", integer()}, {"column", nullable(text())}, {"reason", text()}}))}}),
       201,
       "application/json",
       [&app](Request& r) { return put_losses(app, r); },
       {}});
  app.routes.add({Method::get,
                  "/v1/operations/losses",
                  Role::viewer,
                  Lane::quick,
                  "operations",
                  "The register of losses, the newest entry first",
                  list_parameters({{"type", basel_type(), ""}}),
                  {},
                  list_of(ref("Loss")),
                  200,
                  "application/json",
                  [&app](Request& r) {
                    const auto store = app.stores.lend();
                    return list_response(r, [&](const store::Page& page) {
                      return to_page(store::Lists(*store).losses(r.asked("type", ""), page));
                    });
                  },
                  {}});
}

}  // namespace ballast::serve
