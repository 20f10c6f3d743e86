// SPDX-License-Identifier: Apache-2.0
// `ballast train --task seq2seq`: an encoder-decoder learns to write one column of the data from another.
#include <fmt/format.h>

#include <cstdio>

#include "ballast/base/error.h"
#include "ballast/base/hash.h"
#include "ballast/lm/train/answers.h"
#include "masking.h"
#include "train.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;

struct TrainSeq2seqData {
  std::vector<lm::Example> examples;
  ReadSummary summary;
  lm::TokenizeReport report;
  MaskingReport masking;
};

struct TrainSeq2seqPairs {
  std::vector<std::string> sources, answers;
};

TrainSeq2seqPairs read_pairs_train_seq2seq(const TrainOptions& o, const std::vector<std::string>& files,
                                           ReadSummary& summary) {
  TrainSeq2seqPairs pairs;
  const std::string column = o.label_columns.empty() ? "target" : o.label_columns.front();
  const Exclusion exclusion(o.exclude);
  const ingest::QuarantineSink quarantine = quarantine_into(summary);
  ingest::ReadOptions reading;
  reading.encoding = o.encoding;
  for (const std::string& file : files_below(files)) {
    auto reader = ingest::RecordReader::open(file, reading, quarantine);
    reader.require_column(column, "--label-column");
    std::int64_t count = 0;
    for (ingest::Record row; reader.next(row);) {
      const std::string text = row_text(row, o.text_columns).value_or("");
      const std::string answer = row.text(column).value_or("");
      if (text.empty() || answer.empty()) {
        quarantine({file, row.line, text.empty() ? "text" : column, "empty text", ""});
        continue;
      }
      if (exclusion.contains(text)) {
        ++summary.excluded;
        continue;
      }
      pairs.sources.push_back(text);
      pairs.answers.push_back(answer);
      ++count;
    }
    summary.sources.push_back({file, file == "-" ? "" : base::sha256_file(file), count});
    summary.rows += count;
  }
  if (pairs.sources.empty() || (o.strict && summary.quarantined > 0)) {
    throw Error(
        ErrorCode::bad_input,
        pairs.sources.empty() ? "no usable row" : std::to_string(summary.quarantined) + " bad row(s) under --strict",
        files.front(), summary.reasons.empty() ? "" : "first: " + summary.reasons.front());
  }
  return pairs;
}

TrainSeq2seqData read_train_seq2seq(const TrainOptions& o, const std::vector<std::string>& files,
                                    const lm::LoadedModel& model, std::int64_t length) {
  TrainSeq2seqData data;
  const lm::ModelConfig& config = model.network->config();
  if (std::string_view(files.front()).ends_with(".safetensors")) {
    for (const std::string& file : files) {
      const lm::TokenInput input = lm::read_token_input(file, config);
      if (input.labels.empty()) throw Error(ErrorCode::bad_input, "has no tensor \"labels\"", file);
      data.summary.rows += input.batch;
      for (lm::Example& e : lm::examples_from_input(input, false)) {
        data.report.tokens += static_cast<std::int64_t>(e.tokens());
        data.examples.push_back(std::move(e));
      }
    }
    return data;
  }
  if (!model.tokenizer) throw Error(ErrorCode::usage, "the model has no tokenizer; give one", "--tokenizer");
  TrainSeq2seqPairs pairs = read_pairs_train_seq2seq(o, files, data.summary);
  if (o.mask_personal_data) {
    mask_texts(pairs.sources, data.masking);
    mask_texts(pairs.answers, data.masking);
  }
  data.examples = lm::tokenize_pairs(*model.tokenizer, config, pairs.sources, pairs.answers, length, data.report);
  if (o.strict && data.report.truncated_texts > 0) {
    throw Error(ErrorCode::bad_input, std::to_string(data.report.truncated_texts) + " text(s) cut under --strict",
                files.front());
  }
  return data;
}

}  // namespace

void train_seq2seq(const TrainOptions& o, const Common& common) {
  lm::LoadedModel model = open_for_training(o, lm::HeadType::language_model, {});
  lm::Network& network = *model.network;
  if (!network.config().is_seq2seq()) {
    throw Error(ErrorCode::unsupported, network.config().architecture() + " has no decoder that reads an encoder",
                o.model.empty() ? o.arch : o.model, "--task seq2seq needs t5, bart, marian or transformer");
  }
  const std::int64_t length = o.sequence_length > 0 ? o.sequence_length : network.config().positions;
  if (length < 4 || length > network.config().positions) {
    throw Error(ErrorCode::usage, fmt::format("must lie in 4 … {}", network.config().positions), "--sequence-length");
  }
  const TrainSeq2seqData data = read_train_seq2seq(o, o.data, model, length);
  TrainSeq2seqData held_out;
  if (!o.eval_data.empty()) held_out = read_train_seq2seq(o, o.eval_data, model, length);
  say_data(common, data.summary, data.report);
  if (o.mask_personal_data) say_masking(common, data.masking);
  lm::TrainSettings settings = train_settings(o, lm::Objective::seq2seq, data.examples);
  start_lora(o, model);
  lm::Trainer trainer(network, data.examples, settings);
  lm::RunOptions run = run_options(o, common);
  if (!held_out.examples.empty()) {
    run.evaluate = [&] { return trainer.evaluate(held_out.examples); };
    run.evaluate_every = o.evaluate_every > 0 ? o.evaluate_every : std::max<std::int64_t>(1, settings.steps / 10);
    run.on_evaluation = [&](std::int64_t step, double loss) {
      say(common, fmt::format("step {}: evaluation loss {:.4f}", step, loss));
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
