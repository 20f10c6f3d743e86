// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <map>
#include <set>
#include <stdexcept>

#include "ballast/base/error.h"
#include "ballast/risk/toml_fields.h"
#include "ballast/risk/operations_losses.h"
#include "ballast/risk/operations_surveillance.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::int64_t kDaySeconds = 86400;

template <class Event>
std::vector<const Event*> in_time_order(std::span<const Event> events) {
  std::vector<const Event*> order;
  for (const Event& e : events) order.push_back(&e);
  std::stable_sort(order.begin(), order.end(), [](const Event* a, const Event* b) { return a->second < b->second; });
  return order;
}

void sort_findings(std::vector<Finding>& findings) {
  std::stable_sort(findings.begin(), findings.end(),
                   [](const Finding& a, const Finding& b) { return a.lines < b.lines; });
}

bool off_hours(std::int64_t second, const SurveillanceRules& rules) {
  const std::int64_t weekday = (second / kDaySeconds + 3) % 7;  // 1970-01-01 was a Thursday; 0 is Monday
  const std::int64_t minute = second % kDaySeconds / 60;
  return weekday > 4 || minute < rules.open_minute || minute >= rules.close_minute;
}

bool alike(double a, double b, double tolerance) {
  return std::abs(a - b) <= tolerance * std::max(a, b);
}

void find_wash(const std::vector<const OrderEvent*>& order, const SurveillanceRules& rules,
               std::vector<Finding>& findings) {
  std::map<std::pair<std::string, std::string>, std::vector<const OrderEvent*>> recent;
  std::set<const OrderEvent*> matched;
  for (const OrderEvent* e : order) {
    auto& open = recent[{e->owner, e->instrument}];
    std::erase_if(open, [&](const OrderEvent* o) { return e->second - o->second > rules.wash_seconds; });
    const auto found = std::find_if(open.begin(), open.end(), [&](const OrderEvent* o) {
      return o->side != e->side && !matched.contains(o) && alike(o->price, e->price, rules.wash_price) &&
             alike(o->quantity, e->quantity, rules.wash_quantity);
    });
    if (found == open.end()) {
      open.push_back(e);
      continue;
    }
    matched.insert(*found);
    findings.push_back({"wash_like",
                        e->owner,
                        fmt::format("{} and {} of {} within {} s at like price and quantity", (*found)->side, e->side,
                                    e->instrument, e->second - (*found)->second),
                        "block matching of orders with one beneficial owner; ask for the purpose of both orders",
                        {std::min((*found)->line, e->line), std::max((*found)->line, e->line)}});
  }
}

void find_bad_order(const std::string& item, const std::vector<const ProcessStep*>& steps,
                    const SurveillanceRules& rules, std::vector<Finding>& findings) {
  std::size_t next = 0;
  std::set<std::string> seen;
  for (const ProcessStep* s : steps) {
    seen.insert(s->step);
    const auto place =
        static_cast<std::size_t>(std::find(rules.steps.begin(), rules.steps.end(), s->step) - rules.steps.begin());
    if (place == rules.steps.size()) continue;
    if (place < next) {
      findings.push_back({"step_order",
                          item,
                          fmt::format("{} after {}", s->step, rules.steps[next]),
                          "let the system accept a step only after the one before it",
                          {s->line}});
    }
    next = std::max(next, place);
  }
  for (std::size_t i = 0; i < next; ++i) {
    if (seen.contains(rules.steps[i])) continue;
    findings.push_back({"step_missing",
                        item,
                        fmt::format("{} without {}", rules.steps[next], rules.steps[i]),
                        "make the step a condition of the next; reconcile open items daily",
                        {steps.front()->line}});
  }
}

int minute_of(const toml::table& table, const char* key, int otherwise, const std::string& where) {
  const auto node = table[key];
  if (!node) return otherwise;
  const std::string text = node.value_or(std::string());
  int hour = 0, minute = 0;
  char rest = 0;
  if (std::sscanf(text.c_str(), "%2d:%2d%c", &hour, &minute, &rest) != 2 || hour < 0 || hour > 24 || minute < 0 ||
      minute > 59) {
    throw Error(ErrorCode::bad_input, fmt::format("field \"{}\" must be a time like \"08:00\"", key), where);
  }
  return hour * 60 + minute;
}

void parse_process(const toml::table& table, const std::string& where, SurveillanceRules& rules) {
  refuse_unknown(table, {"steps", "four_eyes", "slowest_hours"}, where, "process");
  if (const toml::array* steps = table["steps"].as_array()) {
    for (const toml::node& s : *steps) rules.steps.push_back(s.value_or(std::string()));
  }
  if (const toml::array* pairs = table["four_eyes"].as_array()) {
    for (const toml::node& pair : *pairs) {
      const toml::array* two = pair.as_array();
      if (two == nullptr || two->size() != 2) {
        throw Error(ErrorCode::bad_input, "field \"four_eyes\" must hold pairs of steps", where);
      }
      rules.four_eyes.emplace_back(two->get(0)->value_or(std::string()), two->get(1)->value_or(std::string()));
    }
  }
  rules.slowest_seconds =
      static_cast<std::int64_t>(3600 * number_field(table, "slowest_hours", 0, 0, 1e6, where, "process"));
}

}  // namespace

std::int64_t second_number(std::string_view time, const std::string& column) {
  const std::int64_t day = day_number(time, column);
  const auto refuse = [&] {
    throw std::invalid_argument(fmt::format("{}: \"{}\" is no time YYYY-MM-DDTHH:MM:SS", column, time));
  };
  const auto part = [&](std::size_t at, int most) {
    if (at + 2 > time.size() || !std::isdigit(static_cast<unsigned char>(time[at])) ||
        !std::isdigit(static_cast<unsigned char>(time[at + 1]))) {
      refuse();
    }
    const int value = (time[at] - '0') * 10 + (time[at + 1] - '0');
    if (value > most) refuse();
    return value;
  };
  if (time.size() < 16 || time[13] != ':') refuse();
  const bool seconds = time.size() > 16 && time[16] == ':';
  return day * kDaySeconds + part(11, 23) * 3600 + part(14, 59) * 60 + (seconds ? part(17, 60) : 0);
}

SurveillanceRules parse_surveillance(std::string_view text, const std::string& where) {
  const toml::table document = parse_toml(text, where);
  refuse_unknown(document, {"hours", "limits", "wash", "process"}, where, "");
  SurveillanceRules rules;
  if (const toml::table* t = document["hours"].as_table()) {
    refuse_unknown(*t, {"open", "close"}, where, "hours");
    rules.open_minute = minute_of(*t, "open", rules.open_minute, where);
    rules.close_minute = minute_of(*t, "close", rules.close_minute, where);
  }
  if (const toml::table* t = document["limits"].as_table()) {
    refuse_unknown(*t, {"order", "daily"}, where, "limits");
    rules.order_limit = number_field(*t, "order", 0, 0, 1e18, where, "limits");
    rules.daily_limit = number_field(*t, "daily", 0, 0, 1e18, where, "limits");
  }
  if (const toml::table* t = document["wash"].as_table()) {
    refuse_unknown(*t, {"seconds", "price", "quantity"}, where, "wash");
    rules.wash_seconds = static_cast<std::int64_t>(number_field(*t, "seconds", 300, 0, 1e9, where, "wash"));
    rules.wash_price = number_field(*t, "price", rules.wash_price, 0, 1, where, "wash");
    rules.wash_quantity = number_field(*t, "quantity", rules.wash_quantity, 0, 1, where, "wash");
  }
  if (const toml::table* t = document["process"].as_table()) parse_process(*t, where, rules);
  return rules;
}

std::vector<Finding> survey_orders(std::span<const OrderEvent> orders, const SurveillanceRules& rules) {
  std::vector<Finding> findings;
  const std::vector<const OrderEvent*> order = in_time_order(orders);
  struct Day {
    double value = 0;
    std::vector<std::int64_t> lines;
  };
  std::map<std::pair<std::string, std::int64_t>, Day> days;
  for (const OrderEvent* e : order) {
    const double value = e->quantity * e->price;
    if (off_hours(e->second, rules)) {
      findings.push_back({"off_hours",
                          e->trader,
                          fmt::format("order in {} outside working hours", e->instrument),
                          "switch order entry off outside hours, exceptions by a second person",
                          {e->line}});
    }
    if (rules.order_limit > 0 && value > rules.order_limit) {
      findings.push_back({"order_limit",
                          e->trader,
                          fmt::format("order of {:.2f} above {:.2f}", value, rules.order_limit),
                          "hard pre-trade limit in the order system",
                          {e->line}});
    }
    Day& day = days[{e->trader, e->second / kDaySeconds}];
    day.value += value;
    day.lines.push_back(e->line);
  }
  for (const auto& [key, day] : days) {
    if (rules.daily_limit > 0 && day.value > rules.daily_limit) {
      findings.push_back({"daily_limit", key.first,
                          fmt::format("{:.2f} in a day above {:.2f}", day.value, rules.daily_limit),
                          "cumulative limit with a warning at 80 %", day.lines});
    }
  }
  find_wash(order, rules, findings);
  sort_findings(findings);
  return findings;
}

std::vector<Finding> survey_process(std::span<const ProcessStep> steps, const SurveillanceRules& rules) {
  std::vector<Finding> findings;
  std::map<std::string, std::vector<const ProcessStep*>> items;
  for (const ProcessStep* s : in_time_order(steps)) items[s->item].push_back(s);
  for (const auto& [item, list] : items) {
    find_bad_order(item, list, rules, findings);
    for (const auto& [first, second] : rules.four_eyes) {
      for (const ProcessStep* a : list) {
        for (const ProcessStep* b : list) {
          if (a->step != first || b->step != second || a->actor != b->actor) continue;
          findings.push_back({"four_eyes",
                              item,
                              fmt::format("{} and {} both by {}", first, second, a->actor),
                              "separate the two rights; a person must not hold both",
                              {std::min(a->line, b->line), std::max(a->line, b->line)}});
        }
      }
    }
    const std::int64_t took = list.back()->second - list.front()->second;
    if (rules.slowest_seconds > 0 && took > rules.slowest_seconds) {
      findings.push_back({"slow_process",
                          item,
                          fmt::format("took {:.1f} hours", static_cast<double>(took) / 3600),
                          "escalate open items automatically when the time is up",
                          {list.front()->line, list.back()->line}});
    }
  }
  sort_findings(findings);
  return findings;
}

}  // namespace ballast::risk
