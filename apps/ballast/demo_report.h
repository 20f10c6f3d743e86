// SPDX-License-Identifier: Apache-2.0
// What `ballast demo` found, for people and as JSON.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/risk/scan.h"
#include "demo_desks.h"
#include "reading.h"

namespace ballast::apps {

/// Everything that a demonstration made.
struct DemoRun {
  std::filesystem::path folder;  // holds feed.csv and watchlist.csv, and the store unless --store names another
  std::string store;
  std::filesystem::path model_folder;
  std::string model;  // name@hash
  std::vector<std::string> watched;
  ingest::IngestReport read;
  Stored stored;
  std::vector<risk::Scanned> scanned;                   // in feed order
  std::vector<std::pair<std::string, DeskShow>> desks;  // by key, in the order shown
  std::vector<std::pair<std::string, double>> timings;  // seconds a step
};

/// Writes the ranked signals, the counts, the trends, what each desk found, how to read it, and what to try next to
/// standard output.
void print_demo(const DemoRun& run);

/// {"documents": the rows of `scan --json`, "summary": …, "desks": {"forecast": …}, "timings": seconds}.
base::Json demo_json(const DemoRun& run);

}  // namespace ballast::apps
