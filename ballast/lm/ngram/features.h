// SPDX-License-Identifier: Apache-2.0
// Text → weighted n-gram counts, the traditional view of a text. Words (runs of letters, digits and underscore; a run
// of Chinese is one word) give 1-2-grams; all characters of the lower-cased text, white-space runs as one space, give
// 2-5-grams, which carry Chinese and word forms. Both as scikit-learn's TfidfVectorizer has them.
//
// An n-gram is known by a 32-bit key: base::hash64 with a seed for its block, the block in the highest bit. Only keys
// seen in training are kept, so 2^32 buckets cost no memory and collisions are rare enough not to matter (a text's
// unseen n-gram meets one of a million kept keys once in 2,000 times).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "ballast/lm/ngram/sparse.h"

namespace ballast::lm {

struct NgramOptions {
  int word_max = 2;  // word n-grams of 1 … word_max words; 0: none
  int char_min = 2;  // character n-grams of char_min … char_max characters; char_max 0: none
  int char_max = 5;
  int word_min_df = 1;  // an n-gram counts when at least so many training texts hold it
  int char_min_df = 2;
};

/// One n-gram where it stands: half-open bytes of the text as given.
struct NgramOccurrence {
  std::uint32_t key = 0;
  std::size_t begin = 0, end = 0;
};

/// All n-grams of a text (UTF-8; broken bytes count as U+FFFD): words first, then characters, each in text order.
std::vector<NgramOccurrence> list_ngrams(std::string_view text, const NgramOptions& options);

class NgramFeatures {
 public:
  NgramFeatures() = default;
  /// Learns keys and document frequencies. Deterministic at any thread count.
  static NgramFeatures fit(std::span<const std::string_view> texts, const NgramOptions& options);
  /// From stored parts; `keys` strictly ascending, one idf a key.
  NgramFeatures(NgramOptions options, std::vector<std::uint32_t> keys, std::vector<float> idf);

  std::size_t size() const { return keys_.size(); }
  const NgramOptions& options() const { return options_; }
  const std::vector<std::uint32_t>& keys() const { return keys_; }
  /// ln((1 + texts) / (1 + df)) + 1.
  const std::vector<float>& idf() const { return idf_; }
  /// Feature number of a key, or -1.
  std::int32_t find(std::uint32_t key) const;

  /// (feature, value) by rising feature. value = (1 + ln tf) · idf, each block scaled to length 1.
  std::vector<std::pair<std::int32_t, float>> row(std::string_view text) const;
  /// Rows of many texts.
  SparseMatrix matrix(std::span<const std::string_view> texts) const;

  /// The same with only some features (numbers in rising order).
  NgramFeatures keep(std::span<const std::int32_t> features) const;

  /// A feature of a text, how often it is there, and its value.
  struct Counted {
    std::int32_t feature;
    std::int32_t count;
    double value;
  };
  /// By rising feature; `features`: the feature of each occurrence, -1 where unknown.
  std::vector<Counted> count(std::span<const std::int32_t> features) const;

 private:
  void index();

  NgramOptions options_;
  std::vector<std::uint32_t> keys_;
  std::vector<float> idf_;
  std::vector<std::int32_t> table_;  // open addressing over keys_, at most half full; -1: free
};

}  // namespace ballast::lm
