// SPDX-License-Identifier: Apache-2.0
// Gradient checkpointing: less memory, and the same steps bit for bit, in every family, with LoRA, dropout and bf16 and
// without.
#include <gtest/gtest.h>

#include "ballast/base/random.h"
#include "ballast/lm/lora.h"
#include "ballast/lm/train/trainer.h"
#include "tests/support/tiny_model.h"

namespace ballast::lm {
namespace {

constexpr std::int64_t kCheckpointWords = 300, kCheckpointLayers = 6;

struct Outcome {
  std::vector<double> losses, norms;
  std::vector<float> values;
  std::size_t memory = 0;
};

struct Checkpointed {
  std::string type;
  bool lora = false;
  double dropout = 0;
  engine::Precision precision = engine::Precision::f32;
};

base::Json deep_arch(const std::string& type) {
  if (type == "gpt2") {
    base::Json arch = test::tiny_gpt2_arch(kCheckpointWords, 128);
    arch["n_layer"] = kCheckpointLayers;
    return arch;
  }
  if (type == "bert") {
    base::Json arch = test::tiny_bert_arch("BertForMaskedLM", kCheckpointWords, 128);
    arch["num_hidden_layers"] = kCheckpointLayers;
    return arch;
  }
  if (type == "t5") {
    return {{"model_type", "t5"},
            {"vocab_size", kCheckpointWords},
            {"d_model", 24},
            {"d_kv", 8},
            {"d_ff", 48},
            {"num_layers", kCheckpointLayers},
            {"num_heads", 3},
            {"feed_forward_proj", "gated-gelu"},
            {"decoder_start_token_id", 0},
            {"pad_token_id", 0},
            {"eos_token_id", 1}};
  }
  if (type == "transformer") {
    return {{"model_type", "transformer"},
            {"vocab_size", kCheckpointWords},
            {"d_model", 24},
            {"encoder_layers", kCheckpointLayers},
            {"decoder_layers", kCheckpointLayers},
            {"encoder_attention_heads", 3},
            {"decoder_attention_heads", 3},
            {"encoder_ffn_dim", 48},
            {"decoder_ffn_dim", 48},
            {"max_position_embeddings", 128},
            {"pad_token_id", 0},
            {"decoder_start_token_id", 0},
            {"eos_token_id", 1}};
  }
  return {{"model_type", type},
          {"vocab_size", kCheckpointWords},
          {"hidden_size", 48},
          {"num_hidden_layers", kCheckpointLayers},
          {"num_attention_heads", 4},
          {"num_key_value_heads", 2},
          {"head_dim", 12},
          {"intermediate_size", 96},
          {"max_position_embeddings", 128},
          {"rms_norm_eps", 1e-6},
          {"tie_word_embeddings", true},
          {"initializer_range", 0.2}};
}

std::vector<Example> random_texts(bool answers) {
  base::Random random(9);
  const auto text = [&](std::vector<std::int32_t>& ids) {
    for (std::uint64_t n = 30 + random.below(60); n > 0; --n) {
      ids.push_back(static_cast<std::int32_t>(random.below(kCheckpointWords)));
    }
  };
  std::vector<Example> examples(6);
  for (Example& e : examples) {
    text(e.ids);
    if (answers) text(e.answer);
  }
  return examples;
}

Outcome train_deep(const Checkpointed& c, bool checkpointing) {
  LoadedModel model = test::tiny_model(deep_arch(c.type));
  const ModelConfig& config = model.network->config();
  if (c.lora) add_lora(*model.network, {.rank = 4, .dropout = c.dropout, .targets = {}}, 3);
  model.network->set_checkpointing(checkpointing);
  const std::vector<Example> examples = random_texts(config.is_seq2seq());
  TrainSettings settings;
  settings.objective = config.is_seq2seq()  ? Objective::seq2seq
                       : config.is_causal() ? Objective::causal_lm
                                            : Objective::masked_lm;
  settings.precision = c.precision;
  settings.mask_token = 4;
  settings.sampling.batch_size = 3;
  settings.steps = 4;
  settings.lr = 1e-3;
  settings.dropout = c.dropout;
  Trainer trainer(*model.network, examples, settings);
  Outcome out;
  while (!trainer.finished()) {
    const StepReport step = trainer.step();
    out.losses.push_back(step.loss);
    out.norms.push_back(step.grad_norm);
  }
  for (const engine::Parameter& p : model.network->parameters().all()) {
    out.values.insert(out.values.end(), p.value, p.value + p.size);
  }
  out.memory = trainer.arena().capacity_bytes();
  return out;
}

class Checkpointing : public testing::TestWithParam<Checkpointed> {};

TEST_P(Checkpointing, TheSameStepsInLessMemory) {
  const Outcome plain = train_deep(GetParam(), false), spared = train_deep(GetParam(), true);
  EXPECT_EQ(spared.losses, plain.losses);
  EXPECT_EQ(spared.norms, plain.norms);
  EXPECT_EQ(spared.values, plain.values);
  EXPECT_LT(static_cast<double>(spared.memory), 0.6 * static_cast<double>(plain.memory));
}

std::vector<Checkpointed> checkpointed_cases() {
  std::vector<Checkpointed> cases;
  for (const char* type : {"llama", "qwen2", "qwen3", "gpt2", "bert", "t5", "transformer"}) {
    for (const double dropout : {0.0, 0.1}) cases.push_back({type, false, dropout, engine::Precision::f32});
  }
  for (const char* type : {"llama", "qwen3", "gpt2"}) cases.push_back({type, true, 0.1, engine::Precision::f32});
  cases.push_back({"gpt2", false, 0.1, engine::Precision::bf16});
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Families, Checkpointing, testing::ValuesIn(checkpointed_cases()),
                         [](const auto& checkpointed) {
                           const Checkpointed& c = checkpointed.param;
                           return c.type + (c.lora ? "_lora" : "") + (c.dropout > 0 ? "_dropout" : "") +
                                  (c.precision == engine::Precision::bf16 ? "_bf16" : "");
                         });

}  // namespace
}  // namespace ballast::lm
