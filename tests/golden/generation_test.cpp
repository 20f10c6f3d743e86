// SPDX-License-Identifier: Apache-2.0
// Greedy generation against transformers: the very sequences and the log-probabilities of their tokens. Each row of a
// left-padded batch is generated on its own; the filters of sampling against the reference's probabilities.
#include <gtest/gtest.h>

#include <cmath>

#include "ballast/engine/loss.h"
#include "ballast/lm/generate/decode.h"
#include "ballast/lm/generate/filters.h"
#include "ballast/lm/load.h"
#include "tests/golden/model_fixture.h"
#include "tests/support/engine.h"

namespace ballast::lm {
namespace {

using test::ModelFixture;
using Ids = std::vector<std::int32_t>;

struct Prompts {
  std::vector<Ids> rows;      // without padding
  std::vector<Ids> paddings;  // what stood before each
};

Prompts read_prompts(const ModelFixture& fixture, bool single) {
  const std::string prefix = single ? "plain." : "left.";
  const auto shape = fixture.shape(prefix + "input_ids");
  const auto ids = fixture.integers(prefix + "input_ids");
  const auto mask = single ? std::vector<std::int64_t>(ids.size(), 1) : fixture.integers(prefix + "attention_mask");
  Prompts prompts;
  prompts.rows.resize(static_cast<std::size_t>(shape[0]));
  prompts.paddings.resize(static_cast<std::size_t>(shape[0]));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    auto& to = mask[i] != 0 ? prompts.rows : prompts.paddings;
    to[i / static_cast<std::size_t>(shape[1])].push_back(static_cast<std::int32_t>(ids[i]));
  }
  return prompts;
}

class GenerationParity : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    BALLAST_NEEDS_SHARED(std::string("fixtures/") + GetParam());
    fixture_ = std::make_unique<ModelFixture>(GetParam());
    model_ = load_model(fixture_->folder());
    model_.network->pack(engine::Precision::f32);
  }

  CausalNetwork& network() { return static_cast<CausalNetwork&>(*model_.network); }

  /// One row of one generation: the reference's sequence is padding, prompt, new tokens, padding.
  void compare(const base::Json& expected, std::size_t row, const Ids& padding, const Ids& prompt) {
    const base::Json& params = expected.at("params");
    GenerateOptions options;
    options.max_new_tokens = params.at("max_new_tokens").get<std::int64_t>();
    options.repetition_penalty = params.value("repetition_penalty", 1.0);
    options.eos = params.contains("eos_token_id") ? Ids{params.at("eos_token_id").get<std::int32_t>()} : Ids{};
    const Generation out = generate_tokens(network(), prompt, options, {.penalized = padding});
    Ids sequence = padding;
    sequence.insert(sequence.end(), prompt.begin(), prompt.end());
    sequence.insert(sequence.end(), out.ids.begin(), out.ids.end());
    const auto reference = expected.at("sequences")[row].get<Ids>();
    sequence.resize(std::max(sequence.size(), reference.size()), params.at("pad_token_id").get<std::int32_t>());
    EXPECT_EQ(sequence, reference);
    const bool ended = !out.ids.empty() && !options.eos->empty() && out.ids.back() == options.eos->front();
    EXPECT_EQ(out.finish, ended ? FinishReason::eos : FinishReason::length);
    const base::Json& steps = expected.at("token_logprobs_by_step");
    for (std::size_t t = 0; t < out.ids.size(); ++t) {
      EXPECT_TRUE(test::near(out.logprobs[t], steps[t][row].get<double>(), fixture_->tolerance()))
          << "token " << t << ": " << out.logprobs[t] << ", reference " << steps[t][row];
    }
  }

  std::unique_ptr<ModelFixture> fixture_;
  LoadedModel model_;
};

TEST_P(GenerationParity, GreedySequencesAndLogProbabilities) {
  int compared = 0;
  for (const auto& [name, expected] : fixture_->expected().at("generation").items()) {
    if (!name.starts_with("greedy")) continue;
    SCOPED_TRACE(name);
    ++compared;
    const Prompts prompts = read_prompts(*fixture_, name.find("single") != std::string::npos);
    ASSERT_EQ(prompts.rows.size(), expected.at("sequences").size());
    for (std::size_t row = 0; row < prompts.rows.size(); ++row) {
      SCOPED_TRACE("row " + std::to_string(row));
      compare(expected, row, prompts.paddings[row], prompts.rows[row]);
    }
  }
  EXPECT_EQ(compared, 4);
}

TEST_P(GenerationParity, CachedDecodingIsTheFullPassBitForBit) {
  const Prompts prompts = read_prompts(*fixture_, true);
  GenerateOptions options;
  options.max_new_tokens = 20;
  options.eos = Ids{};
  const Generation out = generate_tokens(network(), prompts.rows[0], options);
  Ids all = prompts.rows[0];
  all.insert(all.end(), out.ids.begin(), out.ids.end());
  text::TokenBatch batch;
  batch.add(all);
  engine::Arena arena;
  engine::Tape tape(arena, false);
  const engine::Value whole = network().encode(tape, batch, nullptr);
  // The same tokens one by one, in threes, and beside another sequence.
  for (const std::size_t step : {1, 3}) {
    KeyValueCache cache = network().make_cache(), other = network().make_cache();
    network().prefill(tape, std::span(all).first(2), cache);
    network().prefill(tape, std::span(all).last(5), other);
    const KeyValueCache before = other;  // shares its pages until they are written
    for (std::size_t at = 2; at < all.size(); at += step) {
      const std::size_t count = std::min(step, all.size() - at);
      std::vector<CausalNetwork::Next> rows;
      for (std::size_t i = 0; i < count; ++i) rows.push_back({&cache, all[at + i]});
      if (other.length() < network().config().positions) rows.push_back({&other, all[at]});
      const engine::Value hidden = network().decode(tape, rows);
      const auto size = count * static_cast<std::size_t>(whole.cols);
      ASSERT_TRUE(test::same_bits({hidden.data, size}, {whole.data + static_cast<std::int64_t>(at) * whole.cols, size}))
          << "token " << at << ", " << step << " at a time";
    }
    EXPECT_EQ(before.length(), 5);
    EXPECT_EQ(cache.length(), static_cast<std::int64_t>(all.size()));
  }
}

TEST_P(GenerationParity, SameTextForAnyNumberOfThreads) {
  const Ids prompt = read_prompts(*fixture_, true).rows[0];
  GenerateOptions options;
  options.max_new_tokens = 25;
  options.temperature = 1.3;
  options.top_k = 50;
  options.top_p = 0.95;
  options.eos = Ids{};
  const Generation first = generate_tokens(network(), prompt, options);
  for (const int count : {1, 2, 3}) {
    const test::Threads threads(count);
    const Generation again = generate_tokens(network(), prompt, options);
    EXPECT_EQ(again.ids, first.ids);
    EXPECT_EQ(again.logprobs, first.logprobs);
  }
  options.seed = 43;
  EXPECT_NE(generate_tokens(network(), prompt, options).ids, first.ids);
}

INSTANTIATE_TEST_SUITE_P(Fixtures, GenerationParity,
                         testing::Values("gpt2", "gpt2-base", "gpt2-f16", "llama", "llama-bf16", "llama-sharded",
                                         "llama3-rope", "qwen2", "qwen3"),
                         [](const testing::TestParamInfo<const char*>& c) {
                           std::string name = c.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(SamplingParity, FiltersKeepTheSameTokensWithTheSameProbabilities) {
  BALLAST_NEEDS_SHARED("fixtures/sampling");
  const auto sampled = [] {
    GenerateOptions o;
    o.temperature = 1;
    return o;
  };
  std::map<std::string, GenerateOptions> filters;
  (filters["temperature_0.7"] = sampled()).temperature = 0.7;
  (filters["top_k_5"] = sampled()).top_k = 5;
  (filters["top_p_0.9"] = sampled()).top_p = 0.9;
  (filters["top_p_0.05_keeps_one"] = sampled()).top_p = 0.05;
  (filters["min_p_0.1"] = sampled()).min_p = 0.1;
  (filters["repetition_penalty_1.4"] = sampled()).repetition_penalty = 1.4;
  auto& two = filters["top_k_10_top_p_0.8"] = sampled();
  two.top_k = 10, two.top_p = 0.8;
  auto& three = filters["temperature_1.5_top_k_20_top_p_0.95"] = sampled();
  three.temperature = 1.5, three.top_k = 20, three.top_p = 0.95;
  auto& four = filters["repetition_1.2_temperature_0.8_top_k_12_top_p_0.9"] = sampled();
  four.repetition_penalty = 1.2, four.temperature = 0.8, four.top_k = 12, four.top_p = 0.9;

  const SafetensorsFile file(test::shared_dir() / "fixtures/sampling/sampling.safetensors");
  std::vector<std::int64_t> previous(24);
  file.read_i64("in.previous_ids", previous);
  for (const auto& [name, options] : filters) {
    std::vector<float> logits(80), expected(80);
    file.read_f32("in.logits", logits);
    file.read_f32("out." + name, expected);
    for (std::size_t row = 0; row < 2; ++row) {
      const std::span<float> own(logits.data() + 40 * row, 40);
      const Ids seen(previous.begin() + static_cast<std::ptrdiff_t>(12 * row),
                     previous.begin() + static_cast<std::ptrdiff_t>(12 * row + 12));
      filter_logits(own, seen, options);
      double sum = 0;  // in double: a token that is out has exactly no probability
      for (const float logit : own) sum += std::exp(static_cast<double>(logit));
      for (std::size_t i = 0; i < 40; ++i) {
        const float reference = expected[40 * row + i];
        EXPECT_EQ(std::isfinite(own[i]), reference > 0) << name << " row " << row << " token " << i;
        EXPECT_NEAR(std::exp(static_cast<double>(own[i])) / sum, reference, 1e-6)
            << name << " row " << row << " token " << i;
      }
    }
  }
}

}  // namespace
}  // namespace ballast::lm
