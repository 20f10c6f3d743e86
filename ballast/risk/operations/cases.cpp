// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/operations_cases.h"

#include <fmt/format.h>

#include "ballast/base/error.h"
#include "ballast/base/hash.h"

namespace ballast::risk {

using base::Error;
using base::ErrorCode;
using base::Json;

CaseState case_state(const store::CaseRecord& record) {
  CaseState state;
  for (const store::CaseEventRecord& e : record.events) {
    if (e.action == "close") state.open = false;
    if (e.action == "reopen") state.open = true;
    if (e.action == "assign") state.assignee = e.note;
  }
  return state;
}

void check_case_step(const store::CaseRecord& record, const std::string& action) {
  const bool reopen = action == "reopen";
  if (case_state(record).open != reopen) return;
  if (reopen) throw Error(ErrorCode::bad_input, "is open already", "case " + record.id);
  std::string who, when;
  for (const store::CaseEventRecord& e : record.events) {
    if (e.action != "close") continue;
    who = e.actor;
    when = e.at;
  }
  throw Error(ErrorCode::bad_input, fmt::format("was closed by {} on {}", who, when.substr(0, 10)), "case " + record.id,
              "reopen it first");
}

std::string case_id(const std::string& kind, const std::string& subject, const std::string& finding) {
  return base::sha256_hex(base::dump_json(Json{kind, subject, finding})).substr(0, 12);
}

Json to_json(const store::CaseRecord& record) {
  const CaseState state = case_state(record);
  Json events = Json::array();
  for (const store::CaseEventRecord& e : record.events) {
    events.push_back({{"number", e.number}, {"action", e.action}, {"actor", e.actor}, {"note", e.note}, {"at", e.at}});
  }
  return {{"id", record.id},
          {"kind", record.kind},
          {"subject", record.subject},
          {"status", state.open ? "open" : "closed"},
          {"assignee", state.assignee.empty() ? Json() : Json(state.assignee)},
          {"created_at", record.created_at},
          {"events", std::move(events)}};
}

}  // namespace ballast::risk
