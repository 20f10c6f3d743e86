// SPDX-License-Identifier: Apache-2.0
// LoRA against PEFT: logits of a loaded adapter, merged and not, ten AdamW steps of the adapter alone, and files that
// come back as they were.
#include "ballast/lm/lora.h"

#include <gtest/gtest.h>

#include "ballast/base/error.h"
#include "ballast/lm/arch/seq2seq.h"
#include "ballast/lm/load.h"
#include "ballast/lm/token_input.h"
#include "ballast/lm/train/trainer.h"
#include "tests/golden/model_fixture.h"
#include "tests/support/scratch.h"

namespace ballast::lm {
namespace {

namespace fs = std::filesystem;

class Lora : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    BALLAST_NEEDS_SHARED(std::string("fixtures/") + GetParam() + "/lora");
    folder_ = test::shared_dir() / "fixtures" / GetParam() / "lora";
    expected_ = base::read_json(folder_ / "expected.json");
    model_ = load_model(folder_);
    const SafetensorsFile file(folder_ / "expected.safetensors");
    std::vector<TensorToWrite> inputs;
    for (const std::string& name : file.names()) {
      if (!name.starts_with("input.")) continue;
      inputs.push_back(
          TensorToWrite::bytes(name.substr(6), file.info(name).shape, file.info(name).dtype, file.raw(name)));
    }
    write_safetensors(scratch_ / "in.safetensors", std::move(inputs));
    in_ = read_token_input(scratch_ / "in.safetensors", model_.network->config());
    logits_.resize(static_cast<std::size_t>(file.info("logits").count()));
    file.read_f32("logits", logits_);
  }

  /// Logits at visible positions against the reference's.
  void expect_logits(Network& network) const {
    std::vector<std::int64_t> rows;
    const text::TokenBatch batch = pack_visible(in_, 0, in_.batch, &rows);
    engine::Arena arena;
    engine::Tape tape(arena, false);
    engine::Value hidden = network.encode(tape, batch);
    const ModelConfig& config = network.config();
    const text::TokenBatch answers = config.is_seq2seq() ? pack_decoder(in_) : text::TokenBatch{};
    if (config.is_seq2seq()) {
      hidden = static_cast<Seq2SeqNetwork&>(network).decode_targets(tape, hidden, batch, answers);
    }
    const engine::Value out = config.head == HeadType::classification ? network.classify(tape, hidden, batch)
                                                                      : network.language_logits(tape, hidden);
    const bool by_token = config.head == HeadType::language_model && !config.is_seq2seq();
    for (std::int64_t i = 0; i < out.rows; ++i) {
      const std::int64_t row = by_token ? rows[static_cast<std::size_t>(i)] : i;
      for (std::int64_t j = 0; j < out.cols; ++j) {
        ASSERT_TRUE(test::near(out.data[i * out.cols + j], logits_[static_cast<std::size_t>(row * out.cols + j)], 2e-4))
            << "row " << row << " column " << j;
      }
    }
  }

  TrainSettings settings() const {
    const ModelConfig& config = model_.network->config();
    const base::Json optimizer = base::read_json(folder_.parent_path() / "expected.json").at("train").at("optimizer");
    TrainSettings s;
    s.objective = config.is_seq2seq()                       ? Objective::seq2seq
                  : config.head == HeadType::classification ? Objective::classification
                                                            : Objective::causal_lm;
    s.heads = {{HeadKind::multiclass, 0, static_cast<std::int64_t>(config.labels.size()), 1.0}};
    s.sampling = {.batch_size = in_.batch, .batch_tokens = 0, .shuffle = false, .seed = 42};
    s.steps = 10;
    s.lr = optimizer.at("lr").get<double>();
    s.adamw = {0.9, 0.999, optimizer.at("eps").get<double>(), optimizer.at("weight_decay").get<double>(), true};
    s.clip_norm = 0;
    s.dropout = 0;
    s.schedule = engine::Schedule::constant;
    return s;
  }

  fs::path folder_;
  base::Json expected_;
  LoadedModel model_;
  TokenInput in_;
  std::vector<float> logits_;
  test::ScratchFolder scratch_;
};

TEST_P(Lora, LogitsOfTheAdapter) {
  expect_logits(*model_.network);
  merge_lora(*model_.network);
  EXPECT_FALSE(has_lora(*model_.network));
  expect_logits(*model_.network);
  // Merged it is an ordinary model.
  const test::ScratchFolder merged;
  write_model_files(merged.path(), *model_.network, nullptr);
  expect_logits(*load_model(merged.path()).network);
}

TEST_P(Lora, TenStepsOfTheAdapterAlone) {
  const auto examples = examples_from_input(in_, model_.network->config().is_causal());
  const float* frozen = model_.network->parameters().all().front().value;
  Trainer trainer(*model_.network, examples, settings());
  EXPECT_EQ(model_.network->parameters().all().front().value, frozen) << "frozen weights stay where they are mapped";
  const base::Json& train = expected_.at("train");
  for (std::size_t t = 0; t < 10; ++t) {
    const double loss = train.at("loss")[t].get<double>(), exact = train.at("loss_float64")[t].get<double>();
    EXPECT_NEAR(trainer.step().loss, loss, 1e-5 + 4 * std::abs(loss - exact)) << "step " << t + 1;
    if (t != 0 && t != 2 && t != 9) continue;
    const std::string step = std::to_string(t + 1);
    const SafetensorsFile reference(folder_ / ("train_step" + step + ".safetensors"));
    std::size_t compared = 0;
    for (const engine::Parameter& p : model_.network->parameters().all()) {
      if (p.frozen) continue;
      const std::string name = "base_model.model." + p.name;
      std::vector<float> values(static_cast<std::size_t>(p.size));
      reference.read_f32(name, values);
      const double atol = 1e-5 + 4 * train.at("param_max_abs_diff_float64").at(step).at(name).get<double>();
      ++compared;
      for (std::int64_t i = 0; i < p.size; ++i) {
        ASSERT_TRUE(test::near(p.value[i], values[static_cast<std::size_t>(i)], atol))
            << "step " << step << " " << name << " element " << i;
      }
    }
    EXPECT_EQ(compared, reference.tensors().size());
  }
}

TEST_P(Lora, FilesComeBackAsTheyWere) {
  const test::ScratchFolder out;
  write_lora(out.path(), *model_.network, (folder_ / "..").string());
  EXPECT_EQ(base::read_file(out / "adapter_model.safetensors"), base::read_file(folder_ / "adapter_model.safetensors"));
  const base::Json before = base::read_json(folder_ / "adapter_config.json");
  const base::Json after = base::read_json(out / "adapter_config.json");
  for (const char* key : {"r", "lora_alpha", "lora_dropout", "fan_in_fan_out", "bias", "peft_type"}) {
    EXPECT_EQ(after.at(key), before.at(key)) << key;
  }
  expect_logits(*load_model(out.path()).network);
}

TEST_P(Lora, FreshAdaptersChangeNothing) {
  const fs::path base_folder = folder_.parent_path();
  const LoadedModel plain = load_model(base_folder), corrected = load_model(base_folder);
  add_lora(*corrected.network, {.rank = 3, .targets = {}}, 5);
  EXPECT_TRUE(has_lora(*corrected.network));
  const text::TokenBatch batch = pack_visible(in_, 0, in_.batch);
  engine::Arena arena;
  engine::Tape tape(arena, false);
  const engine::Value a = plain.network->encode(tape, batch), b = corrected.network->encode(tape, batch);
  for (std::int64_t i = 0; i < a.size(); ++i) ASSERT_EQ(a.data[i], b.data[i]);
  LoraOptions wrong;
  wrong.targets = {"nowhere"};
  EXPECT_THROW(add_lora(*load_model(base_folder).network, wrong, 5), base::Error);
}

INSTANTIATE_TEST_SUITE_P(Fixtures, Lora, testing::Values("gpt2", "llama", "qwen2", "bert-cls", "t5", "bart"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace ballast::lm
