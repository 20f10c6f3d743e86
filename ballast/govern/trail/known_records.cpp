// SPDX-License-Identifier: Apache-2.0
#include "ballast/govern/trail/known_records.h"

#include "ballast/base/json.h"

namespace ballast::govern {

void KnownRecords::restore(const store::AuditBase& base) {
  for (const store::KnownRows& k : base.state) known_[{k.rows.table, k.rows.key}] = {k.rows.hash, k.number};
}

void KnownRecords::apply(const store::AuditEntry& e) {
  if (e.action == "ingest.change") forget_assessments(e.subject);
  for (store::AuditedRows& r : store::audited_rows(e)) {
    if (r.hash.empty()) {
      known_.erase({r.table, r.key});
    } else {
      known_[{std::move(r.table), std::move(r.key)}] = {std::move(r.hash), e.number};
    }
  }
}

/// The keys of a document's assessments start with its id as JSON.
void KnownRecords::forget_assessments(const std::string& document) {
  std::string prefix = base::dump_json(base::Json::array({document}));
  prefix.back() = ',';
  for (const char* table : {"assessments", "signals", "entities"}) {
    auto at = known_.lower_bound({table, prefix});
    while (at != known_.end() && at->first.first == table && at->first.second.starts_with(prefix))
      at = known_.erase(at);
  }
}

std::optional<KnownRecords::Said> KnownRecords::take(const Record& record) {
  const auto found = known_.find(record);
  if (found == known_.end()) return std::nullopt;
  Said said = std::move(found->second);
  known_.erase(found);
  return said;
}

std::vector<store::KnownRows> KnownRecords::state() const {
  std::vector<store::KnownRows> rows;
  for (const auto& [record, said] : known_) rows.push_back({{record.first, record.second, said.hash}, said.number});
  return rows;
}

}  // namespace ballast::govern
