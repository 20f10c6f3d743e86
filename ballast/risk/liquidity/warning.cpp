// SPDX-License-Identifier: Apache-2.0
// Signal counts and the early-warning level.
#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <cmath>

#include "ballast/base/error.h"
#include "ballast/risk/liquidity.h"
#include "ballast/risk/toml_fields.h"

namespace ballast::risk {

using base::Error;
using base::ErrorCode;

SignalCount count_signals(std::span<const std::int64_t> days_ago, std::int64_t recent_days, std::int64_t before_days) {
  BALLAST_CHECK(recent_days > 0 && before_days > 0, recent_days);
  SignalCount c;
  c.recent_days = recent_days;
  c.before_days = before_days;
  for (const std::int64_t day : days_ago) {
    if (day < 0) continue;  // dated after the reporting day: not known yet
    c.recent += day < recent_days;
    c.before += day >= recent_days && day < recent_days + before_days;
  }
  const std::int64_t all = c.recent + c.before;
  if (c.recent == 0) return c;
  // Given their sum, the recent count is binomial with the share of days.
  const double share = static_cast<double>(recent_days) / static_cast<double>(recent_days + before_days);
  const boost::math::binomial law(static_cast<double>(all), share);
  c.p_value = boost::math::cdf(boost::math::complement(law, static_cast<double>(c.recent - 1)));
  return c;
}

FundingStress funding_stress(std::span<const StressSignal> signals, std::int64_t shift, std::int64_t recent_days,
                             std::int64_t before_days) {
  BALLAST_CHECK(recent_days > 0 && before_days > 0, recent_days);
  FundingStress s;
  for (const StressSignal& signal : signals) {
    const std::int64_t age = signal.days_ago - shift;
    if (age < 0 || age >= recent_days + before_days) continue;
    (age < recent_days ? s.recent : s.before) += signal.probability;
  }
  const auto recent = static_cast<double>(recent_days), before = static_cast<double>(before_days);
  s.index = (s.recent + 1) / recent / (s.before / before + 1 / recent);
  return s;
}

const char* warning_level_name(WarningLevel level) {
  return level == WarningLevel::green ? "green" : level == WarningLevel::amber ? "amber" : "red";
}

WarningLimits parse_warning_limits(std::string_view text, const std::string& where) {
  const toml::table document = parse_toml(text, where);
  refuse_unknown(document, {"scenario", "limits"}, where, "");
  WarningLimits limits;
  const toml::table* table = document["limits"].as_table();
  if (table == nullptr) return limits;
  refuse_unknown(
      *table,
      {"lcr_amber", "lcr_red", "nsfr_amber", "nsfr_red", "survival_amber", "survival_red", "spread_amber", "spread_red",
       "amihud_amber", "amihud_red", "signals_amber", "signals_red", "funding_amber", "funding_red"},
      where, "limits");
  struct Pair {
    const char* name;
    double *amber, *red;
    bool low_is_bad;
  };
  const Pair pairs[] = {{"lcr", &limits.lcr_amber, &limits.lcr_red, true},
                        {"nsfr", &limits.nsfr_amber, &limits.nsfr_red, true},
                        {"survival", &limits.survival_amber, &limits.survival_red, true},
                        {"spread", &limits.spread_amber, &limits.spread_red, false},
                        {"amihud", &limits.amihud_amber, &limits.amihud_red, false},
                        {"funding", &limits.funding_amber, &limits.funding_red, false},
                        {"signals", &limits.signals_amber, &limits.signals_red, true}};
  for (const Pair& p : pairs) {
    const std::string name = p.name;
    *p.amber = number_field(*table, name + "_amber", *p.amber, 0, 1e9, where, "limits");
    *p.red = number_field(*table, name + "_red", *p.red, 0, 1e9, where, "limits");
    if (p.low_is_bad ? *p.red > *p.amber : *p.red < *p.amber) {
      throw Error(ErrorCode::bad_input, fmt::format("{}_amber and {}_red are in the wrong order", name, name), where);
    }
  }
  return limits;
}

std::vector<WarningIndicator> warning_indicators(const WarningInputs& inputs, const WarningLimits& limits) {
  std::vector<WarningIndicator> all;
  const auto add = [&](const char* name, double value, double amber, double red, bool low_is_bad) {
    if (std::isnan(value)) return;
    const auto beyond = [&](double limit) { return low_is_bad ? value < limit : value > limit; };
    all.push_back({name, value, amber, red,
                   beyond(red)     ? WarningLevel::red
                   : beyond(amber) ? WarningLevel::amber
                                   : WarningLevel::green});
  };
  add("lcr", inputs.lcr, limits.lcr_amber, limits.lcr_red, true);
  add("nsfr", inputs.nsfr, limits.nsfr_amber, limits.nsfr_red, true);
  add("survival_days", inputs.survival_days, limits.survival_amber, limits.survival_red, true);
  add("spread_ratio", inputs.spread_ratio, limits.spread_amber, limits.spread_red, false);
  add("amihud_ratio", inputs.amihud_ratio, limits.amihud_amber, limits.amihud_red, false);
  add("funding_stress", inputs.funding_stress, limits.funding_amber, limits.funding_red, false);
  add("signals_p", inputs.signals_p, limits.signals_amber, limits.signals_red, true);
  return all;
}

WarningLevel warning_level(std::span<const WarningIndicator> indicators) {
  WarningLevel worst = WarningLevel::green;
  for (const WarningIndicator& i : indicators) worst = std::max(worst, i.level);
  return worst;
}

}  // namespace ballast::risk
