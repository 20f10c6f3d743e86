// SPDX-License-Identifier: Apache-2.0
// `ballast train --task classify|multilabel`: the transformer and the n-gram model are trained on folds of the data, so
// that every row is scored by models that have not seen it; these scores decide how the two are mixed and calibrated.
// Then both are trained on everything.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <numeric>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/random.h"
#include "ballast/lm/gguf_model.h"
#include "ballast/lm/lora.h"
#include "classifier_training.h"
#include "masking.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t kFewestRows = 8;   // a fold with fewer rows says nothing
constexpr std::size_t kManyRows = 5000;  // from here on three folds are enough

/// Which fold each row is held out in; blocks of neighbouring texts stay together, and all rows of a text.
std::vector<int> fold_of_rows(const LabelledRows& all, int folds, std::size_t block, std::uint64_t seed) {
  const std::size_t rows = 1 + *std::max_element(all.texts_number.begin(), all.texts_number.end());
  std::vector<int> fold(rows);
  std::vector<std::size_t> blocks((rows + block - 1) / block);
  for (std::size_t i = 0; i < blocks.size(); ++i) blocks[i] = i;
  base::Random random(seed, 0xf01d);
  random.shuffle(std::span<std::size_t>(blocks));
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const std::size_t begin = blocks[i] * block, end = std::min(rows, begin + block);
    std::fill(fold.begin() + static_cast<std::ptrdiff_t>(begin), fold.begin() + static_cast<std::ptrdiff_t>(end),
              static_cast<int>(i % static_cast<std::size_t>(folds)));
  }
  std::vector<int> of_row;
  for (const std::size_t number : all.texts_number) of_row.push_back(fold[number]);
  return of_row;
}

std::vector<lm::LinearTask> linear_tasks(const LabelledRows& rows, const std::vector<std::size_t>& chosen) {
  std::vector<lm::LinearTask> tasks;
  for (std::size_t h = 0; h < rows.heads.size(); ++h) {
    lm::LinearTask task;
    const std::size_t n = rows.heads[h].labels.size();
    const bool multilabel = rows.heads[h].kind == lm::HeadKind::multilabel;
    task.loss = multilabel ? lm::LinearLoss::multilabel : lm::LinearLoss::softmax;
    task.balanced = multilabel;
    task.outputs = static_cast<int>(n);
    for (const std::size_t r : chosen) {
      for (std::size_t j = 0; j < n; ++j) {
        const bool known = multilabel || rows.classes[h][r] >= 0;
        const bool truth = multilabel ? rows.sets[h][r][j] != 0 : rows.classes[h][r] == static_cast<int>(j);
        task.targets.push_back(known ? (truth ? 1 : 0) : -1);
      }
    }
    tasks.push_back(std::move(task));
  }
  return tasks;
}

void place(const std::vector<float>& from, const std::vector<std::size_t>& rows, std::size_t width,
           std::vector<float>& to) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::copy_n(from.data() + i * width, width, to.data() + rows[i] * width);
  }
}

std::string short_report(const base::Json& scores) {
  std::string line;
  for (const auto& [head, s] : scores.items()) {
    const char* exact = s.contains("accuracy") ? "accuracy" : "subset_accuracy";
    line += fmt::format("{}{}: macro-F1 {:.3f}, {} {:.3f}, ECE {:.3f} (chance {:.3f})", line.empty() ? "" : "; ", head,
                        s["macro_f1"].get<double>(), exact, s[exact].get<double>(),
                        s["calibration"]["ece"].get<double>(), s["calibration"]["ece_chance_95"].get<double>());
  }
  return line;
}

/// Takes the rows of `count` labels, drawn by the seed, away, and the labels with them. Returns the labels.
std::vector<std::string> leave_out_labels(std::int64_t count, std::uint64_t seed, LabelledRows& rows) {
  lm::Head& head = rows.heads.front();
  if (rows.heads.size() != 1 || count > static_cast<std::int64_t>(head.labels.size()) - 2) {
    throw Error(ErrorCode::usage, "needs one head that keeps at least two of its labels", "--leave-out");
  }
  std::vector<std::size_t> order(head.labels.size());
  std::iota(order.begin(), order.end(), 0u);
  base::Random random(seed, 0x1eaf);
  random.shuffle(std::span<std::size_t>(order));
  std::vector<int> number(order.size(), kUnknownClass);  // old to new
  std::sort(order.begin() + count, order.end());
  std::sort(order.begin(), order.begin() + count);
  std::vector<std::string> left_out, kept;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const bool out = static_cast<std::int64_t>(i) < count;
    if (!out) number[order[i]] = static_cast<int>(kept.size());
    (out ? left_out : kept).push_back(head.labels[order[i]]);
  }
  LabelledRows few;
  few.heads = rows.heads;
  few.heads.front().labels = kept;
  few.classes.resize(1);
  few.sets.resize(1);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const int old = rows.classes[0][r], now = old < 0 ? old : number[static_cast<std::size_t>(old)];
    if (now == kUnknownClass) continue;
    few.ids.push_back(rows.ids[r]);
    few.texts.push_back(rows.texts[r]);
    few.lines.push_back(rows.lines[r]);
    few.texts_number.push_back(rows.texts_number[r]);
    few.classes[0].push_back(now);
  }
  rows = std::move(few);
  return left_out;
}

/// LoRA under a classifier: corrections of the encoder's matrices and the whole head are trained.
void start_lora_with_head(const TrainOptions& o, lm::LoadedModel& model) {
  if (o.lora_rank == 0) return;
  start_lora(o, model);
  for (engine::Parameter& p : model.network->parameters().all()) {
    if (model.network->belongs_to_head(p.name) && p.low_rank.down == nullptr) p.frozen = false;
  }
}

/// Ready ids and labels: the transformer alone, as the reference trains it.
void train_on_ids(const TrainOptions& o, const Common& common) {
  lm::LoadedModel model = open_for_training(o, lm::HeadType::classification, {});
  std::vector<lm::Example> examples;
  for (const std::string& file : o.data) {
    for (lm::Example& e : lm::examples_from_input(lm::read_token_input(file, model.network->config()), false)) {
      if (e.classes.empty() == e.targets.empty())
        throw Error(ErrorCode::bad_input, "has no tensor \"labels\" [B] or [B, outputs]", file);
      examples.push_back(std::move(e));
    }
  }
  lm::TrainSettings settings = train_settings(o, lm::Objective::classification, examples);
  const auto outputs = static_cast<std::int64_t>(model.network->config().labels.size());
  settings.heads = {{o.task == "multilabel" ? lm::HeadKind::multilabel : lm::HeadKind::multiclass, 0, outputs, 1.0}};
  start_lora_with_head(o, model);
  lm::Trainer trainer(*model.network, examples, settings);
  const lm::RunReport report = lm::run_training(trainer, *model.network, run_options(o, common));
  if (o.lora_rank > 0) lm::merge_lora(*model.network);
  const base::Json recipe = recipe_json(o, settings, report);
  base::write_directory_atomic(o.output, [&](const std::filesystem::path& folder) {
    lm::write_model_files(folder, *model.network, model.tokenizer ? &*model.tokenizer : nullptr, stored_dtype(o));
    base::write_file_atomic(folder / "training.json", recipe.dump(2) + "\n");
  });
  if (common.json) std::printf("%s\n", base::dump_json(recipe).c_str());
}

}  // namespace

std::vector<HeadColumn> head_columns_of(const TrainOptions& o) {
  std::vector<HeadColumn> heads;
  for (const std::string& given : o.heads) {
    const std::size_t a = given.find(':'), b = a == std::string::npos ? a : given.find(':', a + 1);
    const std::string name = given.substr(0, a);
    const std::string kind = a == std::string::npos ? "" : given.substr(a + 1, b - a - 1);
    if (name.empty() || (kind != "multilabel" && kind != "multiclass")) {
      throw Error(ErrorCode::usage, "\"" + given + "\" is not NAME:multilabel|multiclass[:COLUMN]", "--head");
    }
    heads.push_back({name, b == std::string::npos ? name : given.substr(b + 1),
                     kind == "multilabel" ? lm::HeadKind::multilabel : lm::HeadKind::multiclass});
  }
  if (!heads.empty()) return heads;
  const bool multilabel = o.task == "multilabel";
  const std::string column = !o.label_columns.empty() ? o.label_columns.front() : multilabel ? "labels" : "label";
  return {{"label", column, multilabel ? lm::HeadKind::multilabel : lm::HeadKind::multiclass}};
}

void set_labels(const LabelledRows& rows, std::vector<lm::Example>& examples) {
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t h = 0; h < rows.heads.size(); ++h) {
      if (rows.heads[h].kind == lm::HeadKind::multiclass) {
        examples[r].classes.push_back(rows.classes[h][r] < 0 ? engine::kIgnore : rows.classes[h][r]);
      } else {
        examples[r].targets.insert(examples[r].targets.end(), rows.sets[h][r].begin(), rows.sets[h][r].end());
      }
    }
  }
}

lm::NgramModel train_ngrams(const TrainOptions& o, const LabelledRows& rows, const std::vector<std::size_t>& chosen) {
  std::vector<std::string_view> texts;
  for (const std::size_t r : chosen) texts.push_back(rows.texts[r]);
  lm::NgramTrainOptions options;
  options.max_features = o.max_ngrams;
  options.linear.seed = o.seed;
  return lm::NgramModel::train(texts, linear_tasks(rows, chosen), options);
}

ClassifierTraining::ClassifierTraining(const TrainOptions& o, const Common& common, const LabelledRows& rows,
                                       const std::vector<lm::Example>& examples)
    : o_(o), common_(common), rows_(rows), examples_(examples) {
  for (const lm::Head& head : rows.heads) {
    lm::HeadSpec spec;
    spec.head = head;
    names_.heads.push_back(spec);
  }
}

std::vector<ClassifierTraining::Fold> ClassifierTraining::folds(int count) const {
  std::vector<Fold> all(static_cast<std::size_t>(count));
  const std::vector<int> fold = fold_of_rows(rows_, count, static_cast<std::size_t>(o_.fold_block), o_.seed);
  for (std::size_t f = 0; f < all.size(); ++f) {
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      (fold[r] == static_cast<int>(f) ? all[f].held : all[f].seen).push_back(r);
    }
  }
  return all;
}

std::vector<float> ClassifierTraining::cross_fit_transformer(int count) {
  std::vector<float> logits(rows_.size() * outputs());
  int f = 0;
  for (const Fold& fold : folds(count)) {
    std::vector<lm::Example> held;
    for (const std::size_t r : fold.held) held.push_back(examples_[r]);
    say(common_, fmt::format("fold {} of {}: {} rows to learn from, {} to score", ++f, count, fold.seen.size(),
                             fold.held.size()));
    const lm::LoadedModel model = train_transformer(fold.seen, false).first;
    place(lm::classification_logits(*model.network, held), fold.held, outputs(), logits);
  }
  return logits;
}

std::vector<float> ClassifierTraining::cross_fit_ngrams(int count) const {
  std::vector<float> logits(rows_.size() * outputs());
  for (const Fold& fold : folds(count)) {
    std::vector<std::string_view> texts;
    for (const std::size_t r : fold.held) texts.push_back(rows_.texts[r]);
    place(train_ngrams(o_, rows_, fold.seen).scores(texts), fold.held, outputs(), logits);
  }
  return logits;
}

std::pair<lm::LoadedModel, lm::RunReport> ClassifierTraining::train_transformer(const std::vector<std::size_t>& chosen,
                                                                                bool final_run) {
  lm::LoadedModel model = open_for_training(o_, lm::HeadType::classification, names_.output_names());
  std::vector<lm::Example> examples;
  for (const std::size_t r : chosen) examples.push_back(examples_[r]);
  settings_ = train_settings(o_, lm::Objective::classification, examples);
  if (o_.no_transformer) {
    settings_.steps = 0;
    return {std::move(model), lm::RunReport()};
  }
  settings_.heads = lm::head_columns(rows_.heads);
  for (lm::HeadColumns& head : settings_.heads) {
    if (head.kind == lm::HeadKind::multilabel) head.weight = static_cast<double>(head.count);  // a sum over labels
  }
  start_lora_with_head(o_, model);
  lm::Trainer trainer(*model.network, examples, settings_);
  lm::RunOptions run = run_options(o_, common_);
  if (!final_run) {
    run.on_step = {};
    run.resume = false;
    run.save_every = 0;
    run.state_folder.clear();
  }
  const lm::RunReport report = lm::run_training(trainer, *model.network, run);
  if (o_.lora_rank > 0) lm::merge_lora(*model.network);
  return {std::move(model), report};
}

void train_classifier(const TrainOptions& o, const Common& common) {
  if (is_private(o)) return train_private(o, common);
  if (std::string_view(o.data.front()).ends_with(".safetensors")) return train_on_ids(o, common);
  const Exclusion exclusion(o.exclude);
  ReadSummary summary;
  RowOptions reading{o.data, o.text_columns, head_columns_of(o), o.encoding, o.strict, o.merge_texts, o.candidates};
  LabelledRows rows = read_labelled(reading, {}, &exclusion, summary);
  std::vector<std::string> left_out;
  if (o.leave_out > 0) {
    left_out = leave_out_labels(o.leave_out, o.seed, rows);
    say(common, fmt::format("left out: {}", fmt::join(left_out, ", ")));
  }
  MaskingReport masking;
  if (o.mask_personal_data) {
    mask_texts(rows.texts, masking);
    say_masking(common, masking);
  }

  lm::TokenizeReport tokenized;
  lm::ModelConfig config = o.model.empty() ? lm::read_config(o.arch) : lm::open_config(o.model);
  if (o.tokenizer.empty() && o.model.empty()) {
    throw Error(ErrorCode::usage, "the model has no tokenizer; give one", "--tokenizer");
  }
  const auto tokenizer = lm::open_tokenizer(o.tokenizer.empty() ? o.model : o.tokenizer);
  const std::int64_t length = o.sequence_length > 0 ? std::min(o.sequence_length, config.positions) : config.positions;
  std::vector<lm::Example> examples = lm::tokenize_texts(tokenizer, rows.texts, length, tokenized);
  set_labels(rows, examples);
  say_data(common, summary, tokenized);
  if (o.strict && tokenized.truncated_texts > 0) {
    throw Error(ErrorCode::bad_input,
                fmt::format("{} texts are longer than {} tokens", tokenized.truncated_texts, length), o.data.front(),
                "--strict allows no cut");
  }

  ClassifierTraining fit(o, common, rows, examples);
  const int folds = o.folds > 1 ? static_cast<int>(o.folds) : rows.size() > kManyRows ? 3 : 5;
  if (rows.size() < static_cast<std::size_t>(folds) * kFewestRows) {
    throw Error(ErrorCode::bad_input, fmt::format("{} rows are too few for {} folds", rows.size(), folds),
                o.data.front());
  }
  OutOfFold logits;
  logits.outputs = fit.outputs();
  if (!o.no_transformer) logits.transformer = fit.cross_fit_transformer(folds);
  if (!o.no_ngrams) logits.ngram = fit.cross_fit_ngrams(folds);
  lm::ClassifierSpec spec = fit_classifier(rows, logits, o.seed);
  spec.max_length = length;
  if (o.refuse > 0) fit_refusal(rows, predict_from_logits(spec, logits), o.refuse, spec);
  LabelledRows judged = rows;
  judged.heads = spec.plain_heads();
  const base::Json held_out = score_predictions(judged, predict_from_logits(spec, logits), o.seed, false);
  say(common, "out of fold: " + short_report(held_out));

  std::vector<std::size_t> all(rows.size());
  for (std::size_t r = 0; r < all.size(); ++r) all[r] = r;
  auto [model, report] = fit.train_transformer(all, true);
  base::Json recipe = recipe_json(o, fit.settings(), report);
  recipe["data"] = summary_json(summary);
  recipe["truncated_texts"] = tokenized.truncated_texts;
  recipe["personal_data"] = masking_json(o.mask_personal_data, masking);
  recipe["folds"] = folds;
  if (!left_out.empty()) recipe["left_out"] = left_out;
  recipe["out_of_fold"] = held_out;
  base::write_directory_atomic(o.output, [&](const std::filesystem::path& folder) {
    const lm::DType store_as = stored_dtype(o);
    lm::write_model_files(folder, *model.network, &tokenizer, store_as);
    base::write_file_atomic(folder / "classifier.json", lm::spec_json(spec).dump() + "\n");
    if (!o.no_ngrams) train_ngrams(o, rows, all).save(folder / "ngram.safetensors", store_as);
    base::write_file_atomic(folder / "training.json", recipe.dump(2) + "\n");
  });
  std::error_code ignored;
  std::filesystem::remove_all(state_folder(o), ignored);
  say(common, "saved to " + o.output);
  if (common.json) std::printf("%s\n", base::dump_json(recipe).c_str());
}

}  // namespace ballast::apps
