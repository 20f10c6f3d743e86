// SPDX-License-Identifier: Apache-2.0
// The inside of TextClassifier: what predicting and explaining share.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ballast/base/parallel.h"
#include "ballast/lm/classifier.h"
#include "ballast/lm/classifier_spec.h"
#include "ballast/lm/load.h"
#include "ballast/lm/ngram/model.h"

namespace ballast::lm {

constexpr std::int64_t kBatchTokens = 4096;  // tokens of a batch of gradients: bounds memory, does not change a bit
constexpr std::int64_t kChunkTokens = 256;   // tokens that a thread reads at a time: likewise

/// A text as one or more windows of at most `length` tokens; neighbouring windows share a quarter.
struct Windows {
  std::vector<std::vector<std::int32_t>> ids;
  std::vector<std::vector<std::array<std::size_t, 2>>> offsets;
  std::int64_t tokens = 0;
};

Windows cut_windows(const text::Tokenizer& tokenizer, std::string_view text, std::int64_t length);

/// One text on its way through read().
struct TextJob {
  std::string_view text;
  Windows windows;
  NgramText ngrams;
  std::vector<float> ngram_scores;
  std::vector<std::size_t> labels;          // listed
  std::vector<std::size_t> deciding;        // the window that decides, one a label
  std::vector<std::vector<double>> shares;  // of that window's tokens, one a label; none without a last layer to see
  Prediction prediction;
};

/// What one pass over a window gave.
struct WindowReading {
  std::vector<float> logits;
  std::vector<std::vector<double>> shares;  // of the tokens, a list a wanted output
};

/// What integrated gradients found along one window's path.
struct PathGradients {
  std::vector<double> tokens;  // gradient times the way
  int points = 0;              // walked
  bool settled = false;        // the stretches add up within the tolerance
};

/// The outputs whose token shares are wanted, once the logits of a window are known.
using WantedOutputs = base::BodyRef<std::size_t, const float*, std::vector<std::size_t>&>;

struct TextClassifier::State {
  LoadedModel model;
  std::optional<NgramModel> ngrams;
  ClassifierSpec spec;
  std::vector<Head> heads;
  std::string identity;
  std::int64_t length = 0;
  mutable std::mutex mutex;  // held by who runs a network that keeps per-batch scratch
  mutable engine::Arena arena;
  mutable std::mutex spare_mutex;
  mutable std::vector<std::unique_ptr<engine::Arena>> spare;  // of chunks, one a thread that has been reading

  Network& network() const { return *model.network; }
  std::size_t outputs() const { return network().config().labels.size(); }
  /// Whether any head listens to the transformer; it need not run otherwise.
  bool uses_transformer() const {
    return !ngrams ||
           std::any_of(spec.heads.begin(), spec.heads.end(), [](const auto& h) { return h.transformer_weight != 0; });
  }
  /// Every head's first output, and the number of all.
  std::size_t first_output(std::size_t head) const;
  std::vector<float> window_logits(std::span<const std::vector<std::int32_t>* const> windows) const;
  /// Bit-identical for any company of a window and any thread count.
  std::vector<WindowReading> read_windows(std::span<const std::vector<std::int32_t>* const> windows,
                                          WantedOutputs wanted) const;
  /// Tokens and n-grams of each text.
  std::vector<TextJob> prepare(std::span<const std::string_view> texts) const;
  /// The job's prediction and listed labels from the logits of all its windows.
  void predict_job(TextJob& job, std::size_t head, const float* logits) const;
  /// Whether read() takes the last layer apart for this head's labels.
  bool takes_apart(std::size_t head) const;
  void read_long_texts(std::span<TextJob> jobs, std::size_t head) const;
  std::vector<Attribution> reasons(const TextJob& job, std::size_t head, std::size_t listed) const;
  void read_chunk(std::span<const std::vector<std::int32_t>* const> windows, std::span<const std::size_t> chunk,
                  engine::Arena& scratch, WantedOutputs wanted, std::vector<WindowReading>& readings) const;
  Prediction combine(const float* logits, std::size_t windows, const float* ngram) const;
  PathGradients path_gradients(const std::vector<std::int32_t>& ids, const std::vector<std::int32_t>& reference,
                               std::size_t output, double tolerance, const PathOptions& options) const;
  std::vector<double> window_shares(const std::vector<float>& logits, std::size_t count, std::size_t output,
                                    HeadKind kind) const;
  void hide_tokens(const Windows& windows, std::size_t output, double scale,
                   std::map<std::pair<std::size_t, std::size_t>, double>& weights) const;
};

}  // namespace ballast::lm
