// SPDX-License-Identifier: Apache-2.0
// `ballast tokenizer train`: a byte-level BPE from files and folders of text.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/json.h"
#include "ballast/ingest/document.h"
#include "ballast/text/bpe_trainer.h"
#include "ballast/text/personal_data.h"
#include "verb.h"

namespace ballast::apps {
namespace {

struct TokenizerTrainArguments {
  text::BpeTrainOptions options;
  std::string kind = "decoder", output;
  std::vector<std::string> files, text_columns;
  bool strict = false, mask_personal_data = false;
};

ingest::IngestReport read_texts(const TokenizerTrainArguments& arguments, const Common& common,
                                text::BpeTrainer& trainer) {
  ingest::ReadOptions reading;
  reading.text_columns = arguments.text_columns;
  const auto report = ingest::read_documents(
      arguments.files, reading,
      [&](ingest::Document&& document) {
        // Each text by itself, as training does; a vocabulary keeps whole words of what it was learnt from.
        if (arguments.mask_personal_data) document.text = text::Masker().mask(document.text).text;
        trainer.add(std::move(document.text));
      },
      [&](const ingest::Quarantined& bad) {
        if (arguments.strict)
          throw base::Error(base::ErrorCode::bad_input, bad.reason, fmt::format("{}:{}", bad.source, bad.line));
        say(common, fmt::format("left out: {}:{}: {}", bad.source, bad.line, bad.reason));
      });
  if (report.accepted == 0) throw base::Error(base::ErrorCode::bad_input, "no usable text", arguments.files.front());
  return report;
}

void show_tokenizer(const Common& common, const text::BpeTrainReport& r, const ingest::IngestReport& reading) {
  const double seconds = r.counting_seconds + r.merging_seconds;
  const double rate = static_cast<double>(r.bytes) / (seconds > 0 ? seconds : 1);
  const double compression = static_cast<double>(r.bytes) / static_cast<double>(r.tokens);
  if (common.json) {
    const base::Json out = {{"vocabulary_size", r.vocabulary_size},
                            {"merges", r.merges},
                            {"texts", r.texts},
                            {"left_out", reading.quarantined},
                            {"bytes", r.bytes},
                            {"words", r.words},
                            {"distinct_words", r.distinct_words},
                            {"tokens", r.tokens},
                            {"bytes_per_token", compression},
                            {"counting_seconds", r.counting_seconds},
                            {"merging_seconds", r.merging_seconds},
                            {"bytes_per_second", rate}};
    std::printf("%s\n", base::dump_json(out).c_str());
    return;
  }
  fmt::print("texts         {} ({} left out), {:.1f} MB\n", r.texts, reading.quarantined,
             static_cast<double>(r.bytes) / 1e6);
  fmt::print("words         {} ({} distinct)\n", r.words, r.distinct_words);
  fmt::print("vocabulary    {} tokens, {} merges\n", r.vocabulary_size, r.merges);
  fmt::print("compression   {:.3f} bytes a token\n", compression);
  fmt::print("time          {:.1f} s counting, {:.1f} s merging, {:.2f} MB/s\n", r.counting_seconds, r.merging_seconds,
             rate / 1e6);
}

/// The folder is replaced as a whole, so one that holds anything else (a model, a home) is not taken.
void check_output(const std::filesystem::path& folder) {
  if (!std::filesystem::exists(folder)) return;
  if (!std::filesystem::is_directory(folder))
    throw base::Error(base::ErrorCode::usage, "is not a folder", folder.string());
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name == "tokenizer.json" || name == "tokenizer_config.json") continue;
    throw base::Error(base::ErrorCode::usage, "holds \"" + name + "\", which is no part of a tokenizer",
                      folder.string(), "choose a new folder");
  }
}

void run_train(TokenizerTrainArguments& arguments, const Common& common) {
  arguments.options.kind = arguments.kind == "encoder" ? text::TokenizerKind::encoder : text::TokenizerKind::decoder;
  check_output(arguments.output);
  text::BpeTrainer trainer(arguments.options, terminal_progress(common));
  const ingest::IngestReport reading = read_texts(arguments, common, trainer);
  const text::Tokenizer tokenizer = trainer.train();
  base::write_directory_atomic(arguments.output, [&](const std::filesystem::path& folder) { tokenizer.save(folder); });
  const text::BpeTrainReport& report = trainer.report();
  if (report.vocabulary_size < arguments.options.vocabulary_size) {
    say(common,
        fmt::format("the texts have no more pairs that occur {} times: {} tokens instead of {}",
                    arguments.options.min_frequency, report.vocabulary_size, arguments.options.vocabulary_size));
  }
  show_tokenizer(common, report, reading);
}

}  // namespace

void add_tokenizer(CLI::App& app, Common& common) {
  CLI::App* verb = app.add_subcommand("tokenizer", "Make tokenizers");
  verb->require_subcommand(1);
  CLI::App* train = verb->add_subcommand("train", "Learn a byte-level BPE vocabulary from text");
  const auto arguments = std::make_shared<TokenizerTrainArguments>();
  train
      ->add_option("--vocab-size", arguments->options.vocabulary_size,
                   "Tokens, special ones and the 256 bytes included")
      ->required();
  train->add_option("--output", arguments->output, "Folder to write, replaced as a whole")->required();
  train
      ->add_option("--kind", arguments->kind,
                   "encoder: [PAD] [UNK] [CLS] [SEP] [MASK] and BERT's template; decoder: <|endoftext|>")
      ->check(CLI::IsMember({"encoder", "decoder"}))
      ->capture_default_str();
  train->add_option("--special", arguments->options.more_special, "Further special tokens");
  train
      ->add_option("--han-run", arguments->options.han_run,
                   "Chinese characters that a token may hold at most (0: no limit)")
      ->capture_default_str();
  train->add_flag("--lowercase", arguments->options.lowercase, "Lower-case and strip accents first");
  train->add_option("--min-frequency", arguments->options.min_frequency, "Rarer pairs are not merged")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  train->add_option("--max-word-bytes", arguments->options.max_word_bytes, "Longer words are counted in pieces")
      ->capture_default_str();
  train->add_option("--text-column", arguments->text_columns, "Columns that hold the text (default: text)");
  train->add_flag("--strict", arguments->strict, "A row that cannot be used is an error");
  train->add_flag("--mask-personal-data", arguments->mask_personal_data,
                  "Names, numbers, addresses … become placeholders first: a vocabulary keeps words of its texts");
  train->add_option("files", arguments->files, "Files and folders: .txt (a line a text), .csv, .jsonl, also .gz")
      ->required();
  add_common(*train, common, "ballast tokenizer train --vocab-size 12000 --kind encoder --output tokenizer corpus/");
  train->callback([arguments, &common] { run_train(*arguments, common); });
}

}  // namespace ballast::apps
