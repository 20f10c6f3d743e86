// SPDX-License-Identifier: Apache-2.0
#include "compare_text_methods.h"

#include <fmt/format.h>

#include <numeric>
#include <tuple>

#include "ballast/base/hash.h"
#include "ballast/lm/gguf_model.h"
#include "classifier_training.h"
#include "default_model.h"

namespace ballast::apps {
namespace {

namespace fs = std::filesystem;

class TextMethods {
 public:
  TextMethods(const TextTraining& training, const Common& common, const LabelledRows& train, const LabelledRows& judged)
      : training_(training),
        common_(common),
        train_(train),
        judged_(judged),
        outputs_(train.heads.front().labels.size()) {
    options_.task = train.heads.front().kind == lm::HeadKind::multilabel ? "multilabel" : "classify";
    options_.model = training.model.string();
    options_.data = training.files;
    options_.epochs = training.epochs;
    options_.lr = training.lr;
    options_.batch_tokens = 1024;
    options_.seed = common.seed;
    all_.resize(train.size());
    std::iota(all_.begin(), all_.end(), std::size_t{0});
  }

  govern::MethodRun ngrams() {
    govern::MethodRun run;
    run.name = "n-gram linear";
    CostMeter meter;
    const std::vector<lm::Example> no_tokens;
    const ClassifierTraining training(options_, common_, train_, no_tokens);
    say(common_, "training the n-gram linear model");
    seen_.ngram = meter.train([&] { return training.cross_fit_ngrams(kCalibrationFolds); });
    const lm::NgramModel model = meter.train([&] { return train_ngrams(options_, train_, all_); });
    run.note = fmt::format("word 1-2-grams and character 2-5-grams, logistic regression with C {:g}",
                           model.chosen_c().front());
    const std::vector<std::string_view> texts(judged_.texts.begin(), judged_.texts.end());
    said_.ngram = meter.score([&] { return model.scores(texts); });
    // One branch alone goes where the transformer's logits go.
    calibrate({seen_.ngram, {}, outputs_}, {said_.ngram, {}, outputs_}, run);
    run.cost = meter.cost();
    std::tie(run.model_hash, run.model_bytes) =
        measure_files([&](const std::string& folder) { model.save(fs::path(folder) / "ngram.safetensors"); });
    return run;
  }

  govern::MethodRun language_model() {
    govern::MethodRun run;
    run.name = "language model";
    run.family = govern::Family::language_model;
    CostMeter meter;
    const auto tokenizer = lm::open_tokenizer(training_.model);
    const std::int64_t length = lm::open_config(training_.model).positions;
    const std::vector<lm::Example> examples = examples_of(train_, tokenizer, length);
    ClassifierTraining training(options_, common_, train_, examples);
    seen_.transformer = meter.train([&] { return training.cross_fit_transformer(kCalibrationFolds); });
    say(common_, "training the language model on all training rows");
    auto [model, report] = meter.train([&] { return training.train_transformer(all_, false); });
    run.note = fmt::format("{} fine-tuned for {:g} epochs ({} steps, rate {:g})", base_model_of(training_).first,
                           training_.epochs, report.steps, training_.lr);
    said_.transformer =
        meter.score([&] { return lm::classification_logits(*model.network, examples_of(judged_, tokenizer, length)); });
    calibrate({seen_.transformer, {}, outputs_}, {said_.transformer, {}, outputs_}, run);
    run.cost = meter.cost();
    std::tie(run.model_hash, run.model_bytes) =
        measure_files([&](const std::string& folder) { lm::write_model_files(folder, *model.network, &tokenizer); });
    return run;
  }

  govern::MethodRun hybrid(const govern::MethodRun& ngram, const govern::MethodRun& transformer) {
    govern::MethodRun run;
    run.name = "both together";
    run.family = govern::Family::hybrid;
    run.note = "weights of the two by macro-F1 out of fold, as `ballast train` mixes them";
    seen_.outputs = said_.outputs = outputs_;
    calibrate(seen_, said_, run);
    run.cost = ngram.cost + transformer.cost;
    run.model_bytes = ngram.model_bytes + transformer.model_bytes;
    run.model_hash = base::sha256_hex(ngram.model_hash + transformer.model_hash);
    return run;
  }

 private:
  std::vector<lm::Example> examples_of(const LabelledRows& rows, const text::Tokenizer& tokenizer,
                                       std::int64_t length) const {
    lm::TokenizeReport report;
    std::vector<lm::Example> examples = lm::tokenize_texts(tokenizer, rows.texts, length, report);
    set_labels(rows, examples);
    if (report.truncated_texts > 0) {
      say(common_,
          fmt::format("{} texts are longer than {} tokens and are read in part", report.truncated_texts, length));
    }
    return examples;
  }

  /// From out-of-fold logits of the training rows, probabilities (and marks) of the judged rows.
  void calibrate(const OutOfFold& seen, const OutOfFold& judged, govern::MethodRun& run) const {
    const lm::ClassifierSpec spec = fit_classifier(train_, seen, common_.seed);
    const lm::Head& head = spec.heads.front().head;
    for (const lm::Prediction& p : predict_from_logits(spec, judged)) {
      const std::vector<double>& probabilities = p.heads.front().probabilities;
      run.probabilities.insert(run.probabilities.end(), probabilities.begin(), probabilities.end());
      for (std::size_t j = 0; j < head.thresholds.size(); ++j) {
        run.said.push_back(probabilities[j] >= head.thresholds[j]);
      }
    }
  }

  const TextTraining& training_;
  const Common& common_;
  const LabelledRows& train_;
  const LabelledRows& judged_;
  std::size_t outputs_;
  TrainOptions options_;
  std::vector<std::size_t> all_;
  OutOfFold seen_, said_;  // logits of the training rows (out of fold) and of the judged rows
};

}  // namespace

TextTraining text_training(const CompareArguments& a) {
  TextTraining training;
  training.model = a.model.empty() ? default_model() : fs::path(a.model);
  if (a.epochs > 0) training.epochs = a.epochs;
  if (a.lr > 0) training.lr = a.lr;
  training.files = a.data;
  return training;
}

std::pair<std::string, std::string> base_model_of(const TextTraining& training) {
  const fs::path& folder = training.model;
  std::string name = folder.has_filename() ? folder.filename().string() : folder.parent_path().filename().string();
  return {std::move(name), base::sha256_file(folder / "model.safetensors")};
}

std::vector<govern::MethodRun> run_text_methods(const TextTraining& training, const Common& common,
                                                const LabelledRows& train, const LabelledRows& judged) {
  TextMethods methods(training, common, train, judged);
  std::vector<govern::MethodRun> runs;
  runs.push_back(methods.ngrams());
  runs.push_back(methods.language_model());
  runs.push_back(methods.hybrid(runs[0], runs[1]));
  return runs;
}

}  // namespace ballast::apps
