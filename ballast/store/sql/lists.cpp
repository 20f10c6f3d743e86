// SPDX-License-Identifier: Apache-2.0
// Lists of what was found: documents, signals, entities.
#include "ballast/store/lists.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ballast/base/error.h"
#include "ballast/store/sql/moments.h"
#include "ballast/store/sql/query.h"
#include "ballast/store/sql/session.h"
#include "ballast/store/sql/state.h"

namespace ballast::store {
namespace {

constexpr const char* kDocumentCells =
    "d.id, d.source, d.line, d.title, d.text, d.lang, d.published_at, d.content_hash, d.created_at";
constexpr std::size_t kDocumentWidth = 9, kSignalWidth = 12;

DocumentRecord document_at(const soci::row& row, std::size_t at) {
  return {text_cell(row, at),     text_cell(row, at + 1), integer_cell(row, at + 2),
          text_cell(row, at + 3), text_cell(row, at + 4), text_cell(row, at + 5),
          text_cell(row, at + 6), text_cell(row, at + 7), text_cell(row, at + 8)};
}

std::optional<AssessmentRecord> assessment_at(const soci::row& row, std::size_t at) {
  if (row.get_indicator(at) == soci::i_null) return {};
  return AssessmentRecord{text_cell(row, at),
                          text_cell(row, at + 1),
                          text_cell(row, at + 2),
                          number_cell(row, at + 3),
                          static_cast<int>(integer_cell(row, at + 4)),
                          number_cell(row, at + 5),
                          text_cell(row, at + 6),
                          text_cell(row, at + 7)};
}

SignalRecord signal_at(const soci::row& row, std::size_t at) {
  SignalRecord s;
  s.id = text_cell(row, at), s.document_id = text_cell(row, at + 1), s.risk = text_cell(row, at + 2);
  s.probability = number_cell(row, at + 3), s.lo = number_cell(row, at + 4), s.hi = number_cell(row, at + 5);
  s.basel = text_cell(row, at + 6), s.entities = text_cell(row, at + 7), s.evidence = text_cell(row, at + 8);
  s.model = text_cell(row, at + 9), s.seed = static_cast<std::uint64_t>(integer_cell(row, at + 10));
  s.created_at = text_cell(row, at + 11);
  return s;
}

std::optional<FeedbackRecord> feedback_at(const soci::row& row, std::size_t at) {
  if (row.get_indicator(at) == soci::i_null) return {};
  return FeedbackRecord{text_cell(row, at),     text_cell(row, at + 1), text_cell(row, at + 2),
                        text_cell(row, at + 3), text_cell(row, at + 4), static_cast<int>(integer_cell(row, at + 5)),
                        text_cell(row, at + 6), text_cell(row, at + 7), text_cell(row, at + 8)};
}

std::string in_list(Query& query, const std::string& column, const std::vector<std::string>& values) {
  if (values.empty()) return {};
  std::vector<std::string> names;
  for (const std::string& value : values) names.push_back(query.bind(value));
  return fmt::format("{} in ({})", column, fmt::join(names, ", "));
}

/// The order of signals, and what comes after the cursor in it.
std::string signal_order(Query& query, const SignalFilter& filter, const Page& page) {
  const bool on = !page.cursor.empty();
  const Cursor cursor = on ? parse_cursor(page.cursor) : Cursor{};
  switch (filter.order) {
    case SignalOrder::probability:
      if (on) {
        const double key = std::strtod(cursor.key.c_str(), nullptr);
        query.also(fmt::format("(s.probability, s.id) < ({}, {})", query.bind(key), query.bind(cursor.id)));
      }
      return "s.probability desc, s.id desc";
    case SignalOrder::severity:
      if (on) {
        const std::int64_t severity = std::strtoll(cursor.key.c_str(), nullptr, 10);
        const auto bar = cursor.key.find('|');
        const std::string at = bar == std::string::npos ? "" : cursor.key.substr(bar + 1);
        query.also(fmt::format("(a.severity, s.created_at, s.id) < ({}, {}, {})", query.bind(severity), query.bind(at),
                               query.bind(cursor.id)));
      }
      return "a.severity desc, s.created_at desc, s.id desc";
    default:
      if (on) {
        query.also(fmt::format("(s.created_at, s.id) < ({}, {})", query.bind(cursor.key), query.bind(cursor.id)));
      }
      return "s.created_at desc, s.id desc";
  }
}

Cursor signal_cursor(const ListedSignal& one, SignalOrder order) {
  const SignalRecord& s = one.signal;
  switch (order) {
    case SignalOrder::probability:
      return {fmt::format("{}", s.probability), s.id};
    case SignalOrder::severity:
      return {fmt::format("{}|{}", one.severity, s.created_at), s.id};
    default:
      return {s.created_at, s.id};
  }
}

void signal_conditions(soci::session& sql, Query& query, const SignalFilter& filter) {
  query.also(in_list(query, "s.risk", filter.risks));
  if (filter.min_probability > 0) query.also("s.probability >= " + query.bind(filter.min_probability));
  if (filter.min_severity > 0) {
    query.also("a.severity >= " + query.bind(static_cast<std::int64_t>(filter.min_severity)));
  }
  if (!filter.document_id.empty()) query.also("s.document_id = " + query.bind(filter.document_id));
  if (!filter.id.empty()) query.also("s.id = " + query.bind(filter.id));
  if (!filter.entity.empty()) {
    const std::string name = query.bind(filter.entity);
    query.also(
        fmt::format("exists (select 1 from entities n where n.document_id = s.document_id and n.model = s.model"
                    " and (lower(n.canonical) = lower({0}) or lower(n.text) = lower({0})))",
                    name));
  }
  query.also(words_condition(sql, query, filter.words, {"d.title", "d.text"}));
  span_conditions(query, filter.span, kMoment);
}

}  // namespace

Listed<ListedDocument> Lists::documents(const DocumentFilter& filter, const Page& page) {
  return guarded(store_.state_->url, [&] {
    Query query;
    const Tables tables = tables_at(query, page.as_of);
    query.also(words_condition(store_.state_->sql, query, filter.words, {"d.title", "d.text"}));
    if (!filter.id.empty()) query.also("d.id = " + query.bind(filter.id));
    if (!filter.lang.empty()) query.also("d.lang = " + query.bind(filter.lang));
    if (!filter.source.empty()) query.also("d.source = " + query.bind(filter.source));
    if (!filter.sentiment.empty()) query.also("a.sentiment = " + query.bind(filter.sentiment));
    if (filter.min_severity > 0) {
      query.also("a.severity >= " + query.bind(static_cast<std::int64_t>(filter.min_severity)));
    }
    span_conditions(query, filter.span, kMoment);
    if (!page.cursor.empty()) {
      const Cursor after = parse_cursor(page.cursor);
      query.also(fmt::format("(d.created_at, d.id) < ({}, {})", query.bind(after.key), query.bind(after.id)));
    }
    std::vector<ListedDocument> found;
    query.run(store_.state_->sql,
              fmt::format("select {}, a.document_id, a.model, a.sentiment, a.sentiment_probability, a.severity,"
                          " a.severity_probability, a.kinds, a.created_at from {} d left join {} a on"
                          " a.document_id = d.id and a.model = (select x.model from {} x where x.document_id = d.id"
                          " order by x.created_at desc, x.model limit 1) where 1 = 1{}"
                          " order by d.created_at desc, d.id desc limit {}",
                          kDocumentCells, tables.documents, tables.assessments, tables.assessments, query.conditions(),
                          page.limit + 1),
              [&](const soci::row& row) {
                found.push_back({document_at(row, 0), assessment_at(row, kDocumentWidth)});
              });
    return cut_page<ListedDocument>(std::move(found), page.limit, [](const ListedDocument& d) {
      return Cursor{d.document.created_at, d.document.id};
    });
  });
}

Listed<ListedSignal> Lists::signals(const SignalFilter& filter, const Page& page) {
  return guarded(store_.state_->url, [&] {
    Query query;
    const Tables tables = tables_at(query, page.as_of);
    signal_conditions(store_.state_->sql, query, filter);
    const std::string order = signal_order(query, filter, page);
    std::vector<ListedSignal> found;
    query.run(store_.state_->sql,
              fmt::format("select s.id, s.document_id, s.risk, s.probability, s.lo, s.hi, s.basel, s.entities,"
                          " s.evidence, s.model, s.seed, s.created_at, {}, a.sentiment, a.severity,"
                          " a.severity_probability, f.id, f.subject_kind, f.subject_id, f.verdict, f.risk, f.severity,"
                          " f.note, f.actor, f.created_at from {} s join {} d on d.id = s.document_id"
                          " join {} a on a.document_id = s.document_id and a.model = s.model left join {} f"
                          " on f.id = (select g.id from {} g where g.subject_kind = 'signal' and g.subject_id = s.id"
                          " order by g.created_at desc, g.id desc limit 1) where 1 = 1{} order by {} limit {}",
                          kDocumentCells, tables.signals, tables.documents, tables.assessments, tables.feedback,
                          tables.feedback, query.conditions(), order, page.limit + 1),
              [&](const soci::row& row) {
                constexpr std::size_t kRest = kSignalWidth + kDocumentWidth;
                found.push_back({signal_at(row, 0), document_at(row, kSignalWidth), text_cell(row, kRest),
                                 static_cast<int>(integer_cell(row, kRest + 1)), number_cell(row, kRest + 2),
                                 feedback_at(row, kRest + 3)});
              });
    return cut_page<ListedSignal>(std::move(found), page.limit,
                                  [&](const ListedSignal& s) { return signal_cursor(s, filter.order); });
  });
}

Listed<ListedEntity> Lists::entities(const EntityFilter& filter, const Page& page) {
  return guarded(store_.state_->url, [&] {
    Query query;
    const Tables tables = tables_at(query, page.as_of);
    if (filter.kind.empty()) {
      query.also("n.kind not in ('money', 'date')");
    } else {
      query.also("n.kind = " + query.bind(filter.kind));
    }
    query.also(words_condition(store_.state_->sql, query, filter.words, {"n.canonical"}));
    if (!filter.name.empty()) query.also("lower(n.canonical) = lower(" + query.bind(filter.name) + ")");
    span_conditions(query, filter.span, kMoment);
    std::string after;
    if (!page.cursor.empty()) {
      const Cursor cursor = parse_cursor(page.cursor);
      const std::string count = query.bind(static_cast<std::int64_t>(std::strtoll(cursor.key.c_str(), nullptr, 10)));
      after = fmt::format(" having count(s.id) < {0} or (count(s.id) = {0} and n.canonical > {1})", count,
                          query.bind(cursor.id));
    }
    std::string risks;
    const std::vector<std::string> kinds = {"market", "credit", "operational", "liquidity", "policy", "business"};
    for (const std::string& kind : kinds)
      risks += fmt::format(", sum(case when s.risk = '{}' then 1 else 0 end)", kind);
    std::vector<ListedEntity> found;
    query.run(
        store_.state_->sql,
        fmt::format("select n.canonical, min(n.kind), max({}), count(distinct n.document_id), count(s.id),"
                    " max(a.severity){} from (select distinct document_id, model, canonical, kind from entities) n"
                    " join {} d on d.id = n.document_id join {} a on a.document_id = n.document_id"
                    " and a.model = n.model left join {} s on s.document_id = n.document_id"
                    " and s.model = n.model where 1 = 1{} group by n.canonical{}"
                    " order by count(s.id) desc, n.canonical limit {}",
                    kMoment, risks, tables.documents, tables.assessments, tables.signals, query.conditions(), after,
                    page.limit + 1),
        [&](const soci::row& row) {
          ListedEntity e;
          e.name = text_cell(row, 0), e.kind = text_cell(row, 1), e.last_seen = text_cell(row, 2);
          e.documents = integer_cell(row, 3), e.signals = integer_cell(row, 4);
          e.max_severity = static_cast<int>(integer_cell(row, 5));
          for (std::size_t i = 0; i < kinds.size(); ++i) e.risks[kinds[i]] = integer_cell(row, 6 + i);
          found.push_back(std::move(e));
        });
    return cut_page<ListedEntity>(std::move(found), page.limit, [](const ListedEntity& e) {
      return Cursor{fmt::format("{}", e.signals), e.name};
    });
  });
}

std::vector<AssessmentRecord> Lists::assessments(const std::string& model, std::int64_t limit) {
  return guarded(store_.state_->url, [&] {
    Query query;
    const std::string name = query.bind(model);
    std::vector<AssessmentRecord> found;
    query.run(store_.state_->sql,
              fmt::format("select document_id, model, sentiment, sentiment_probability, severity, severity_probability,"
                          " kinds, created_at from assessments where model = {} order by created_at desc, document_id"
                          " limit {}",
                          name, limit),
              [&](const soci::row& row) {
                if (auto one = assessment_at(row, 0)) found.push_back(std::move(*one));
              });
    return found;
  });
}

std::vector<EntityRecord> Lists::entities_of(const std::string& document_id) {
  return guarded(store_.state_->url, [&] {
    Query query;
    const std::string id = query.bind(document_id);
    std::vector<EntityRecord> found;
    query.run(store_.state_->sql,
              "select distinct text, kind, start_byte, end_byte, canonical from entities where document_id = " + id +
                  " order by start_byte, end_byte",
              [&](const soci::row& row) {
                found.push_back({text_cell(row, 0), text_cell(row, 1), integer_cell(row, 2), integer_cell(row, 3),
                                 text_cell(row, 4)});
              });
    return found;
  });
}

}  // namespace ballast::store
