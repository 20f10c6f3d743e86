// SPDX-License-Identifier: Apache-2.0
// JSON schemas, as far as our messages need them: written tersely in C++, shown in the OpenAPI document, and checked
// against what comes in (and, in tests, what goes out).
#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "ballast/base/json.h"

namespace ballast::serve::schema {

using base::Json;

Json text(std::size_t most = 0);  // 0: any length
Json word(std::initializer_list<const char*> values);
Json number();
Json number(double least, double most);
Json integer();
Json integer(std::int64_t least, std::int64_t most);
Json boolean();
Json any();
Json array(Json items, std::size_t most = 0);
/// Fields whose name ends in "?" may be absent. Objects that are read are closed: an unknown field is an error, since
/// it is most often a misspelt one.
Json object(std::vector<std::pair<std::string, Json>> fields);
/// The same, but other fields may stand beside those named.
Json open_object(std::vector<std::pair<std::string, Json>> fields);
/// Any names, values of one kind.
Json map_of(Json values);
Json nullable(Json schema);
Json either(std::vector<Json> schemas);
/// One of the named schemas of the OpenAPI document's components.
Json ref(const std::string& name);
/// {"items":[…],"next":…}
Json list_of(Json item);

/// Throws bad_input naming the field ("body.holdings[2].currency") and what was expected. `named` resolves refs.
void check(const Json& value, const Json& schema, const std::string& where, const Json& named);

}  // namespace ballast::serve::schema
