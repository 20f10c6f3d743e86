// SPDX-License-Identifier: Apache-2.0
// `ballast compare multilabel`: any number of labels a text, such as kinds of risk. The methods of `compare text`, and
// the model as it is where it answers this question already.
#include <fmt/format.h>

#include <algorithm>

#include "ballast/base/error.h"
#include "ballast/lm/classifier.h"
#include "compare_text_methods.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
namespace fs = std::filesystem;

class MultilabelTask : public CompareTask {
 public:
  MultilabelTask(const CompareArguments& a, const Common& common)
      : a_(a), common_(common), training_(text_training(a)) {
    if (a.test.empty()) throw Error(ErrorCode::usage, "is required: labelled rows to judge on", "--test");
    if (!a.group.empty() || !a.time.empty()) {
      throw Error(ErrorCode::unsupported, "this task checks texts only", "--group, --time");
    }
    train_ = read(a.data, {});
    judged_ = read(a.test, train_.heads);
    if (train_.size() < kFewestTexts) {
      throw Error(ErrorCode::bad_input, fmt::format("{} rows to learn from are too few", train_.size()),
                  a.data.front());
    }
  }

  govern::SplitRows rows() const override {
    govern::SplitRows rows;
    const auto add = [&](const LabelledRows& side, const std::string& source, int fold) {
      for (std::size_t i = 0; i < side.size(); ++i) {
        rows.sources.push_back(source);
        rows.lines.push_back(side.lines[i]);
        rows.folds.push_back(fold);
        rows.contents.push_back(side.texts[i]);
      }
    };
    add(train_, a_.data.front(), govern::kTrainOnly);
    add(judged_, a_.test.front(), 0);
    return rows;
  }

  void drop(std::span<const std::uint8_t> marked) override {
    LabelledRows kept;
    kept.heads = train_.heads;
    kept.classes.resize(1);
    kept.sets.resize(1);
    for (std::size_t i = 0; i < train_.size(); ++i) {
      if (marked[i] != 0) continue;
      kept.ids.push_back(train_.ids[i]);
      kept.texts.push_back(train_.texts[i]);
      kept.lines.push_back(train_.lines[i]);
      kept.texts_number.push_back(train_.texts_number[i]);
      kept.sets.front().push_back(train_.sets.front()[i]);
    }
    train_ = std::move(kept);
  }

  govern::Comparison compare() override {
    const int labels = static_cast<int>(train_.heads.front().labels.size());
    std::vector<std::uint8_t> truth;
    for (const auto& set : judged_.sets.front()) truth.insert(truth.end(), set.begin(), set.end());
    std::vector<govern::MethodRun> runs = {shares()};
    if (auto run = as_it_is()) runs.push_back(std::move(*run));
    for (govern::MethodRun& run : run_text_methods(training_, common_, train_, judged_)) runs.push_back(std::move(run));
    govern::JudgeOptions options;
    options.seed = common_.seed;
    return govern::judge_labels(a_.task, truth, labels, std::move(runs), options);
  }

  std::string data_words() const override {
    return fmt::format("{} ({} rows) to {} ({} rows)", fs::path(a_.data.front()).filename().string(), train_.size(),
                       fs::path(a_.test.front()).filename().string(), judged_.size());
  }
  std::vector<std::string> notes() const override {
    return {fmt::format("labels: {}", fmt::join(train_.heads.front().labels, ", ")),
            fmt::format("thresholds and calibration from {} folds of the training rows", kCalibrationFolds)};
  }
  std::pair<std::string, std::string> base_model() const override { return base_model_of(training_); }

 private:
  LabelledRows read(const std::vector<std::string>& files, const std::vector<lm::Head>& known) const {
    RowOptions options;
    options.files = files;
    options.text_columns = a_.text_columns;
    options.heads = {{"label", a_.label, lm::HeadKind::multilabel}};
    ReadSummary summary;
    LabelledRows rows = read_labelled(options, known, nullptr, summary);
    for (const std::string& reason : summary.reasons) say(common_, "set aside " + reason);
    return rows;
  }

  /// Each label by its share in training, said where that is more than one half.
  govern::MethodRun shares() const {
    govern::MethodRun run;
    run.name = "label shares";
    run.family = govern::Family::baseline;
    const std::size_t labels = train_.heads.front().labels.size();
    std::vector<double> share(labels, 0);
    for (const auto& set : train_.sets.front()) {
      for (std::size_t j = 0; j < labels; ++j) share[j] += set[j] / static_cast<double>(train_.size());
    }
    for (std::size_t r = 0; r < judged_.size(); ++r) {
      for (const double p : share) {
        run.probabilities.push_back(p);
        run.said.push_back(p > 0.5);
      }
    }
    return run;
  }

  /// The model without any training here, where one of its heads has these labels.
  std::optional<govern::MethodRun> as_it_is() const {
    if (!fs::exists(training_.model / "classifier.json")) return {};
    govern::MethodRun run;
    CostMeter meter;
    const auto model = lm::TextClassifier::load(training_.model);
    const std::vector<std::string>& labels = train_.heads.front().labels;
    const auto& heads = model.heads();
    const auto head = std::find_if(heads.begin(), heads.end(), [&](const lm::Head& h) {
      return h.kind == lm::HeadKind::multilabel && h.labels == labels;
    });
    if (head == heads.end()) return {};
    run.name = model.identity().substr(0, model.identity().find('@')) + " as it is";
    run.family = govern::Family::hybrid;
    run.note = "no training on these rows: transformer and n-grams as they come with the program";
    const std::vector<std::string_view> texts(judged_.texts.begin(), judged_.texts.end());
    const auto predictions = meter.score([&] { return model.predict(texts); });
    for (const lm::Prediction& p : predictions) {
      const auto& probabilities = p.heads[static_cast<std::size_t>(head - heads.begin())].probabilities;
      run.probabilities.insert(run.probabilities.end(), probabilities.begin(), probabilities.end());
      for (std::size_t j = 0; j < labels.size(); ++j) run.said.push_back(probabilities[j] >= head->thresholds[j]);
    }
    run.cost = meter.cost();
    run.model_hash = base_model_of(training_).second;
    for (const char* file : {"model.safetensors", "ngram.safetensors"}) {
      const fs::path path = training_.model / file;
      if (fs::exists(path)) run.model_bytes += static_cast<std::int64_t>(fs::file_size(path));
    }
    return run;
  }

  CompareArguments a_;
  const Common& common_;
  TextTraining training_;
  LabelledRows train_, judged_;
};

}  // namespace

std::unique_ptr<CompareTask> make_multilabel_task(const CompareArguments& arguments, const Common& common) {
  return std::make_unique<MultilabelTask>(arguments, common);
}

}  // namespace ballast::apps
