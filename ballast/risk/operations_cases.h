// SPDX-License-Identifier: Apache-2.0
// Cases: what people do about an alert. The store keeps every step and never forgets one; here is which step may follow
// which.
#pragma once

#include <string>

#include "ballast/base/json.h"
#include "ballast/store/store.h"

namespace ballast::risk {

struct CaseState {
  bool open = true;
  std::string assignee;  // empty: nobody
};
/// Steps are open, assign, annotate, close and reopen.
CaseState case_state(const store::CaseRecord& record);

/// May `action` be the next step? Throws bad_input naming the case and what was done before: a closed case takes only
/// reopen, an open one does not take reopen.
void check_case_step(const store::CaseRecord& record, const std::string& action);

/// The same finding has the same case: the first 12 hexadecimal digits of SHA-256 over kind, subject and what was
/// found.
std::string case_id(const std::string& kind, const std::string& subject, const std::string& finding);

/// {"id","kind","subject","status","assignee","created_at","events":[{"number","action","actor","note","at"}]}.
base::Json to_json(const store::CaseRecord& record);

}  // namespace ballast::risk
