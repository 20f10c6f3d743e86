// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/sequence_model.h"

#include <algorithm>
#include <cmath>

#include "ballast/base/error.h"
#include "ballast/lm/load.h"
#include "ballast/lm/train/run.h"

namespace ballast::lm {
namespace {

using base::Error;
using base::ErrorCode;

// Tokens: these three, then the symbols.
constexpr std::int32_t kStart = 0, kEnd = 1, kUnknown = 2, kSymbols = 3;
constexpr std::int64_t kSequenceBatchTokens = 2048;  // of a scoring pass

base::Json arch_json(std::int64_t vocabulary, const SequenceModelOptions& o) {
  return {{"architectures", {"GPT2LMHeadModel"}},
          {"model_type", "gpt2"},
          {"vocab_size", vocabulary},
          {"n_positions", o.positions},
          {"n_embd", o.width},
          {"n_layer", o.layers},
          {"n_head", o.heads},
          {"embd_pdrop", o.dropout},
          {"attn_pdrop", o.dropout},
          {"resid_pdrop", o.dropout},
          {"bos_token_id", kStart},
          {"eos_token_id", kEnd}};
}

}  // namespace

struct SequenceModel::State {
  LoadedModel model;

  std::int64_t positions() const { return model.network->config().positions; }
  std::int32_t alphabet() const { return static_cast<std::int32_t>(model.network->config().vocabulary) - kSymbols; }

  /// Start, symbols, end; the end is left out where the sequence does not fit.
  std::vector<std::int32_t> tokens(const std::vector<std::int32_t>& sequence, bool& truncated) const {
    std::vector<std::int32_t> ids = {kStart};
    const auto room = static_cast<std::size_t>(positions() - 2);
    truncated = sequence.size() > room;
    for (std::size_t i = 0; i < std::min(room, sequence.size()); ++i) {
      const bool known = sequence[i] >= 0 && sequence[i] < alphabet();
      ids.push_back(known ? sequence[i] + kSymbols : kUnknown);
    }
    if (!truncated) ids.push_back(kEnd);
    return ids;
  }
};

SequenceModel::SequenceModel(std::unique_ptr<State> state) : state_(std::move(state)) {}
SequenceModel::~SequenceModel() = default;
SequenceModel::SequenceModel(SequenceModel&&) noexcept = default;
SequenceModel& SequenceModel::operator=(SequenceModel&&) noexcept = default;

SequenceModel SequenceModel::train(std::span<const std::vector<std::int32_t>> sequences, std::int32_t alphabet,
                                   const SequenceModelOptions& o) {
  if (sequences.empty()) throw Error(ErrorCode::bad_input, "there are no sequences to learn from", "sequence model");
  if (alphabet < 1 || o.positions < 4 || o.heads < 1 || o.width % o.heads != 0 || o.layers < 1 || o.epochs <= 0) {
    throw Error(ErrorCode::usage, "alphabet, positions, width, heads, layers or epochs cannot be", "sequence model");
  }
  auto state = std::make_unique<State>();
  state->model = create_model(parse_config(arch_json(alphabet + kSymbols, o), "sequence model"), o.seed);
  std::vector<Example> examples;
  for (const auto& sequence : sequences) {
    Example e;
    bool truncated = false;
    e.ids = state->tokens(sequence, truncated);
    examples.push_back(std::move(e));
  }
  TrainSettings s;
  s.objective = Objective::causal_lm;
  s.sampling.batch_tokens = o.batch_tokens;
  s.sampling.seed = o.seed;
  s.lr = o.lr;
  s.schedule = engine::Schedule::cosine;
  const std::int64_t per_epoch = Sampler(examples, s.sampling).batches_per_epoch();
  s.steps = std::max<std::int64_t>(1, std::llround(o.epochs * static_cast<double>(per_epoch)));
  s.warmup = s.steps / 20;
  Trainer trainer(*state->model.network, examples, s);
  RunOptions run;
  run.progress = o.progress;
  run_training(trainer, *state->model.network, run);
  return SequenceModel(std::move(state));
}

SequenceModel SequenceModel::load(const std::filesystem::path& folder) {
  auto state = std::make_unique<State>();
  state->model = load_model(folder);
  const ModelConfig& config = state->model.network->config();
  if (config.type != ModelType::gpt2 || config.head != HeadType::language_model || config.vocabulary <= kSymbols) {
    throw Error(ErrorCode::bad_input, "is not a sequence model", folder.string());
  }
  return SequenceModel(std::move(state));
}

void SequenceModel::save(const std::filesystem::path& folder) const {
  write_model_files(folder, *state_->model.network, nullptr);
}

std::int32_t SequenceModel::alphabet() const {
  return state_->alphabet();
}

std::vector<SequenceSurprise> SequenceModel::surprise(std::span<const std::vector<std::int32_t>> sequences) const {
  Network& network = *state_->model.network;
  std::vector<SequenceSurprise> all(sequences.size());
  engine::Arena arena;
  text::TokenBatch batch;
  std::vector<std::vector<std::int32_t>> ids;
  const auto flush = [&](std::size_t first) {
    if (ids.empty()) return;
    arena.reset();
    batch.clear();
    for (const auto& sequence : ids) batch.add(sequence);
    engine::Tape tape(arena, false);
    const engine::Value logits = network.language_logits(tape, network.encode(tape, batch));
    std::int64_t row = 0;
    for (std::size_t i = 0; i < ids.size(); ++i, ++row) {  // the last token's row predicts nothing
      for (std::size_t t = 1; t < ids[i].size(); ++t, ++row) {
        float* x = logits.data + row * logits.cols;
        const float said = x[ids[i][t]];
        std::int32_t rank = 0;
        for (std::int64_t j = 0; j < logits.cols; ++j) rank += x[j] > said;
        engine::log_softmax_row(x, logits.cols);
        all[first + i].nats.push_back(-x[ids[i][t]]);
        all[first + i].ranks.push_back(rank);
      }
    }
    ids.clear();
  };
  std::int64_t tokens = 0;
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    ids.push_back(state_->tokens(sequences[i], all[i].truncated));
    tokens += static_cast<std::int64_t>(ids.back().size());
    if (tokens < kSequenceBatchTokens && i + 1 < sequences.size()) continue;
    flush(i + 1 - ids.size());
    tokens = 0;
  }
  return all;
}

}  // namespace ballast::lm
