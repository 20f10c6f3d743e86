// SPDX-License-Identifier: Apache-2.0
// What a trainer reads: token sequences with what is to be learnt from them, and the order in which they come.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/base/progress.h"
#include "ballast/lm/classifier.h"
#include "ballast/lm/token_input.h"
#include "ballast/text/tokenizer.h"

namespace ballast::lm {

/// One sequence. A classification example has `classes` and `targets`; a language-model one may have ready
/// `token_labels` (already aligned: the label of position t is what position t predicts), else they are made from ids.
struct Example {
  std::vector<std::int32_t> ids, types, positions;  // types and positions may be empty
  std::vector<std::int32_t> token_labels;
  std::vector<std::int32_t> classes;  // one a multiclass head; kIgnore where unknown
  std::vector<float> targets;         // one an output of the multilabel heads; negative where unknown
  std::vector<std::int32_t> answer;   // seq2seq: what the decoder should write; kIgnore counts for nothing

  std::size_t tokens() const { return ids.size() + answer.size(); }
};

/// A head's place among the logits.
struct HeadColumns {
  HeadKind kind = HeadKind::multiclass;
  std::int64_t first = 0, count = 0;
  double weight = 1;  // of its loss
};
std::vector<HeadColumns> head_columns(std::span<const Head> heads);

/// How over-long texts were met.
struct TokenizeReport {
  std::int64_t texts = 0, tokens = 0, truncated_texts = 0, truncated_tokens = 0;
};

/// One sequence a text, special tokens added, cut at `max_length` (counted in the report).
std::vector<Example> tokenize_texts(const text::Tokenizer& tokenizer, std::span<const std::string> texts,
                                    std::int64_t max_length, TokenizeReport& report);

/// Running text in blocks of exactly `length` tokens (the last may be shorter): documents end to end, separated by the
/// end-of-text token (decoders) or each block framed by [CLS] … [SEP] (encoders).
std::vector<Example> tokenize_corpus(const text::Tokenizer& tokenizer, std::span<const std::string> documents,
                                     std::int64_t length, TokenizeReport& report, const base::ProgressSink& progress);

/// Ready ids and labels. `shift`: labels are those of the ids and the model predicts the next (causal models).
std::vector<Example> examples_from_input(const TokenInput& input, bool shift);

/// Visits examples epoch by epoch, shuffled by (seed, epoch) alone, in batches of a number of sequences or of tokens.
class Sampler {
 public:
  struct Options {
    std::int64_t batch_size = 0;    // sequences; 0: by tokens
    std::int64_t batch_tokens = 0;  // tokens, at least one sequence
    bool shuffle = true;
    std::uint64_t seed = 42;
  };
  Sampler(std::span<const Example> examples, const Options& options);

  /// Indices of the next batch; an epoch's last may be smaller.
  std::span<const std::uint32_t> next();
  std::int64_t epoch() const { return epoch_; }
  /// Batches of the first epoch.
  std::int64_t batches_per_epoch() const;
  /// Skips `count` batches (resuming).
  void skip(std::int64_t count);

 private:
  void start_epoch(std::int64_t epoch);
  std::size_t batch_end(std::size_t begin) const;

  std::span<const Example> examples_;
  Options options_;
  std::vector<std::uint32_t> order_;
  std::int64_t epoch_ = 0;
  std::size_t at_ = 0;
};

}  // namespace ballast::lm
