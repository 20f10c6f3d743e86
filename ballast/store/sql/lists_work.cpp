// SPDX-License-Identifier: Apache-2.0
// Lists of what was decided and done: decisions, alerts, cases, losses, feedback, overrides, jobs, quarantine.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ballast/store/lists.h"
#include "ballast/store/sql/query.h"
#include "ballast/store/sql/session.h"
#include "ballast/store/sql/state.h"
#include "ballast/store/sql/work_rows.h"

namespace ballast::store {
namespace {

constexpr const char* kDecisionCells =
    "d.id, d.kind, d.subject, d.inputs, d.inputs_hash, d.model, d.model_hash, d.policy_hash, d.build, d.isa, d.seed,"
    " d.result, d.cost, d.created_at";
constexpr std::size_t kDecisionWidth = 14;

DecisionRecord decision_at(const soci::row& row) {
  DecisionRecord d;
  std::string* const texts[] = {&d.id,    &d.kind,       &d.subject,     &d.inputs, &d.inputs_hash,
                                &d.model, &d.model_hash, &d.policy_hash, &d.build,  &d.isa};
  for (std::size_t i = 0; i < std::size(texts); ++i) *texts[i] = text_cell(row, i);
  d.seed = static_cast<std::uint64_t>(integer_cell(row, 10));
  d.result = text_cell(row, 11), d.cost = text_cell(row, 12), d.created_at = text_cell(row, 13);
  return d;
}

/// What all lists by time share: as-of, the place after the cursor, and the order.
std::string by_time(Query& query, const Page& page, const std::string& prefix) {
  if (!page.as_of.empty()) query.also(prefix + "created_at <= " + query.bind(page.as_of));
  if (!page.cursor.empty()) {
    const Cursor after = parse_cursor(page.cursor);
    query.also(fmt::format("({0}created_at, {0}id) < ({1}, {2})", prefix, query.bind(after.key), query.bind(after.id)));
  }
  return fmt::format("order by {0}created_at desc, {0}id desc limit {1}", prefix, page.limit + 1);
}

void equals(Query& query, const std::string& column, const std::string& value) {
  if (!value.empty()) query.also(column + " = " + query.bind(value));
}

template <class Record, class Convert>
Listed<Record> listed_by_time(soci::session& sql, Query& query, const Page& page, const std::string& columns,
                              const std::string& table, const Convert& convert) {
  const std::string order = by_time(query, page, "");
  std::vector<Record> found;
  query.run(sql, fmt::format("select {} from {} where 1 = 1{} {}", columns, table, query.conditions(), order),
            [&](const soci::row& row) { found.push_back(convert(row)); });
  return cut_page<Record>(std::move(found), page.limit, [](const Record& r) { return Cursor{r.created_at, r.id}; });
}

}  // namespace

Listed<ListedDecision> Lists::decisions(const DecisionFilter& filter, const Page& page) {
  return guarded(store_.state_->url, [&] {
    Query query;
    if (!filter.kinds.empty()) {
      std::vector<std::string> names;
      for (const std::string& kind : filter.kinds) names.push_back(query.bind(kind));
      query.also(fmt::format("d.kind in ({})", fmt::join(names, ", ")));
    }
    equals(query, "d.subject", filter.subject);
    equals(query, "d.model", filter.model);
    query.also(filter.outcome.empty() ? ""
                                      : words_condition(store_.state_->sql, query,
                                                        "\"outcome\":\"" + filter.outcome + "\"", {"d.result"}));
    span_conditions(query, filter.span, "d.created_at");
    std::string upto;
    if (!page.as_of.empty()) upto = " and x.created_at <= " + query.bind(page.as_of);
    const std::string order = by_time(query, page, "d.");
    std::vector<ListedDecision> found;
    query.run(store_.state_->sql,
              fmt::format("select {}, o.id, o.decision_id, o.outcome, o.reason, o.status, o.proposed_by, o.decided_by,"
                          " o.decided_at, o.note, o.created_at from decisions d left join overrides o on o.id ="
                          " (select x.id from overrides x where x.decision_id = d.id{} order by x.created_at desc, x.id"
                          " limit 1) where 1 = 1{} {}",
                          kDecisionCells, upto, query.conditions(), order),
              [&](const soci::row& row) {
                ListedDecision one{decision_at(row), {}};
                if (row.get_indicator(kDecisionWidth) != soci::i_null) one.override = to_override(row, kDecisionWidth);
                found.push_back(std::move(one));
              });
    return cut_page<ListedDecision>(std::move(found), page.limit, [](const ListedDecision& d) {
      return Cursor{d.decision.created_at, d.decision.id};
    });
  });
}

std::vector<DecisionRecord> Lists::newest_by_subject(const std::string& kind) {
  return guarded(store_.state_->url, [&] {
    Query query;
    const std::string name = query.bind(kind);
    std::vector<DecisionRecord> found;
    query.run(store_.state_->sql,
              fmt::format("select {0} from decisions d where d.kind = {1} and not exists (select 1 from decisions x"
                          " where x.kind = {1} and x.subject = d.subject and (x.created_at, x.id) > (d.created_at,"
                          " d.id)) order by d.subject",
                          kDecisionCells, name),
              [&](const soci::row& row) { found.push_back(decision_at(row)); });
    return found;
  });
}

Listed<AlertRecord> Lists::alerts(const std::string& status, int min_severity, const Page& page) {
  return guarded(store_.state_->url, [&] {
    Query query;
    equals(query, "status", status);
    if (min_severity > 0) query.also("severity >= " + query.bind(static_cast<std::int64_t>(min_severity)));
    return listed_by_time<AlertRecord>(store_.state_->sql, query, page, kAlertColumns, "alerts", to_alert);
  });
}

Listed<CaseRecord> Lists::cases(const std::string& kind, const Page& page) {
  auto listed = guarded(store_.state_->url, [&] {
    Query query;
    equals(query, "kind", kind);
    return listed_by_time<CaseRecord>(
        store_.state_->sql, query, page, "id, kind, subject, created_at", "cases", [](const soci::row& row) {
          return CaseRecord{text_cell(row, 0), text_cell(row, 1), text_cell(row, 2), text_cell(row, 3), {}};
        });
  });
  for (CaseRecord& record : listed.items) {
    if (auto whole = store_.find_case(record.id)) record.events = std::move(whole->events);
    if (!page.as_of.empty()) {
      std::erase_if(record.events, [&](const CaseEventRecord& e) { return e.at > page.as_of; });
    }
  }
  return listed;
}

Listed<LossEventRecord> Lists::losses(const std::string& type, const Page& page) {
  return guarded(store_.state_->url, [&] {
    Query query;
    equals(query, "type", type);
    return listed_by_time<LossEventRecord>(
        store_.state_->sql, query, page,
        "id, occurred_on, type, category, amount, recovery, currency, description, created_at", "loss_events",
        [](const soci::row& row) {
          return LossEventRecord{text_cell(row, 0), text_cell(row, 1), text_cell(row, 2),
                                 text_cell(row, 3), text_cell(row, 4), text_cell(row, 5),
                                 text_cell(row, 6), text_cell(row, 7), text_cell(row, 8)};
        });
  });
}

Listed<QuarantineRecord> Lists::quarantine(const Page& page) {
  return guarded(store_.state_->url, [&] {
    struct Row {
      QuarantineRecord record;
      std::string id;
    };
    Query query;
    const std::string order = row_order(store_.state_->sql, "quarantine");
    if (!page.as_of.empty()) query.also("created_at <= " + query.bind(page.as_of));
    if (!page.cursor.empty()) {
      const Cursor after = parse_cursor(page.cursor);
      query.also(fmt::format("(created_at, {}) < ({}, {})", order, query.bind(after.key),
                             query.bind(static_cast<std::int64_t>(std::strtoll(after.id.c_str(), nullptr, 10)))));
    }
    std::vector<Row> found;
    query.run(store_.state_->sql,
              fmt::format("select source, line, column_name, reason, excerpt, created_at, cast({0} as text)"
                          " from quarantine where 1 = 1{1} order by created_at desc, {0} desc limit {2}",
                          order, query.conditions(), page.limit + 1),
              [&](const soci::row& row) {
                found.push_back({{text_cell(row, 0), integer_cell(row, 1), text_cell(row, 2), text_cell(row, 3),
                                  text_cell(row, 4), text_cell(row, 5)},
                                 text_cell(row, 6)});
              });
    const auto cut = cut_page<Row>(std::move(found), page.limit, [](const Row& r) {
      return Cursor{r.record.created_at, r.id};
    });
    Listed<QuarantineRecord> listed;
    listed.next = cut.next;
    for (const Row& row : cut.items) listed.items.push_back(row.record);
    return listed;
  });
}

Listed<FeedbackRecord> Lists::feedback(const std::string& subject_kind, const std::string& verdict, const Page& page) {
  return guarded(store_.state_->url, [&] {
    Query query;
    equals(query, "subject_kind", subject_kind);
    equals(query, "verdict", verdict);
    return listed_by_time<FeedbackRecord>(store_.state_->sql, query, page, kFeedbackColumns, "feedback", to_feedback);
  });
}

Listed<OverrideRecord> Lists::overrides(const std::string& status, const Page& page) {
  return guarded(store_.state_->url, [&] {
    Query query;
    equals(query, "status", status);
    return listed_by_time<OverrideRecord>(store_.state_->sql, query, page, kOverrideColumns, "overrides",
                                          [](const soci::row& row) { return to_override(row); });
  });
}

std::optional<OverrideRecord> Lists::last_override(const std::string& decision_id) {
  return guarded(store_.state_->url, [&] {
    Query query;
    const std::string id = query.bind(decision_id);
    std::optional<OverrideRecord> found;
    query.run(store_.state_->sql,
              fmt::format("select {} from overrides where decision_id = {} order by created_at desc, id limit 1",
                          kOverrideColumns, id),
              [&](const soci::row& row) { found = to_override(row); });
    return found;
  });
}

Listed<JobRecord> Lists::jobs(const std::string& status, const Page& page) {
  return guarded(store_.state_->url, [&] {
    Query query;
    equals(query, "status", status);
    return listed_by_time<JobRecord>(store_.state_->sql, query, page, kJobColumns, "jobs", to_job);
  });
}

}  // namespace ballast::store
