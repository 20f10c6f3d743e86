// SPDX-License-Identifier: Apache-2.0
// Learns a byte-level BPE vocabulary from texts (Sennrich et al. 2016 on the words of GPT-2's rule).
//
// In: texts, in any order. Out: a Tokenizer, and how well it compresses what it learnt from. The result depends on the
// texts and the options alone: neither on the order of the texts nor on the number of threads. The most frequent pair
// is merged first; of equals, the one with the smaller ids (which is also the rule of the Rust library).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ballast/base/progress.h"
#include "ballast/text/tokenizer.h"

namespace ballast::text {

enum class TokenizerKind {
  decoder,  // <|endoftext|> as id 0; nothing is added to a text
  encoder,  // [PAD] [UNK] [CLS] [SEP] [MASK] as ids 0-4; "[CLS] text [SEP]", "[CLS] first [SEP] second [SEP]"
};

struct BpeTrainOptions {
  std::int64_t vocabulary_size = 0;  ///< special tokens and the 256 bytes included; fewer when pairs run out
  TokenizerKind kind = TokenizerKind::decoder;
  std::vector<std::string> more_special = {};  ///< further special tokens, after those of the kind
  std::int64_t min_frequency = 2;              ///< rarer pairs are not merged
  /// Han characters that a token may hold at most; 0: as GPT-2, whose words are whole runs of Chinese. Saved as
  /// Split \p{Han}{1,N} before ByteLevel.
  std::size_t han_run = 0;
  /// Lower-cases and strips accents before anything else (saved as BertNormalizer): a small vocabulary goes further.
  bool lowercase = false;
  std::size_t max_word_bytes = 256;  ///< longer words are counted in pieces, so that noise does not slow training down
};

struct BpeTrainReport {
  std::int64_t texts = 0, bytes = 0;
  std::int64_t words = 0, distinct_words = 0;
  std::int64_t vocabulary_size = 0, merges = 0;
  std::int64_t tokens = 0;  ///< that the texts take with the new vocabulary
  double counting_seconds = 0, merging_seconds = 0;
};

class BpeTrainer {
 public:
  /// Throws usage when the vocabulary has no room for the special tokens and the bytes.
  explicit BpeTrainer(BpeTrainOptions options, base::ProgressSink progress = {});
  ~BpeTrainer();
  BpeTrainer(BpeTrainer&&) noexcept;
  BpeTrainer& operator=(BpeTrainer&&) noexcept;

  /// Texts are collected and counted on all threads, a few megabytes at a time.
  void add(std::string text);

  /// Learns from what was added; call once. Throws bad_input when that was nothing, cancelled when interrupted.
  Tokenizer train();

  const BpeTrainReport& report() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The same in one call.
Tokenizer train_bpe(std::span<const std::string> texts, const BpeTrainOptions& options,
                    BpeTrainReport* report = nullptr);

}  // namespace ballast::text
