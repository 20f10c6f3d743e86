// SPDX-License-Identifier: Apache-2.0
// Counts are kept up to date merge by merge; the heap may hold old counts, which are corrected when they come up.
#include "ballast/text/tokenize/merge_learner.h"

#include <algorithm>

namespace ballast::text {

MergeLearner::MergeLearner(const std::vector<CountedWord>& words, const std::vector<std::uint32_t>& byte_ids,
                           std::uint32_t next_id)
    : first_id_(next_id) {
  for (std::size_t b = 0; b < byte_ids.size(); ++b) byte_of_id_[byte_ids[b]] = std::string(1, static_cast<char>(b));
  words_.reserve(words.size());
  for (const CountedWord& word : words) {
    const auto index = static_cast<std::uint32_t>(words_.size());
    Word& w = words_.emplace_back();
    w.count = word.count;
    w.symbols.reserve(word.bytes.size());
    for (const char b : word.bytes) {
      const std::uint32_t id = byte_ids[static_cast<unsigned char>(b)];
      if (!w.symbols.empty()) raise(w.symbols.back(), id, w.count, index);
      w.symbols.push_back(id);
    }
  }
  push_raised();
}

MergeLearner::Pair& MergeLearner::pair_of(std::uint32_t left, std::uint32_t right) {
  const std::uint32_t index = table_.insert(make_pair_key(left, right), static_cast<std::uint32_t>(pairs_.size()));
  if (index == pairs_.size()) pairs_.emplace_back();
  return pairs_[index];
}

void MergeLearner::raise(std::uint32_t left, std::uint32_t right, std::int64_t count, std::uint32_t word) {
  Pair& pair = pair_of(left, right);
  pair.count += count;
  if (pair.words.empty() || pair.words.back() != word) pair.words.push_back(word);
  if (!pair.raised) raised_.push_back(make_pair_key(left, right));
  pair.raised = true;
}

void MergeLearner::push_raised() {
  for (const IdPair key : raised_) {
    Pair& pair = pairs_[table_.find(key)];
    pair.raised = false;
    if (pair.count <= 0) continue;
    heap_.push_back({pair.count, key});
    std::push_heap(heap_.begin(), heap_.end());
  }
  raised_.clear();
}

void MergeLearner::learn(std::uint32_t limit, std::int64_t min_frequency, const std::function<void()>& step) {
  while (next_id() < limit && !heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end());
    const Candidate top = heap_.back();
    heap_.pop_back();
    const std::int64_t now = pairs_[table_.find(top.key)].count;
    if (now < top.count) {
      if (now >= min_frequency) {
        heap_.push_back({now, top.key});
        std::push_heap(heap_.begin(), heap_.end());
      }
      continue;
    }
    if (top.count < min_frequency) break;
    if (now > top.count) continue;  // a newer entry with the higher count is in the heap
    const auto left = static_cast<std::uint32_t>(top.key >> 32), right = static_cast<std::uint32_t>(top.key);
    const std::uint32_t made = token_for(left, right);
    merges_.emplace_back(left, right);
    merge_everywhere(left, right, made);
    push_raised();
    step();
  }
}

std::uint32_t MergeLearner::token_for(std::uint32_t left, std::uint32_t right) {
  std::string bytes = bytes_of(left) + bytes_of(right);
  const auto [found, fresh] = id_of_bytes_.emplace(bytes, next_id());
  if (fresh) made_.push_back(std::move(bytes));
  return found->second;
}

const std::string& MergeLearner::bytes_of(std::uint32_t id) const {
  return id >= first_id_ ? made_[id - first_id_] : byte_of_id_.at(id);
}

void MergeLearner::merge_everywhere(std::uint32_t left, std::uint32_t right, std::uint32_t made) {
  std::vector<std::uint32_t> words;
  words.swap(pair_of(left, right).words);
  for (const std::uint32_t word : words) merge_in(word, left, right, made);
  pair_of(left, right).count = 0;
}

void MergeLearner::merge_in(std::uint32_t word, std::uint32_t left, std::uint32_t right, std::uint32_t made) {
  std::vector<std::uint32_t>& s = words_[word].symbols;
  const std::int64_t count = words_[word].count;
  std::size_t out = 0;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (s[i] != left || i + 1 >= s.size() || s[i + 1] != right) {
      s[out++] = s[i];
      continue;
    }
    if (out > 0) {
      lower(s[out - 1], left, count);
      raise(s[out - 1], made, count, word);
    }
    if (i + 2 < s.size()) {
      lower(right, s[i + 2], count);
      raise(made, s[i + 2], count, word);
    }
    s[out++] = made;
    ++i;
  }
  s.resize(out);
}

std::int64_t MergeLearner::total_tokens() const {
  std::int64_t total = 0;
  for (const Word& word : words_) total += word.count * static_cast<std::int64_t>(word.symbols.size());
  return total;
}

}  // namespace ballast::text
