// SPDX-License-Identifier: Apache-2.0
// Texts that grow together become what each would have become alone, bit for bit: different prompts, lengths, seeds,
// samplers, schemas and beginnings, from many threads.
#include "ballast/lm/generate/batch.h"

#include <gmock/gmock.h>

#include <thread>

#include "ballast/base/error.h"
#include "tests/support/scratch.h"
#include "tests/support/tiny_model.h"

namespace ballast::lm {
namespace {

base::Json tiny_llama() {
  return {{"model_type", "llama"},
          {"architectures", {"LlamaForCausalLM"}},
          {"vocab_size", 300},
          {"hidden_size", 32},
          {"num_hidden_layers", 2},
          {"num_attention_heads", 4},
          {"num_key_value_heads", 2},
          {"intermediate_size", 48},
          {"max_position_embeddings", 512},
          {"rms_norm_eps", 1e-6},
          {"initializer_range", 0.3}};
}

struct Wish {
  std::vector<std::int32_t> prompt;
  GenerateOptions options;
};

/// Prompts of 1 … 300 tokens, of which groups share long beginnings.
std::vector<Wish> wishes() {
  base::Random random(3);
  std::vector<std::vector<std::int32_t>> beginnings(3);
  for (auto& b : beginnings) {
    for (int i = 0; i < 200; ++i) b.push_back(static_cast<std::int32_t>(random.below(300)));
  }
  std::vector<Wish> out;
  for (int i = 0; i < 24; ++i) {
    Wish w;
    if (i % 2 == 0) w.prompt.assign(beginnings[i % 3].begin(), beginnings[i % 3].begin() + 40 + i * 6);
    const std::uint64_t more = 1 + random.below(60);
    for (std::uint64_t k = 0; k < more; ++k) w.prompt.push_back(static_cast<std::int32_t>(random.below(300)));
    w.options.max_new_tokens = static_cast<std::int64_t>(1 + random.below(40));
    w.options.temperature = i % 3;
    w.options.top_k = i % 4 == 0 ? 20 : 0;
    w.options.repetition_penalty = i % 5 == 0 ? 1.3 : 1;
    w.options.seed = static_cast<std::uint64_t>(i);
    w.options.eos = {{7, 11}};
    out.push_back(w);
  }
  return out;
}

TEST(Batch, ATextDoesNotDependOnItsCompany) {
  const LoadedModel model = test::tiny_model(tiny_llama());
  auto& network = static_cast<GeneratingNetwork&>(*model.network);
  network.pack(engine::Precision::f32);
  const std::vector<Wish> all = wishes();
  std::vector<Generation> alone;
  for (const Wish& w : all) alone.push_back(generate_tokens(network, w.prompt, w.options));
  for (const std::size_t threads : {std::size_t{1}, std::size_t{3}, all.size()}) {
    Batch batch(network);
    std::vector<Generation> together(all.size());
    std::vector<std::thread> workers;
    for (std::size_t t = 0; t < threads; ++t) {
      workers.emplace_back([&, t] {
        for (std::size_t i = t; i < all.size(); i += threads)
          together[i] = batch.grow(all[i].prompt, all[i].options, {});
      });
    }
    for (std::thread& w : workers) w.join();
    for (std::size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(together[i].ids, alone[i].ids) << i << " of " << threads;
      EXPECT_EQ(together[i].logprobs, alone[i].logprobs) << i << " of " << threads;
      EXPECT_EQ(together[i].finish, alone[i].finish) << i << " of " << threads;
    }
    EXPECT_GT(batch.shared_tokens(), 300);  // beginnings were taken over
  }
}

TEST(Batch, WhatACallbackThrowsEndsItsOwnTextAlone) {
  const LoadedModel model = test::tiny_model(tiny_llama());
  auto& network = static_cast<GeneratingNetwork&>(*model.network);
  network.pack(engine::Precision::f32);
  const std::vector<Wish> all = wishes();
  Batch batch(network);
  std::vector<std::thread> workers;
  std::atomic<int> failed = 0, finished = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    workers.emplace_back([&, i] {
      DecodeOptions how;
      GenerateOptions options = all[i].options;
      options.max_new_tokens = 20;
      options.eos = std::vector<std::int32_t>();
      if (i % 4 == 1) {
        how.on_token = [](std::span<const std::int32_t> ids) -> bool {
          if (ids.size() == 5) throw base::Error(base::ErrorCode::cancelled, "gone");
          return true;
        };
      }
      try {
        const Generation out = batch.grow(all[i].prompt, options, how);
        EXPECT_EQ(out.ids.size(), 20u);
        ++finished;
      } catch (const base::Error&) {
        ++failed;
      }
    });
  }
  for (std::thread& w : workers) w.join();
  EXPECT_EQ(failed, 6);
  EXPECT_EQ(finished, 18);
  EXPECT_THROW(batch.grow(std::vector<std::int32_t>(), all[0].options, {}), base::Error);
  EXPECT_THROW(batch.grow(std::vector<std::int32_t>(600, 1), all[0].options, {}), base::Error);
}

TEST(Generator, OneForSeveralThreads) {
  const test::ScratchFolder folder;
  test::write_tiny_model(folder.path(), tiny_llama(), text::TokenizerKind::decoder);
  Generator generator = Generator::load(folder.path());
  const std::vector<std::string> prompts = {"The bank", "央行", "The central bank raised its interest rate", "junk"};
  GenerateOptions options;
  options.max_new_tokens = 24;
  options.temperature = 0.9;
  std::vector<Generation> alone, together(prompts.size());
  for (const std::string& p : prompts) alone.push_back(generator.generate(p, options));
  std::vector<std::thread> workers;
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    workers.emplace_back([&, i] {
      std::string streamed;
      together[i] = generator.generate(prompts[i], options, [&](std::string_view piece) { streamed += piece; });
      EXPECT_EQ(streamed, together[i].text);
    });
  }
  GenerateOptions beams = options;
  beams.temperature = 0;
  beams.beams = 3;
  EXPECT_EQ(generator.search("The bank", beams, 2).size(), 2u);
  for (std::thread& w : workers) w.join();
  for (std::size_t i = 0; i < prompts.size(); ++i) EXPECT_EQ(together[i].text, alone[i].text) << prompts[i];
}

}  // namespace
}  // namespace ballast::lm
