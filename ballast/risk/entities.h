// SPDX-License-Identifier: Apache-2.0
// Who and what a text names: companies of a watch-list, companies by their suffix, tickers and stock codes, amounts of
// money and dates, in English and Chinese. Hand-written rules; no model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace ballast::risk {

struct Entity {
  std::string text;
  std::string kind;                // "company", "ticker", "money", "date", or the kind that the watch-list gives
  std::size_t start = 0, end = 0;  // bytes of the text, half-open
  std::string canonical;           // the watch-list's name, "600519.SH", "AAPL"; else the text
};

/// Names to look for. English names match without regard to case at word boundaries, Chinese ones anywhere.
class WatchList {
 public:
  WatchList() = default;
  /// Reads a CSV with the columns name and, optionally, aliases (separated by |), kind and ticker. Throws not_found,
  /// bad_input.
  static WatchList read(const std::string& path);

  void add(const std::string& name, const std::vector<std::string>& aliases, const std::string& kind,
           const std::string& ticker);
  std::size_t size() const { return names_.size(); }

  /// Appends the longest match at each place.
  void find(std::string_view text, std::vector<Entity>& found) const;
  /// The name whose ticker this is ("AAPL", "600519.SH"); empty where there is none.
  std::string name_of_ticker(const std::string& ticker) const;

 private:
  struct Name {
    std::string name, kind;
  };
  void insert(const std::string& alias, std::int32_t name);

  std::vector<Name> names_;
  std::unordered_map<std::uint64_t, std::int32_t>
      steps_;                                            // (state << 8 | byte) to state: a trie over lower-cased bytes
  std::unordered_map<std::int32_t, std::int32_t> ends_;  // state to name
  std::unordered_map<std::string, std::int32_t> tickers_;
  std::int32_t states_ = 1;
};

/// All entities of a text in order, none overlapping (the longest wins, then the watch-list, then the first).
std::vector<Entity> find_entities(std::string_view text, const WatchList* watch_list = nullptr);

}  // namespace ballast::risk
