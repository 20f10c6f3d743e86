// SPDX-License-Identifier: Apache-2.0
#include "ballast/serve/api/listing.h"

#include <algorithm>
#include <map>

#include "ballast/serve/http/problem.h"
#include "ballast/serve/live/moments.h"

namespace ballast::serve {
namespace {

using base::Json;

constexpr std::int64_t kCsvPage = 500;
constexpr std::size_t kCsvRows = 100000;

using Cells = std::vector<std::pair<std::string, std::string>>;

std::string csv_cell(const Json& value) {
  if (value.is_null()) return {};
  if (!value.is_string()) return base::dump_json(value);
  std::string text = value.get<std::string>();
  if (!text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos) text = "'" + text;
  return text;
}

std::string csv_text(const std::string& cell) {
  if (cell.find_first_of(",\"\r\n") == std::string::npos) return cell;
  std::string out = "\"";
  for (const char c : cell) {
    out += c;
    if (c == '"') out += '"';
  }
  return out + "\"";
}

void flatten(const Json& object, const std::string& prefix, Cells& cells) {
  for (const auto& [key, value] : object.items()) {
    if (value.is_object() && !value.empty()) {
      flatten(value, prefix + key + ".", cells);
    } else {
      cells.emplace_back(prefix + key, csv_cell(value));
    }
  }
}

bool wants_csv(const Request& request) {
  if (const std::string* format = request.asked("format")) return *format == "csv";
  const std::string* accept = request.header("accept");
  return accept != nullptr && accept->find("text/csv") != std::string::npos;
}

Response csv_response(const Json& items) {
  Response response;
  response.content_type = "text/csv; charset=utf-8";
  response.headers.emplace_back("Content-Disposition", "attachment; filename=\"ballast.csv\"");
  response.body = csv_of(items);
  return response;
}

}  // namespace

std::string csv_of(const Json& items) {
  std::vector<Cells> rows;
  std::vector<std::string> columns;
  std::map<std::string, std::size_t> place;
  for (const Json& item : items) {
    flatten(item, "", rows.emplace_back());
    for (const auto& [name, cell] : rows.back()) {
      if (place.try_emplace(name, columns.size()).second) columns.push_back(name);
    }
  }
  std::string csv;
  for (std::size_t i = 0; i < columns.size(); ++i) csv += (i > 0 ? "," : "") + csv_text(columns[i]);
  if (!columns.empty()) csv += "\r\n";
  std::vector<std::string> line(columns.size());
  for (const Cells& row : rows) {
    std::fill(line.begin(), line.end(), "");
    for (const auto& [name, cell] : row) line[place.at(name)] = cell;
    for (std::size_t i = 0; i < line.size(); ++i) csv += (i > 0 ? "," : "") + csv_text(line[i]);
    csv += "\r\n";
  }
  return csv;
}

Response list_response(const Request& request, const ListSource& source) {
  store::Page page;
  page.as_of = as_of_of(request);
  if (wants_csv(request)) {
    page.limit = kCsvPage;
    Json all = Json::array();
    do {
      ListPage part = source(page);
      for (Json& item : part.items) all.push_back(std::move(item));
      page.cursor = part.next;
    } while (!page.cursor.empty() && all.size() < kCsvRows);
    Response response = csv_response(all);
    if (!page.cursor.empty()) response.headers.emplace_back("X-Truncated", "after 100000 rows; narrow the filter");
    return response;
  }
  page.limit = static_cast<std::int64_t>(number_asked(request, "limit", 50));
  page.cursor = request.asked("cursor", "");
  ListPage part = source(page);
  return json_response({{"items", std::move(part.items)}, {"next", or_null(part.next)}});
}

Response whole_list(const Request& request, Json items) {
  if (wants_csv(request)) return csv_response(items);
  return json_response({{"items", std::move(items)}, {"next", nullptr}});
}

store::Span span_of(const Request& request) {
  store::Span span;
  if (const std::string* from = request.asked("from")) span.from = parse_moment(*from, false, "query.from");
  if (const std::string* to = request.asked("to")) span.to = parse_moment(*to, true, "query.to");
  return span;
}

std::string as_of_of(const Request& request) {
  const std::string* as_of = request.asked("as_of");
  return as_of == nullptr ? "" : parse_moment(*as_of, true, "query.as_of");
}

double number_asked(const Request& request, const std::string& name, double otherwise) {
  const std::string* text = request.asked(name);
  return text == nullptr ? otherwise : std::strtod(text->c_str(), nullptr);
}

std::vector<std::string> words_asked(const Request& request, const std::string& name) {
  std::vector<std::string> words;
  const std::string all = request.asked(name, "");
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t end = std::min(all.find(',', at), all.size());
    if (end > at) words.push_back(all.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

}  // namespace ballast::serve
