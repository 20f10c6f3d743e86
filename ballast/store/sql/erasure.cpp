// SPDX-License-Identifier: Apache-2.0
#include "ballast/store/erasure.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "ballast/base/json.h"
#include "ballast/store/sql/audit_writer.h"
#include "ballast/store/sql/query.h"
#include "ballast/store/sql/session.h"
#include "ballast/store/sql/state.h"

namespace ballast::store {
namespace {

enum class Erase {
  text,    // a document: its words go, the hash stays
  inputs,  // a decision: its inputs go, the hash stays
  found,   // evidence and entities of a signal become empty lists
  row,     // the row goes
  words,   // the words that name the person go
  never    // the table's rows are never changed
};

struct SearchedTable {
  const char* name;
  std::vector<const char*> id;
  std::vector<const char*> columns;
  Erase how;
  const char* hash = nullptr;
  const char* document = nullptr;  // the column that says which document it is about
};

const std::vector<SearchedTable>& searched_tables() {
  static const std::vector<SearchedTable> kAll = {
      // Before its past: changing a document puts what it was there.
      {"documents", {"id"}, {"text", "title", "source"}, Erase::text, "content_hash", "id"},
      {"documents_past", {"id"}, {"text", "title", "source"}, Erase::text, "content_hash", "id"},
      {"signals", {"document_id", "model"}, {"evidence", "entities"}, Erase::found, nullptr, "document_id"},
      {"signals_past", {"document_id", "model"}, {"evidence", "entities"}, Erase::found, nullptr, "document_id"},
      {"entities", {"document_id", "model"}, {"text", "canonical"}, Erase::row, nullptr, "document_id"},
      {"decisions", {"id"}, {"inputs", "subject", "result"}, Erase::inputs, "inputs_hash"},
      {"loss_events", {"id"}, {"description"}, Erase::words},
      {"alerts", {"id"}, {"title", "note"}, Erase::words},
      {"feedback", {"id"}, {"note"}, Erase::words},
      {"overrides", {"id"}, {"reason", "note"}, Erase::words},
      {"jobs", {"id"}, {"request", "progress", "result", "error"}, Erase::words},
      {"idempotency", {"principal", "key"}, {"body"}, Erase::row},
      {"deliveries", {"id"}, {"event"}, Erase::words},
      {"cases", {"id"}, {"subject"}, Erase::never},
      {"case_events", {"case_id", "number"}, {"note"}, Erase::never},
      {"quarantine", {"source", "line"}, {"excerpt", "reason"}, Erase::never},
      {"audit_state", {"table_name", "number"}, {"key"}, Erase::never},
      {"audit", {"number"}, {"subject", "records", "details"}, Erase::never}};
  return kAll;
}

/// A row of a searched table that concerns the person.
struct Hit {
  long long row = 0;
  Mention mention;
  std::vector<std::string> key, values;  // of the id columns, and of the searched ones
};

/// Rows that mention the person, and rows about documents that do.
std::vector<Hit> search(soci::session& sql, const SearchedTable& table, const ErasureRules& rules,
                        const std::set<std::string>& documents) {
  std::vector<Hit> hits;
  const std::string hash = table.hash != nullptr ? table.hash : "''";
  const soci::rowset<soci::row> rows =
      (sql.prepare << fmt::format("select cast({0} as bigint), {1}, {2}, {3} from {4} order by {0}",
                                  row_order(sql, table.name), fmt::join(table.id, ", "), hash,
                                  fmt::join(table.columns, ", "), table.name));
  for (const soci::row& row : rows) {
    Hit hit;
    std::size_t at = 0;
    hit.row = std::stoll(text_cell(row, at++));
    for (std::size_t i = 0; i < table.id.size(); ++i) hit.key.push_back(text_cell(row, at++));
    hit.mention = {table.name, fmt::format("{}", fmt::join(hit.key, "|")), text_cell(row, at++)};
    bool concerned = table.document != nullptr && documents.contains(hit.key.front());
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      hit.values.push_back(text_cell(row, at++));
      concerned = concerned || rules.mentions(hit.values.back());
    }
    if (concerned) hits.push_back(std::move(hit));
  }
  return hits;
}

void set_column(soci::session& sql, const SearchedTable& table, const char* column, const std::string& value,
                long long row) {
  sql << fmt::format("update {} set {} = :v where {} = :r", table.name, column, row_order(sql, table.name)),
      soci::use(value), soci::use(row);
}

void erase_hit(soci::session& sql, const SearchedTable& table, const Hit& hit, const ErasureRules& rules) {
  if (table.how == Erase::row) {
    sql << fmt::format("delete from {} where {} = :r", table.name, row_order(sql, table.name)), soci::use(hit.row);
    return;
  }
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const std::string column = table.columns[i];
    const bool whole = (table.how == Erase::text && column != "source") ||
                       (table.how == Erase::inputs && column == "inputs") || table.how == Erase::found;
    const std::string rest = !whole ? rules.without(hit.values[i]) : table.how == Erase::found ? "[]" : "";
    if (rest != hit.values[i]) set_column(sql, table, table.columns[i], rest, hit.row);
  }
}

/// What was deleted or overwritten stays in the files until they are written anew.
void rewrite_files(soci::session& sql) {
  if (on_postgresql(sql)) {
    for (const SearchedTable& table : searched_tables()) sql << fmt::format("vacuum full {}", table.name);
    return;
  }
  sql << "pragma wal_checkpoint(truncate)";
  sql << "vacuum";
  sql << "pragma wal_checkpoint(truncate)";
}

bool is_audited(const std::string& name) {
  const auto& all = audited_tables();
  return std::any_of(all.begin(), all.end(), [&](const AuditedTable& t) { return name == t.name; });
}

}  // namespace

std::vector<Mention> Erasure::find(const ErasureRules& rules) {
  Store::State& state = *store_.state_;
  return guarded(state.url, [&] {
    std::vector<Mention> found;
    for (const SearchedTable& table : searched_tables()) {
      for (Hit& hit : search(state.sql, table, rules, {})) found.push_back(std::move(hit.mention));
    }
    return found;
  });
}

ErasureOutcome Erasure::erase(const ErasureRules& rules, const std::string& request) {
  Store::State& state = *store_.state_;
  soci::session& sql = state.sql;
  return guarded(state.url, [&] {
    ErasureOutcome out;
    if (!on_postgresql(sql)) sql << "pragma secure_delete = on";
    {
      Transaction transaction(sql);
      std::set<std::string> documents;
      std::vector<AuditedRows> changed;
      std::set<std::pair<std::string, std::vector<std::string>>> groups;
      for (const SearchedTable& table : searched_tables()) {
        for (Hit& hit : search(sql, table, rules, documents)) {
          if (table.how == Erase::never) {
            out.kept.push_back(std::move(hit.mention));
            continue;
          }
          if (table.how == Erase::text) documents.insert(hit.key.front());
          erase_hit(sql, table, hit, rules);
          if (is_audited(table.name)) groups.insert({table.name, hit.key});
          out.erased.push_back(std::move(hit.mention));
        }
      }
      for (const auto& [table, key] : groups) changed.push_back(rows_of(sql, table, key));
      if (!out.erased.empty()) {
        AuditWriter(sql, state.actor).append("erase", request, changed, base::dump_json({{"rows", out.erased.size()}}));
        const soci::rowset<soci::row> last = (sql.prepare << "select max(number) from audit");
        for (const soci::row& row : last) out.entry = integer_cell(row, 0);
      }
      transaction.commit();
    }
    if (!out.erased.empty()) rewrite_files(sql);
    return out;
  });
}

}  // namespace ballast::store
