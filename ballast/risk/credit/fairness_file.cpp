// SPDX-License-Identifier: Apache-2.0
// A fairness audit as JSON and back.
#include <array>
#include <cmath>
#include <limits>

#include "ballast/risk/credit_fairness.h"

namespace ballast::risk {
namespace {

using base::Json;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr std::array<double, 2> kNone = {kNaN, kNaN};

Json number(double x) {
  return std::isnan(x) ? Json() : Json(x);
}
double number(const Json& json, const std::string& key, const std::string& where) {
  return base::json_field<double>(json, key, where, kNaN);
}

}  // namespace

Json FairnessAudit::to_json() const {
  Json json = {{"column", column}, {"thresholds", Json::array()}, {"calibration", Json::array()}};
  for (const ThresholdOutcome& t : thresholds) {
    Json groups = Json::array();
    for (const GroupOutcome& o : t.groups) {
      groups.push_back({{"group", o.group},
                        {"rows", o.rows},
                        {"goods", o.goods},
                        {"approval_rate", o.approval_rate},
                        {"adverse_impact", number(o.adverse_impact)},
                        {"opportunity", number(o.opportunity)},
                        {"opportunity_gap", number(o.opportunity_gap)},
                        {"judged", o.judged}});
      if (!std::isnan(o.adverse_impact_interval[0])) {
        groups.back()["adverse_impact_interval"] = o.adverse_impact_interval;
      }
      if (!std::isnan(o.opportunity_gap_interval[0])) {
        groups.back()["opportunity_gap_interval"] = o.opportunity_gap_interval;
      }
    }
    json["thresholds"].push_back({{"threshold", t.threshold},
                                  {"approval_rate", t.approval_rate},
                                  {"accuracy", t.accuracy},
                                  {"youden", t.youden},
                                  {"groups", groups}});
  }
  for (const GroupCalibration& c : calibration) {
    json["calibration"].push_back({{"group", c.group},
                                   {"rows", c.rows},
                                   {"mean_pd", c.mean_pd},
                                   {"observed", c.observed},
                                   {"p_value", c.p_value}});
  }
  return json;
}

FairnessAudit FairnessAudit::from_json(const Json& json, const std::string& where) {
  FairnessAudit audit;
  audit.column = base::json_field<std::string>(json, "column", where);
  for (const Json& t : base::json_field<Json>(json, "thresholds", where)) {
    ThresholdOutcome outcome;
    outcome.threshold = base::json_field<double>(t, "threshold", where);
    outcome.approval_rate = base::json_field<double>(t, "approval_rate", where);
    outcome.accuracy = base::json_field<double>(t, "accuracy", where);
    outcome.youden = base::json_field<double>(t, "youden", where);
    for (const Json& o : base::json_field<Json>(t, "groups", where)) {
      outcome.groups.push_back(
          {base::json_field<std::string>(o, "group", where), base::json_field<std::int64_t>(o, "rows", where),
           base::json_field<std::int64_t>(o, "goods", where), base::json_field<double>(o, "approval_rate", where),
           number(o, "adverse_impact", where), number(o, "opportunity", where), number(o, "opportunity_gap", where),
           base::json_field<bool>(o, "judged", where), base::json_field(o, "adverse_impact_interval", where, kNone),
           base::json_field(o, "opportunity_gap_interval", where, kNone)});
    }
    audit.thresholds.push_back(std::move(outcome));
  }
  for (const Json& c : base::json_field<Json>(json, "calibration", where)) {
    audit.calibration.push_back(
        {base::json_field<std::string>(c, "group", where), base::json_field<std::int64_t>(c, "rows", where),
         base::json_field<double>(c, "mean_pd", where), base::json_field<double>(c, "observed", where),
         base::json_field<double>(c, "p_value", where)});
  }
  return audit;
}

}  // namespace ballast::risk
