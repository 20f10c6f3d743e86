// SPDX-License-Identifier: Apache-2.0
// Training against torch: gradients of the first step, losses of ten AdamW steps, parameters after 1, 3 and 10 of them,
// and the run with gradient clipping and a warm-up schedule. All through Trainer, dropout off.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "ballast/lm/load.h"
#include "ballast/lm/token_input.h"
#include "ballast/lm/train/trainer.h"
#include "tests/golden/model_fixture.h"
#include "tests/support/first_gradients.h"
#include "tests/support/scratch.h"

namespace ballast::lm {
namespace {

using test::ModelFixture;
using test::ScratchFolder;

class TrainingParity : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    BALLAST_NEEDS_SHARED(std::string("fixtures/") + GetParam());
    fixture_ = std::make_unique<ModelFixture>(GetParam());
    model_ = load_model(fixture_->folder());
    const ModelConfig& config = model_.network->config();
    for (int b = 0; b < train().at("batches").get<int>(); ++b) {
      fixture_->write_inputs("train." + std::to_string(b) + ".", scratch_ / "in.safetensors");
      const TokenInput in = read_token_input(scratch_ / "in.safetensors", config);
      batch_size_ = in.batch;
      for (Example& e : examples_from_input(in, config.is_causal())) examples_.push_back(std::move(e));
    }
  }

  const base::Json& train() const { return fixture_->expected().at("train"); }

  TrainSettings settings() const {
    const ModelConfig& config = model_.network->config();
    const base::Json& optimizer = train().at("optimizer");
    TrainSettings s;
    s.objective = config.is_seq2seq()                       ? Objective::seq2seq
                  : config.head == HeadType::classification ? Objective::classification
                  : config.is_causal()                      ? Objective::causal_lm
                                                            : Objective::masked_lm;
    if (s.objective == Objective::classification) {
      s.heads = {{HeadKind::multiclass, 0, static_cast<std::int64_t>(config.labels.size()), 1.0}};
    }
    s.sampling = {.batch_size = batch_size_, .batch_tokens = 0, .shuffle = false, .seed = 42};
    s.steps = train().at("steps").get<std::int64_t>();
    s.lr = optimizer.at("lr").get<double>();
    s.adamw = {.beta1 = 0.9,
               .beta2 = 0.999,
               .eps = optimizer.at("eps").get<double>(),
               .weight_decay = optimizer.at("weight_decay").get<double>(),
               .decay_all = true};
    s.clip_norm = 0;
    s.dropout = 0;
    s.schedule = engine::Schedule::constant;
    return s;
  }

  /// True where the exact gradient is zero, so that Adam follows rounding noise.
  bool left_out(const std::string& name, std::int64_t index) const {
    const base::Json& ranges = train().at("zero_gradient_elements");
    if (!ranges.contains(name)) return false;
    return std::any_of(ranges.at(name).begin(), ranges.at(name).end(), [&](const base::Json& range) {
      return index >= range[0].get<std::int64_t>() && index < range[1].get<std::int64_t>();
    });
  }

  /// Every parameter's values or gradients against a file; `atol(name)` is that parameter's tolerance.
  template <class Pick, class Tolerance>
  void compare(const std::string& file, Pick pick, Tolerance atol) {
    const SafetensorsFile reference(fixture_->folder() / file);
    std::size_t compared = 0;
    for (const engine::Parameter& p : model_.network->parameters().all()) {
      if (p.frozen) continue;
      std::vector<float> expected(static_cast<std::size_t>(p.size));
      reference.read_f32(p.name, expected);
      ++compared;
      for (std::int64_t i = 0; i < p.size; ++i) {
        if (left_out(p.name, i)) continue;
        ASSERT_TRUE(test::near(pick(p)[i], expected[static_cast<std::size_t>(i)], atol(p.name)))
            << file << " " << p.name << " element " << i << ": " << pick(p)[i] << ", reference "
            << expected[static_cast<std::size_t>(i)];
      }
    }
    EXPECT_EQ(compared, reference.tensors().size()) << "every tensor of " << file << " has a parameter";
  }

  /// Gradients of the first step by name.
  std::map<std::string, std::vector<float>> gradients_of(const Trainer& trainer) const {
    const std::vector<float> all = test::first_gradients(trainer);
    std::map<std::string, std::vector<float>> gradients;
    auto from = all.begin();
    for (const engine::Parameter& p : model_.network->parameters().all()) {
      if (p.frozen) continue;
      gradients[p.name] = {from, from + p.size};
      from += p.size;
    }
    return gradients;
  }

  void expect_loss(double loss, const base::Json& run, std::size_t t) const {
    const double expected = run.at("loss")[t].get<double>(), exact = run.at("loss_float64")[t].get<double>();
    EXPECT_NEAR(loss, expected, 1e-5 + 4 * std::abs(expected - exact)) << "step " << t + 1;
  }

  std::unique_ptr<ModelFixture> fixture_;
  LoadedModel model_;
  std::vector<Example> examples_;
  std::int64_t batch_size_ = 0;
  ScratchFolder scratch_;
};

TEST_P(TrainingParity, TenStepsOfAdamW) {
  Trainer trainer(*model_.network, examples_, settings());
  for (std::size_t t = 0; t < 10; ++t) {
    expect_loss(trainer.step().loss, train(), t);
    if (t == 0) {
      const std::map<std::string, std::vector<float>> gradients = gradients_of(trainer);
      compare(
          "train_grads.safetensors", [&](const engine::Parameter& p) { return gradients.at(p.name).data(); },
          [&](const std::string& name) {
            return 1e-5 + 4 * train().at("grad_max_abs_diff_float64").at(name).get<double>();
          });
    }
    const std::string step = std::to_string(t + 1);
    if (t + 1 != 1 && t + 1 != 3 && t + 1 != 10) continue;
    compare(
        "train_step" + step + ".safetensors", [](const engine::Parameter& p) { return p.value; },
        [&](const std::string& name) {
          return 1e-5 + 4 * train().at("param_max_abs_diff_float64").at(step).at(name).get<double>();
        });
  }
}

TEST_P(TrainingParity, ClippedAndScheduled) {
  const base::Json& run = train().at("clipped_and_scheduled");
  TrainSettings s = settings();
  s.clip_norm = run.at("max_norm").get<double>();
  s.schedule = engine::Schedule::linear;
  s.warmup = 3;
  Trainer trainer(*model_.network, examples_, s);
  for (std::size_t t = 0; t < 10; ++t) {
    const StepReport report = trainer.step();
    const double norm = run.at("total_grad_norm_before_clip")[t].get<double>();
    expect_loss(report.loss, run, t);
    EXPECT_TRUE(test::near(report.grad_norm, norm, 1e-4)) << report.grad_norm << ", reference " << norm;
    EXPECT_DOUBLE_EQ(report.lr, s.lr * (t < 3 ? static_cast<double>(t) / 3 : static_cast<double>(10 - t) / 7));
  }
  for (const engine::Parameter& p : model_.network->parameters().all()) {
    if (p.frozen) continue;
    double sum = 0;
    for (std::int64_t i = 0; i < p.size; ++i) sum += static_cast<double>(p.value[i]) * p.value[i];
    const double norm = run.at("param_l2_norm_after_10").at(p.name).get<double>();
    // Elements whose exact gradient is zero moved on rounding noise: they may differ by what ten steps can do.
    const double atol = train().at("zero_gradient_elements").contains(p.name) ? 1e-2 : 1e-4;
    EXPECT_TRUE(test::near(std::sqrt(sum), norm, atol)) << p.name << " " << std::sqrt(sum) << ", reference " << norm;
  }
}

INSTANTIATE_TEST_SUITE_P(Fixtures, TrainingParity,
                         testing::Values("gpt2", "bert-cls", "bert-mlm", "llama", "qwen2", "qwen3", "t5",
                                         "t5-relu-tied", "bart", "marian"),
                         [](const auto& case_info) {
                           std::string name = case_info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace ballast::lm
