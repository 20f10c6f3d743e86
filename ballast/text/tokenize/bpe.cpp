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

// Words that come back are not merged again. Direct-mapped and one a thread: no locks, and memory that does not grow
// (2 MiB). A word is one cache line.
constexpr int kCacheBits = 15;
constexpr std::size_t kCachedWordBytes = 24;  // longer words seldom come back
constexpr std::size_t kCachedTokens = 8;

/// A word of at most kCachedWordBytes as numbers: for one size every byte lies in one of them, so that with its size
/// they are the word.
struct WordKey {
  std::uint64_t parts[3] = {0, 0, 0};

  explicit WordKey(std::string_view word) {
    const char* w = word.data();
    const std::size_t n = word.size();
    if (n >= 8) {
      parts[0] = load<std::uint64_t>(w);
      if (n > 8) parts[1] = load<std::uint64_t>(n > 16 ? w + 8 : w + n - 8);
      if (n > 16) parts[2] = load<std::uint64_t>(w + n - 8);
    } else if (n >= 4) {
      parts[0] = load<std::uint32_t>(w) | static_cast<std::uint64_t>(load<std::uint32_t>(w + n - 4)) << 32;
    } else {
      for (std::size_t i = 0; i < n; ++i) parts[0] = parts[0] << 8 | static_cast<unsigned char>(w[i]);
    }
  }

  template <class T>
  static T load(const char* from) {
    T x;
    std::memcpy(&x, from, sizeof x);
    return x;
  }
};

struct alignas(64) CachedWord {
  static constexpr std::uint32_t kIdBits = 24;

  std::uint64_t parts[3];
  std::uint32_t serial = 0;  // 0: empty
  std::uint8_t bytes = 0, count = 0;
  std::uint32_t tokens[kCachedTokens];  // id, and above it the bytes that it covers

  bool holds(const WordKey& key, std::size_t size, std::uint32_t model) const {
    return serial == model && bytes == size && parts[0] == key.parts[0] && parts[1] == key.parts[1] &&
           parts[2] == key.parts[2];
  }
  void take(const WordKey& key, std::size_t size, std::uint32_t model, std::span<const PairMerger::Symbol> symbols) {
    if (symbols.size() > kCachedTokens) return;
    for (const PairMerger::Symbol& s : symbols) {
      if (s.id >> kIdBits != 0) return;
    }
    std::copy(std::begin(key.parts), std::end(key.parts), parts);
    serial = model;
    bytes = static_cast<std::uint8_t>(size);
    count = static_cast<std::uint8_t>(symbols.size());
    std::transform(symbols.begin(), symbols.end(), tokens,
                   [](const PairMerger::Symbol& s) { return s.bytes << kIdBits | s.id; });
  }
  void emit(std::size_t at, std::vector<Token>& out) const {
    for (const std::uint32_t token : std::span(tokens, count)) {
      const std::size_t end = at + (token >> kIdBits);
      out.push_back({static_cast<std::int32_t>(token & ((1u << kIdBits) - 1)), at, end});
      at = end;
    }
  }
};

std::atomic<std::uint32_t> g_serial{0};

std::size_t slot_of(const WordKey& key, std::size_t size) {
  std::uint64_t h = (key.parts[0] ^ size) * 0x9e3779b97f4a7c15ull;
  h = (h ^ h >> 32 ^ key.parts[1]) * 0xbf58476d1ce4e5b9ull;
  h = (h ^ h >> 29 ^ key.parts[2]) * 0x94d049bb133111ebull;
  return static_cast<std::size_t>(h >> (64 - kCacheBits));
}

std::vector<CachedWord>& thread_cache() {
  thread_local std::vector<CachedWord> cache(std::size_t{1} << kCacheBits);
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
    if (!found) {
      throw Error(ErrorCode::bad_input, "the vocabulary lacks the token \"" + token + "\" of byte " + std::to_string(b),
                  parts.where, "a byte-level BPE needs all 256");
    }
    bytes_[b] = static_cast<std::uint32_t>(*found);
  }
  whole_words_first_ = base::json_field<bool>(parts.model, "ignore_merges", parts.where, false);
  if (!whole_words_first_) return;
  whole_words_.reserve(parts.tokens.size());
  for (const std::string& token : parts.tokens) {
    whole_words_.push_back(from_byte_characters(token).value_or(token));
    whole_ids_.insert(whole_words_.back(), static_cast<std::int32_t>(whole_words_.size() - 1));
  }
}

void Bpe::tokenize(std::string_view word, std::size_t at, std::vector<Token>& out) const {
  if (word.empty()) return;
  if (word.size() == 1) {
    out.push_back({static_cast<std::int32_t>(bytes_[static_cast<unsigned char>(word[0])]), at, at + 1});
    return;
  }
  thread_local std::vector<PairMerger::Symbol> symbols;
  const auto emit = [&] {
    for (const PairMerger::Symbol& s : symbols) {
      out.push_back({static_cast<std::int32_t>(s.id), at, at + s.bytes});
      at += s.bytes;
    }
  };
  if (word.size() > kCachedWordBytes) {
    merge_word(word, symbols);
    return emit();
  }
  const WordKey key(word);
  CachedWord& slot = thread_cache()[slot_of(key, word.size())];
  if (slot.holds(key, word.size(), serial_)) return slot.emit(at, out);
  merge_word(word, symbols);
  slot.take(key, word.size(), serial_, symbols);
  emit();
}

void Bpe::merge_word(std::string_view word, std::vector<PairMerger::Symbol>& out) const {
  out.clear();
  if (whole_words_first_) {
    if (const auto found = whole_ids_.find(word)) {
      return out.push_back({static_cast<std::uint32_t>(*found), static_cast<std::uint32_t>(word.size())});
    }
  }
  for (const char c : word) out.push_back({bytes_[static_cast<unsigned char>(c)], 1});
  merger_->merge(out);
}

}  // namespace ballast::text
