// SPDX-License-Identifier: Apache-2.0
// Trade and process surveillance: orders and process steps in, findings with the rows that cause them and a proposed
// control measure out. A finding is a reason to look, not a verdict.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ballast::risk {

struct OrderEvent {
  std::int64_t line = 0, second = 0;            // seconds since 1970 as written (local time of the desk)
  std::string trader, owner, instrument, side;  // owner: beneficial owner of the account; side: buy or sell
  double quantity = 0, price = 0;
};

struct ProcessStep {
  std::int64_t line = 0, second = 0;
  std::string item, step, actor;  // item: the trade, payment or contract that the steps belong to
};

struct SurveillanceRules {
  int open_minute = 8 * 60, close_minute = 18 * 60;            // working hours, Monday to Friday; outside is off-hours
  double order_limit = 0, daily_limit = 0;                     // value of an order, of a trader's day; 0: none
  std::int64_t wash_seconds = 300;                             // opposite orders of one owner this close together …
  double wash_price = 0.005, wash_quantity = 0.1;              // … and this similar (relative)
  std::vector<std::string> steps;                              // the order in which a process runs; empty: not checked
  std::vector<std::pair<std::string, std::string>> four_eyes;  // steps that need two people
  std::int64_t slowest_seconds = 0;                            // from the first step to the last; 0: not checked
};
/// TOML: [hours] open, close ("08:00"); [limits] order, daily; [wash] seconds, price, quantity; [process] steps,
/// four_eyes, slowest_hours. Throws bad_input naming the field.
SurveillanceRules parse_surveillance(std::string_view toml, const std::string& where);

struct Finding {
  std::string
      kind;  // off_hours, order_limit, daily_limit, wash_like, step_order, step_missing, four_eyes, slow_process
  std::string subject;  // trader, owner or item
  std::string detail;
  std::string measure;  // proposed control
  std::vector<std::int64_t> lines;
};

/// Rows may come in any order. Findings in order of their first line.
std::vector<Finding> survey_orders(std::span<const OrderEvent> orders, const SurveillanceRules& rules);
std::vector<Finding> survey_process(std::span<const ProcessStep> steps, const SurveillanceRules& rules);

/// "YYYY-MM-DDTHH:MM[:SS]" (or a space) to seconds since 1970, any zone left as written. Throws std::invalid_argument.
std::int64_t second_number(std::string_view time, const std::string& column);

}  // namespace ballast::risk
