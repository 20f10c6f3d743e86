// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/ngram/features.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <iterator>
#include <string>

#include "ballast/base/error.h"
#include "ballast/base/hash.h"
#include "ballast/base/parallel.h"

namespace ballast::lm {
namespace {

// Part of every trained model: never change.
constexpr std::uint64_t kWordSeed = 0x776f7264, kCharSeed = 0x63686172;
constexpr std::int64_t kTextsAPiece = 64;

/// The lower-cased text with, for each character, where it begins in `bytes` and which bytes of the original it covers.
struct Lowered {
  std::string bytes;
  std::vector<UChar32> code;
  std::vector<std::size_t> at;  // [characters + 1], offsets into bytes
  std::vector<std::size_t> begin, end;
};

Lowered lower(std::string_view text) {
  Lowered out;
  out.bytes.reserve(text.size());
  out.code.reserve(text.size());
  out.at.reserve(text.size() + 1);
  out.begin.reserve(text.size());
  out.end.reserve(text.size());
  const auto* s = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto length = static_cast<std::int64_t>(text.size());
  for (std::int64_t i = 0; i < length;) {
    const std::int64_t from = i;
    UChar32 c;
    U8_NEXT(s, i, length, c);
    if (c < 0) c = 0xfffd;
    if (u_isUWhiteSpace(c)) {
      c = ' ';
      if (!out.code.empty() && out.code.back() == ' ') {
        out.end.back() = static_cast<std::size_t>(i);
        continue;
      }
    }
    c = u_tolower(c);
    char buffer[U8_MAX_LENGTH];
    std::int32_t n = 0;
    U8_APPEND_UNSAFE(reinterpret_cast<std::uint8_t*>(buffer), n, c);
    out.at.push_back(out.bytes.size());
    out.bytes.append(buffer, static_cast<std::size_t>(n));
    out.code.push_back(c);
    out.begin.push_back(static_cast<std::size_t>(from));
    out.end.push_back(static_cast<std::size_t>(i));
  }
  out.at.push_back(out.bytes.size());
  return out;
}

/// Python's \w: letters, all kinds of numbers, underscore.
bool is_word(UChar32 c) {
  return c == '_' || (U_GET_GC_MASK(c) & (U_GC_L_MASK | U_GC_N_MASK)) != 0;
}

std::uint32_t word_key(std::string_view ngram) {
  return static_cast<std::uint32_t>(base::hash64(ngram, kWordSeed) >> 33);
}
std::uint32_t char_key(std::string_view ngram) {
  return static_cast<std::uint32_t>(base::hash64(ngram, kCharSeed) >> 33) | 0x80000000u;
}
int block_of(std::uint32_t key) {
  return static_cast<int>(key >> 31);
}

void list_words(const Lowered& t, int word_max, std::vector<NgramOccurrence>& out) {
  struct Word {
    std::string_view bytes;
    std::size_t begin, end;
  };
  std::vector<Word> words;
  for (std::size_t i = 0; i < t.code.size(); ++i) {
    if (!is_word(t.code[i])) continue;
    const std::size_t first = i;
    while (i + 1 < t.code.size() && is_word(t.code[i + 1])) ++i;
    words.push_back(
        {std::string_view(t.bytes).substr(t.at[first], t.at[i + 1] - t.at[first]), t.begin[first], t.end[i]});
  }
  std::string joined;
  for (int n = 1; n <= word_max; ++n) {
    for (std::size_t i = 0; i + static_cast<std::size_t>(n) <= words.size(); ++i) {
      joined = words[i].bytes;
      const std::size_t last = i + static_cast<std::size_t>(n) - 1;
      for (std::size_t j = i + 1; j <= last; ++j) joined.append(1, ' ').append(words[j].bytes);
      out.push_back({word_key(joined), words[i].begin, words[last].end});
    }
  }
}

void list_chars(const Lowered& t, int char_min, int char_max, std::vector<NgramOccurrence>& out) {
  for (int n = char_min; n <= char_max; ++n) {
    const auto width = static_cast<std::size_t>(n);
    for (std::size_t i = 0; i + width <= t.code.size(); ++i) {
      const auto ngram = std::string_view(t.bytes).substr(t.at[i], t.at[i + width] - t.at[i]);
      out.push_back({char_key(ngram), t.begin[i], t.end[i + width - 1]});
    }
  }
}

/// The distinct keys of each text of a piece, sorted.
std::vector<std::uint32_t> distinct_keys(std::span<const std::string_view> texts, const NgramOptions& options) {
  std::vector<std::uint32_t> all, one;
  for (const auto text : texts) {
    one.clear();
    for (const auto& o : list_ngrams(text, options)) one.push_back(o.key);
    std::sort(one.begin(), one.end());
    all.insert(all.end(), one.begin(), std::unique(one.begin(), one.end()));
  }
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace

std::vector<NgramOccurrence> list_ngrams(std::string_view text, const NgramOptions& options) {
  const Lowered lowered = lower(text);
  std::vector<NgramOccurrence> out;
  out.reserve(lowered.code.size() * static_cast<std::size_t>(std::max(1, options.char_max - options.char_min + 2)));
  list_words(lowered, options.word_max, out);
  list_chars(lowered, options.char_min, options.char_max, out);
  return out;
}

NgramFeatures NgramFeatures::fit(std::span<const std::string_view> texts, const NgramOptions& options) {
  const auto count = static_cast<std::int64_t>(texts.size());
  std::vector<std::vector<std::uint32_t>> pieces(static_cast<std::size_t>((count + kTextsAPiece - 1) / kTextsAPiece));
  base::parallel_ranges(count, kTextsAPiece, [&](std::int64_t begin, std::int64_t end) {
    pieces[static_cast<std::size_t>(begin / kTextsAPiece)] =
        distinct_keys(texts.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)), options);
  });
  // Counted in 256 parts by the highest byte of the key, which together are in key order.
  struct Part {
    std::vector<std::uint32_t> keys;
    std::vector<float> idf;
  };
  std::array<Part, 256> parts;
  base::parallel_for(256, [&](std::int64_t p) {
    const auto low = static_cast<std::uint32_t>(p) << 24, high = low | 0xffffffu;
    std::vector<std::uint32_t> keys;
    for (const auto& piece : pieces) {
      const auto from = std::lower_bound(piece.begin(), piece.end(), low);
      keys.insert(keys.end(), from, std::upper_bound(from, piece.end(), high));
    }
    std::sort(keys.begin(), keys.end());
    Part& part = parts[static_cast<std::size_t>(p)];
    for (std::size_t i = 0; i < keys.size();) {
      std::size_t next = i;
      while (next < keys.size() && keys[next] == keys[i]) ++next;
      const auto df = static_cast<double>(next - i);
      if (df >= (block_of(keys[i]) == 0 ? options.word_min_df : options.char_min_df)) {
        part.keys.push_back(keys[i]);
        part.idf.push_back(static_cast<float>(std::log((1.0 + static_cast<double>(count)) / (1.0 + df)) + 1.0));
      }
      i = next;
    }
  });
  std::vector<std::uint32_t> keys;
  std::vector<float> idf;
  for (const auto& part : parts) {
    keys.insert(keys.end(), part.keys.begin(), part.keys.end());
    idf.insert(idf.end(), part.idf.begin(), part.idf.end());
  }
  return {options, std::move(keys), std::move(idf)};
}

NgramFeatures::NgramFeatures(NgramOptions options, std::vector<std::uint32_t> keys, std::vector<float> idf)
    : options_(options), keys_(std::move(keys)), idf_(std::move(idf)) {
  BALLAST_CHECK(keys_.size() == idf_.size(), keys_.size());
  index();
}

void NgramFeatures::index() {
  table_.assign(std::bit_ceil(2 * keys_.size() + 2), -1);
  const std::size_t mask = table_.size() - 1;
  for (std::size_t f = 0; f < keys_.size(); ++f) {
    std::size_t slot = keys_[f] & mask;
    while (table_[slot] >= 0) slot = (slot + 1) & mask;
    table_[slot] = static_cast<std::int32_t>(f);
  }
}

std::int32_t NgramFeatures::find(std::uint32_t key) const {
  if (table_.empty()) return -1;
  const std::size_t mask = table_.size() - 1;
  for (std::size_t slot = key & mask; table_[slot] >= 0; slot = (slot + 1) & mask) {
    if (keys_[static_cast<std::size_t>(table_[slot])] == key) return table_[slot];
  }
  return -1;
}

std::vector<NgramFeatures::Counted> NgramFeatures::count(std::span<const std::int32_t> features) const {
  std::vector<std::int32_t> found;
  found.reserve(features.size());
  std::copy_if(features.begin(), features.end(), std::back_inserter(found), [](std::int32_t f) { return f >= 0; });
  std::sort(found.begin(), found.end());
  std::vector<Counted> out;
  out.reserve(found.size());
  double squares[2] = {0, 0};
  for (std::size_t i = 0; i < found.size();) {
    std::size_t next = i;
    while (next < found.size() && found[next] == found[i]) ++next;
    const auto f = static_cast<std::size_t>(found[i]);
    const double value = (1.0 + std::log(static_cast<double>(next - i))) * static_cast<double>(idf_[f]);
    squares[block_of(keys_[f])] += value * value;
    out.push_back({found[i], static_cast<std::int32_t>(next - i), value});
    i = next;
  }
  for (auto& c : out) c.value /= std::sqrt(squares[block_of(keys_[static_cast<std::size_t>(c.feature)])]);
  return out;
}

std::vector<std::pair<std::int32_t, float>> NgramFeatures::row(std::string_view text) const {
  std::vector<std::pair<std::int32_t, float>> out;
  std::vector<std::int32_t> features;
  for (const auto& o : list_ngrams(text, options_)) features.push_back(find(o.key));
  for (const auto& c : count(features)) out.emplace_back(c.feature, static_cast<float>(c.value));
  return out;
}

SparseMatrix NgramFeatures::matrix(std::span<const std::string_view> texts) const {
  std::vector<std::vector<std::pair<std::int32_t, float>>> rows(texts.size());
  base::parallel_for(static_cast<std::int64_t>(texts.size()), [&](std::int64_t i) {
    rows[static_cast<std::size_t>(i)] = row(texts[static_cast<std::size_t>(i)]);
  });
  SparseMatrix m;
  m.rows = static_cast<std::int64_t>(texts.size());
  m.cols = static_cast<std::int64_t>(size());
  m.start.push_back(0);
  for (const auto& r : rows) m.start.push_back(m.start.back() + static_cast<std::int64_t>(r.size()));
  m.index.reserve(static_cast<std::size_t>(m.start.back()));
  m.value.reserve(static_cast<std::size_t>(m.start.back()));
  for (const auto& r : rows) {
    for (const auto& [f, v] : r) {
      m.index.push_back(f);
      m.value.push_back(v);
    }
  }
  return m;
}

NgramFeatures NgramFeatures::keep(std::span<const std::int32_t> features) const {
  std::vector<std::uint32_t> keys;
  std::vector<float> idf;
  for (const auto f : features) {
    keys.push_back(keys_[static_cast<std::size_t>(f)]);
    idf.push_back(idf_[static_cast<std::size_t>(f)]);
  }
  return {options_, std::move(keys), std::move(idf)};
}

}  // namespace ballast::lm
