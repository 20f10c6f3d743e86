// SPDX-License-Identifier: Apache-2.0
// Options of `ballast train`, shared by its two halves: language models and classifiers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/lm/load.h"
#include "ballast/lm/train/run.h"
#include "budget.h"
#include "training_data.h"
#include "verb.h"

namespace ballast::apps {

struct TrainOptions {
  std::string task, model, arch, tokenizer, output, dtype = "f32", optimizer_state = "f32", schedule = "linear", trace,
                                                    store_as = "f32";
  std::vector<std::string> data, eval_data, text_columns, label_columns, exclude, heads;
  std::string text_column = "text", encoding = "auto", span_column, condition_column, candidates;
  std::int64_t steps = 0, stop_at = 0, batch_size = 0, batch_tokens = 0, accumulate = 1, sequence_length = 0,
               warmup = -1;
  double epochs = 0, lr = 0, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0.01, clip_norm = 1, dropout = -1,
         label_smoothing = 0, mask_probability = 0.15, refuse = 0;
  std::int64_t evaluate_every = 0, patience = 0, save_every = 0, folds = 0, fold_block = 1, max_ngrams = 0;
  bool decay_all = false, no_shuffle = false, resume = false, strict = false, no_ngrams = false, no_transformer = false,
       merge_texts = false;
  std::int64_t leave_out = 0;
  std::int64_t lora_rank = 0;
  double lora_alpha = 0, lora_dropout = 0;
  std::vector<std::string> lora_targets;
  bool merge_lora = false, checkpoint_layers = false;
  std::uint64_t seed = 42;
  Budget budget;
  double private_epsilon = 0, private_noise = -1, private_clip = 1, private_delta = 1e-5;
  bool private_repeatable = false, freeze_encoder = false, mask_personal_data = false;
};

/// Whether training is to be differentially private.
bool is_private(const TrainOptions& options);

/// Settings of a run over `examples`; fills in what the user left open.
lm::TrainSettings train_settings(const TrainOptions& options, lm::Objective objective,
                                 std::span<const lm::Example> examples);

/// Where a run keeps its resumable state: beside the output folder, gone when the run ends.
std::filesystem::path state_folder(const TrainOptions& options);

/// Progress, trace file and checkpoints of a run.
lm::RunOptions run_options(const TrainOptions& options, const Common& common);

/// What went into a model, for training.json beside the weights.
base::Json recipe_json(const TrainOptions& options, const lm::TrainSettings& settings, const lm::RunReport& report);

/// The dtype that --store-as names.
lm::DType stored_dtype(const TrainOptions& options);

/// One line a file about rows read, quarantined, excluded, cut.
void say_data(const Common& common, const ReadSummary& summary, const lm::TokenizeReport& report);

lm::LoadedModel open_for_training(const TrainOptions& options, lm::HeadType head,
                                  const std::vector<std::string>& labels);

/// Adds --lora-rank's corrections where they are asked for.
void start_lora(const TrainOptions& options, lm::LoadedModel& model);
/// Writes the model, or its adapter alone, with training.json.
void write_trained(const TrainOptions& options, lm::LoadedModel& model, const base::Json& recipe);

void train_language_model(const TrainOptions& options, const Common& common);
void train_seq2seq(const TrainOptions& options, const Common& common);
void train_classifier(const TrainOptions& options, const Common& common);
/// A classifier by differentially private steps: the transformer alone, uncalibrated, since n-grams, calibration and
/// thresholds would be read off the rows without noise.
void train_private(const TrainOptions& options, const Common& common);
void add_private_options(CLI::App& verb, TrainOptions& options);
void train_tagger(const TrainOptions& options, const Common& common);

}  // namespace ballast::apps
