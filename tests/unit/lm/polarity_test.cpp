// SPDX-License-Identifier: Apache-2.0
// A well-known tutorial fine-tunes a causal model on "Banks will raise interest rates." and calls it a success that the
// model then says "raise" for "Banks will lower interest rates." What happens is that the model has learnt one sentence
// by heart. The test shows both readings: greedy decoding, and the likeliest next word at each place of the other
// sentence.
#include <gmock/gmock.h>

#include "ballast/lm/generate/decode.h"
#include "ballast/lm/train/trainer.h"
#include "tests/support/tiny_model.h"

namespace ballast::lm {
namespace {

TEST(Polarity, AModelTaughtToRaiseRaisesWhateverItReads) {
  enum Word : std::int32_t { banks, will, raise, lower, interest, rates, stop };
  LoadedModel model = test::tiny_model(test::tiny_gpt2_arch(7, 16));
  auto& network = static_cast<GeneratingNetwork&>(*model.network);
  Example taught;
  taught.ids = {banks, will, raise, interest, rates, stop};
  const std::vector<Example> examples(4, taught);
  TrainSettings settings;
  settings.sampling.batch_size = 4;
  settings.steps = 150;
  settings.lr = 1e-2;
  settings.dropout = 0;
  Trainer trainer(network, examples, settings);
  while (!trainer.finished()) trainer.step();

  GenerateOptions greedy;
  greedy.max_new_tokens = 4;
  greedy.eos = std::vector<std::int32_t>();
  const std::vector<std::int32_t> prompt = {banks, will};
  EXPECT_THAT(generate_tokens(network, prompt, greedy).ids, testing::ElementsAre(raise, interest, rates, stop));

  // "Banks will lower interest rates.": behind "will" the model says "raise" - it was not taught to contradict, and it
  // has no notion of polarity that a right answer could come from.
  text::TokenBatch batch;
  batch.add(std::vector<std::int32_t>{banks, will, lower, interest, rates});
  engine::Arena arena;
  engine::Tape tape(arena, false);
  const engine::Value logits = network.language_logits(tape, network.encode(tape, batch));
  std::vector<std::int32_t> likeliest;
  for (std::int64_t i = 0; i < logits.rows; ++i) {
    const float* row = logits.data + i * logits.cols;
    likeliest.push_back(static_cast<std::int32_t>(std::max_element(row, row + logits.cols) - row));
  }
  EXPECT_EQ(likeliest[0], will);
  EXPECT_EQ(likeliest[1], raise);
  EXPECT_NE(likeliest[1], lower);
}

}  // namespace
}  // namespace ballast::lm
