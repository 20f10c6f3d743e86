// SPDX-License-Identifier: Apache-2.0
#include "ballast/store/audit.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <map>
#include <stdexcept>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/hash.h"
#include "ballast/base/json.h"
#include "ballast/store/sql/audit_base.h"
#include "ballast/store/sql/audit_writer.h"
#include "ballast/store/sql/schema_check.h"
#include "ballast/store/sql/session.h"
#include "ballast/store/sql/state.h"

namespace ballast::store {
namespace {

using base::Json;

constexpr const char* kEntryColumns = "number, at, actor, action, subject, records, details, previous, hash";

std::string cell(const soci::row& row, std::size_t at) {
  if (row.get_indicator(at) == soci::i_null) return "n";
  switch (row.get_properties(at).get_data_type()) {
    case soci::dt_string: {
      const auto text = row.get<std::string>(at);
      return fmt::format("s{}:{}", text.size(), text);
    }
    case soci::dt_double:
      return fmt::format("d{}", row.get<double>(at));
    case soci::dt_integer:
      return fmt::format("i{}", row.get<int>(at));
    case soci::dt_long_long:
      return fmt::format("i{}", row.get<long long>(at));
    default:
      return fmt::format("?{}", static_cast<int>(row.get_properties(at).get_data_type()));
  }
}

std::string key_text(const soci::row& row, std::size_t columns) {
  Json key = Json::array();
  for (std::size_t i = 0; i < columns; ++i) {
    const auto type = row.get_properties(i).get_data_type();
    if (type == soci::dt_string) {
      key.push_back(row.get<std::string>(i));
    } else {
      key.push_back(cell(row, i).substr(1));
    }
  }
  return base::dump_json(key);
}

/// What the hash of a group covers of one of its rows.
void add_content(const AuditedTable& table, const soci::row& row, std::string& content) {
  for (std::size_t i = 0; i < table.columns.size(); ++i) content += cell(row, table.key.size() + i);
  content += '\n';
}

/// Feeds rows in the order of their keys to `seen`, one call a group.
void group_rows(const AuditedTable& table, const soci::rowset<soci::row>& rows,
                const std::function<void(const AuditedRows&)>& seen) {
  std::string key, content;
  const auto flush = [&] {
    if (!key.empty()) seen({table.name, key, base::sha256_hex(content)});
    content.clear();
  };
  for (const soci::row& row : rows) {
    const std::string mine = key_text(row, table.key.size());
    if (mine != key) {
      flush();
      key = mine;
    }
    add_content(table, row, content);
  }
  flush();
}

std::string select_text(const AuditedTable& table, const std::string& where) {
  return fmt::format("select {}, {} from {} {} order by {}, {}", fmt::join(table.key, ", "),
                     fmt::join(table.columns, ", "), table.name, where, fmt::join(table.key, ", "), table.order);
}

AuditEntry to_entry(const soci::row& row) {
  AuditEntry e;
  e.number = row.get<long long>(0);
  std::string* const texts[] = {&e.at, &e.actor, &e.action, &e.subject, &e.records, &e.details, &e.previous, &e.hash};
  for (std::size_t i = 0; i < std::size(texts); ++i) *texts[i] = row.get<std::string>(i + 1);
  return e;
}

}  // namespace

const std::vector<AuditedTable>& audited_tables() {
  // The texts of documents and the inputs of decisions may be erased at a person's request: their hashes stand for
  // them.
  static const std::vector<AuditedTable> kAll = {
      {"documents", {"id"}, {"source", "line", "title", "lang", "published_at", "content_hash", "created_at"}, "id"},
      {"assessments",
       {"document_id", "model"},
       {"sentiment", "sentiment_probability", "severity", "severity_probability", "kinds", "created_at"},
       "model"},
      {"signals",
       {"document_id", "model"},
       {"id", "risk", "probability", "lo", "hi", "basel", "entities", "evidence", "seed", "created_at"},
       "risk"},
      {"entities",
       {"document_id", "model"},
       {"start_byte", "end_byte", "text", "kind", "canonical"},
       "start_byte, end_byte"},
      {"quarantine", {"source", "line", "reason", "excerpt"}, {"column_name", "created_at"}, "created_at"},
      {"decisions",
       {"id"},
       {"kind", "subject", "inputs_hash", "model", "model_hash", "policy_hash", "build", "isa", "seed", "result",
        "cost", "created_at"},
       "id"},
      {"loss_events",
       {"id"},
       {"occurred_on", "type", "category", "amount", "recovery", "currency", "description", "created_at"},
       "id"},
      {"cases", {"id"}, {"kind", "subject", "created_at"}, "id"},
      {"case_events", {"case_id", "number"}, {"action", "actor", "note", "at"}, "number"},
      {"users", {"name"}, {"role", "password_hash", "disabled", "created_at"}, "name"},
      {"api_keys", {"id"}, {"name", "role", "secret_hash", "created_at", "revoked_at"}, "id"},
      {"alerts",
       {"id"},
       {"kind", "severity", "title", "subject_id", "document_id", "status", "case_id", "acknowledged_by",
        "acknowledged_at", "note", "created_at"},
       "id"},
      {"feedback",
       {"id"},
       {"subject_kind", "subject_id", "verdict", "risk", "severity", "note", "actor", "created_at"},
       "id"},
      {"models",
       {"hash"},
       {"name", "kind", "purpose", "folder", "role", "owner", "tier", "note", "limits", "evidence", "registered_by",
        "registered_at", "promoted_by", "promoted_at", "decision_id", "retired_by", "retired_at"},
       "hash"},
      {"overrides",
       {"id"},
       {"decision_id", "outcome", "reason", "status", "proposed_by", "decided_by", "decided_at", "note", "created_at"},
       "id"}};
  return kAll;
}

const AuditedTable& audited_table(const std::string& name) {
  const auto& all = audited_tables();
  const auto found = std::find_if(all.begin(), all.end(), [&](const AuditedTable& t) { return name == t.name; });
  if (found == all.end()) throw std::logic_error("no audited table is called " + name);
  return *found;
}

struct RowsReader::Prepared {
  Prepared(soci::session& sql, const AuditedTable& audited) : table(audited), key(audited.key.size()), statement(sql) {
    std::vector<std::string> where;
    for (std::size_t i = 0; i < key.size(); ++i) {
      where.push_back(fmt::format("{} = :k{}", audited.key[i], i));
      statement.exchange(soci::use(key[i]));
    }
    statement.exchange(soci::into(row));
    statement.alloc();
    statement.prepare(select_text(audited, fmt::format("where {}", fmt::join(where, " and "))));
    statement.define_and_bind();
  }

  const AuditedTable& table;
  std::vector<std::string> key;
  soci::row row;
  soci::statement statement;
};

RowsReader::RowsReader(soci::session& sql) : sql_(sql) {}
RowsReader::~RowsReader() = default;

AuditedRows RowsReader::read(const std::string& table, const std::vector<std::string>& key) {
  std::unique_ptr<Prepared>& p = prepared_[table];
  if (!p) p = std::make_unique<Prepared>(sql_, audited_table(table));
  std::copy(key.begin(), key.end(), p->key.begin());
  AuditedRows out{table, base::dump_json(Json(key)), ""};
  std::string content;
  p->statement.execute();
  while (p->statement.fetch()) add_content(p->table, p->row, content);
  if (!content.empty()) out.hash = base::sha256_hex(content);
  return out;
}

AuditedRows rows_of(soci::session& sql, const std::string& table, const std::vector<std::string>& key) {
  return RowsReader(sql).read(table, key);
}

AuditWriter::AuditWriter(soci::session& sql, std::string actor)
    : insert_((sql.prepare << fmt::format("insert into audit ({}) values (:a, :b, :c, :d, :e, :f, :g, :h, :i)",
                                          kEntryColumns),
               soci::use(number_), soci::use(entry_.at), soci::use(entry_.actor), soci::use(entry_.action),
               soci::use(entry_.subject), soci::use(entry_.records), soci::use(entry_.details),
               soci::use(entry_.previous), soci::use(entry_.hash))) {
  entry_.hash = first_previous();
  const soci::rowset<soci::row> last =
      (sql.prepare << fmt::format("select {} from audit order by number desc limit 1", kEntryColumns));
  for (const soci::row& row : last) entry_ = to_entry(row);
  entry_.actor = std::move(actor);
}

void AuditWriter::append(const std::string& action, const std::string& subject, std::span<const AuditedRows> rows,
                         const std::string& details) {
  Json records = Json::array();
  for (const AuditedRows& r : rows) records.push_back({r.table, r.key, r.hash});
  number_ = ++entry_.number;
  entry_.at = base::utc_now();
  entry_.action = action;
  entry_.subject = subject;
  entry_.records = base::dump_json(records);
  entry_.details = details;
  entry_.previous = entry_.hash;
  entry_.hash = entry_hash(entry_);
  insert_.execute(true);
}

void enter(soci::session& sql, const std::string& actor, const std::string& action, const std::string& subject,
           const std::string& table, const std::vector<std::string>& key) {
  const AuditedRows now = rows_of(sql, table, key);
  AuditWriter(sql, actor).append(action, subject, {&now, 1});
}

void adopt_existing(soci::session& sql) {
  AuditWriter writer(sql, local_actor());
  for (const AuditedTable& table : audited_tables()) {
    if (!has_table(sql, table.name)) continue;  // a later migration brings it
    std::vector<AuditedRows> groups;
    {
      const soci::rowset<soci::row> rows = (sql.prepare << select_text(table, ""));
      group_rows(table, rows, [&](const AuditedRows& group) { groups.push_back(group); });
    }
    for (const AuditedRows& group : groups) writer.append("adopt", table.name, {&group, 1});
  }
}

std::string local_actor() {
  const passwd* user = getpwuid(geteuid());
  return user == nullptr ? fmt::format("local:{}", geteuid()) : fmt::format("local:{}", user->pw_name);
}

std::string entry_hash(const AuditEntry& e) {
  std::string all;
  const std::string number = std::to_string(e.number);
  for (const std::string* field :
       {&number, &e.at, &e.actor, &e.action, &e.subject, &e.records, &e.details, &e.previous}) {
    all += fmt::format("{}:{}", field->size(), *field);
  }
  return base::sha256_hex(all);
}

std::string first_previous() {
  return std::string(64, '0');
}

std::vector<AuditedRows> audited_rows(const AuditEntry& entry) {
  const std::string where = fmt::format("audit entry {}", entry.number);
  std::vector<AuditedRows> rows;
  const Json list = base::parse_json(entry.records, where);
  const auto texts = [](const Json& r) {
    return r.is_array() && r.size() == 3 &&
           std::all_of(r.begin(), r.end(), [](const Json& x) { return x.is_string(); });
  };
  for (const Json& r : list) {
    if (!texts(r))
      throw base::Error(base::ErrorCode::bad_input, "its records are no list of [table, key, hash]", where);
    rows.push_back({r[0].get<std::string>(), r[1].get<std::string>(), r[2].get<std::string>()});
  }
  return rows;
}

void Audit::append(const std::string& action, const std::string& subject, const std::string& details) {
  Store::State& state = *store_.state_;
  guarded(state.url, [&] {
    Transaction transaction(state.sql);
    AuditWriter(state.sql, state.actor).append(action, subject, {}, details);
    transaction.commit();
  });
}

AuditEntry Audit::head() {
  Store::State& state = *store_.state_;
  return guarded(state.url, [&] {
    AuditEntry last;
    last.hash = first_previous();
    const soci::rowset<soci::row> rows =
        (state.sql.prepare << fmt::format("select {} from audit order by number desc limit 1", kEntryColumns));
    for (const soci::row& row : rows) last = to_entry(row);
    return last;
  });
}

std::vector<AuditEntry> Audit::entries(std::int64_t after, std::int64_t limit) {
  Store::State& state = *store_.state_;
  return guarded(state.url, [&] {
    std::vector<AuditEntry> found;
    const long long start = after, at_most = limit;
    const soci::rowset<soci::row> rows =
        (state.sql.prepare << fmt::format("select {} from audit where number > :n order by number limit :m",
                                          kEntryColumns),
         soci::use(start), soci::use(at_most));
    for (const soci::row& row : rows) found.push_back(to_entry(row));
    return found;
  });
}

std::vector<AuditEntry> Audit::newest(const AuditFilter& f, std::int64_t before, std::int64_t limit) {
  Store::State& state = *store_.state_;
  return guarded(state.url, [&] {
    std::vector<AuditEntry> found;
    const long long end = before > 0 ? before : std::numeric_limits<long long>::max(), at_most = limit;
    const soci::rowset<soci::row> rows =
        (state.sql.prepare << fmt::format("select {} from audit where number < :n and (:a = '' or actor = :a)"
                                          " and (:c = '' or action = :c) and (:s = '' or subject = :s)"
                                          " and at >= :f and (:t = '' or at < :t) order by number desc limit :m",
                                          kEntryColumns),
         soci::use(end, "n"), soci::use(f.actor, "a"), soci::use(f.action, "c"), soci::use(f.subject, "s"),
         soci::use(f.from, "f"), soci::use(f.to, "t"), soci::use(at_most, "m"));
    for (const soci::row& row : rows) found.push_back(to_entry(row));
    return found;
  });
}

void Audit::read_all(const std::function<void(const AuditBase&)>& base,
                     const std::function<void(const AuditEntry&)>& entry,
                     const std::function<void(const AuditedRows&)>& seen,
                     const std::function<void(const std::string& what)>& damaged) {
  Store::State& state = *store_.state_;
  soci::session& sql = state.sql;
  const auto attempt = [&](const std::string& what, const auto& read) {
    try {
      guarded(state.url, read);
    } catch (const base::Error& e) {
      damaged(fmt::format("{} cannot be read: {}", what, e.what()));
    } catch (const std::exception& e) {  // a cell that is not of its column's type
      damaged(fmt::format("{} cannot be read: {}", what, e.what()));
    }
  };
  attempt("the schema", [&] { check_schema(sql, damaged); });
  // What follows sees the store as it is at one moment.
  guarded(state.url,
          [&] { sql << (on_postgresql(sql) ? "begin isolation level repeatable read read only" : "begin"); });
  attempt("the database", [&] { check_pages(sql, damaged); });
  attempt("what was archived", [&] { base(read_base(sql)); });
  attempt("the audit trail", [&] {
    const soci::rowset<soci::row> rows =
        (sql.prepare << fmt::format("select {} from audit order by number", kEntryColumns));
    for (const soci::row& row : rows) entry(to_entry(row));
  });
  for (const AuditedTable& table : audited_tables()) {
    attempt(table.name, [&] {
      const soci::rowset<soci::row> rows = (sql.prepare << select_text(table, ""));
      group_rows(table, rows, seen);
    });
  }
  for (const auto& [table, text, hash] :
       {std::array{"documents", "text", "content_hash"}, {"decisions", "inputs", "inputs_hash"}}) {
    attempt(table, [&] {
      const soci::rowset<soci::row> rows =
          (sql.prepare << fmt::format("select id, {}, {} from {} where {} <> ''", text, hash, table, text));
      for (const soci::row& row : rows) {
        if (base::sha256_hex(row.get<std::string>(1)) == row.get<std::string>(2)) continue;
        damaged(fmt::format("{} {}: its {} is not what its hash says", table, row.get<std::string>(0), text));
      }
    });
  }
  guarded(state.url, [&] { sql << "commit"; });
}

}  // namespace ballast::store
