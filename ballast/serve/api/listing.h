// SPDX-License-Identifier: Apache-2.0
// Lists as answers: a page as JSON, or all of it as CSV.
#pragma once

#include <functional>
#include <string>

#include "ballast/serve/api/records.h"
#include "ballast/serve/http/message.h"
#include "ballast/store/lists.h"

namespace ballast::serve {

struct ListPage {
  base::Json items = base::Json::array();
  std::string next;
};
using ListSource = std::function<ListPage(const store::Page&)>;

/// By the request's limit, cursor, as_of and format.
Response list_response(const Request& request, const ListSource& source);
/// A list that is short enough to be given whole.
Response whole_list(const Request& request, base::Json items);

template <class Item>
ListPage to_page(const store::Listed<Item>& listed) {
  ListPage page;
  for (const Item& item : listed.items) page.items.push_back(to_json(item));
  page.next = listed.next;
  return page;
}

/// The request's "from" and "to" as moments.
store::Span span_of(const Request& request);
/// The request's "as_of" as a moment; empty where it asks none.
std::string as_of_of(const Request& request);
/// The query's number, where it was checked against a schema already.
double number_asked(const Request& request, const std::string& name, double otherwise);
std::vector<std::string> words_asked(const Request& request, const std::string& name);

/// Rows of JSON objects as CSV (RFC 4180): columns of all rows in order of appearance, members of objects as
/// "outer.inner", lists as JSON. A text that a spreadsheet would take for a formula gets an apostrophe before it.
std::string csv_of(const base::Json& items);

}  // namespace ballast::serve
