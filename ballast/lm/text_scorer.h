// SPDX-License-Identifier: Apache-2.0
// A text with a yes or a no behind it: two branches learn the log-odds of yes, a small transformer (BERT, from scratch
// or from a given model) and the n-gram model. Hides tokenizer, network, trainer and engine. Bit-identical for the same
// seed and data at any thread count; a text's score does not depend on the other texts.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ballast/base/progress.h"

namespace ballast::lm {

struct TextScorerOptions {
  bool transformer = true, ngrams = true;  // the branches; with both the score is the mean of their log-odds
  std::filesystem::path model;             // fine-tune the transformer of this folder; empty: a fresh one
  std::int64_t width = 64, layers = 2, heads = 4, positions = 512;  // of a fresh one
  std::int64_t vocabulary = 2000;                                   // of its byte-level BPE, learnt from the texts
  double epochs = 8, lr = 0;                                        // lr 0: 2e-3 from scratch, 5e-5 fine-tuning
  double dropout = 0.1;
  std::int64_t batch_tokens = 2048;
  std::uint64_t seed = 42;
  base::ProgressSink progress;
};

class TextScorer {
 public:
  /// `truth`: 0 or 1 a text. The n-gram branch learns from the first `plain` texts only (0: all), so that the rest may
  /// be variants of them which the transformer alone has use for. Throws bad_input without texts or with one class,
  /// usage for options that cannot be.
  static TextScorer train(std::span<const std::string> texts, std::span<const std::uint8_t> truth,
                          const TextScorerOptions& options = {}, std::size_t plain = 0);
  /// A folder that save() wrote. Throws not_found or bad_input.
  static TextScorer load(const std::filesystem::path& folder);
  ~TextScorer();
  TextScorer(TextScorer&&) noexcept;
  TextScorer& operator=(TextScorer&&) noexcept;

  /// Writes the branches to an existing folder. A transformer comes in Hugging Face layout with a classifier.json,
  /// which lm::TextClassifier opens, too.
  void save(const std::filesystem::path& folder) const;

  /// Log-odds of yes. What is longer than the transformer's positions is not read by it; truncated() says how often
  /// that was so in training.
  std::vector<double> scores(std::span<const std::string> texts) const;
  std::int64_t truncated() const;

 private:
  struct State;
  explicit TextScorer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace ballast::lm
