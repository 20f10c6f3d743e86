// SPDX-License-Identifier: Apache-2.0
// Greedy generation against transformers: the very sequences and the log-probabilities of their tokens. Each row of a
// left-padded batch is generated on its own; the filters of sampling against the reference's probabilities.
#include <gtest/gtest.h>

#include <cmath>

#include "ballast/engine/loss.h"
#include "ballast/lm/arch/seq2seq.h"
#include "ballast/lm/generate/beam.h"
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
  const bool seq2seq = fixture.has("plain.encoder_last_hidden_state");
  const std::string prefix = single ? "plain." : seq2seq ? "right." : "left.";
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

  GeneratingNetwork& network() { return static_cast<GeneratingNetwork&>(*model_.network); }

  GenerateOptions options_of(const base::Json& params) const {
    GenerateOptions options;
    options.max_new_tokens = params.at("max_new_tokens").get<std::int64_t>();
    options.repetition_penalty = params.value("repetition_penalty", 1.0);
    options.beams = params.value("num_beams", 1);
    options.length_penalty = params.value("length_penalty", 1.0);
    options.early_stopping = params.value("early_stopping", false);
    options.no_repeat_ngram = params.value("no_repeat_ngram_size", 0);
    options.eos = params.contains("eos_token_id") ? Ids{params.at("eos_token_id").get<std::int32_t>()} : Ids{};
    if (params.contains("forced_eos_token_id")) options.forced_last = params.at("forced_eos_token_id").get<int>();
    return options;
  }

  /// The reference's sequence is padding, prompt (or the start token), new tokens, padding; the later version of the
  /// reference library repeats the end token instead of padding.
  Ids sequence_of(const Generation& out, const Ids& padding, const Ids& prompt, const Ids& reference) const {
    const ModelConfig& config = model_.network->config();
    Ids sequence = padding;
    sequence.insert(sequence.end(), prompt.begin(), prompt.end());
    if (config.is_seq2seq()) sequence = {static_cast<std::int32_t>(config.seq2seq.start_token)};
    sequence.insert(sequence.end(), out.ids.begin(), out.ids.end());
    const std::int64_t pad = config.is_seq2seq() ? config.pad_token : 0;
    const bool repeats = out.finish == FinishReason::eos && reference.back() == out.ids.back();
    sequence.resize(std::max(sequence.size(), reference.size()),
                    repeats ? out.ids.back() : static_cast<std::int32_t>(pad));
    return sequence;
  }

  /// One row of one generation.
  void compare(const base::Json& expected, std::size_t row, const Ids& padding, const Ids& prompt) {
    const GenerateOptions options = options_of(expected.at("params"));
    const Generation out = generate_tokens(network(), prompt, options, {.penalized = padding});
    const auto reference = expected.at("sequences")[row].get<Ids>();
    EXPECT_EQ(sequence_of(out, padding, prompt, reference), reference);
    const bool ended = !out.ids.empty() && !options.eos->empty() && out.ids.back() == options.eos->front();
    EXPECT_EQ(out.finish, ended ? FinishReason::eos : FinishReason::length);
    const base::Json& steps = expected.at("token_logprobs_by_step");
    for (std::size_t t = 0; t < out.ids.size(); ++t) {
      EXPECT_TRUE(test::near(out.logprobs[t], steps[t][row].get<double>(), fixture_->tolerance()))
          << "token " << t << ": " << out.logprobs[t] << ", reference " << steps[t][row];
    }
  }

  /// An encoder-decoder: targets decoded at once against one by one, alone and beside another text.
  void compare_decoders() {
    auto& model = static_cast<Seq2SeqNetwork&>(network());
    const Prompts prompts = read_prompts(*fixture_, false);
    text::TokenBatch source, target;
    std::vector<Ids> answers;
    for (std::size_t row = 0; row < 2; ++row) {
      GenerateOptions options;
      options.max_new_tokens = 20;
      options.eos = Ids{};
      answers.push_back(generate_tokens(model, prompts.rows[row], options).ids);
      source.add(prompts.rows[row]);
      target.add(model.shifted_right(answers.back()));
    }
    engine::Arena arena;
    engine::Tape tape(arena, false);
    const engine::Value whole = model.decode_targets(tape, model.encode(tape, source), source, target);
    const auto width = static_cast<std::size_t>(whole.cols);
    const auto row_of = [&](std::int64_t row) { return std::span<const float>(whole.data + row * whole.cols, width); };
    KeyValueCache first = model.make_cache(), second = model.make_cache();
    const engine::Value a = model.prefill(tape, prompts.rows[0], first);
    const engine::Value b = model.prefill(tape, prompts.rows[1], second);
    ASSERT_TRUE(test::same_bits({a.data, width}, row_of(0)));
    ASSERT_TRUE(test::same_bits({b.data, width}, row_of(20)));
    for (std::size_t t = 0; t + 1 < 20; ++t) {
      const GeneratingNetwork::Next rows[] = {{&second, answers[1][t]}, {&first, answers[0][t]}};
      const engine::Value hidden = model.decode(tape, std::span(rows).first(t % 2 + 1));
      if (t % 2 == 0) model.decode(tape, std::span(rows).last(1));
      ASSERT_TRUE(test::same_bits({hidden.data, width}, row_of(static_cast<std::int64_t>(21 + t)))) << "token " << t;
      if (t % 2 == 1) {
        ASSERT_TRUE(test::same_bits({hidden.data + hidden.cols, width}, row_of(static_cast<std::int64_t>(1 + t))))
            << "token " << t;
      }
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
  EXPECT_EQ(compared, !network().config().is_seq2seq() ? 4 : network().config().type == ModelType::bart ? 3 : 2);
}

TEST_P(GenerationParity, BeamSearch) {
  int compared = 0;
  for (const auto& [name, expected] : fixture_->expected().at("generation").items()) {
    if (!name.starts_with("beam")) continue;
    SCOPED_TRACE(name);
    ++compared;
    const Prompts prompts = read_prompts(*fixture_, false);
    const auto count = expected.at("params").value("num_return_sequences", std::size_t{1});
    ASSERT_EQ(prompts.rows.size() * count, expected.at("sequences").size());
    for (std::size_t row = 0; row < prompts.rows.size(); ++row) {
      SCOPED_TRACE("row " + std::to_string(row));
      const auto best = beam_search(network(), prompts.rows[row], options_of(expected.at("params")),
                                    {.penalized = prompts.paddings[row]});
      ASSERT_GE(best.size(), count);
      for (std::size_t n = 0; n < count; ++n) {
        const auto reference = expected.at("sequences")[row * count + n].get<Ids>();
        EXPECT_EQ(sequence_of(best[n], prompts.paddings[row], prompts.rows[row], reference), reference);
        EXPECT_TRUE(test::near(best[n].score, expected.at("sequences_scores")[row * count + n].get<double>(), 1e-5));
      }
    }
  }
  EXPECT_EQ(compared, 3);
}

TEST_P(GenerationParity, CachedDecodingIsTheFullPassBitForBit) {
  if (network().config().is_seq2seq()) return compare_decoders();
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
      std::vector<GeneratingNetwork::Next> rows;
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
                                         "llama3-rope", "qwen2", "qwen3", "t5", "t5-relu-tied", "bart", "marian"),
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

  (filters["no_repeat_ngram_2"] = sampled()).no_repeat_ngram = 2;
  auto& ending = filters["min_new_tokens_eos_3"] = sampled();
  ending.min_new_tokens = 1, ending.eos = Ids{3};

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
      filter_logits(own, seen, 0, options);
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
