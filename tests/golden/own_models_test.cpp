// SPDX-License-Identifier: Apache-2.0
// Two tiny models with seeded weights against numbers kept in tests/data/lm: fresh weights, the forward pass and three
// training steps stay what they are, also where the reference data is not at hand. The numbers were recorded when all
// reference fixtures were met.
#include <gtest/gtest.h>

#include "ballast/lm/load.h"
#include "ballast/lm/train/trainer.h"
#include "tests/golden/model_fixture.h"

namespace ballast::lm {
namespace {

class OwnModels : public testing::TestWithParam<const char*> {
 protected:
  OwnModels()
      : data_(base::read_json(std::filesystem::path(BALLAST_SOURCE_DIR) / "tests/data/lm" /
                              (std::string(GetParam()) + ".json"))),
        model_(create_model(parse_config(data_.at("arch"), GetParam()), data_.at("seed").get<std::uint64_t>())) {}

  void expect(const std::vector<double>& ours, const std::string& key, double atol) const {
    const auto expected = data_.at(key).get<std::vector<double>>();
    ASSERT_EQ(ours.size(), expected.size()) << key << " " << base::dump_json(base::Json(ours));
    for (std::size_t i = 0; i < ours.size(); ++i) {
      EXPECT_TRUE(test::near(ours[i], expected[i], atol))
          << key << " " << i << ": " << ours[i] << ", kept " << expected[i];
    }
  }

  base::Json data_;
  LoadedModel model_;
};

TEST_P(OwnModels, Logits) {
  text::TokenBatch batch;
  batch.add(data_.at("ids").get<std::vector<std::int32_t>>());
  engine::Arena arena;
  engine::Tape tape(arena, false);
  const engine::Value logits = model_.network->language_logits(tape, model_.network->encode(tape, batch));
  std::vector<double> some;
  for (std::int64_t i = 0; i < logits.size(); i += 37) some.push_back(logits.data[i]);
  expect(some, "logits", 1e-5);
}

TEST_P(OwnModels, LossesOfThreeSteps) {
  Example example;
  example.ids = data_.at("ids").get<std::vector<std::int32_t>>();
  TrainSettings settings;
  settings.objective = std::string(GetParam()) == "gpt2" ? Objective::causal_lm : Objective::masked_lm;
  settings.mask_token = 0;
  settings.mask_probability = 0.5;
  settings.sampling.batch_size = 1;
  settings.steps = 3;
  settings.lr = 1e-2;
  settings.dropout = 0.1;
  settings.schedule = engine::Schedule::constant;
  const std::vector<Example> examples = {example};
  Trainer trainer(*model_.network, examples, settings);
  std::vector<double> losses;
  while (!trainer.finished()) losses.push_back(trainer.step().loss);
  expect(losses, "losses", 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Architectures, OwnModels, testing::Values("gpt2", "bert"),
                         [](const testing::TestParamInfo<const char*>& c) { return std::string(c.param); });

}  // namespace
}  // namespace ballast::lm
