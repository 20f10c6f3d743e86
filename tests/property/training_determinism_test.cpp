// SPDX-License-Identifier: Apache-2.0
// Training gives the same bits for the same seed and data at any number of threads, and after stopping and going on;
// another seed gives others.
#include <gtest/gtest.h>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/random.h"
#include "ballast/lm/train/trainer.h"
#include "tests/support/engine.h"
#include "tests/support/scratch.h"
#include "tests/support/tiny_model.h"

namespace ballast::lm {
namespace {

struct TrainingCase {
  const char* name;
  Objective objective;
  engine::Precision precision;
  engine::MomentForm moments = engine::MomentForm::f32;
};

void PrintTo(const TrainingCase& c, std::ostream* out) {
  *out << c.name;
}

class TrainingDeterminism : public testing::TestWithParam<TrainingCase> {
 protected:
  TrainingDeterminism() {
    base::Random random(3);
    for (int i = 0; i < 23; ++i) {
      Example e;
      const std::uint64_t length = 4 + random.below(60);
      for (std::uint64_t t = 0; t < length; ++t) {
        e.ids.push_back(static_cast<std::int32_t>(random.below(300)));
      }
      if (GetParam().objective == Objective::classification) {
        e.classes = {static_cast<std::int32_t>(random.below(2))};
        e.targets = {static_cast<float>(random.below(2))};
      }
      examples_.push_back(std::move(e));
    }
  }

  LoadedModel fresh() const {
    switch (GetParam().objective) {
      case Objective::causal_lm: {
        base::Json arch = test::tiny_gpt2_arch(300, 80);
        if (GetParam().moments == engine::MomentForm::bytes) arch["n_embd"] = 48;  // small matrices keep f32
        return test::tiny_model(arch);
      }
      case Objective::masked_lm:
        return test::tiny_model(test::tiny_bert_arch("BertForMaskedLM", 300, 80));
      case Objective::classification:
        return test::tiny_model(test::tiny_bert_arch("BertForSequenceClassification", 300, 80));
    }
    return {};
  }

  TrainSettings settings(std::uint64_t seed = 42) const {
    TrainSettings s;
    s.objective = GetParam().objective;
    s.precision = GetParam().precision;
    s.adamw.moments = GetParam().moments;
    s.sampling = {.batch_size = 4, .batch_tokens = 0, .shuffle = true, .seed = seed};
    s.steps = 5;  // of 3 batches of 4: more than two epochs
    s.accumulate = 3;
    s.lr = 1e-3;
    s.dropout = 0.1;
    s.label_smoothing = 0.05;
    s.warmup = 2;
    s.mask_token = 4;
    s.unmaskable = {0, 1, 2, 3, 4};
    if (s.objective == Objective::classification) {
      s.heads = {{HeadKind::multiclass, 0, 2, 1.0}, {HeadKind::multilabel, 2, 1, 0.5}};
    }
    return s;
  }

  static std::vector<float> values(const Network& network) {
    std::vector<float> all;
    for (const engine::Parameter& p : network.parameters().all()) all.insert(all.end(), p.value, p.value + p.size);
    return all;
  }

  std::vector<float> trained(std::vector<double>& losses, std::uint64_t seed = 42) const {
    const LoadedModel model = fresh();
    Trainer trainer(*model.network, examples_, settings(seed));
    while (!trainer.finished()) losses.push_back(trainer.step().loss);
    return values(*model.network);
  }

  std::vector<Example> examples_;
};

TEST_P(TrainingDeterminism, SameBitsForAnyNumberOfThreads) {
  std::vector<double> losses;
  const std::vector<float> first = trained(losses);
  EXPECT_NE(first, values(*fresh().network)) << "training changes the weights";
  for (const int count : {1, 2, 3}) {
    const test::Threads threads(count);
    std::vector<double> again;
    EXPECT_EQ(trained(again), first) << count << " threads";
    EXPECT_EQ(again, losses) << count << " threads";
  }
}

TEST_P(TrainingDeterminism, AnotherSeedGivesOtherBits) {
  std::vector<double> losses;
  EXPECT_NE(trained(losses), trained(losses, 43));
}

TEST_P(TrainingDeterminism, StoppedAndResumedIsTheSameRun) {
  std::vector<double> losses;
  const std::vector<float> whole = trained(losses);
  for (const int stop : {1, 2, 4}) {
    const test::ScratchFolder scratch;
    std::vector<double> pieces;
    {
      const LoadedModel model = fresh();
      Trainer trainer(*model.network, examples_, settings());
      for (int i = 0; i < stop; ++i) pieces.push_back(trainer.step().loss);
      trainer.save_state(scratch.path());
    }
    const LoadedModel model = fresh();
    Trainer trainer(*model.network, examples_, settings());
    trainer.load_state(scratch.path());
    EXPECT_EQ(trainer.step_count(), stop);
    while (!trainer.finished()) pieces.push_back(trainer.step().loss);
    EXPECT_EQ(values(*model.network), whole) << "stopped after " << stop;
    EXPECT_EQ(pieces, losses) << "stopped after " << stop;
  }
}

TEST_P(TrainingDeterminism, EvaluationDoesNotDisturbTheRun) {
  std::vector<double> losses;
  const std::vector<float> whole = trained(losses);
  const LoadedModel model = fresh();
  Trainer trainer(*model.network, examples_, settings());
  double last = 0;
  while (!trainer.finished()) {
    trainer.step();
    last = trainer.evaluate(examples_);
    EXPECT_EQ(trainer.evaluate(examples_), last);
  }
  EXPECT_EQ(values(*model.network), whole);
}

INSTANTIATE_TEST_SUITE_P(
    Objectives, TrainingDeterminism,
    testing::Values(TrainingCase{"causal_f32", Objective::causal_lm, engine::Precision::f32},
                    TrainingCase{"causal_bf16", Objective::causal_lm, engine::Precision::bf16},
                    TrainingCase{"causal_8bit", Objective::causal_lm, engine::Precision::f32,
                                 engine::MomentForm::bytes},
                    TrainingCase{"masked_f32", Objective::masked_lm, engine::Precision::f32},
                    TrainingCase{"masked_bf16", Objective::masked_lm, engine::Precision::bf16},
                    TrainingCase{"classify_f32", Objective::classification, engine::Precision::f32},
                    TrainingCase{"classify_bf16", Objective::classification, engine::Precision::bf16}),
    [](const testing::TestParamInfo<TrainingCase>& c) { return std::string(c.param.name); });

std::vector<Example> one_example() {
  Example e;
  e.ids = {1, 2, 3, 4};
  return {e};
}

TrainSettings four_steps() {
  TrainSettings settings;
  settings.sampling.batch_size = 1;
  settings.steps = 4;
  return settings;
}

TEST(TrainingState, OfAnotherRunIsRefused) {
  const test::ScratchFolder scratch;
  const std::vector<Example> examples = one_example();
  TrainSettings settings = four_steps();
  const LoadedModel model = test::tiny_model(test::tiny_gpt2_arch(300));
  Trainer trainer(*model.network, examples, settings);
  trainer.step();
  trainer.save_state(scratch.path());
  settings.steps = 5;
  Trainer other(*model.network, examples, settings);
  try {
    other.load_state(scratch.path());
    ADD_FAILURE() << "accepted";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::bad_input);
    EXPECT_EQ(error.problem(), "belongs to a run with other data or settings");
  }
  settings.steps = 4;
  settings.adamw.moments = engine::MomentForm::bytes;
  Trainer in_bytes(*model.network, examples, settings);
  try {
    in_bytes.load_state(scratch.path());
    ADD_FAILURE() << "accepted";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::bad_input);
    EXPECT_EQ(error.problem(), "the optimiser's state is kept as f32, and --optimizer-state asks for 8bit");
  }
}

TEST(TrainingState, ThatWasDamagedIsRefused) {
  const std::vector<Example> examples = one_example();
  const LoadedModel model = test::tiny_model(test::tiny_gpt2_arch(300));
  Trainer trainer(*model.network, examples, four_steps());
  trainer.step();
  const auto refused = [&](const char* file, const auto& damage) {
    const test::ScratchFolder scratch;
    trainer.save_state(scratch.path());
    std::string bytes = base::read_file(scratch.path() / file);
    damage(bytes);
    base::write_file_atomic(scratch.path() / file, bytes);
    try {
      trainer.load_state(scratch.path());
      ADD_FAILURE() << "accepted: " << file;
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), base::ErrorCode::bad_input);
      EXPECT_EQ(error.problem(), "is not as it was saved: its checksum is another one");
    }
  };
  refused("training_state.safetensors", [](std::string& bytes) { bytes.back() ^= 1; });              // of a moment
  refused("training_state.safetensors", [](std::string& bytes) { bytes[bytes.size() / 4] ^= 64; });  // of a weight
  refused("training_state.json", [](std::string& text) { text.replace(text.find("\"step\": 1"), 9, "\"step\": 2"); });
}

}  // namespace
}  // namespace ballast::lm
