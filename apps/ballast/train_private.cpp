// SPDX-License-Identifier: Apache-2.0
// `ballast train --private-epsilon`: a classifier by differentially private steps, with what that cost.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/lm/privacy.h"
#include "classifier_training.h"
#include "masking.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr std::int64_t kDefaultLot = 256;  // rows expected a step
constexpr double kDefaultEpochs = 10;

/// Rows of one set as the trainer wants them.
struct PrivateData {
  LabelledRows rows;
  std::vector<lm::Example> examples;
  ReadSummary summary;
  lm::TokenizeReport tokenized;
  MaskingReport masking;
};

PrivateData read_private(const TrainOptions& o, const std::vector<std::string>& files,
                         const std::vector<lm::Head>& known, const text::Tokenizer& tokenizer, std::int64_t length) {
  PrivateData data;
  const Exclusion exclusion(o.exclude);
  const RowOptions reading{files,    o.text_columns, head_columns_of(o), o.encoding,
                           o.strict, o.merge_texts,  o.candidates};
  data.rows = read_labelled(reading, known, &exclusion, data.summary);
  if (o.mask_personal_data) mask_texts(data.rows.texts, data.masking);
  data.examples = lm::tokenize_texts(tokenizer, data.rows.texts, length, data.tokenized);
  set_labels(data.rows, data.examples);
  return data;
}

/// A seed that nobody knows.
std::uint64_t secret_seed() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32) | device();
}

lm::ClassifierSpec plain_spec(const std::vector<lm::Head>& heads, std::int64_t length) {
  lm::ClassifierSpec spec;
  spec.max_length = length;
  for (const lm::Head& head : heads) {
    lm::HeadSpec one;
    one.head = head;
    if (head.kind == lm::HeadKind::multilabel) one.head.thresholds.assign(head.labels.size(), 0.5);
    spec.heads.push_back(std::move(one));
  }
  return spec;
}

lm::TrainSettings private_settings(const TrainOptions& o, const PrivateData& data) {
  TrainOptions own = o;
  own.batch_size = o.batch_size > 0 ? o.batch_size : kDefaultLot;
  own.batch_tokens = 0;
  lm::TrainSettings s = train_settings(own, lm::Objective::classification, data.examples);
  const double rows = static_cast<double>(data.rows.size());
  s.privacy.sampling_rate = std::min(1.0, static_cast<double>(own.batch_size) / rows);
  const double epochs = o.epochs > 0 ? o.epochs : kDefaultEpochs;
  if (o.steps == 0) s.steps = std::max<std::int64_t>(1, std::llround(epochs / s.privacy.sampling_rate));
  s.warmup = o.warmup >= 0 ? o.warmup : s.steps / 20;
  s.privacy.clip = o.private_clip;
  s.privacy.noise = o.private_noise >= 0
                        ? o.private_noise
                        : lm::noise_for(s.privacy.sampling_rate, o.private_epsilon, s.steps, o.private_delta);
  s.privacy.noise_seed = o.private_repeatable ? o.seed : secret_seed();
  s.heads = lm::head_columns(data.rows.heads);
  return s;
}

Json privacy_json(const TrainOptions& o, const lm::TrainSettings& s, std::int64_t steps) {
  const lm::PrivacyCost cost = lm::privacy_cost(s.privacy.sampling_rate, s.privacy.noise, steps, o.private_delta);
  return {{"epsilon", std::isfinite(cost.epsilon) ? Json(cost.epsilon) : Json()},
          {"delta", o.private_delta},
          {"noise", s.privacy.noise},
          {"clip", s.privacy.clip},
          {"sampling_rate", s.privacy.sampling_rate},
          {"steps", steps},
          {"order", cost.order},
          {"unit", "row"},
          {"accountant", "Renyi, sampled Gaussian mechanism"},
          {"noise_from_seed", o.private_repeatable}};
}

}  // namespace

bool is_private(const TrainOptions& o) {
  return o.private_epsilon > 0 || o.private_noise >= 0;
}

void add_private_options(CLI::App& verb, TrainOptions& o) {
  CLI::Option* epsilon = verb.add_option("--private-epsilon", o.private_epsilon,
                                         "Classifiers: differentially private training (DP-SGD) that costs so much")
                             ->check(CLI::PositiveNumber);
  verb.add_option("--private-noise", o.private_noise,
                  "The same by its noise multiplier; 0 shows what clipping alone costs, and is not private")
      ->check(CLI::NonNegativeNumber)
      ->excludes(epsilon);
  verb.add_option("--private-delta", o.private_delta, "The chance that the promise may break; below 1 over the rows")
      ->check(CLI::Range(1e-12, 0.1))
      ->capture_default_str();
  verb.add_option("--private-clip", o.private_clip, "Norm to which each row's gradient is cut")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  verb.add_flag("--private-repeatable", o.private_repeatable,
                "Noise from --seed, for studies: who knows the seed can take it out again");
  verb.add_flag("--freeze-encoder", o.freeze_encoder, "Private training of the classification head alone");
}

void train_private(const TrainOptions& o, const Common& common) {
  if (o.tokenizer.empty() && o.model.empty()) {
    throw Error(ErrorCode::usage, "the model has no tokenizer; give one that the rows have not made", "--tokenizer");
  }
  if (o.lora_rank != 0) {
    throw Error(ErrorCode::usage, "does not go with private training", "--lora-rank",
                "--freeze-encoder trains few parameters, too");
  }
  const auto tokenizer = text::Tokenizer::load(o.tokenizer.empty() ? o.model : o.tokenizer);
  const lm::ModelConfig config =
      lm::read_config(o.model.empty() ? std::filesystem::path(o.arch) : std::filesystem::path(o.model) / "config.json");
  const std::int64_t length = o.sequence_length > 0 ? std::min(o.sequence_length, config.positions) : config.positions;
  const PrivateData data = read_private(o, o.data, {}, tokenizer, length);
  say_data(common, data.summary, data.tokenized);
  if (o.mask_personal_data) say_masking(common, data.masking);
  const lm::ClassifierSpec spec = plain_spec(data.rows.heads, length);
  lm::LoadedModel model = open_for_training(o, lm::HeadType::classification, spec.output_names());
  for (engine::Parameter& p : model.network->parameters().all()) {
    p.frozen = p.frozen || (o.freeze_encoder && !model.network->belongs_to_head(p.name));
  }
  const lm::TrainSettings settings = private_settings(o, data);
  if (o.private_delta * static_cast<double>(data.rows.size()) >= 1) {
    say(common, fmt::format("delta {} is not below 1 over {} rows: it would allow giving one row away whole",
                            o.private_delta, data.rows.size()));
  }
  lm::Trainer trainer(*model.network, data.examples, settings);
  const lm::RunReport report = lm::run_training(trainer, *model.network, run_options(o, common));
  Json recipe = recipe_json(o, settings, report);
  recipe["data"] = summary_json(data.summary);
  recipe["truncated_texts"] = data.tokenized.truncated_texts;
  recipe["personal_data"] = masking_json(o.mask_personal_data, data.masking);
  recipe["trained_parameters"] = model.network->parameters().trainable_size();
  recipe["privacy"] = privacy_json(o, settings, report.steps);
  if (!o.eval_data.empty()) {
    const PrivateData held = read_private(o, o.eval_data, spec.plain_heads(), tokenizer, length);
    OutOfFold logits;
    logits.outputs = spec.output_names().size();
    logits.transformer = lm::classification_logits(*model.network, held.examples);
    recipe["evaluation"] = score_predictions(held.rows, predict_from_logits(spec, logits), o.seed, false);
  }
  base::write_directory_atomic(o.output, [&](const std::filesystem::path& folder) {
    lm::write_model_files(folder, *model.network, &tokenizer, stored_dtype(o));
    base::write_file_atomic(folder / "classifier.json", lm::spec_json(spec).dump() + "\n");
    base::write_file_atomic(folder / "training.json", recipe.dump(2) + "\n");
  });
  std::error_code ignored;
  std::filesystem::remove_all(state_folder(o), ignored);
  const Json& privacy = recipe["privacy"];
  say(common, privacy["epsilon"].is_null()
                  ? std::string("no noise: this is not private")
                  : fmt::format("epsilon {:.3f} at delta {}, noise {}; saved to {}", privacy["epsilon"].get<double>(),
                                o.private_delta, settings.privacy.noise, o.output));
  if (common.json) std::printf("%s\n", base::dump_json(recipe).c_str());
}

}  // namespace ballast::apps
