// SPDX-License-Identifier: Apache-2.0
// Counts for a picture of the whole, and what is new since a place.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ballast/base/error.h"
#include "ballast/store/lists.h"
#include "ballast/store/sql/moments.h"
#include "ballast/store/sql/query.h"
#include "ballast/store/sql/session.h"
#include "ballast/store/sql/state.h"

namespace ballast::store {
namespace {

std::int64_t number_of(soci::session& sql, const Query& query, const std::string& text) {
  std::int64_t n = 0;
  query.run(sql, text, [&](const soci::row& row) { n = integer_cell(row, 0); });
  return n;
}

RiskCount to_count(const soci::row& row) {
  return {text_cell(row, 0), text_cell(row, 1), integer_cell(row, 2), number_cell(row, 3),
          static_cast<int>(integer_cell(row, 4))};
}

void count_work(soci::session& sql, const std::string& as_of, Overview& o) {
  Query query;
  const std::string at = as_of.empty() ? "" : " and created_at <= " + query.bind(as_of);
  const std::string then = as_of.empty() ? "" : " and e.at <= " + query.bind(as_of);
  o.alerts_open = number_of(sql, query, "select count(*) from alerts where status = 'open'" + at);
  o.decisions = number_of(sql, query, "select count(*) from decisions where 1 = 1" + at);
  o.quarantined = number_of(sql, query, "select count(*) from quarantine where 1 = 1" + at);
  o.cases_open = number_of(
      sql, query,
      fmt::format("select count(*) from cases c where 1 = 1{} and 'close' <> (select action from case_events e where"
                  " e.case_id = c.id and e.action in ('open', 'close', 'reopen'){} order by number desc limit 1)",
                  at, then));
}

void count_documents(soci::session& sql, const Span& span, const std::string& as_of, Overview& o) {
  Query query;
  const Tables tables = tables_at(query, as_of);
  query.run(sql, fmt::format("select min({}) from {} d", kMoment, tables.documents),
            [&](const soci::row& row) { o.first_day = text_cell(row, 0).substr(0, 10); });
  span_conditions(query, span, kMoment);
  query.run(sql,
            fmt::format("select substr({0}, 1, 10), count(*) from {1} d where 1 = 1{2} group by 1", kMoment,
                        tables.documents, query.conditions()),
            [&](const soci::row& row) {
              o.documents_by_day[text_cell(row, 0)] = integer_cell(row, 1);
              o.documents += integer_cell(row, 1);
            });
  query.run(sql,
            fmt::format("select a.severity, a.sentiment, count(*) from {} d join {} a on a.document_id = d.id and"
                        " a.model = (select x.model from {} x where x.document_id = d.id order by x.created_at desc,"
                        " x.model limit 1) where 1 = 1{} group by a.severity, a.sentiment",
                        tables.documents, tables.assessments, tables.assessments, query.conditions()),
            [&](const soci::row& row) {
              const std::int64_t n = integer_cell(row, 2);
              o.assessed += n;
              o.severity[static_cast<int>(integer_cell(row, 0))] += n;
              if (!text_cell(row, 1).empty()) o.sentiment[text_cell(row, 1)] += n;
            });
}

void count_signals(soci::session& sql, const Span& span, const std::string& as_of, std::int64_t entities, Overview& o) {
  Query query;
  const Tables tables = tables_at(query, as_of);
  span_conditions(query, span, kMoment);
  const std::string joined = fmt::format(
      "{} s join {} d on d.id = s.document_id join {} a on a.document_id = s.document_id"
      " and a.model = s.model",
      tables.signals, tables.documents, tables.assessments);
  query.run(sql,
            fmt::format("select substr({}, 1, 10), s.risk, count(*), max(s.probability), max(a.severity) from {}"
                        " where 1 = 1{} group by 1, 2 order by 1, 2",
                        kMoment, joined, query.conditions()),
            [&](const soci::row& row) {
              o.by_day.push_back(to_count(row));
              o.signals += o.by_day.back().signals;
            });
  const std::string named = fmt::format(
      "{} join (select distinct document_id, model, canonical from entities where kind not in ('money', 'date')) n on"
      " n.document_id = s.document_id and n.model = s.model",
      joined);
  std::vector<std::string> names;
  query.run(sql,
            fmt::format("select n.canonical from {} where 1 = 1{} group by n.canonical order by count(*) desc,"
                        " n.canonical limit {}",
                        named, query.conditions(), entities),
            [&](const soci::row& row) { names.push_back(text_cell(row, 0)); });
  if (names.empty()) return;
  std::vector<std::string> bound;
  for (const std::string& name : names) bound.push_back(query.bind(name));
  query.also(fmt::format("n.canonical in ({})", fmt::join(bound, ", ")));
  std::map<std::string, std::vector<RiskCount>> cells;
  query.run(sql,
            fmt::format("select n.canonical, s.risk, count(*), max(s.probability), max(a.severity) from {}"
                        " where 1 = 1{} group by 1, 2 order by 1, 2",
                        named, query.conditions()),
            [&](const soci::row& row) { cells[text_cell(row, 0)].push_back(to_count(row)); });
  for (const std::string& name : names) {
    for (RiskCount& cell : cells[name]) o.by_entity.push_back(std::move(cell));
  }
}

/// Only these have rows that others wait for.
std::string id_column(const std::string& table) {
  if (table == "case_events") return "case_id";
  if (table == "signals" || table == "alerts" || table == "decisions") return "id";
  throw base::Error(base::ErrorCode::internal, "no list of what is new in " + table);
}

}  // namespace

Overview Lists::overview(const Span& span, const std::string& as_of, std::int64_t entities) {
  return guarded(store_.state_->url, [&] {
    Overview o;
    soci::session& sql = store_.state_->sql;
    count_work(sql, as_of, o);
    count_documents(sql, span, as_of, o);
    count_signals(sql, span, as_of, entities, o);
    return o;
  });
}

std::int64_t Lists::data_version() {
  return guarded(store_.state_->url, [&] {
    soci::session& sql = store_.state_->sql;
    // Any transaction that begins to write or ends changes the snapshot.
    return number_of(
        sql, {},
        on_postgresql(sql) ? "select hashtextextended(cast(pg_current_snapshot() as text), 0)" : "pragma data_version");
  });
}

std::int64_t Lists::last_row(const std::string& table) {
  id_column(table);
  return guarded(store_.state_->url, [&] {
    soci::session& sql = store_.state_->sql;
    return number_of(sql, {}, fmt::format("select coalesce(max({}), 0) from {}", row_order(sql, table), table));
  });
}

std::vector<std::string> Lists::ids_since(const std::string& table, std::int64_t& row, std::int64_t limit) {
  return guarded(store_.state_->url, [&] {
    Query query;
    const std::string after = query.bind(row);
    std::vector<std::string> ids;
    query.run(store_.state_->sql,
              fmt::format("select {0}, cast({1} as text) from {2} where {1} > {3} order by {1} limit {4}",
                          id_column(table), row_order(store_.state_->sql, table), table, after, limit),
              [&](const soci::row& cells) {
                ids.push_back(text_cell(cells, 0));
                row = integer_cell(cells, 1);
              });
    return ids;
  });
}

}  // namespace ballast::store
