// SPDX-License-Identifier: Apache-2.0
// `ballast evaluate`: a model against labelled rows, or a language model's perplexity on text.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/engine/quantised.h"
#include "ballast/ingest/record.h"
#include "ballast/lm/gguf_model.h"
#include "ballast/tabular/bootstrap.h"
#include "classifier_fit.h"
#include "default_model.h"
#include "evaluate_polarity.h"
#include "events.h"
#include "train.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;

struct EvaluateOptions {
  std::string model, polarity, encoding = "auto", candidates, span_column, condition_column, condition_model;
  std::vector<std::string> data, text_columns, label_columns;
  std::string precision;
  std::int64_t sequence_length = 0;
  bool strict = false, unknown_labels = false, merge_texts = false;
};

/// The data's column for each of the model's heads: --label-column NAME or HEAD=COLUMN, else the head's own name.
std::vector<HeadColumn> columns_for(const EvaluateOptions& o, const std::vector<lm::Head>& heads) {
  std::vector<HeadColumn> columns;
  for (const lm::Head& head : heads) {
    std::string column =
        heads.size() == 1 && head.name == "label" && head.kind == lm::HeadKind::multilabel ? "labels" : head.name;
    for (const std::string& given : o.label_columns) {
      const std::size_t at = given.find('=');
      if (at == std::string::npos && heads.size() == 1) column = given;
      if (at != std::string::npos && given.substr(0, at) == head.name) column = given.substr(at + 1);
    }
    columns.push_back({head.name, column, head.kind});
  }
  return columns;
}

void print_refusal(const base::Json& r) {
  fmt::print("  \"unknown\" below {:.3f}: {:.1f} % of the known refused, accuracy on the kept {:.3f}\n",
             r["below"].get<double>(), 100 * r["known_refused"].get<double>(), r["accuracy_kept"].get<double>());
  if (!r.contains("unknown_rows")) return;
  fmt::print("  {} rows of unknown classes: {:.1f} % refused, AUROC known/unknown {:.3f}\n",
             r["unknown_rows"].get<std::int64_t>(), 100 * r["unknown_refused"].get<double>(), r["auroc"].get<double>());
}

void print_scores(const base::Json& scores) {
  for (const auto& [name, s] : scores.items()) {
    const char* exact = s.contains("accuracy") ? "accuracy" : "subset_accuracy";
    const auto& intervals = s["intervals_95"];
    const auto range = [&](const char* key) {
      return fmt::format("{:.3f} [{:.3f}, {:.3f}]", s[key].get<double>(), intervals[key][0].get<double>(),
                         intervals[key][1].get<double>());
    };
    fmt::print("{} ({} rows)\n  macro-F1 {}\n  {} {}\n", name, s["rows"].get<std::int64_t>(), range("macro_f1"), exact,
               range(exact));
    fmt::print("  Brier {:.4f}, ECE {:.3f} (by chance up to {:.3f})\n", s["brier"].get<double>(),
               s["calibration"]["ece"].get<double>(), s["calibration"]["ece_chance_95"].get<double>());
    if (s.contains("refusal")) print_refusal(s["refusal"]);
    if (s["labels"].size() > 12) continue;
    for (const auto& [label, l] : s["labels"].items()) {
      fmt::print("    {:<18} precision {:.3f}  recall {:.3f}  F1 {:.3f}  ({} of {} said)\n", label,
                 l["precision"].get<double>(), l["recall"].get<double>(), l["f1"].get<double>(),
                 l["support"].get<std::int64_t>(), l["predicted"].get<std::int64_t>());
    }
  }
}

/// The heads that the data can judge: those whose column it has. Naming a column makes it required.
std::vector<std::size_t> heads_in_data(const EvaluateOptions& o, const std::vector<HeadColumn>& columns,
                                       const Common& common) {
  const auto reader = ingest::RecordReader::open(files_below(o.data).front());
  const std::vector<std::string>& present = reader.columns();
  std::vector<std::size_t> chosen;
  for (std::size_t h = 0; h < columns.size(); ++h) {
    const bool named = std::any_of(o.label_columns.begin(), o.label_columns.end(), [&](const std::string& given) {
      return given == columns[h].column || given.starts_with(columns[h].name + "=");
    });
    if (named || columns.size() == 1 || std::find(present.begin(), present.end(), columns[h].column) != present.end()) {
      chosen.push_back(h);
    } else {
      say(common, "head \"" + columns[h].name + "\" is not judged: no column \"" + columns[h].column + "\"");
    }
  }
  if (chosen.empty()) {
    throw Error(ErrorCode::bad_input, "has a column for none of the model's heads", o.data.front(),
                "name one: --label-column " + columns.front().name + "=COLUMN");
  }
  return chosen;
}

void evaluate_classifier(const EvaluateOptions& o, const std::string& folder, const Common& common) {
  const auto model = lm::TextClassifier::load(folder);
  const std::vector<HeadColumn> columns = columns_for(o, model.heads());
  RowOptions reading{o.data, o.text_columns, {}, o.encoding, o.strict, o.merge_texts, o.candidates, o.unknown_labels};
  std::vector<lm::Head> heads;
  const std::vector<std::size_t> chosen = heads_in_data(o, columns, common);
  for (const std::size_t h : chosen) {
    reading.heads.push_back(columns[h]);
    heads.push_back(model.heads()[h]);
  }
  ReadSummary summary;
  const LabelledRows rows = read_labelled(reading, heads, nullptr, summary);
  const base::Stopwatch watch;
  const std::vector<std::string_view> texts(rows.texts.begin(), rows.texts.end());
  std::vector<lm::Prediction> predictions = model.predict(texts);
  const double seconds = watch.seconds();
  for (lm::Prediction& prediction : predictions) {
    std::vector<lm::HeadPrediction> own;
    for (const std::size_t h : chosen) own.push_back(prediction.heads[h]);
    prediction.heads = std::move(own);
  }
  base::Json json;
  json["model"] = model.identity();
  json["data"] = summary_json(summary);
  json["documents_per_second"] = static_cast<double>(texts.size()) / std::max(1e-9, seconds);
  json["heads"] = score_predictions(rows, predictions, common.seed, true);
  if (common.json) {
    fmt::print("{}\n", base::dump_json(json));
  } else {
    print_scores(json["heads"]);
    if (summary.quarantined > 0) fmt::print("{} rows were set aside\n", summary.quarantined);
  }
}

base::Json interval_json(const tabular::BootstrapInterval& x) {
  return {{"estimate", x.estimate}, {"low", x.low}, {"high", x.high}};
}

/// The loss of each block with the weights as they are, then with those of another precision; 95 % intervals by drawing
/// blocks.
base::Json compare_precisions(lm::Trainer& trainer, lm::Network& network, std::span<const lm::Example> blocks,
                              engine::Precision precision, std::uint64_t seed) {
  const auto losses = [&] {
    std::vector<double> all;
    for (const lm::Example& block : blocks) all.push_back(trainer.evaluate({&block, 1}));
    return all;
  };
  const auto mean_of = [&](const std::vector<double>& each) {
    return [&blocks, &each](std::span<const std::int64_t> drawn) {
      double sum = 0, count = 0;
      for (const std::int64_t i : drawn) {
        const auto at = static_cast<std::size_t>(i);
        const auto predicted = static_cast<double>(blocks[at].ids.size() - 1);
        sum += predicted * each[at];
        count += predicted;
      }
      return sum / count;
    };
  };
  const std::vector<double> before = losses();
  network.pack(precision);
  const std::vector<double> after = losses();
  tabular::BootstrapOptions how;
  how.seed = seed;
  const auto rows = static_cast<std::int64_t>(blocks.size());
  return {{"f32", interval_json(tabular::bootstrap_interval(rows, mean_of(before), how))},
          {"other", interval_json(tabular::bootstrap_interval(rows, mean_of(after), how))},
          {"difference",
           interval_json(tabular::bootstrap_difference(rows, mean_of(before), mean_of(after), how).difference)}};
}

void print_precisions(const base::Json& json, const std::string& precision) {
  const auto line = [&](const char* key, const std::string& name) {
    const base::Json& x = json[key];
    fmt::print("{:<12}{:.4f} [{:.4f}, {:.4f}]\n", name, x["estimate"].get<double>(), x["low"].get<double>(),
               x["high"].get<double>());
  };
  line("f32", "loss f32");
  line("other", "loss " + precision);
  line("difference", "difference");
}

void evaluate_language_model(const EvaluateOptions& o, lm::LoadedModel& model, const Common& common) {
  if (!model.tokenizer) throw Error(ErrorCode::not_found, "has no tokenizer", o.model);
  const lm::ModelConfig& config = model.network->config();
  if (config.is_seq2seq()) {
    throw Error(ErrorCode::unsupported, config.architecture() + " has no perplexity of running text", o.model,
                "train --task seq2seq --eval-data measures its loss");
  }
  const bool comparing = !o.precision.empty();
  const engine::Precision precision = engine::precision_from_name(comparing ? o.precision : "f32");
  if (comparing && !config.is_causal()) {
    throw Error(ErrorCode::unsupported, config.architecture() + " is not causal", o.model, "leave out --precision");
  }
  ReadSummary summary;
  lm::TokenizeReport report;
  const std::vector<std::string> texts =
      read_corpus(o.data, o.text_columns.empty() ? "text" : o.text_columns.front(), Exclusion({}), summary);
  const std::int64_t length = o.sequence_length > 0 ? std::min(o.sequence_length, config.positions) : config.positions;
  const auto examples = lm::tokenize_corpus(*model.tokenizer, texts, length, report, terminal_progress(common));
  lm::TrainSettings settings;
  settings.objective = config.is_causal() ? lm::Objective::causal_lm : lm::Objective::masked_lm;
  settings.sampling.batch_size = 1;
  settings.sampling.seed = common.seed;
  if (settings.objective == lm::Objective::masked_lm) settings.mask_token = model.tokenizer->special().mask.value_or(0);
  lm::Trainer trainer(*model.network, examples, settings);
  base::Json json;
  json["model"] = o.model;
  json["data"] = summary_json(summary);
  json["tokens"] = report.tokens;
  if (comparing) {
    json["precision"] = o.precision;
    json["losses"] = compare_precisions(trainer, *model.network, examples, precision, common.seed);
    if (common.json) {
      fmt::print("{}\n", base::dump_json(json));
    } else {
      print_precisions(json["losses"], o.precision);
    }
    return;
  }
  const double loss = trainer.evaluate(examples);
  json["loss"] = loss;
  json["perplexity"] = std::exp(loss);
  if (common.json) {
    fmt::print("{}\n", base::dump_json(json));
  } else {
    fmt::print("{} tokens, loss {:.4f}, perplexity {:.2f}\n", report.tokens, loss, std::exp(loss));
  }
}

}  // namespace

void add_evaluate(CLI::App& app, Common& common) {
  CLI::App* verb = app.add_subcommand("evaluate", "Measure a model on labelled rows, or a language model on text");
  auto o = std::make_shared<EvaluateOptions>();
  verb->add_option("--model", o->model, "Model folder (default: $BALLAST_MODEL, else the embedded one)");
  verb->add_option("--data", o->data, "CSV, JSONL (also .gz), folders");
  verb->add_option("--polarity", o->polarity,
                   "Instead of --data: pairs of opposite sentences (see data/polarity_pairs), for a model of risk");
  verb->add_option("--text-column", o->text_columns, "Columns of the text, joined with a newline");
  verb->add_option("--label-column", o->label_columns, "Column of the label, or HEAD=COLUMN for several heads");
  verb->add_option("--encoding", o->encoding)->capture_default_str();
  verb->add_option("--sequence-length", o->sequence_length, "Language models: tokens of a block");
  verb->add_option("--precision", o->precision,
                   "Causal models: their loss in f32 and in bf16, int8, q8 or q4, and the difference");
  verb->add_flag("--strict", o->strict, "Bad rows are errors");
  verb->add_flag("--merge-texts", o->merge_texts, "Multilabel: rows of the same text are one, with the labels of all");
  verb->add_option("--candidate-column", o->candidates,
                   "A list of names; each becomes a row that asks whether it is in the label column (yes, no)");
  verb->add_option("--span-column", o->span_column, "Taggers: column of the strings to find (default: entities)");
  verb->add_option("--condition-column", o->condition_column, "Taggers: column of what is asked about");
  verb->add_option("--condition-model", o->condition_model,
                   "Taggers: a classifier that says what to ask about; right is then condition and string together");
  verb->add_flag("--unknown-labels", o->unknown_labels,
                 "Classes that the model was not taught should be answered \"unknown\": measure how many are");
  add_common(*verb, common, "ballast evaluate --model my-model --data test.csv --label-column label");
  verb->callback([o, &common] {
    const std::string folder = o->model.empty() ? default_model().string() : o->model;
    if (o->data.empty() == o->polarity.empty()) {
      throw Error(ErrorCode::usage, "is required", "--data", "or --polarity");
    }
    const bool tagger = lm::SpanTagger::is_folder(folder);
    const bool classifier = !tagger && lm::open_config(folder).head == lm::HeadType::classification;
    if (!o->precision.empty() && (tagger || classifier || !o->polarity.empty())) {
      throw Error(ErrorCode::usage, "is for causal models", "--precision",
                  "evaluate a copy of the classifier made by `ballast convert --precision`");
    }
    if (!o->polarity.empty()) return evaluate_polarity(o->polarity, folder, common);
    if (tagger) {
      evaluate_tagger(folder, {o->data, o->text_columns, o->span_column, o->condition_column, o->encoding, o->strict},
                      o->condition_model, common);
      return;
    }
    if (classifier) {
      evaluate_classifier(*o, folder, common);
    } else {
      o->model = folder;
      lm::LoadedModel model = lm::load_model(folder);
      evaluate_language_model(*o, model, common);
    }
  });
}

}  // namespace ballast::apps
