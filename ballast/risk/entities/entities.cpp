// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/entities.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "ballast/risk/entities/scanners.h"

namespace ballast::risk {

std::vector<Entity> find_entities(std::string_view text, const WatchList* watch_list) {
  std::vector<Entity> all;
  if (watch_list != nullptr) watch_list->find(text, all);  // first: wins against a pattern of the same length
  const std::vector<Entity> watched = all;
  find_tickers(text, all);
  find_companies(text, all);
  find_dates(text, all);
  find_amounts(text, all);
  std::stable_sort(all.begin(), all.end(),
                   [](const Entity& a, const Entity& b) { return a.end - a.start > b.end - b.start; });
  std::map<std::size_t, Entity> taken;  // by start; none overlap
  for (Entity& entity : all) {
    const auto after = taken.lower_bound(entity.start);
    const bool free = (after == taken.end() || after->first >= entity.end) &&
                      (after == taken.begin() || std::prev(after)->second.end <= entity.start);
    if (free) taken.emplace(entity.start, std::move(entity));
  }
  std::vector<Entity> kept;
  for (auto& [start, entity] : taken) kept.push_back(std::move(entity));
  for (Entity& entity : kept) {
    if (entity.kind == "ticker" && watch_list != nullptr) {
      const std::string name = watch_list->name_of_ticker(entity.canonical);
      if (!name.empty()) entity.canonical = name;
    }
    if (entity.kind != "company" || entity.canonical != entity.text) continue;
    // "Acme Holdings plc" is the watched "Acme".
    for (const Entity& name : watched) {
      if (name.start < entity.start || name.end > entity.end) continue;
      entity.canonical = name.canonical;
      entity.kind = name.kind;
      break;
    }
  }
  return kept;
}

}  // namespace ballast::risk
