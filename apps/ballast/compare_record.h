// SPDX-License-Identifier: Apache-2.0
// A comparison as a decision: run once, kept, repeated.
#pragma once

#include <string>
#include <vector>

#include "ballast/decide/decision.h"
#include "compare.h"

namespace ballast::apps {

struct ComparisonRun {
  govern::Comparison comparison;
  std::string data, model, model_hash;
  std::vector<std::string> notes, checks;
  base::Json check_json;
};

/// Checks and compares. Throws bad_input where a check finds something and `violations` is "fail".
ComparisonRun run_comparison(const CompareArguments& arguments, const std::string& violations, const Common& common);

/// Kind "comparison"; inputs are the arguments and the SHA-256 of every file, outcome is all but times and memory.
decide::Decision record_of(const ComparisonRun& run, const CompareArguments& arguments, const std::string& violations,
                           std::uint64_t seed);

/// The same files (told by their hashes) through the same methods. Throws bad_input where a file has changed.
decide::Decision replay_comparison(const decide::Decision& was);

}  // namespace ballast::apps
