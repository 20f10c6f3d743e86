// SPDX-License-Identifier: Apache-2.0
#include "ballast/store/sql/moments.h"

#include <fmt/format.h>

#include "ballast/store/sql/records.h"

namespace ballast::store {
namespace {

constexpr const char* kAssessmentColumns =
    "document_id, model, sentiment, sentiment_probability, severity, severity_probability, kinds, created_at";

std::string then(const std::string& table, const std::string& columns, const std::string& at) {
  return fmt::format(
      "(select {1} from {0} where created_at <= {2} union all select {1} from {0}_past where created_at <= {2}"
      " and ended_at > {2})",
      table, columns, at);
}

}  // namespace

Tables tables_at(Query& query, const std::string& as_of) {
  if (as_of.empty()) return {};
  const std::string at = query.bind(as_of);
  Tables tables;
  tables.assessments = then("assessments", kAssessmentColumns, at);
  tables.signals = then("signals", kSignalColumns, at);
  tables.feedback = fmt::format("(select * from feedback where created_at <= {})", at);
  // A document's text was the one that the first change after the moment put an end to.
  tables.documents = fmt::format(
      "(select {0} from documents o where created_at <= {1} and not exists (select 1 from documents_past p"
      " where p.id = o.id and p.ended_at > {1}) union all select {0} from documents_past o where created_at <= {1}"
      " and ended_at > {1} and not exists (select 1 from documents_past q where q.id = o.id and q.ended_at > {1}"
      " and q.ended_at < o.ended_at))",
      kDocumentColumns, at);
  return tables;
}

}  // namespace ballast::store
