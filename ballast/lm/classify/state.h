// SPDX-License-Identifier: Apache-2.0
// The inside of TextClassifier: what predicting and explaining share.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ballast/lm/classifier.h"
#include "ballast/lm/classifier_spec.h"
#include "ballast/lm/load.h"
#include "ballast/lm/ngram/model.h"

namespace ballast::lm {

constexpr std::int64_t kBatchTokens = 4096;  // tokens read at a time: bounds memory, does not change a bit

/// A text as one or more windows of at most `length` tokens; neighbouring windows share a quarter.
struct Windows {
  std::vector<std::vector<std::int32_t>> ids;
  std::vector<std::vector<std::array<std::size_t, 2>>> offsets;
  std::int64_t tokens = 0;
};

Windows cut_windows(const text::Tokenizer& tokenizer, std::string_view text, std::int64_t length);

struct TextClassifier::State {
  LoadedModel model;
  std::optional<NgramModel> ngrams;
  ClassifierSpec spec;
  std::vector<Head> heads;
  std::string identity;
  std::int64_t length = 0;
  mutable std::mutex mutex;  // the network keeps per-batch scratch
  mutable engine::Arena arena;

  Network& network() const { return *model.network; }
  std::size_t outputs() const { return network().config().labels.size(); }
  /// Whether any head listens to the transformer; it need not run otherwise.
  bool uses_transformer() const {
    return !ngrams ||
           std::any_of(spec.heads.begin(), spec.heads.end(), [](const auto& h) { return h.transformer_weight != 0; });
  }
  std::vector<float> window_logits(std::span<const std::vector<std::int32_t>* const> windows) const;
  Prediction combine(const float* logits, std::size_t windows, const float* ngram) const;
  std::vector<double> path_gradients(const std::vector<std::int32_t>& ids, const std::vector<std::int32_t>& reference,
                                     std::size_t output, int steps) const;
  std::vector<double> window_shares(const std::vector<float>& logits, std::size_t count, std::size_t output,
                                    HeadKind kind) const;
  void hide_tokens(const Windows& windows, std::size_t output, double scale,
                   std::map<std::pair<std::size_t, std::size_t>, double>& weights) const;
};

}  // namespace ballast::lm
