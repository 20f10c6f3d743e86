// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "ballast/ingest/record.h"
#include "ballast/risk/operations_losses.h"

namespace ballast::risk {

std::span<const EventCategory> basel_event_categories() {
  static const std::vector<EventCategory> kAll = {{"internal_fraud", "unauthorised_activity"},
                                                  {"internal_fraud", "theft_and_fraud"},
                                                  {"external_fraud", "theft_and_fraud"},
                                                  {"external_fraud", "systems_security"},
                                                  {"employment", "employee_relations"},
                                                  {"employment", "safe_environment"},
                                                  {"employment", "diversity_and_discrimination"},
                                                  {"clients_products", "suitability_disclosure_and_fiduciary"},
                                                  {"clients_products", "improper_business_or_market_practices"},
                                                  {"clients_products", "product_flaws"},
                                                  {"clients_products", "selection_sponsorship_and_exposure"},
                                                  {"clients_products", "advisory_activities"},
                                                  {"physical_assets", "disasters_and_other_events"},
                                                  {"systems", "systems"},
                                                  {"execution", "transaction_capture_execution_and_maintenance"},
                                                  {"execution", "monitoring_and_reporting"},
                                                  {"execution", "customer_intake_and_documentation"},
                                                  {"execution", "customer_account_management"},
                                                  {"execution", "trade_counterparties"},
                                                  {"execution", "vendors_and_suppliers"}};
  return kAll;
}

void check_event_type(const std::string& type, const std::string& category) {
  const auto types = basel_event_types();
  if (std::find(types.begin(), types.end(), type) == types.end()) {
    throw std::invalid_argument(fmt::format("type: \"{}\" is no Basel event type, the nearest is {}", type,
                                            ingest::nearest_name(type, {types.begin(), types.end()})));
  }
  if (category.empty()) return;
  std::vector<std::string> known;
  for (const EventCategory& c : basel_event_categories()) {
    if (c.type == type) known.push_back(c.category);
  }
  if (std::find(known.begin(), known.end(), category) != known.end()) return;
  throw std::invalid_argument(fmt::format("category: \"{}\" is none of {}, the nearest is {}", category, type,
                                          ingest::nearest_name(category, known)));
}

std::int64_t day_number(std::string_view date, const std::string& column) {
  const auto refuse = [&] {
    throw std::invalid_argument(fmt::format("{}: \"{}\" is no date YYYY-MM-DD", column, date));
  };
  const auto part = [&](std::size_t begin, std::size_t size) {
    int value = 0;
    for (std::size_t i = begin; i < begin + size; ++i) {
      if (i >= date.size() || date[i] < '0' || date[i] > '9') refuse();
      value = value * 10 + (date[i] - '0');
    }
    return value;
  };
  namespace chrono = std::chrono;
  const chrono::year_month_day day{chrono::year(part(0, 4)), chrono::month(static_cast<unsigned>(part(5, 2))),
                                   chrono::day(static_cast<unsigned>(part(8, 2)))};
  const bool ends = date.size() == 10 || (date.size() > 10 && (date[10] == 'T' || date[10] == ' '));
  if (!ends || date[4] != '-' || date[7] != '-' || !day.ok()) refuse();
  return chrono::sys_days(day).time_since_epoch().count();
}

}  // namespace ballast::risk
