// SPDX-License-Identifier: Apache-2.0
// A schema as JSON and back.
#include <algorithm>

#include "ballast/base/error.h"
#include "ballast/tabular/table.h"

namespace ballast::tabular {

using base::Error;
using base::ErrorCode;
using base::Json;

const ColumnSpec* Schema::find(std::string_view name) const {
  const auto it = std::find_if(columns.begin(), columns.end(), [&](const ColumnSpec& c) { return c.name == name; });
  return it == columns.end() ? nullptr : &*it;
}

std::vector<std::string> Schema::names() const {
  std::vector<std::string> names;
  for (const ColumnSpec& column : columns) names.push_back(column.name);
  return names;
}

Json Schema::to_json() const {
  Json json = Json::array();
  for (const ColumnSpec& column : columns) {
    Json one = {{"name", column.name},
                {"kind", column.kind == ColumnKind::numeric ? "numeric" : "categorical"},
                {"integer", column.integer},
                {"had_missing", column.had_missing}};
    if (column.kind == ColumnKind::categorical) one["levels"] = column.levels;
    json.push_back(std::move(one));
  }
  return json;
}

Schema Schema::from_json(const Json& json, const std::string& where) {
  if (!json.is_array()) throw Error(ErrorCode::bad_input, "the schema is not a list of columns", where);
  Schema schema;
  for (const Json& one : json) {
    ColumnSpec column;
    column.name = base::json_field<std::string>(one, "name", where);
    const auto kind = base::json_field<std::string>(one, "kind", where);
    if (kind != "numeric" && kind != "categorical") {
      throw Error(ErrorCode::bad_input, "unknown column kind \"" + kind + "\"", where, "numeric or categorical");
    }
    column.kind = kind == "numeric" ? ColumnKind::numeric : ColumnKind::categorical;
    column.integer = base::json_field<bool>(one, "integer", where);
    column.had_missing = base::json_field<bool>(one, "had_missing", where);
    if (column.kind == ColumnKind::categorical) {
      column.levels = base::json_field<std::vector<std::string>>(one, "levels", where);
      if (!std::is_sorted(column.levels.begin(), column.levels.end())) {
        throw Error(ErrorCode::bad_input, "the levels of \"" + column.name + "\" are not in order", where);
      }
    }
    schema.columns.push_back(std::move(column));
  }
  return schema;
}

}  // namespace ballast::tabular
