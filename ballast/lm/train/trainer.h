// SPDX-License-Identifier: Apache-2.0
// Training steps: batches of examples in, updated parameters out. Bit-identical for the same seed and data at any
// thread count, and after stopping and resuming.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "ballast/engine/optimizer.h"
#include "ballast/lm/arch/network.h"
#include "ballast/lm/train/examples.h"

namespace ballast::lm {

enum class Objective { causal_lm, masked_lm, classification, seq2seq };

/// Differentially private steps (Abadi et al. 2016, "Deep learning with differential privacy"): every example is drawn
/// with the same probability, its gradient cut to norm `clip`, and normal noise of standard deviation noise · clip
/// added to every coordinate of the sum. What that costs in privacy: privacy.h.
struct PrivateSteps {
  double sampling_rate = 0;  // chance of each example in each step; 0: ordinary training
  double noise = 0, clip = 1;
  std::uint64_t noise_seed = 0;  // the guarantee holds only as long as nobody else knows it
};

struct TrainSettings {
  Objective objective = Objective::causal_lm;
  engine::Precision precision = engine::Precision::f32;
  Sampler::Options sampling;
  std::int64_t steps = 0;       // optimiser steps in all
  std::int64_t accumulate = 1;  // batches a step; the loss is the mean over all of them
  double lr = 5e-5;
  engine::AdamWOptions adamw;
  double clip_norm = 1;  // 0: no clipping
  double dropout = -1;   // negative: the configuration's
  double label_smoothing = 0;
  engine::Schedule schedule = engine::Schedule::linear;
  std::int64_t warmup = 0;  // steps
  double mask_probability = 0.15;
  std::int32_t mask_token = -1;          // masked-lm
  std::vector<std::int32_t> unmaskable;  // special tokens
  std::vector<HeadColumns> heads;        // classification
  std::vector<float> positive_weights;   // one a multilabel output; may be empty
  PrivateSteps privacy;
};

struct StepReport {
  std::int64_t step = 0;  // from 1
  double loss = 0, grad_norm = 0, lr = 0;
  std::int64_t tokens = 0;
  double seconds = 0;
};

class Trainer {
 public:
  /// The network must have values; it gets gradients. `examples` must outlive the trainer.
  Trainer(Network& network, std::span<const Example> examples, TrainSettings settings);

  bool finished() const { return step_ >= settings_.steps; }
  std::int64_t step_count() const { return step_; }
  std::int64_t steps_planned() const { return settings_.steps; }
  StepReport step();

  /// Mean loss over examples without dropout (masked-lm masks as in epoch 0).
  double evaluate(std::span<const Example> examples);

  /// Parameters, moments and position as files in an existing folder, and back. Throws bad_input when they belong to
  /// another run (other settings or data).
  void save_state(const std::filesystem::path& folder) const;
  void load_state(const std::filesystem::path& folder);

  const engine::Arena& arena() const { return arena_; }
  const engine::AdamW& optimizer() const { return optimizer_; }

 private:
  struct Batch {
    text::TokenBatch tokens, answers;                // answers: the decoder's inputs
    std::vector<std::int32_t> rows, labels;          // language models: which positions predict what
    std::vector<std::vector<std::int32_t>> classes;  // a multiclass head
    std::vector<float> targets;                      // multilabel outputs, head after head
    double count = 0;                                // what the loss is a mean over
  };
  void fill(Batch& batch, std::span<const Example> examples, std::span<const std::uint32_t> chosen, std::int64_t epoch);
  void add_language_labels(Batch& batch, const Example& example, std::size_t first, std::uint64_t stream);
  void add_answer(Batch& batch, const Example& example);
  double run(engine::Tape& tape, Batch& batch, double count);
  StepReport private_step();
  double private_gradient(std::uint32_t index, std::span<const float> hidden);
  std::vector<std::vector<float>> encode_frozen(std::span<const std::uint32_t> chosen);
  double language_loss(engine::Tape& tape, engine::Value hidden, Batch& batch, double count);
  double classification_loss(engine::Tape& tape, engine::Value hidden, Batch& batch, double count);
  std::string fingerprint() const;

  Network& network_;
  std::span<const Example> examples_;
  TrainSettings settings_;
  Sampler sampler_;
  engine::AdamW optimizer_;
  engine::Arena arena_;
  std::vector<Batch> batches_;  // one an accumulation step, reused
  std::int64_t step_ = 0;
  std::vector<float> private_sum_;  // of clipped gradients, in the order of the trained parameters
};

/// Raw logits [examples, columns] of a classifier, in batches; independent of batching and threads.
std::vector<float> classification_logits(Network& network, std::span<const Example> examples,
                                         engine::Precision precision = engine::Precision::f32);

}  // namespace ballast::lm
