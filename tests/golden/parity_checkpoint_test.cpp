// SPDX-License-Identifier: Apache-2.0
// Checkpoints on the reference models: what Ballast saves loads again bit for bit and computes the same; sixteen-bit
// storage widens exactly.
#include <gtest/gtest.h>

#include <bit>

#include "ballast/base/half.h"
#include "ballast/lm/arch/seq2seq.h"
#include "ballast/lm/load.h"
#include "tests/golden/model_fixture.h"
#include "tests/support/scratch.h"

namespace ballast::lm {
namespace {

using test::ModelFixture;
using test::ScratchFolder;

std::vector<float> logits(Network& network, const ModelFixture& fixture) {
  text::TokenBatch batch;
  batch.add(fixture.integers("plain.input_ids"));
  engine::Arena arena;
  engine::Tape tape(arena, false);
  engine::Value hidden = network.encode(tape, batch);
  if (network.config().is_seq2seq()) {
    hidden = static_cast<Seq2SeqNetwork&>(network).decode_targets(tape, hidden, batch, batch);
  }
  const engine::Value out = network.config().head == HeadType::classification ? network.classify(tape, hidden, batch)
                                                                              : network.language_logits(tape, hidden);
  return {out.data, out.data + out.size()};
}

/// Every parameter of `reloaded` is the bits of `original` after `stored`.
template <class F>
void expect_same(Network& original, Network& reloaded, F stored) {
  ASSERT_EQ(original.parameters().all().size(), reloaded.parameters().all().size());
  for (const engine::Parameter& p : original.parameters().all()) {
    const engine::Parameter* q = reloaded.parameters().find(p.name);
    ASSERT_NE(q, nullptr) << p.name;
    ASSERT_EQ(q->shape, p.shape);
    for (std::int64_t i = 0; i < p.size; ++i) {
      ASSERT_EQ(std::bit_cast<std::uint32_t>(q->value[i]), std::bit_cast<std::uint32_t>(stored(p.value[i])))
          << p.name << " element " << i;
    }
  }
}

class CheckpointParity : public testing::TestWithParam<const char*> {};

TEST_P(CheckpointParity, SavedAndLoadedAgainIsTheSameModel) {
  BALLAST_NEEDS_SHARED(std::string("fixtures/") + GetParam());
  const ModelFixture fixture(GetParam());
  const LoadedModel original = load_model(fixture.folder());
  const ScratchFolder first, second;
  write_model_files(first.path(), *original.network, nullptr);
  const LoadedModel reloaded = load_model(first.path());
  EXPECT_TRUE(reloaded.fresh.empty());
  expect_same(*original.network, *reloaded.network, [](float x) { return x; });
  EXPECT_EQ(logits(*original.network, fixture), logits(*reloaded.network, fixture));
  write_model_files(second.path(), *reloaded.network, nullptr);
  EXPECT_EQ(base::read_file(first / "model.safetensors"), base::read_file(second / "model.safetensors"));
  EXPECT_EQ(base::read_file(first / "config.json"), base::read_file(second / "config.json"));
}

TEST_P(CheckpointParity, SixteenBitStorageWidensExactly) {
  BALLAST_NEEDS_SHARED(std::string("fixtures/") + GetParam());
  const LoadedModel original = load_model(test::shared_dir() / "fixtures" / GetParam());
  const ScratchFolder bf16, f16;
  write_model_files(bf16.path(), *original.network, nullptr, DType::bf16);
  expect_same(*original.network, *load_model(bf16.path()).network,
              [](float x) { return base::f32_from_bf16(base::bf16_from_f32(x)); });
  write_model_files(f16.path(), *original.network, nullptr, DType::f16);
  expect_same(*original.network, *load_model(f16.path()).network,
              [](float x) { return base::f32_from_f16(base::f16_from_f32(x)); });
}

TEST_P(CheckpointParity, ConfigurationKeepsWhatTheReferenceWrote) {
  BALLAST_NEEDS_SHARED(std::string("fixtures/") + GetParam());
  const auto file = test::shared_dir() / "fixtures" / GetParam() / "config.json";
  const base::Json before = base::read_json(file);
  const base::Json after = config_json(read_config(file));
  for (const auto& [key, value] : before.items()) {
    if (key == "n_inner") continue;                  // null stands for four times the width, which is written out
    if (value == base::Json{"GPT2Model"}) continue;  // the head is tied: saved as GPT2LMHeadModel
    EXPECT_EQ(after.value(key, base::Json()), value) << key;
  }
}

INSTANTIATE_TEST_SUITE_P(Fixtures, CheckpointParity,
                         testing::Values("gpt2", "gpt2-base", "gpt2-f16", "bert-cls", "bert-mlm", "llama", "llama-bf16",
                                         "llama-sharded", "llama3-rope", "qwen2", "qwen3", "t5", "t5-relu-tied", "bart",
                                         "marian"),
                         [](const testing::TestParamInfo<const char*>& c) {
                           std::string name = c.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace ballast::lm
