// SPDX-License-Identifier: Apache-2.0
// A query that is put together from conditions, its values bound by name, and cells of its rows read whatever type the
// database gives them.
#pragma once

#include <soci/soci.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <variant>

#include "ballast/store/lists.h"

namespace ballast::store {

class Query {
 public:
  /// Binds a value and returns its name (":p0").
  std::string bind(std::string value);
  std::string bind(const char* value) { return bind(std::string(value)); }
  std::string bind(double value);
  std::string bind(std::int64_t value);

  /// Appends "and (condition)".
  void also(const std::string& condition);
  const std::string& conditions() const { return conditions_; }

  /// Runs `text` (with conditions() somewhere in it) and hands over the rows.
  void run(soci::session& sql, const std::string& text, const std::function<void(const soci::row&)>& row) const;

 private:
  std::deque<std::variant<std::string, double, long long>> values_;
  std::string conditions_;
};

std::string text_cell(const soci::row& row, std::size_t at);
double number_cell(const soci::row& row, std::size_t at);
std::int64_t integer_cell(const soci::row& row, std::size_t at);

/// A cursor over (key, id), both text or a number as text. Throws usage where it is none.
struct Cursor {
  std::string key, id;
};
std::string cursor_text(const Cursor& cursor);
Cursor parse_cursor(const std::string& text);

/// Condition for words somewhere in one of the columns, in any case of ASCII letters.
std::string words_condition(soci::session& sql, Query& query, const std::string& words,
                            const std::vector<std::string>& columns);
/// Conditions for a column of moments.
void span_conditions(Query& query, const Span& span, const std::string& column);

/// One more row than the page holds is asked for: where it comes, there is a next page.
template <class Item>
Listed<Item> cut_page(std::vector<Item> items, std::int64_t limit, const std::function<Cursor(const Item&)>& cursor) {
  Listed<Item> listed;
  const bool more = static_cast<std::int64_t>(items.size()) > limit;
  if (more) items.resize(static_cast<std::size_t>(limit));
  if (more && !items.empty()) listed.next = cursor_text(cursor(items.back()));
  listed.items = std::move(items);
  return listed;
}

}  // namespace ballast::store
