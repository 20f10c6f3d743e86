// SPDX-License-Identifier: Apache-2.0
// Gradient checkpointing: less memory, and the same steps bit for bit, with LoRA and without.
#include <gtest/gtest.h>

#include "ballast/base/random.h"
#include "ballast/lm/arch/causal.h"
#include "ballast/lm/lora.h"
#include "ballast/lm/train/trainer.h"
#include "tests/support/tiny_model.h"

namespace ballast::lm {
namespace {

struct Outcome {
  std::vector<double> losses, norms;
  std::vector<float> values;
  std::size_t memory = 0;
};

Outcome train_llama(const char* type, bool checkpointing, bool lora) {
  LoadedModel model = test::tiny_model({{"model_type", type},
                                        {"vocab_size", 300},
                                        {"hidden_size", 48},
                                        {"num_hidden_layers", 6},
                                        {"num_attention_heads", 4},
                                        {"num_key_value_heads", 2},
                                        {"head_dim", 12},
                                        {"intermediate_size", 96},
                                        {"max_position_embeddings", 128},
                                        {"rms_norm_eps", 1e-6},
                                        {"tie_word_embeddings", true},
                                        {"initializer_range", 0.2}});
  if (lora) add_lora(*model.network, {.rank = 4}, 3);
  EXPECT_TRUE(static_cast<CausalNetwork&>(*model.network).set_checkpointing(checkpointing));
  base::Random random(9);
  std::vector<Example> examples(6);
  for (Example& e : examples) {
    for (std::uint64_t n = 30 + random.below(60); n > 0; --n)
      e.ids.push_back(static_cast<std::int32_t>(random.below(300)));
  }
  TrainSettings settings;
  settings.sampling.batch_size = 3;
  settings.steps = 4;
  settings.lr = 1e-3;
  settings.dropout = 0;
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

TEST(Checkpointing, TheSameStepsInLessMemory) {
  for (const char* type : {"llama", "qwen2", "qwen3"}) {
    for (const bool lora : {false, true}) {
      const Outcome plain = train_llama(type, false, lora), spared = train_llama(type, true, lora);
      EXPECT_EQ(spared.losses, plain.losses) << type << lora;
      EXPECT_EQ(spared.norms, plain.norms) << type << lora;
      EXPECT_EQ(spared.values, plain.values) << type << lora;
      EXPECT_LT(spared.memory, plain.memory / 2) << type << lora;
    }
  }
}

}  // namespace
}  // namespace ballast::lm
