// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "ballast/base/error.h"
#include "ballast/risk/market/cells.h"
#include "ballast/risk/market_forecast.h"

namespace ballast::risk {
namespace {

struct RawItem {
  NewsItem item;
  std::vector<std::string> cells;
};

bool is_number_column(const std::vector<RawItem>& rows, std::size_t column) {
  bool any = false;
  for (const RawItem& row : rows) {
    if (trimmed(row.cells[column]).empty()) continue;
    if (!number(row.cells[column])) return false;
    any = true;
  }
  return any;
}

std::string problem_of(const ingest::Record& row, Moment latest, NewsItem& item, std::string& column) {
  column = "published_at";
  const auto published = parse_moment(trimmed(row.text("published_at").value_or("")));
  if (!published) return "not a moment (expected RFC 3339 with an offset, as in 2020-03-09T13:30:00Z)";
  item.published_at = item.available_at = *published;
  const std::string text = row.text("available_at").value_or("");
  if (!trimmed(text).empty()) {
    column = "available_at";
    const auto available = parse_moment(trimmed(text));
    if (!available) return "not a moment (expected RFC 3339 with an offset, as in 2020-03-09T13:30:00Z)";
    if (*available < *published) return "available before it was published";
    item.available_at = *available;
  }
  return item.available_at > latest ? "lies in the future" : "";
}

}  // namespace

News read_news(const std::string& source, const ingest::QuarantineSink& quarantine) {
  auto reader = ingest::RecordReader::open(source, {}, quarantine);
  reader.require_column("published_at", "the news", "published_at");
  std::vector<std::string> columns;
  for (const std::string& name : reader.columns()) {
    const bool known = name == "published_at" || name == "available_at" || name == "id" || name == "text" ||
                       name == "title" || name == "source" || name == "url";
    if (!known) columns.push_back(name);
  }
  News news;
  const auto latest = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  std::vector<RawItem> rows;
  for (ingest::Record row; reader.next(row);) {
    ++news.rows;
    RawItem raw;
    std::string column;
    const std::string problem = problem_of(row, latest, raw.item, column);
    if (!problem.empty()) {
      ++news.quarantined;
      if (quarantine) quarantine({source, row.line, column, problem, row.text(column).value_or("").substr(0, 80)});
      continue;
    }
    for (const std::string& name : columns) raw.cells.push_back(row.text(name).value_or(""));
    const std::string title = row.text("title").value_or(""), text = row.text("text").value_or("");
    news.texts.push_back(title.empty() || text.empty() ? title + text : title + "\n" + text);
    rows.push_back(std::move(raw));
  }
  news.rows += reader.quarantined();
  news.quarantined += reader.quarantined();
  std::vector<std::size_t> kept;
  for (std::size_t c = 0; c < columns.size(); ++c) {
    if (!is_number_column(rows, c)) continue;
    kept.push_back(c);
    news.names.push_back(columns[c]);
  }
  for (RawItem& row : rows) {
    for (const std::size_t c : kept) {
      row.item.values.push_back(number(row.cells[c]).value_or(std::numeric_limits<double>::quiet_NaN()));
    }
    news.items.push_back(std::move(row.item));
  }
  return news;
}

}  // namespace ballast::risk
