// SPDX-License-Identifier: Apache-2.0
// Which judged texts share long runs of words with what was learnt from: quotations, boilerplate and leaked test sets
// that are no near duplicates as a whole.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace ballast::govern {

struct SharedRun {
  std::size_t judged = 0, learnt = 0;  // positions in the two lists; the first learnt text that has the run
  double share = 0;                    // of the judged text's runs of n words, those found in any learnt text
  std::string words;                   // the first shared run
};

/// Runs of `n` words, case folded, punctuation left out (Chinese: words as text::split_words cuts them). One entry a
/// judged text that shares at least one, in their order. Texts shorter than `n` words have no run.
std::vector<SharedRun> shared_runs(std::span<const std::string> learnt, std::span<const std::string> judged,
                                   std::size_t n = 8);

}  // namespace ballast::govern
