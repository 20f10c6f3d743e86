// SPDX-License-Identifier: Apache-2.0
#include "ballast/govern/ngram_overlap.h"

#include <cstdint>
#include <unordered_map>

#include "ballast/base/hash.h"
#include "ballast/govern/split_checks.h"
#include "ballast/text/preprocess.h"

namespace ballast::govern {
namespace {

std::vector<std::string> folded_words(const std::string& document) {
  std::vector<std::string> words;
  for (const text::Span& span : text::split_words(document)) {
    std::string word = normal_form(span.of(document));  // letters and digits, case folded
    if (!word.empty()) words.push_back(std::move(word));
  }
  return words;
}

std::string run_at(const std::vector<std::string>& words, std::size_t at, std::size_t n) {
  std::string run;
  for (std::size_t i = at; i < at + n; ++i) run += (run.empty() ? "" : " ") + words[i];
  return run;
}

}  // namespace

std::vector<SharedRun> shared_runs(std::span<const std::string> learnt, std::span<const std::string> judged,
                                   std::size_t n) {
  std::unordered_map<std::uint64_t, std::size_t> known;
  for (std::size_t i = 0; i < learnt.size(); ++i) {
    const auto words = folded_words(learnt[i]);
    for (std::size_t at = 0; at + n <= words.size(); ++at) known.emplace(base::hash64(run_at(words, at, n)), i);
  }
  std::vector<SharedRun> found;
  for (std::size_t j = 0; j < judged.size(); ++j) {
    const auto words = folded_words(judged[j]);
    if (words.size() < n) continue;
    SharedRun shared{j, 0, 0, ""};
    std::size_t hits = 0;
    for (std::size_t at = 0; at + n <= words.size(); ++at) {
      const std::string run = run_at(words, at, n);
      const auto hit = known.find(base::hash64(run));
      if (hit == known.end()) continue;
      if (hits++ == 0) shared.learnt = hit->second, shared.words = run;
    }
    if (hits == 0) continue;
    shared.share = static_cast<double>(hits) / static_cast<double>(words.size() - n + 1);
    found.push_back(std::move(shared));
  }
  return found;
}

}  // namespace ballast::govern
