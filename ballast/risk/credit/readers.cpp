// SPDX-License-Identifier: Apache-2.0
// The room's only code that knows how a credit text model is trained: lm::TextScorer behind ApplicationReader.
#include "ballast/lm/text_scorer.h"
#include "ballast/risk/credit_text.h"

namespace ballast::risk {
namespace {

class ScorerReader : public ApplicationReader {
 public:
  explicit ScorerReader(lm::TextScorer scorer) : scorer_(std::move(scorer)) {}
  std::vector<double> scores(std::span<const std::string> texts) const override { return scorer_.scores(texts); }
  void save(const std::filesystem::path& folder) const override { scorer_.save(folder); }
  std::int64_t truncated() const override { return scorer_.truncated(); }

 private:
  lm::TextScorer scorer_;
};

}  // namespace

ReaderTrainer language_model_trainer(const std::filesystem::path& model, const base::ProgressSink& progress) {
  return [model, progress](const ReaderExamples& examples) {
    lm::TextScorerOptions options;
    options.model = model;
    options.epochs = 1;  // the copies of a row are its epochs
    options.seed = examples.seed;
    options.progress = progress;
    return std::make_shared<ScorerReader>(lm::TextScorer::train(examples.texts, examples.bad, options, examples.plain));
  };
}

ReaderTrainer ngram_trainer() {
  return [](const ReaderExamples& examples) {
    lm::TextScorerOptions options;
    options.transformer = false;
    options.seed = examples.seed;
    return std::make_shared<ScorerReader>(lm::TextScorer::train(examples.texts, examples.bad, options, examples.plain));
  };
}

std::shared_ptr<const ApplicationReader> load_reader(const std::filesystem::path& folder) {
  return std::make_shared<ScorerReader>(lm::TextScorer::load(folder));
}

}  // namespace ballast::risk
