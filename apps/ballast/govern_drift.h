// SPDX-License-Identifier: Apache-2.0
// Rows of before and of late, as `govern drift` reads them: files and a model come in, findings go out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/govern/drift.h"
#include "verb.h"

namespace ballast::apps {

/// All that a report is computed from. Files are named by absolute path and SHA-256.
struct DriftQuestion {
  base::Json reference, current;  // lists of {"file","sha256"}
  std::string model;              // absolute; empty: columns alone
  std::vector<std::string> text_columns, drop;
  std::string label, positive, probability;
  govern::DriftLimits limits;
  std::int64_t sample = 400;  // texts of each side whose vectors are compared
  int permutations = 499;
  std::uint64_t seed = 42;
};
base::Json to_json(const DriftQuestion& question);
DriftQuestion drift_question_of(const base::Json& json, const std::string& where);

/// Scores are not compared where the model learnt from a reference file. Throws bad_input where a file is not the one
/// that was asked about, and what reading and scoring throw.
govern::DriftReport answer_drift(const DriftQuestion& question, const Common& common);

}  // namespace ballast::apps
