// SPDX-License-Identifier: Apache-2.0
// Erasing what the store holds about a person, at that person's request. Hashes stay, so that the audit trail still
// verifies: of a document the hash of its text, of a decision the hash of its inputs.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/store/store.h"

namespace ballast::store {

/// A row that speaks of the person.
struct Mention {
  std::string table;
  std::string id;    // what the table calls the row: its key, parts joined by "|"; of audit the entry's number
  std::string hash;  // of a document's text or a decision's inputs, else empty
};

/// How a person is recognised, and what stands in the place of the words that name it.
struct ErasureRules {
  std::function<bool(std::string_view)> mentions;
  std::function<std::string(std::string_view)> without;
};

struct ErasureOutcome {
  std::vector<Mention> erased;
  /// What cannot be taken out: steps of cases, rows set aside, and entries of the trail, which are never changed.
  std::vector<Mention> kept;
  std::int64_t entry = 0;  // of the audit trail that records it; 0: nothing was there to erase
};

class Erasure {
 public:
  explicit Erasure(Store& store) : store_(store) {}

  /// Rows that mention the person, in the order of tables and rows; nothing changes.
  std::vector<Mention> find(const ErasureRules& rules);

  /// Erases, all in one transaction: texts and titles of documents and what they were before, the entities and evidence
  /// found in them, inputs of decisions; elsewhere the words that name the person alone. One audit entry, "erase" of
  /// `request`, records the rows as they now are. Then the database is written afresh, so that no freed page keeps a
  /// byte of it.
  ErasureOutcome erase(const ErasureRules& rules, const std::string& request);

 private:
  Store& store_;
};

}  // namespace ballast::store
