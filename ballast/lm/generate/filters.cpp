// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/generate/filters.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

namespace ballast::lm {
namespace {

constexpr float kOut = -std::numeric_limits<float>::infinity();

void penalize_repetition(std::span<float> logits, std::span<const std::int32_t> previous, double penalty) {
  std::vector<std::int32_t> seen(previous.begin(), previous.end());
  std::sort(seen.begin(), seen.end());
  seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
  for (const std::int32_t id : seen) {
    float& logit = logits[static_cast<std::size_t>(id)];
    logit = static_cast<float>(logit < 0 ? logit * penalty : logit / penalty);
  }
}

void ban(std::span<float> logits, std::int32_t id) {
  if (id >= 0 && static_cast<std::size_t>(id) < logits.size()) logits[static_cast<std::size_t>(id)] = kOut;
}

void force(std::span<float> logits, std::int32_t id) {
  std::fill(logits.begin(), logits.end(), kOut);
  logits[static_cast<std::size_t>(id)] = 0;
}

/// Bans what would repeat a run of n tokens.
void ban_ngrams(std::span<float> logits, std::span<const std::int32_t> previous, std::size_t n) {
  if (previous.size() + 1 < n) return;
  const auto begun = previous.last(n - 1);
  for (std::size_t at = 0; at + n <= previous.size(); ++at) {
    if (std::equal(begun.begin(), begun.end(), previous.begin() + static_cast<std::ptrdiff_t>(at))) {
      ban(logits, previous[at + n - 1]);
    }
  }
}

/// Tokens as likely as the k-th stay too.
void keep_top_k(std::span<float> logits, std::int64_t k) {
  if (k >= static_cast<std::int64_t>(logits.size())) return;
  std::vector<float> sorted(logits.begin(), logits.end());
  std::nth_element(sorted.begin(), sorted.begin() + (k - 1), sorted.end(), std::greater<>());
  const float least = sorted[static_cast<std::size_t>(k - 1)];
  for (float& logit : logits) {
    if (logit < least) logit = kOut;
  }
}

/// Probabilities of the tokens that are still in, as (probability, index), likeliest first.
std::vector<std::pair<double, std::size_t>> ranked(std::span<const float> logits) {
  const double top = *std::max_element(logits.begin(), logits.end());
  std::vector<std::pair<double, std::size_t>> all;
  double sum = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (logits[i] == kOut) continue;
    all.emplace_back(std::exp(logits[i] - top), i);
    sum += all.back().first;
  }
  for (auto& [probability, index] : all) probability /= sum;
  std::sort(all.begin(), all.end(),
            [](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : a.second < b.second; });
  return all;
}

/// The token that crosses p stays.
void keep_top_p(std::span<float> logits, double p) {
  double sum = 0;
  for (const auto& [probability, index] : ranked(logits)) {
    if (sum > 0 && sum >= p) logits[index] = kOut;
    sum += probability;
  }
}

void keep_min_p(std::span<float> logits, double p) {
  const double top = *std::max_element(logits.begin(), logits.end());
  for (float& logit : logits) {
    if (std::exp(logit - top) < p) logit = kOut;
  }
}

}  // namespace

void constrain(std::span<float> logits, std::span<const std::int32_t> previous, std::int64_t produced,
               const GenerateOptions& o) {
  if (o.repetition_penalty != 1) penalize_repetition(logits, previous, o.repetition_penalty);
  if (o.no_repeat_ngram > 0) ban_ngrams(logits, previous, static_cast<std::size_t>(o.no_repeat_ngram));
  if (produced < o.min_new_tokens && o.eos) {
    for (const std::int32_t id : *o.eos) ban(logits, id);
  }
  if (o.forced_first && produced == 0) force(logits, *o.forced_first);
  if (o.forced_last && produced + 1 == o.max_new_tokens) force(logits, *o.forced_last);
  // Everything may have been banned; the reference would go on with minus infinity everywhere.
  if (std::all_of(logits.begin(), logits.end(), [](float logit) { return logit == kOut; })) {
    std::fill(logits.begin(), logits.end(), 0.0f);
  }
}

void filter_logits(std::span<float> logits, std::span<const std::int32_t> previous, std::int64_t produced,
                   const GenerateOptions& o) {
  constrain(logits, previous, produced, o);
  if (o.temperature == 0) return;
  for (float& logit : logits) logit = static_cast<float>(logit / o.temperature);
  if (o.top_k > 0) keep_top_k(logits, o.top_k);
  if (o.top_p < 1) keep_top_p(logits, o.top_p);
  if (o.min_p > 0) keep_min_p(logits, o.min_p);
}

Choice choose(std::span<const float> logits, const GenerateOptions& options, base::Random& random) {
  const auto best = static_cast<std::size_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
  const double top = logits[best];
  double sum = 0;
  for (const float logit : logits) sum += std::exp(logit - top);
  std::size_t chosen = best;
  if (options.temperature > 0) {
    double rest = random.uniform() * sum;
    for (std::size_t i = 0; i < logits.size(); ++i) {
      if (logits[i] == kOut) continue;
      chosen = i;
      rest -= std::exp(logits[i] - top);
      if (rest < 0) break;
    }
  }
  return {static_cast<std::int32_t>(chosen), logits[chosen] - top - std::log(sum)};
}

}  // namespace ballast::lm
