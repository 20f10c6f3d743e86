// SPDX-License-Identifier: Apache-2.0
// What `scan` shows to people: the most severe documents first, evidence highlighted, then a summary by risk kind.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "ballast/risk/scan.h"

namespace ballast::apps {

/// A probability for people, in per cent: never 0 or 100, which would claim certainty.
int percent(double probability);

class ScanReport {
 public:
  explicit ScanReport(bool all) : all_(all) {}

  /// Keeps the document if it is among the most severe so far.
  void add(const risk::Scanned& scanned);
  /// Writes the table and the summary to standard output; colours only on a terminal.
  void print(const risk::ScanCounts& counts, double seconds) const;

 private:
  struct Row {
    double rank = 0;
    std::int64_t order = 0;
    risk::Scanned scanned;
  };
  struct Kind {
    std::int64_t signals = 0, by_severity[4] = {0, 0, 0, 0};
  };
  void trim();
  void print_row(const Row& row, bool colour) const;

  bool all_;
  std::int64_t order_ = 0, risky_ = 0;
  std::vector<Row> rows_;
  std::map<std::string, Kind> kinds_;
};

}  // namespace ballast::apps
