// SPDX-License-Identifier: Apache-2.0
// Do the texts of late look to the model like those before? Population stability of each risk's probability.
#include <fmt/format.h>

#include <map>

#include "ballast/govern/drift.h"
#include "ballast/serve/api/listing.h"
#include "ballast/serve/app.h"
#include "ballast/serve/live/desks.h"
#include "ballast/serve/live/moments.h"

namespace ballast::serve {
namespace {

using namespace schema;

constexpr std::int64_t kMostAssessments = 20000;
constexpr std::size_t kFewest = 100;  // of each side: below, an index says more of chance than of drift

struct Sides {
  std::vector<double> before, late;
};

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double v : values) sum += v;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

}  // namespace

base::Json drift_items(App& app, int days) {
  if (!app.desks->scans()) return Json::array();
  const std::string model = app.desks->classifier()->identity();
  const std::string border = moment_after(-std::chrono::hours(24 * days));
  std::map<std::string, Sides> risks;
  const auto store = app.stores.lend();
  for (const auto& a : store::Lists(*store).assessments(model, kMostAssessments)) {
    const Json kinds = base::parse_json(a.kinds, "assessment of " + a.document_id);
    for (const auto& [risk, value] : kinds.items()) {
      Sides& sides = risks[risk];
      (a.created_at < border ? sides.before : sides.late).push_back(value.is_array() ? value[0].get<double>() : 0);
    }
  }
  Json items = Json::array();
  for (const auto& [risk, sides] : risks) {
    const bool enough = sides.before.size() >= kFewest && sides.late.size() >= kFewest;
    const Json index = enough ? Json(govern::stability_index(sides.before, sides.late)) : Json();
    items.push_back({{"model", model},
                     {"measure", "mean_probability"},
                     {"risk", risk},
                     {"reference", sides.before.empty() ? Json() : Json(mean(sides.before))},
                     {"current", sides.late.empty() ? Json() : Json(mean(sides.late))},
                     {"reference_documents", sides.before.size()},
                     {"current_documents", sides.late.size()},
                     {"psi", index},
                     {"days", days}});
    if (enough) {
      app.metrics.set("ballast_drift_psi", "Population stability of a risk's probability, the last days against before",
                      index.get<double>(), {"risk", risk});
    }
  }
  return items;
}

void add_drift(App& app) {
  app.routes.add(
      {Method::get,
       "/v1/drift",
       Role::viewer,
       Lane::quick,
       "models",
       "Do the texts of late look to the model like those before?",
       {{"days", integer(1, 365), "how many are late; 7 where absent"}, {"format", word({"json", "csv"}), ""}},
       {},
       list_of(open_object({{"model", text()}, {"risk", text()}, {"psi", nullable(number())}})),
       200,
       "application/json",
       [&app](Request& r) { return whole_list(r, drift_items(app, static_cast<int>(number_asked(r, "days", 7)))); },
       {}});
}

}  // namespace ballast::serve
