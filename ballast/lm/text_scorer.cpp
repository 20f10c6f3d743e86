// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/text_scorer.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/lm/classifier_spec.h"
#include "ballast/lm/load.h"
#include "ballast/lm/ngram/model.h"
#include "ballast/lm/train/run.h"
#include "ballast/text/bpe_trainer.h"

namespace ballast::lm {
namespace {

using base::Error;
using base::ErrorCode;

constexpr double kFreshRate = 2e-3, kFineTuningRate = 5e-5;
constexpr const char* kNgramFile = "ngram.safetensors";
const std::vector<std::string>& labels() {
  static const std::vector<std::string> kLabels = {"no", "yes"};
  return kLabels;
}

ModelConfig fresh_config(const text::Tokenizer& tokenizer, const TextScorerOptions& o) {
  ModelConfig config = parse_config({{"architectures", {"BertForSequenceClassification"}},
                                     {"model_type", "bert"},
                                     {"vocab_size", tokenizer.vocabulary_size()},
                                     {"hidden_size", o.width},
                                     {"num_hidden_layers", o.layers},
                                     {"num_attention_heads", o.heads},
                                     {"intermediate_size", 4 * o.width},
                                     {"max_position_embeddings", o.positions},
                                     {"type_vocab_size", 1},
                                     {"hidden_act", "gelu"},
                                     {"hidden_dropout_prob", o.dropout},
                                     {"attention_probs_dropout_prob", o.dropout},
                                     {"layer_norm_eps", 1e-12},
                                     {"initializer_range", 0.02}},
                                    "text scorer");
  config.head = HeadType::classification;
  config.labels = labels();
  if (tokenizer.special().pad) config.pad_token = *tokenizer.special().pad;
  return config;
}

LoadedModel open_model(std::span<const std::string> texts, const TextScorerOptions& o) {
  if (!o.model.empty()) {
    LoadOptions load;
    load.head = HeadType::classification;
    load.labels = labels();
    load.seed = o.seed;
    LoadedModel model = load_model(o.model, load);
    if (!model.tokenizer) throw Error(ErrorCode::bad_input, "has no tokenizer", o.model.string());
    return model;
  }
  text::BpeTrainOptions bpe;
  bpe.vocabulary_size = o.vocabulary;
  bpe.kind = text::TokenizerKind::encoder;
  const text::Tokenizer tokenizer = text::train_bpe(texts, bpe);
  LoadedModel model = create_model(fresh_config(tokenizer, o), o.seed);
  model.tokenizer = tokenizer;
  return model;
}

void train_network(LoadedModel& model, std::span<const Example> examples, const TextScorerOptions& o) {
  TrainSettings s;
  s.objective = Objective::classification;
  s.sampling.batch_tokens = o.batch_tokens;
  s.sampling.seed = o.seed;
  s.lr = o.lr > 0 ? o.lr : o.model.empty() ? kFreshRate : kFineTuningRate;
  s.dropout = o.dropout;
  s.schedule = engine::Schedule::cosine;
  s.heads = {{HeadKind::multiclass, 0, 2, 1.0}};
  const std::int64_t per_epoch = Sampler(examples, s.sampling).batches_per_epoch();
  s.steps = std::max<std::int64_t>(1, std::llround(o.epochs * static_cast<double>(per_epoch)));
  s.warmup = s.steps / 20;
  Trainer trainer(*model.network, examples, s);
  RunOptions run;
  run.progress = o.progress;
  run_training(trainer, *model.network, run);
}

NgramModel train_ngrams(std::span<const std::string> texts, std::span<const std::uint8_t> truth, std::uint64_t seed) {
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  LinearTask task;
  task.loss = LinearLoss::softmax;
  task.outputs = 2;
  for (const std::uint8_t t : truth) {
    task.targets.push_back(t != 0 ? 0 : 1);
    task.targets.push_back(t != 0 ? 1 : 0);
  }
  NgramTrainOptions options;
  options.linear.c_grid = {0.25, 1, 4};
  options.linear.seed = seed;
  return NgramModel::train(views, std::span(&task, 1), options);
}

}  // namespace

struct TextScorer::State {
  std::optional<LoadedModel> model;
  std::optional<NgramModel> ngrams;
  std::int64_t truncated = 0;

  std::vector<Example> tokenize(std::span<const std::string> texts, TokenizeReport& report) const {
    return tokenize_texts(*model->tokenizer, texts, model->network->config().positions, report);
  }
};

TextScorer::TextScorer(std::unique_ptr<State> state) : state_(std::move(state)) {}
TextScorer::~TextScorer() = default;
TextScorer::TextScorer(TextScorer&&) noexcept = default;
TextScorer& TextScorer::operator=(TextScorer&&) noexcept = default;

TextScorer TextScorer::train(std::span<const std::string> texts, std::span<const std::uint8_t> truth,
                             const TextScorerOptions& o, std::size_t plain) {
  BALLAST_CHECK(texts.size() == truth.size() && plain <= texts.size(), truth.size());
  if (!o.transformer && !o.ngrams) throw Error(ErrorCode::usage, "at least one branch is needed", "text scorer");
  if (o.heads < 1 || o.width % o.heads != 0 || o.layers < 1 || o.positions < 4 || !(o.epochs > 0)) {
    throw Error(ErrorCode::usage, "width, heads, layers, positions or epochs cannot be", "text scorer");
  }
  const auto yes = std::count_if(truth.begin(), truth.end(), [](std::uint8_t t) { return t != 0; });
  if (yes == 0 || yes == static_cast<std::ptrdiff_t>(truth.size())) {
    throw Error(ErrorCode::bad_input, "two classes are needed to learn from", "text scorer");
  }
  auto state = std::make_unique<State>();
  if (o.transformer) {
    state->model = open_model(texts, o);
    TokenizeReport report;
    std::vector<Example> examples = state->tokenize(texts, report);
    for (std::size_t i = 0; i < examples.size(); ++i) examples[i].classes = {truth[i] != 0 ? 1 : 0};
    state->truncated = report.truncated_texts;
    train_network(*state->model, examples, o);
  }
  const std::size_t for_ngrams = plain > 0 ? plain : texts.size();
  if (o.ngrams) state->ngrams = train_ngrams(texts.first(for_ngrams), truth.first(for_ngrams), o.seed);
  return TextScorer(std::move(state));
}

std::vector<double> TextScorer::scores(std::span<const std::string> texts) const {
  std::vector<double> out(texts.size(), 0);
  if (state_->model) {
    TokenizeReport ignored;
    const std::vector<float> logits = classification_logits(*state_->model->network, state_->tokenize(texts, ignored));
    for (std::size_t i = 0; i < out.size(); ++i) out[i] += static_cast<double>(logits[2 * i + 1]) - logits[2 * i];
  }
  if (state_->ngrams) {
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    const std::vector<float> logits = state_->ngrams->scores(views);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] += static_cast<double>(logits[2 * i + 1]) - logits[2 * i];
  }
  if (state_->model && state_->ngrams) {
    for (double& score : out) score /= 2;
  }
  return out;
}

std::int64_t TextScorer::truncated() const {
  return state_->truncated;
}

void TextScorer::save(const std::filesystem::path& folder) const {
  if (state_->ngrams) state_->ngrams->save(folder / kNgramFile);
  if (!state_->model) return;
  write_model_files(folder, *state_->model->network, &*state_->model->tokenizer);
  ClassifierSpec spec;
  HeadSpec head;
  head.head = {"label", HeadKind::multiclass, labels(), {}};
  head.transformer_weight = state_->ngrams ? 0.5 : 1;
  head.ngram_weight = state_->ngrams ? 0.5 : 0;
  spec.heads.push_back(head);
  base::write_file_atomic(folder / "classifier.json", spec_json(spec).dump() + "\n");
}

TextScorer TextScorer::load(const std::filesystem::path& folder) {
  auto state = std::make_unique<State>();
  const bool transformer = std::filesystem::exists(folder / "config.json");
  const bool ngrams = std::filesystem::exists(folder / kNgramFile);
  if (!transformer && !ngrams) throw Error(ErrorCode::not_found, "holds no text scorer", folder.string());
  if (transformer) {
    state->model = load_model(folder);
    const ModelConfig& config = state->model->network->config();
    if (config.head != HeadType::classification || config.labels != labels() || !state->model->tokenizer) {
      throw Error(ErrorCode::bad_input, "is not a text scorer", folder.string(), "labels no and yes, with a tokenizer");
    }
  }
  if (ngrams) {
    state->ngrams = NgramModel::load(folder / kNgramFile);
    if (state->ngrams->outputs() != 2) {
      throw Error(ErrorCode::bad_input, "does not have two outputs", (folder / kNgramFile).string());
    }
  }
  return TextScorer(std::move(state));
}

}  // namespace ballast::lm
