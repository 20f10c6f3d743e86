// SPDX-License-Identifier: Apache-2.0
#include "ballast/ingest/record.h"
#include "ballast/risk/entities/characters.h"
#include "ballast/risk/entities/scanners.h"

namespace ballast::risk {
namespace {

std::string trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

std::vector<std::string> split_aliases(std::string_view list) {
  std::vector<std::string> aliases;
  while (!list.empty()) {
    const std::size_t bar = list.find('|');
    aliases.push_back(trimmed(list.substr(0, bar)));
    list = bar == std::string_view::npos ? std::string_view() : list.substr(bar + 1);
  }
  return aliases;
}

std::uint64_t step(std::int32_t state, char c) {
  return static_cast<std::uint64_t>(state) << 8 | static_cast<unsigned char>(to_lower(c));
}

}  // namespace

WatchList WatchList::read(const std::string& path) {
  ingest::ReadOptions options;
  options.format = ingest::Format::csv;
  auto reader = ingest::RecordReader::open(path, options);
  reader.require_column("name", "expected the columns name,aliases,kind,ticker; nearest:");
  WatchList list;
  for (ingest::Record row; reader.next(row);) {
    const auto field = [&](const char* column) { return trimmed(row.text(column).value_or("")); };
    if (!field("name").empty())
      list.add(field("name"), split_aliases(field("aliases")), field("kind"), field("ticker"));
  }
  return list;
}

void WatchList::add(const std::string& name, const std::vector<std::string>& aliases, const std::string& kind,
                    const std::string& ticker) {
  const auto index = static_cast<std::int32_t>(names_.size());
  names_.push_back({name, kind.empty() ? "company" : kind});
  insert(name, index);
  for (const std::string& alias : aliases) insert(alias, index);
  if (!ticker.empty()) tickers_.emplace(ticker, index);
}

void WatchList::insert(const std::string& alias, std::int32_t name) {
  if (alias.empty()) return;
  std::int32_t state = 0;
  for (const char c : alias) {
    const auto [next, fresh] = steps_.try_emplace(step(state, c), states_);
    states_ += fresh;
    state = next->second;
  }
  ends_.emplace(state, name);  // the first entry of a list wins
}

void WatchList::find(std::string_view text, std::vector<Entity>& found) const {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t size = character_at(text, i).size;
    std::size_t best_end = 0;
    std::int32_t best = -1, state = 0;
    if (at_boundary(text, i)) {
      for (std::size_t j = i; j < text.size(); ++j) {
        const auto next = steps_.find(step(state, text[j]));
        if (next == steps_.end()) break;
        state = next->second;
        const auto end = ends_.find(state);
        if (end != ends_.end() && at_boundary(text, j + 1)) best_end = j + 1, best = end->second;
      }
    }
    if (best < 0) {
      i += size;
      continue;
    }
    const Name& name = names_[static_cast<std::size_t>(best)];
    add_entity(text, i, best_end, name.kind.c_str(), name.name, found);
    i = best_end;
  }
}

std::string WatchList::name_of_ticker(const std::string& ticker) const {
  const auto at = tickers_.find(ticker);
  return at == tickers_.end() ? "" : names_[static_cast<std::size_t>(at->second)].name;
}

}  // namespace ballast::risk
