// SPDX-License-Identifier: Apache-2.0
#include "ballast/store/sql/transfer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <deque>
#include <string>
#include <variant>
#include <vector>

#include "ballast/store/sql/query.h"
#include "ballast/store/sql/schema.h"
#include "ballast/store/sql/session.h"

namespace ballast::store {
namespace {

struct Column {
  std::string name, type;
};

std::vector<Column> columns_of(soci::session& sql, const std::string& table) {
  std::vector<Column> columns;
  const soci::rowset<soci::row> rows =
      (sql.prepare << (on_postgresql(sql)
                           ? "select column_name, data_type from information_schema.columns where table_name = :t"
                             " and table_schema = current_schema() and column_name <> 'position'"
                             " order by ordinal_position"
                           : "select name, type from pragma_table_info(:t) order by cid"),
       soci::use(table));
  for (const soci::row& row : rows) columns.push_back({row.get<std::string>(0), row.get<std::string>(1)});
  return columns;
}

/// A row's cells, bound to one statement that is run again and again.
class Inserter {
 public:
  Inserter(soci::session& to, const std::string& table, const std::vector<Column>& columns) : statement_(to) {
    std::vector<std::string> names, places;
    for (const Column& column : columns) {
      places.push_back(fmt::format(":c{}", names.size()));
      names.push_back(column.name);
      if (column.type == "bigint" || column.type == "integer") {
        cells_.emplace_back(0LL);
      } else if (column.type == "real" || column.type == "double precision") {
        cells_.emplace_back(0.0);
      } else {
        cells_.emplace_back(std::string());
      }
      std::visit([&](auto& cell) { statement_.exchange(soci::use(cell)); }, cells_.back());
    }
    statement_.alloc();
    statement_.prepare(
        fmt::format("insert into {} ({}) values ({})", table, fmt::join(names, ", "), fmt::join(places, ", ")));
    statement_.define_and_bind();
  }
  void insert(const soci::row& row) {
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      if (auto* number = std::get_if<long long>(&cells_[i])) *number = integer_cell(row, i);
      if (auto* number = std::get_if<double>(&cells_[i])) *number = number_cell(row, i);
      if (auto* text = std::get_if<std::string>(&cells_[i])) *text = text_cell(row, i);
    }
    statement_.execute(true);
  }

 private:
  std::deque<std::variant<std::string, double, long long>> cells_;  // their places must not move
  soci::statement statement_;
};

}  // namespace

void copy_rows(soci::session& from, soci::session& to) {
  for (const std::string& table : table_names()) {
    const std::vector<Column> columns = columns_of(from, table);
    std::vector<std::string> names;
    for (const Column& column : columns) names.push_back(column.name);
    Inserter inserter(to, table, columns);
    Query().run(from,
                fmt::format("select {} from {} order by {}", fmt::join(names, ", "), table, row_order(from, table)),
                [&](const soci::row& row) { inserter.insert(row); });
  }
}

void drop_all(soci::session& sql) {
  std::vector<std::string> functions;
  {
    const soci::rowset<std::string> rows =
        (sql.prepare << "select p.proname from pg_proc p join pg_trigger t on t.tgfoid = p.oid join pg_class c"
                        " on c.oid = t.tgrelid where not t.tgisinternal and c.relnamespace ="
                        " cast(quote_ident(current_schema()) as regnamespace)");
    functions.assign(rows.begin(), rows.end());
  }
  for (const std::string& table : table_names()) sql << "drop table if exists " << table << " cascade";
  for (const std::string& function : functions) sql << "drop function if exists " << function << "()";
  sql << "drop table if exists schema_version";
}

}  // namespace ballast::store
