// SPDX-License-Identifier: Apache-2.0
// What verbs over tables share: files to columns, with the rows set aside counted and the first few shown.
#pragma once

#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/ingest/record.h"
#include "ballast/tabular/table.h"
#include "verb.h"

namespace ballast::apps {

/// Counts quarantined rows and says the first few on standard error.
class RowQuarantine {
 public:
  explicit RowQuarantine(const Common& common) : common_(common) {}
  ingest::QuarantineSink sink();
  std::int64_t count() const { return count_; }
  /// The sum of what was set aside, on standard error; with `strict` Error(bad_input) when there was any.
  void finish(bool strict) const;

 private:
  const Common& common_;
  std::int64_t count_ = 0;
  std::string first_;
};

/// All good rows of the files, in order. Throws bad_input where there is none.
std::vector<ingest::Record> read_rows(const std::vector<std::string>& files, const ingest::QuarantineSink& sink);

/// One line of results on standard output. Throws io where it cannot be written.
void print_line(const std::string& line);

/// Name, SHA-256 of each file.
base::Json file_hashes(const std::vector<std::string>& files);

}  // namespace ballast::apps
