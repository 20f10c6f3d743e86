// SPDX-License-Identifier: Apache-2.0
// What the sub-verbs of `ballast operations` share.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ballast/ingest/record.h"
#include "ballast/risk/operations_rows.h"  // cells of rows
#include "verb.h"

namespace ballast::apps {

void add_operations_templates(CLI::App& desk, Common& common);
void add_operations_sessions(CLI::App& desk, Common& common);
void add_operations_fraud(CLI::App& desk, Common& common);
void add_operations_watch(CLI::App& desk, Common& common);
void add_operations_losses(CLI::App& desk, Common& common);
void add_operations_events(CLI::App& desk, Common& common);
void add_operations_capital(CLI::App& desk, Common& common);
void add_operations_surveil(CLI::App& desk, Common& common);
void add_operations_indicators(CLI::App& desk, Common& common);
void add_operations_cases(CLI::App& desk, Common& common);

/// Rows set aside while reading a file: the first few are shown, all are counted; with `strict` the first one is an
/// error.
class SetAside {
 public:
  SetAside(const Common& common, bool strict, bool keep_rows = false)
      : common_(common), strict_(strict), keep_rows_(keep_rows) {}
  void add(const ingest::Quarantined& bad);
  ingest::QuarantineSink sink() {
    return [this](const ingest::Quarantined& bad) { add(bad); };
  }
  std::int64_t count() const { return count_; }
  /// Empty unless `keep_rows`.
  const std::vector<ingest::Quarantined>& rows() const { return rows_; }
  /// Says how many rows were set aside; throws bad_input where that left none.
  void finish(const std::string& source, std::int64_t good) const;

 private:
  const Common& common_;
  bool strict_, keep_rows_;
  std::int64_t count_ = 0;
  std::vector<ingest::Quarantined> rows_;
};

/// Reads all rows of a table; `take` throws std::invalid_argument (column as its last `column` call) to set a row
/// aside. Returns how many were taken.
std::int64_t read_rows(const std::string& source, const ingest::ReadOptions& options, SetAside& aside,
                       const std::vector<std::string>& required,
                       const std::function<void(const ingest::Record&)>& take);

}  // namespace ballast::apps
