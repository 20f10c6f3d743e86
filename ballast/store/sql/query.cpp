// SPDX-License-Identifier: Apache-2.0
#include "ballast/store/sql/query.h"

#include <fmt/format.h>

#include <cctype>
#include <charconv>

#include "ballast/base/error.h"
#include "ballast/base/json.h"
#include "ballast/store/sql/session.h"

namespace ballast::store {
namespace {

using base::Error;
using base::ErrorCode;

constexpr char kHex[] = "0123456789abcdef";

/// Whether a statement uses the value with this name: one that is bound may serve only some of several statements.
bool uses(const std::string& text, const std::string& name) {
  for (auto at = text.find(":" + name); at != std::string::npos; at = text.find(":" + name, at + 1)) {
    const auto end = at + name.size() + 1;
    if (end == text.size() || std::isdigit(static_cast<unsigned char>(text[end])) == 0) return true;
  }
  return false;
}

std::string hex(const std::string& bytes) {
  std::string out;
  for (const unsigned char c : bytes) {
    out += kHex[c >> 4];
    out += kHex[c & 15];
  }
  return out;
}

}  // namespace

std::string Query::bind(std::string value) {
  values_.emplace_back(std::move(value));
  return fmt::format(":p{}", values_.size() - 1);
}

std::string Query::bind(double value) {
  values_.emplace_back(value);
  return fmt::format(":p{}", values_.size() - 1);
}

std::string Query::bind(std::int64_t value) {
  values_.emplace_back(static_cast<long long>(value));
  return fmt::format(":p{}", values_.size() - 1);
}

void Query::also(const std::string& condition) {
  if (!condition.empty()) conditions_ += " and (" + condition + ")";
}

void Query::run(soci::session& sql, const std::string& text, const std::function<void(const soci::row&)>& row) const {
  soci::statement statement(sql);
  soci::row cells;
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const std::string name = fmt::format("p{}", i);
    if (!uses(text, name)) continue;
    std::visit([&](const auto& value) { statement.exchange(soci::use(value, name)); }, values_[i]);
  }
  statement.exchange(soci::into(cells));
  statement.alloc();
  statement.prepare(text);
  statement.define_and_bind();
  statement.execute();
  while (statement.fetch()) row(cells);
}

std::string text_cell(const soci::row& row, std::size_t at) {
  if (row.get_indicator(at) == soci::i_null) return {};
  switch (row.get_properties(at).get_data_type()) {
    case soci::dt_string:
      return row.get<std::string>(at);
    case soci::dt_double:
      return fmt::format("{}", row.get<double>(at));
    default:
      return fmt::format("{}", integer_cell(row, at));
  }
}

double number_cell(const soci::row& row, std::size_t at) {
  if (row.get_indicator(at) == soci::i_null) return 0;
  switch (row.get_properties(at).get_data_type()) {
    case soci::dt_double:
      return row.get<double>(at);
    case soci::dt_string: {
      const auto text = row.get<std::string>(at);
      double value = 0;
      std::from_chars(text.data(), text.data() + text.size(), value);
      return value;
    }
    default:
      return static_cast<double>(integer_cell(row, at));
  }
}

std::int64_t integer_cell(const soci::row& row, std::size_t at) {
  if (row.get_indicator(at) == soci::i_null) return 0;
  switch (row.get_properties(at).get_data_type()) {
    case soci::dt_integer:
      return row.get<int>(at);
    case soci::dt_long_long:
      return row.get<long long>(at);
    case soci::dt_unsigned_long_long:
      return static_cast<std::int64_t>(row.get<unsigned long long>(at));
    default:
      return static_cast<std::int64_t>(number_cell(row, at));
  }
}

std::string cursor_text(const Cursor& cursor) {
  return hex(base::dump_json({cursor.key, cursor.id}));
}

Cursor parse_cursor(const std::string& text) {
  std::string bytes;
  bool good = text.size() % 2 == 0 && !text.empty() && text.size() <= 4096;
  for (std::size_t i = 0; good && i < text.size(); i += 2) {
    unsigned value = 0;
    const auto [end, failed] = std::from_chars(text.data() + i, text.data() + i + 2, value, 16);
    good = failed == std::errc() && end == text.data() + i + 2;
    bytes += static_cast<char>(value);
  }
  try {
    if (good) {
      const auto json = base::parse_json(bytes, "cursor");
      return {json.at(0).get<std::string>(), json.at(1).get<std::string>()};
    }
  } catch (const std::exception&) {  // the same answer as for what is no cursor at all
  }
  throw Error(ErrorCode::usage, "is not the \"next\" of a list", "cursor", "use it as it was given");
}

std::string words_condition(soci::session& sql, Query& query, const std::string& words,
                            const std::vector<std::string>& columns) {
  if (words.empty()) return {};
  std::string pattern = "%";
  for (const char c : words) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  const std::string name = query.bind(pattern + "%");
  std::string condition;
  for (const std::string& column : columns) {
    condition += fmt::format("{}{} {} {} escape '\\'", condition.empty() ? "" : " or ", column, like(sql), name);
  }
  return condition;
}

void span_conditions(Query& query, const Span& span, const std::string& column) {
  if (!span.from.empty()) query.also(column + " >= " + query.bind(span.from));
  if (!span.to.empty()) query.also(column + " < " + query.bind(span.to));
}

}  // namespace ballast::store
