// SPDX-License-Identifier: Apache-2.0
// What an audit trail says last of every group of rows: the entries go in one after the other.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ballast/store/audit.h"

namespace ballast::govern {

class KnownRecords {
 public:
  struct Said {
    std::string hash;
    std::int64_t number = 0;  // the entry that says so
  };
  using Record = std::pair<std::string, std::string>;  // table, key

  /// Starts from what archived entries said.
  void restore(const store::AuditBase& base);
  /// Throws bad_input where the entry's list of records is none.
  void apply(const store::AuditEntry& entry);
  /// Takes a record out; nothing where there is none.
  std::optional<Said> take(const Record& record);

  const std::map<Record, Said>& all() const { return known_; }
  std::vector<store::KnownRows> state() const;

 private:
  void forget_assessments(const std::string& document);
  std::map<Record, Said> known_;
};

}  // namespace ballast::govern
