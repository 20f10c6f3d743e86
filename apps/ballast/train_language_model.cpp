// SPDX-License-Identifier: Apache-2.0
// `ballast train --task causal-lm|masked-lm`.
#include <fmt/format.h>

#include <cmath>
#include <cstdio>

#include "ballast/base/error.h"
#include "ballast/base/hash.h"
#include "ballast/ingest/record.h"
#include "ballast/lm/chat.h"
#include "ballast/lm/train/conversations.h"
#include "masking.h"
#include "train.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;

struct TrainLanguageModelData {
  std::vector<lm::Example> examples;
  ReadSummary summary;
  lm::TokenizeReport report;
  MaskingReport masking;
};

bool ready_ids(const std::vector<std::string>& files) {
  return !files.empty() && std::string_view(files.front()).ends_with(".safetensors");
}

/// Whether the files hold conversations: JSONL with a column "messages".
bool holds_conversations(const std::vector<std::string>& files) {
  if (files.empty() || !std::filesystem::is_regular_file(files.front())) return false;
  ReadSummary ignored;
  auto reader = ingest::RecordReader::open(files.front(), {}, quarantine_into(ignored));
  ingest::Record row;
  return reader.format() != ingest::Format::text && reader.next(row) && row.text("messages").has_value();
}

/// Conversations, of which the answers alone are learnt. A row that cannot be used goes to quarantine.
void read_conversations(const TrainOptions& o, const std::vector<std::string>& files, const lm::LoadedModel& model,
                        std::int64_t length, TrainLanguageModelData& data) {
  const std::string folder = o.model.empty() ? o.tokenizer : o.model;
  const lm::ChatTemplate form = lm::ChatTemplate::load(folder);
  const ingest::QuarantineSink quarantine = quarantine_into(data.summary);
  for (const std::string& file : files) {
    std::int64_t count = 0;
    auto reader = ingest::RecordReader::open(file, {}, quarantine);
    reader.require_column("messages", "--data");
    for (ingest::Record row; reader.next(row);) {
      try {
        const base::Json messages = base::parse_json(row.text("messages").value_or(""), "messages");
        auto example = lm::tokenize_conversation(*model.tokenizer, form, messages, length, data.report);
        if (!example) throw Error(ErrorCode::bad_input, "no token of an answer is within --sequence-length");
        data.examples.push_back(std::move(*example));
        ++count;
      } catch (const Error& e) {
        if (e.code() == ErrorCode::internal) throw;
        quarantine({file, row.line, "messages", e.what(), ""});
      }
    }
    data.summary.sources.push_back({file, base::sha256_file(file), count});
    data.summary.rows += count;
  }
  if (data.examples.empty() || (o.strict && data.summary.quarantined > 0)) {
    throw Error(ErrorCode::bad_input, "no usable conversation, or a bad one under --strict", files.front(),
                data.summary.reasons.empty() ? "" : "first: " + data.summary.reasons.front());
  }
}

TrainLanguageModelData read_train_language_model(const TrainOptions& o, const std::vector<std::string>& files,
                                                 const lm::LoadedModel& model, std::int64_t length,
                                                 const Common& common) {
  TrainLanguageModelData data;
  const bool causal = o.task == "causal-lm";
  if (ready_ids(files)) {
    for (const std::string& file : files) {
      const lm::TokenInput input = lm::read_token_input(file, model.network->config());
      std::vector<lm::Example> more = lm::examples_from_input(input, causal);
      data.summary.rows += input.batch;
      for (lm::Example& e : more) {
        data.report.tokens += static_cast<std::int64_t>(e.ids.size());
        data.examples.push_back(std::move(e));
      }
    }
    return data;
  }
  if (!model.tokenizer) throw Error(ErrorCode::usage, "the model has no tokenizer; give one", "--tokenizer");
  if (causal && holds_conversations(files)) {
    if (o.mask_personal_data) {
      throw Error(ErrorCode::usage, "reads texts, not conversations: mask those first, with `ballast mask`",
                  "--mask-personal-data");
    }
    read_conversations(o, files, model, length, data);
    return data;
  }
  const Exclusion exclusion(o.exclude);
  const std::string column = o.text_columns.empty() ? o.text_column : o.text_columns.front();
  std::vector<std::string> texts = read_corpus(files, column, exclusion, data.summary);
  if (o.mask_personal_data) mask_texts(texts, data.masking);
  data.examples = lm::tokenize_corpus(*model.tokenizer, texts, length, data.report, terminal_progress(common));
  return data;
}

void prepare_masking(const TrainOptions& o, const lm::LoadedModel& model, lm::TrainSettings& s) {
  if (o.task != "masked-lm") return;
  if (!model.tokenizer || !model.tokenizer->special().mask) {
    if (ready_ids(o.data)) return;  // the file's labels say what is masked
    throw Error(ErrorCode::bad_input, "the vocabulary has no mask token", o.model.empty() ? o.tokenizer : o.model,
                "masked-lm needs [MASK]");
  }
  s.mask_token = *model.tokenizer->special().mask;
  for (std::int64_t id = 0; id < model.tokenizer->vocabulary_size(); ++id) {
    if (model.tokenizer->is_special(static_cast<std::int32_t>(id)))
      s.unmaskable.push_back(static_cast<std::int32_t>(id));
  }
}

}  // namespace

void train_language_model(const TrainOptions& o, const Common& common) {
  lm::LoadedModel model = open_for_training(o, lm::HeadType::language_model, {});
  lm::Network& network = *model.network;
  const lm::ModelConfig& config = network.config();
  if (o.task == "causal-lm" ? !config.is_causal() : !config.is_encoder()) {
    throw Error(ErrorCode::unsupported, config.architecture() + " is not trained by " + o.task,
                o.model.empty() ? o.arch : o.model,
                config.is_seq2seq()  ? "use --task seq2seq"
                : config.is_causal() ? "use --task causal-lm"
                                     : "use --task masked-lm");
  }
  const std::int64_t length = o.sequence_length > 0 ? o.sequence_length : network.config().positions;
  if (length < 4 || length > network.config().positions) {
    throw Error(ErrorCode::usage, fmt::format("must lie in 4 … {}", network.config().positions), "--sequence-length");
  }
  const TrainLanguageModelData data = read_train_language_model(o, o.data, model, length, common);
  TrainLanguageModelData held_out;
  if (!o.eval_data.empty()) held_out = read_train_language_model(o, o.eval_data, model, length, common);
  say_data(common, data.summary, data.report);
  if (o.mask_personal_data) say_masking(common, data.masking);

  const auto objective = o.task == "causal-lm" ? lm::Objective::causal_lm : lm::Objective::masked_lm;
  lm::TrainSettings settings = train_settings(o, objective, data.examples);
  prepare_masking(o, model, settings);
  start_lora(o, model);
  lm::Trainer trainer(network, data.examples, settings);
  lm::RunOptions run = run_options(o, common);
  if (!held_out.examples.empty()) {
    run.evaluate = [&] { return trainer.evaluate(held_out.examples); };
    run.evaluate_every = o.evaluate_every > 0 ? o.evaluate_every : std::max<std::int64_t>(1, settings.steps / 10);
    run.on_evaluation = [&](std::int64_t step, double loss) {
      say(common, fmt::format("step {}: evaluation loss {:.4f}, perplexity {:.2f}", step, loss, std::exp(loss)));
    };
  }
  const lm::RunReport report = lm::run_training(trainer, network, run);

  base::Json recipe = recipe_json(o, settings, report);
  recipe["data"] = summary_json(data.summary);
  recipe["personal_data"] = masking_json(o.mask_personal_data, data.masking);
  recipe["tokens"] = data.report.tokens;
  if (run.evaluate) recipe["evaluation_loss"] = report.best_value;
  write_trained(o, model, recipe);
  std::error_code ignored;
  std::filesystem::remove_all(run.state_folder, ignored);
  say(common, fmt::format("{} steps, loss {:.4f} -> {:.4f}, {:.0f} tokens/s, saved to {}", report.steps,
                          report.first_loss, report.last_loss, report.tokens_per_second, o.output));
  if (common.json) std::printf("%s\n", base::dump_json(recipe).c_str());
}

}  // namespace ballast::apps
