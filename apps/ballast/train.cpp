// SPDX-License-Identifier: Apache-2.0
// `ballast train`: options, and what language models and classifiers share.
#include "train.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <fstream>
#include <memory>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/hash.h"
#include "ballast/engine/isa.h"
#include "ballast/lm/lora.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;

constexpr double kFineTuningRate = 5e-5, kFreshRate = 5e-4;  // usual for pre-trained and for fresh small models

void check_train(const TrainOptions& o) {
  const auto usage = [](const std::string& what, const std::string& option) {
    throw Error(ErrorCode::usage, what, option);
  };
  if (o.mask_personal_data && o.task == "token-classify") {
    usage("moves the spans that a tagger learns: mask the data first, with `ballast mask`", "--mask-personal-data");
  }
  if (o.task == "token-classify") return;  // the linear tagger starts from nothing
  if (o.model.empty() == o.arch.empty()) usage("give either --model (fine-tuning) or --arch (from scratch)", "--model");
  if (o.steps < 0 || o.epochs < 0) usage("must not be negative", "--steps, --epochs");
  if (o.batch_size < 0 || o.batch_tokens < 0 || (o.batch_size > 0 && o.batch_tokens > 0)) {
    usage("give a positive --batch-size or --batch-tokens, not both", "--batch-size");
  }
  if (o.accumulate < 1) usage("must be at least 1", "--accumulate");
  if (o.label_smoothing < 0 || o.label_smoothing >= 1) usage("must lie in 0 … 1", "--label-smoothing");
  if (o.dropout >= 1) usage("must be below 1", "--dropout");
  if (!o.data.empty() && o.output.empty()) usage("is required", "--output");
  if (o.no_ngrams && o.no_transformer) usage("leave one branch: not --no-transformer too", "--no-ngrams");
  if (o.refuse < 0 || o.refuse >= 1) usage("is a share of known rows: 0 … 1", "--refuse");
  const bool classifier = o.task == "classify" || o.task == "multilabel";
  const bool language = o.task == "causal-lm" || o.task == "masked-lm" || o.task == "seq2seq";
  if (o.lora_rank != 0 && !language && !classifier) usage("is not known for this task", "--lora-rank");
  if (o.lora_rank != 0 && o.model.empty()) usage("needs --model: it corrects weights that are there", "--lora-rank");
  if (o.lora_rank == 0 && (o.merge_lora || !o.lora_targets.empty())) usage("is needed beside it", "--lora-rank");
  if (is_private(o) && o.task != "classify" && o.task != "multilabel") {
    usage("is for --task classify and multilabel", "--private-epsilon, --private-noise");
  }
  if (o.freeze_encoder && !is_private(o)) usage("goes with --private-epsilon or --private-noise", "--freeze-encoder");
  if (o.merge_texts && o.task != "multilabel") usage("is for --task multilabel", "--merge-texts");
  if (!o.candidates.empty() && (o.task != "classify" || !o.heads.empty())) {
    usage("is for --task classify with one label column", "--candidate-column");
  }
  if ((o.refuse > 0 || o.leave_out > 0) && o.task != "classify")
    usage("is for --task classify", "--refuse, --leave-out");
}

void add_run_options(CLI::App& verb, TrainOptions& o) {
  verb.add_option("--dtype", o.dtype, "Operands of matrix products: f32 or bf16 (f32 sums, masters and moments)")
      ->check(CLI::IsMember({"f32", "bf16"}))
      ->capture_default_str();
  verb.add_option("--optimizer-state", o.optimizer_state,
                  "AdamW's moments: f32, or 8bit (a byte each; embeddings and small tensors stay f32)")
      ->check(CLI::IsMember({"f32", "8bit"}))
      ->capture_default_str();
  verb.add_option("--steps", o.steps, "Optimiser steps (else --epochs)");
  verb.add_option("--stop-at", o.stop_at, "End after this step, although the schedule goes on to --steps");
  verb.add_option("--epochs", o.epochs, "Passes over the data (default: 1 for language models, 8 for classifiers)");
  verb.add_option("--batch-size", o.batch_size, "Sequences a batch");
  verb.add_option("--batch-tokens", o.batch_tokens, "Tokens a batch (default 2048)");
  verb.add_option("--accumulate", o.accumulate, "Batches a step")->capture_default_str();
  verb.add_option("--lr", o.lr, "Peak learning rate (default 5e-5 fine-tuning, 5e-4 from scratch)");
  verb.add_option("--beta1", o.beta1)->capture_default_str();
  verb.add_option("--beta2", o.beta2)->capture_default_str();
  verb.add_option("--eps", o.eps)->capture_default_str();
  verb.add_option("--weight-decay", o.weight_decay)->capture_default_str();
  verb.add_flag("--decay-all", o.decay_all,
                "Decay every parameter, as torch's AdamW does (default: not biases and norms)");
  verb.add_option("--clip-norm", o.clip_norm, "Gradient norm limit; 0: none")->capture_default_str();
  verb.add_option("--dropout", o.dropout, "Overrides the configuration's dropout");
  verb.add_option("--label-smoothing", o.label_smoothing)->capture_default_str();
  verb.add_option("--schedule", o.schedule, "constant, linear or cosine, after warm-up")->capture_default_str();
  verb.add_option("--warmup", o.warmup, "Warm-up steps (default: a twentieth of all)");
  verb.add_flag("--no-shuffle", o.no_shuffle, "Take the data in file order");
  verb.add_option("--evaluate-every", o.evaluate_every, "Steps between evaluations on --eval-data (default: an epoch)");
  verb.add_option("--patience", o.patience, "Stop after so many evaluations without improvement; the best is kept");
  verb.add_option("--save-every", o.save_every, "Steps between resumable states");
  verb.add_flag("--resume", o.resume, "Go on from the last state of the same command");
  verb.add_option("--trace", o.trace, "JSONL: step, loss, grad_norm, lr, tokens_per_second");
}

}  // namespace

void add_train(CLI::App& app, Common& common) {
  CLI::App* verb = app.add_subcommand("train", "Train a language model or a classifier, from scratch or fine-tuning");
  auto o = std::make_shared<TrainOptions>();
  verb->add_option("--task", o->task, "causal-lm, masked-lm, seq2seq, classify, multilabel or token-classify")
      ->required()
      ->check(CLI::IsMember({"causal-lm", "masked-lm", "seq2seq", "classify", "multilabel", "token-classify"}));
  verb->add_option("--model", o->model, "Model folder to start from");
  verb->add_option("--arch", o->arch, "config.json of a fresh model");
  verb->add_option("--tokenizer", o->tokenizer, "Tokenizer folder for --arch");
  verb->add_option("--data", o->data, "CSV, JSONL (also .gz), folders; .txt for language models; .safetensors with ids")
      ->required();
  verb->add_option("--eval-data", o->eval_data, "Held-out data of the same form");
  verb->add_option("--output", o->output, "Model folder to write");
  verb->add_option("--text-column", o->text_columns, "Columns of the text, joined with a newline (default text)");
  verb->add_option("--label-column", o->label_columns,
                   "Column of the label (default label; multilabel: labels; seq2seq: target)");
  verb->add_option("--head", o->heads,
                   "A question: NAME:multilabel|multiclass[:COLUMN]; several make one model answer all");
  verb->add_option(
      "--span-column", o->span_column,
      "Taggers: column of the strings to find in the text (default: \"entities\", a list of start, end, label)");
  verb->add_flag("--merge-texts", o->merge_texts, "Multilabel: rows of the same text are one, with the labels of all");
  verb->add_option(
      "--candidate-column", o->candidates,
      "Classify: a list of names; each becomes a row that asks whether it is in the label column (yes, no)");
  verb->add_option("--condition-column", o->condition_column, "Taggers: column of what is asked about (an event type)");
  verb->add_option("--exclude", o->exclude, "Files whose texts must not be trained on (evaluation sets)");
  verb->add_option("--encoding", o->encoding)->capture_default_str();
  verb->add_flag("--strict", o->strict, "Bad rows and truncated texts are errors");
  verb->add_option("--sequence-length", o->sequence_length, "Tokens of a block (default: the model's positions)");
  verb->add_option("--mask-probability", o->mask_probability, "masked-lm")->capture_default_str();
  verb->add_option("--store-as", o->store_as, "Weights on disk: f32, bf16, or int8 (BERT; one scale a row)")
      ->check(CLI::IsMember({"f32", "bf16", "int8"}));
  verb->add_option("--folds", o->folds,
                   "Classifiers: folds of the out-of-fold predictions that calibrate (default 5, or 3 "
                   "above 5,000 rows)");
  verb->add_option("--fold-block", o->fold_block,
                   "Classifiers: so many neighbouring rows stay in one fold (near-duplicates)")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  verb->add_flag("--no-ngrams", o->no_ngrams, "Classifiers: the transformer alone, without the n-gram branch");
  verb->add_flag("--no-transformer", o->no_transformer,
                 "Classifiers: the n-gram branch alone; the transformer is kept as it is and not asked");
  verb->add_option("--refuse", o->refuse,
                   "Classifiers: answer \"unknown\" below the probability that this share of known rows misses (0.05)");
  verb->add_option("--leave-out", o->leave_out,
                   "Classifiers: keep so many labels, drawn by --seed, out of training (to measure refusal)");
  verb->add_option("--max-ngrams", o->max_ngrams, "Classifiers: keep only so many n-grams (0: all)");
  verb->add_option(
      "--lora-rank", o->lora_rank,
      "Train low-rank corrections of frozen weights (LoRA) instead of the weights; a classifier also learns its "
      "head and becomes a whole model");
  verb->add_option("--lora-alpha", o->lora_alpha, "Their scale times the rank (default: twice the rank)");
  verb->add_option("--lora-dropout", o->lora_dropout, "Dropout before them")->capture_default_str();
  verb->add_option("--lora-targets", o->lora_targets,
                   "Last parts of module names, or all-linear (default: as PEFT for the family, e.g. q_proj v_proj)");
  verb->add_flag(
      "--checkpoint-layers", o->checkpoint_layers,
      "Keep the layers' inputs alone and compute each layer twice: less memory, the same result bit for bit");
  verb->add_flag("--merge-lora", o->merge_lora, "Write a whole model with the corrections added, not an adapter");
  verb->add_flag("--mask-personal-data", o->mask_personal_data,
                 "Names, numbers, addresses … become placeholders before anything reads the texts");
  add_private_options(*verb, *o);
  add_run_options(*verb, *o);
  add_budget(*verb, o->budget);
  add_common(*verb, common, "ballast train --task classify --model base --data train.csv --output my-model");
  verb->callback([o, &common] {
    check_train(*o);
    o->seed = common.seed;
    if (o->task == "causal-lm" || o->task == "masked-lm") {
      train_language_model(*o, common);
    } else if (o->task == "seq2seq") {
      train_seq2seq(*o, common);
    } else if (o->task == "token-classify") {
      train_tagger(*o, common);
    } else {
      train_classifier(*o, common);
    }
  });
}

lm::TrainSettings train_settings(const TrainOptions& o, lm::Objective objective,
                                 std::span<const lm::Example> examples) {
  if (examples.empty()) throw Error(ErrorCode::bad_input, "no example to train on", o.data.front());
  lm::TrainSettings s;
  s.objective = objective;
  s.precision = o.dtype == "bf16" ? engine::Precision::bf16 : engine::Precision::f32;
  s.sampling.batch_size = o.batch_size;
  s.sampling.batch_tokens = o.batch_size > 0 ? 0 : o.batch_tokens > 0 ? o.batch_tokens : 2048;
  s.sampling.shuffle = !o.no_shuffle;
  s.sampling.seed = o.seed;
  s.accumulate = o.accumulate;
  const double epochs = o.epochs > 0 ? o.epochs : objective == lm::Objective::classification ? 8 : 1;
  const double per_epoch =
      static_cast<double>(lm::Sampler(examples, s.sampling).batches_per_epoch()) / static_cast<double>(o.accumulate);
  s.steps = o.steps > 0 ? o.steps : std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(epochs * per_epoch)));
  s.lr = o.lr > 0 ? o.lr : o.arch.empty() ? kFineTuningRate : kFreshRate;
  s.adamw = {o.beta1, o.beta2, o.eps, o.weight_decay, o.decay_all, engine::moment_form_from_name(o.optimizer_state)};
  s.clip_norm = o.clip_norm;
  s.dropout = o.dropout;
  s.label_smoothing = o.label_smoothing;
  s.schedule = engine::schedule_from_name(o.schedule);
  s.warmup = o.warmup >= 0 ? o.warmup : s.schedule == engine::Schedule::constant ? 0 : s.steps / 20;
  s.mask_probability = o.mask_probability;
  return s;
}

std::filesystem::path state_folder(const TrainOptions& o) {
  std::filesystem::path output = o.output;
  if (!output.has_filename()) output = output.parent_path();
  return output.string() + ".training";
}

lm::RunOptions run_options(const TrainOptions& o, const Common& common) {
  lm::RunOptions run;
  run.state_folder = state_folder(o);
  run.resume = o.resume;
  run.stop_at = o.stop_at;
  run.save_every = o.save_every;
  run.patience = o.patience;
  run.progress = within_budget(o.budget, terminal_progress(common));
  if (!o.trace.empty()) {
    auto trace = std::make_shared<std::ofstream>(o.trace, o.resume ? std::ios::app : std::ios::trunc);
    if (!*trace) throw Error(ErrorCode::io, "cannot be written", o.trace);
    run.on_step = [trace](const lm::StepReport& s) {
      base::Json line;
      line["step"] = s.step;
      line["loss"] = s.loss;
      line["grad_norm"] = s.grad_norm;
      line["lr"] = s.lr;
      line["tokens_per_second"] = s.seconds > 0 ? static_cast<double>(s.tokens) / s.seconds : 0;
      *trace << base::dump_json(line) << '\n' << std::flush;
    };
  }
  return run;
}

base::Json recipe_json(const TrainOptions& o, const lm::TrainSettings& s, const lm::RunReport& report) {
  base::Json json;
  json["task"] = o.task;
  if (!o.model.empty()) {
    const std::filesystem::path weights = std::filesystem::path(o.model) / "model.safetensors";
    json["fine_tuned_from"] = std::filesystem::weakly_canonical(o.model).filename().string();
    if (std::filesystem::exists(weights)) json["fine_tuned_from_sha256"] = base::sha256_file(weights);
  }
  json["seed"] = o.seed;
  json["dtype"] = o.dtype;
  json["optimizer_state"] = o.optimizer_state;
  json["isa"] = engine::isa_name();
  json["build"] = BALLAST_VERSION;
  json["steps"] = s.steps;
  json["steps_done"] = report.steps;
  json["batch_size"] = s.sampling.batch_size;
  json["batch_tokens"] = s.sampling.batch_tokens;
  json["accumulate"] = s.accumulate;
  json["lr"] = s.lr;
  json["schedule"] = o.schedule;
  json["warmup"] = s.warmup;
  json["weight_decay"] = o.weight_decay;
  json["clip_norm"] = o.clip_norm;
  json["label_smoothing"] = o.label_smoothing;
  json["first_loss"] = report.first_loss;
  json["last_loss"] = report.last_loss;
  json["tokens_per_second"] = report.tokens_per_second;
  json["cost"] = process_cost();
  return json;
}

lm::DType stored_dtype(const TrainOptions& o) {
  return o.store_as == "int8" ? lm::DType::i8 : o.store_as == "bf16" ? lm::DType::bf16 : lm::DType::f32;
}

void start_lora(const TrainOptions& o, lm::LoadedModel& model) {
  if (o.lora_rank == 0) return;
  if (lm::has_lora(*model.network)) lm::merge_lora(*model.network);
  lm::add_lora(*model.network,
               {.rank = o.lora_rank,
                .alpha = o.lora_alpha > 0 ? o.lora_alpha : 2 * static_cast<double>(o.lora_rank),
                .dropout = o.lora_dropout,
                .targets = o.lora_targets},
               o.seed);
}

void write_trained(const TrainOptions& o, lm::LoadedModel& model, const base::Json& recipe) {
  const bool adapter = lm::has_lora(*model.network) && !o.merge_lora;
  if (!adapter && lm::has_lora(*model.network)) lm::merge_lora(*model.network);
  const text::Tokenizer* tokenizer = model.tokenizer ? &*model.tokenizer : nullptr;
  base::write_directory_atomic(o.output, [&](const std::filesystem::path& folder) {
    if (adapter) {
      lm::write_lora(folder, *model.network, std::filesystem::absolute(o.model).lexically_normal().string());
    } else {
      lm::write_model_files(folder, *model.network, tokenizer, stored_dtype(o));
    }
    base::write_file_atomic(folder / "training.json", recipe.dump(2) + "\n");
  });
}

void say_data(const Common& common, const ReadSummary& summary, const lm::TokenizeReport& report) {
  std::string line = fmt::format("{} rows, {} tokens", summary.rows, report.tokens);
  if (summary.quarantined > 0) line += fmt::format(", {} rows quarantined", summary.quarantined);
  if (summary.excluded > 0)
    line += fmt::format(", {} texts dropped because an excluded file holds them", summary.excluded);
  if (report.truncated_texts > 0) {
    line += fmt::format(", {} texts cut ({} tokens lost)", report.truncated_texts, report.truncated_tokens);
  }
  say(common, line);
  for (const std::string& reason : summary.reasons) say(common, "  " + reason);
}

namespace {

lm::LoadedModel open_or_create(const TrainOptions& o, lm::HeadType head, const std::vector<std::string>& labels) {
  if (!o.model.empty()) {
    lm::LoadOptions load;
    load.head = head;
    load.labels = labels;
    load.seed = o.seed;
    return lm::load_model(o.model, load);
  }
  lm::ModelConfig config = lm::read_config(o.arch);
  if (config.is_seq2seq() && head != lm::HeadType::language_model) {
    throw Error(ErrorCode::unsupported, "encoder-decoders have no classification head", o.arch,
                "train them with --task seq2seq");
  }
  config.head = head;
  config.labels = labels;
  std::optional<text::Tokenizer> tokenizer;
  if (!o.tokenizer.empty()) {
    tokenizer = text::Tokenizer::load(o.tokenizer);
    config.vocabulary = std::max(config.vocabulary, tokenizer->vocabulary_size());
    if (tokenizer->special().pad) config.pad_token = *tokenizer->special().pad;
  }
  lm::LoadedModel model = lm::create_model(config, o.seed);
  model.tokenizer = std::move(tokenizer);
  return model;
}

}  // namespace

lm::LoadedModel open_for_training(const TrainOptions& o, lm::HeadType head, const std::vector<std::string>& labels) {
  lm::LoadedModel model = open_or_create(o, head, labels);
  model.network->set_checkpointing(o.checkpoint_layers);
  return model;
}

}  // namespace ballast::apps
