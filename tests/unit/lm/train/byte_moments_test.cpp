// SPDX-License-Identifier: Apache-2.0
// Moments in bytes learn as well as moments in f32: a small causal model of the project's own headlines, byte by byte.
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "ballast/lm/train/trainer.h"
#include "tests/support/tiny_model.h"

namespace ballast::lm {
namespace {

/// The texts (last columns) of a file of sentences as bytes, cut to `longest`.
std::vector<Example> sentences_as_bytes(const std::string& file, std::size_t longest) {
  std::ifstream in(std::string(BALLAST_SOURCE_DIR) + "/data/risk_sentences/" + file);
  std::vector<Example> examples;
  for (std::string line; std::getline(in, line);) {
    Example e;
    const std::string text = line.substr(line.rfind('\t') + 1).substr(0, longest);
    for (const char c : text) e.ids.push_back(static_cast<unsigned char>(c));
    if (e.ids.size() > 1) examples.push_back(std::move(e));
  }
  return examples;
}

double held_out_loss(std::span<const Example> examples, engine::MomentForm moments) {
  base::Json arch = test::tiny_gpt2_arch(256, 96);
  arch["n_embd"] = 64;
  arch["n_head"] = 4;
  arch["initializer_range"] = 0.05;
  const LoadedModel model = test::tiny_model(arch);
  const std::size_t held_out = examples.size() / 10;
  TrainSettings settings;
  settings.sampling.batch_size = 16;
  settings.steps = 200;
  settings.lr = 3e-3;
  settings.warmup = 10;
  settings.dropout = 0;
  settings.adamw.moments = moments;
  Trainer trainer(*model.network, examples.subspan(held_out), settings);
  EXPECT_GT(trainer.evaluate(examples.first(held_out)), 5.0) << "nothing is known at the start: ln 256 is 5.5";
  while (!trainer.finished()) trainer.step();
  return trainer.evaluate(examples.first(held_out));
}

TEST(ByteMoments, LearnAsWellAsF32) {
  const std::vector<Example> examples = sentences_as_bytes("en_headlines.tsv", 96);
  ASSERT_GT(examples.size(), 500u);
  const double exact = held_out_loss(examples, engine::MomentForm::f32);
  const double bytes = held_out_loss(examples, engine::MomentForm::bytes);
  EXPECT_LT(exact, 2.8);
  EXPECT_NEAR(bytes, exact, 0.03);
  EXPECT_NE(bytes, exact) << "bytes were not used";
}

}  // namespace
}  // namespace ballast::lm
