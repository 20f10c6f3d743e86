// SPDX-License-Identifier: Apache-2.0
#include "ballast/text/tokenize/bpe.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <span>

#include "ballast/base/error.h"
#include "ballast/text/tokenize/byte_alphabet.h"

namespace ballast::text {
namespace {

using base::Error;
using base::ErrorCode;

// Words that come back are not merged again. Direct-mapped and one a thread: no locks, and memory that does not grow.
constexpr std::size_t kCacheSlots = 1 << 14;
constexpr std::size_t kCachedWordBytes = 32;  // longer words seldom come back
constexpr std::size_t kCachedTokens = 12;

struct CachedWord {
  std::uint64_t serial = 0;
  std::uint8_t bytes = 0, count = 0;
  char word[kCachedWordBytes];
  std::int32_t ids[kCachedTokens];
};

std::atomic<std::uint64_t> g_serial{0};

std::size_t slot_of(std::string_view word) {
  std::uint64_t h = word.size() * 0x9e3779b97f4a7c15ull;
  std::size_t i = 0;
  for (; i + 8 <= word.size(); i += 8) {
    std::uint64_t part;
    std::memcpy(&part, word.data() + i, 8);
    h = (h ^ part) * 0xbf58476d1ce4e5b9ull;
    h ^= h >> 29;
  }
  std::uint64_t rest = 0;
  std::memcpy(&rest, word.data() + i, word.size() - i);
  h = (h ^ rest) * 0x94d049bb133111ebull;
  return static_cast<std::size_t>(h >> 40) & (kCacheSlots - 1);
}

std::vector<CachedWord>& thread_cache() {
  thread_local std::vector<CachedWord> cache(kCacheSlots);
  return cache;
}

void refuse_option(const TokenizerParts& parts, const char* option) {
  throw Error(ErrorCode::unsupported,
              std::string("BPE with ") + option + " = " + base::dump_json(parts.model[option]) + " is not known",
              parts.where);
}

void check_options(const TokenizerParts& parts) {
  const base::Json& m = parts.model;
  for (const char* option : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (!base::json_field<std::string>(m, option, parts.where, "").empty()) refuse_option(parts, option);
  }
  if (base::json_field<bool>(m, "byte_fallback", parts.where, false)) refuse_option(parts, "byte_fallback");
  if (base::json_field<double>(m, "dropout", parts.where, 0.0) != 0.0) refuse_option(parts, "dropout");
}

}  // namespace

Bpe::Bpe(const TokenizerParts& parts, const TokenIds& ids) : serial_(++g_serial) {
  check_options(parts);
  read_bytes(parts, ids);
  merger_.emplace(parts, ids);
}

void Bpe::read_bytes(const TokenizerParts& parts, const TokenIds& ids) {
  for (std::size_t b = 0; b < 256; ++b) {
    const std::string token = to_byte_characters(std::string(1, static_cast<char>(b)));
    const auto found = ids.find(token);
    if (found == ids.end()) {
      throw Error(ErrorCode::bad_input, "the vocabulary lacks the token \"" + token + "\" of byte " + std::to_string(b),
                  parts.where, "a byte-level BPE needs all 256");
    }
    bytes_[b] = static_cast<std::uint32_t>(found->second);
  }
  whole_words_first_ = base::json_field<bool>(parts.model, "ignore_merges", parts.where, false);
  whole_words_.reserve(parts.tokens.size());
  for (const std::string& token : parts.tokens) {
    std::string bytes = from_byte_characters(token).value_or(token);
    lengths_.push_back(static_cast<std::uint32_t>(bytes.size()));
    if (!whole_words_first_) continue;
    whole_words_.push_back(std::move(bytes));
    whole_ids_.emplace(whole_words_.back(), static_cast<std::int32_t>(lengths_.size() - 1));
  }
}

void Bpe::tokenize(std::string_view word, std::size_t at, std::vector<Token>& out) const {
  if (word.empty()) return;
  if (word.size() == 1) {
    out.push_back({static_cast<std::int32_t>(bytes_[static_cast<unsigned char>(word[0])]), at, at + 1});
    return;
  }
  CachedWord* slot = word.size() <= kCachedWordBytes ? &thread_cache()[slot_of(word)] : nullptr;
  if (slot != nullptr && slot->serial == serial_ && std::string_view(slot->word, slot->bytes) == word) {
    return emit({slot->ids, slot->count}, at, out);
  }
  thread_local std::vector<std::int32_t> ids;
  ids.clear();
  merge_word(word, ids);
  emit(ids, at, out);
  if (slot == nullptr || ids.size() > kCachedTokens) return;
  slot->serial = serial_;
  slot->bytes = static_cast<std::uint8_t>(word.size());
  slot->count = static_cast<std::uint8_t>(ids.size());
  std::memcpy(slot->word, word.data(), word.size());
  std::copy(ids.begin(), ids.end(), slot->ids);
}

void Bpe::emit(std::span<const std::int32_t> word_ids, std::size_t at, std::vector<Token>& out) const {
  for (const std::int32_t id : word_ids) {
    const std::size_t end = at + lengths_[static_cast<std::size_t>(id)];
    out.push_back({id, at, end});
    at = end;
  }
}

void Bpe::merge_word(std::string_view word, std::vector<std::int32_t>& out) const {
  if (whole_words_first_) {
    if (const auto found = whole_ids_.find(word); found != whole_ids_.end()) return out.push_back(found->second);
  }
  thread_local std::vector<PairMerger::Symbol> symbols;
  symbols.clear();
  for (const char c : word) symbols.push_back({bytes_[static_cast<unsigned char>(c)], 1});
  merger_->merge(symbols);
  for (const PairMerger::Symbol& s : symbols) out.push_back(static_cast<std::int32_t>(s.id));
}

}  // namespace ballast::text
