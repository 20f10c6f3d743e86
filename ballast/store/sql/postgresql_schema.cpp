// SPDX-License-Identifier: Apache-2.0
#include "ballast/store/sql/postgresql_schema.h"

#include <fmt/format.h>

#include <stdexcept>
#include <string_view>
#include <utility>

namespace ballast::store {
namespace {

constexpr std::string_view kMomentThere = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";
constexpr std::string_view kMomentHere =
    "to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')";

void replace_all(std::string& text, std::string_view old, std::string_view now) {
  for (auto at = text.find(old); at != std::string::npos; at = text.find(old, at + now.size())) {
    text.replace(at, old.size(), now);
  }
}

/// What stands between the first "(" and the ")" that closes it, cut at the commas that no other brackets hold.
std::vector<std::string> parts_in_brackets(const std::string& statement) {
  std::vector<std::string> parts(1);
  int depth = 0;
  for (std::size_t i = statement.find('('); i < statement.size(); ++i) {
    const char c = statement[i];
    if (c == '(' && depth++ == 0) continue;
    if (c == ')' && --depth == 0) return parts;
    if (c == ',' && depth == 1) {
      parts.emplace_back();
    } else if (c != ' ' || !parts.back().empty()) {
      parts.back() += c;
    }
  }
  throw std::logic_error("brackets are not closed: " + statement);
}

/// A column's second word is its type.
std::string column(const std::string& part) {
  const auto begin = part.find(' ') + 1;
  const auto end = std::min(part.find(' ', begin), part.size());
  const std::string type = part.substr(begin, end - begin);
  if (type == "text") return part.substr(0, end) + " collate \"C\"" + part.substr(end);
  if (type == "real") return part.substr(0, begin) + "double precision" + part.substr(end);
  return part;
}

std::string table(const std::string& statement) {
  std::string columns;
  for (const std::string& part : parts_in_brackets(statement)) {
    columns += (part.starts_with("unique") ? part : column(part)) + ", ";
  }
  return fmt::format("{}({}position bigint generated always as identity)", statement.substr(0, statement.find('(')),
                     columns);
}

/// "create trigger NAME before EVENT on TABLE begin BODY; end"
std::vector<std::string> trigger(const std::string& statement) {
  constexpr std::string_view kCreate = "create trigger ", kBegin = " begin ", kEnd = "; end";
  const auto begin = statement.find(kBegin);
  const std::string head = statement.substr(kCreate.size(), begin - kCreate.size());
  std::string body = statement.substr(begin + kBegin.size());
  body.resize(body.size() - kEnd.size());
  constexpr std::string_view kRaise = "select raise(abort, ";
  if (body.starts_with(kRaise)) body = "raise exception " + body.substr(kRaise.size(), body.size() - kRaise.size() - 1);
  replace_all(body, kMomentThere, kMomentHere);
  const std::string name = head.substr(0, head.find(' '));
  const std::string passed = head.find(" before delete ") != std::string::npos ? "old" : "new";
  return {fmt::format("create function {}() returns trigger language plpgsql as $body$ begin {}; return {}; end $body$",
                      name, body, passed),
          fmt::format("create trigger {} for each row execute function {}()", head, name)};
}

}  // namespace

std::vector<std::string> in_postgresql(const std::string& statement) {
  if (statement.starts_with("create table ")) return {table(statement)};
  if (statement.starts_with("create trigger ")) return trigger(statement);
  if (statement.starts_with("create index ") || statement.starts_with("create unique index ")) return {statement};
  throw std::logic_error("not a statement of the schema: " + statement);
}

}  // namespace ballast::store
