// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/embed.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ballast/base/error.h"
#include "tests/support/engine.h"
#include "tests/support/scratch.h"
#include "tests/support/tiny_model.h"

namespace ballast::lm {
namespace {

using test::ScratchFolder;
using Texts = std::vector<std::string_view>;

class Embeddings : public testing::TestWithParam<const char*> {
 protected:
  Embeddings() {
    const bool gpt2 = std::string(GetParam()) == "gpt2";
    test::write_tiny_model(scratch_.path(), gpt2 ? test::tiny_gpt2_arch(300) : test::tiny_bert_arch("BertModel", 300),
                           gpt2 ? text::TokenizerKind::decoder : text::TokenizerKind::encoder);
  }
  /// Final hidden states of one text, the plain way.
  std::vector<std::vector<float>> hidden(std::string_view text) const {
    const LoadedModel model = load_model(scratch_.path());
    text::TokenBatch batch;
    batch.add(model.tokenizer->encode(text).ids);
    engine::Arena arena;
    engine::Tape tape(arena, false);
    const engine::Value h = model.network->encode(tape, batch);
    std::vector<std::vector<float>> rows;
    for (std::int64_t i = 0; i < h.rows; ++i) rows.emplace_back(h.data + i * h.cols, h.data + (i + 1) * h.cols);
    return rows;
  }
  ScratchFolder scratch_;
};

TEST_P(Embeddings, PoolingsAreWhatTheySay) {
  const Embedder embedder = Embedder::load(scratch_.path());
  const Texts texts = {"The bank denies a default."};
  const auto rows = hidden(texts[0]);
  EmbedOptions options;
  options.pooling = Pooling::cls;
  EXPECT_EQ(embedder.embed(texts, options)[0].vector, rows.front());
  options.pooling = Pooling::last;
  EXPECT_EQ(embedder.embed(texts, options)[0].vector, rows.back());
  options.pooling = Pooling::mean;
  const lm::Embedding mean = embedder.embed(texts, options)[0];
  for (std::size_t c = 0; c < mean.vector.size(); ++c) {
    double sum = 0;
    for (const auto& row : rows) sum += row[c];
    EXPECT_NEAR(mean.vector[c], sum / static_cast<double>(rows.size()), 1e-6);
  }
  EXPECT_EQ(mean.windows, 1);
  options.normalize = true;
  double square = 0;
  const lm::Embedding normal = embedder.embed(texts, options)[0];
  for (const float x : normal.vector) square += static_cast<double>(x) * x;
  EXPECT_NEAR(square, 1, 1e-6);
}

TEST_P(Embeddings, DoesNotDependOnTheBatchNorOnThreads) {
  const Embedder embedder = Embedder::load(scratch_.path());
  const std::string longer(200, 'a');
  const Texts texts = {"The bank denies a default.", "央行再次上调利率", "x", longer,
                       "Its bonds were cut to junk; again."};
  std::vector<std::vector<float>> alone;
  for (const auto& text : texts) alone.push_back(embedder.embed(Texts{text})[0].vector);
  for (const int count : {1, 2, 3}) {
    const test::Threads threads(count);
    Texts backwards(texts.rbegin(), texts.rend());
    const auto together = embedder.embed(texts), reversed = embedder.embed(backwards);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      EXPECT_EQ(together[i].vector, alone[i]);
      EXPECT_EQ(reversed[texts.size() - 1 - i].vector, alone[i]);
    }
  }
}

TEST_P(Embeddings, LongTextsAreReadInWindows) {
  const Embedder embedder = Embedder::load(scratch_.path());
  std::string text;
  for (int i = 0; i < 60; ++i) text += "bank ";
  const lm::Embedding e = embedder.embed(Texts{text})[0];
  EXPECT_GT(e.windows, 1);
  EXPECT_GT(e.tokens, 32);
  EXPECT_EQ(e.vector.size(), 24u);
  EXPECT_EQ(embedder.embed_words(Texts{text})[0].size(), 60u) << "words of every window";
}

TEST_P(Embeddings, WordsAreMeansOfTheirTokens) {
  const Embedder embedder = Embedder::load(scratch_.path());
  const std::string text = "银行 bank downgrades";
  const auto words = embedder.embed_words(Texts{text})[0];
  const LoadedModel model = load_model(scratch_.path());
  const text::Encoding encoding = model.tokenizer->encode(text);
  const auto rows = hidden(text);
  ASSERT_GE(words.size(), 3u);
  for (const WordEmbedding& word : words) {
    std::vector<double> sum(24);
    int count = 0;
    for (std::size_t t = 0; t < rows.size(); ++t) {
      const auto [start, end] = encoding.offsets[t];
      if (start >= end || end <= word.start || start >= word.end) continue;
      ++count;
      for (std::size_t c = 0; c < 24; ++c) sum[c] += rows[t][c];
    }
    ASSERT_GT(count, 0);
    for (std::size_t c = 0; c < 24; ++c) EXPECT_NEAR(word.vector[c], sum[c] / count, 1e-6);
  }
  EXPECT_EQ(text.substr(words.back().start, words.back().end - words.back().start), "downgrades");
}

INSTANTIATE_TEST_SUITE_P(Architectures, Embeddings, testing::Values("gpt2", "bert"),
                         [](const testing::TestParamInfo<const char*>& c) { return std::string(c.param); });

TEST(EmbeddingInput, TextWithoutTokensHasNoVector) {
  const ScratchFolder scratch;
  test::write_tiny_model(scratch.path(), test::tiny_gpt2_arch(300), text::TokenizerKind::decoder);
  const Embedder embedder = Embedder::load(scratch.path());
  const auto out = embedder.embed(Texts{"", "a"});
  EXPECT_TRUE(out[0].vector.empty());
  EXPECT_EQ(out[1].vector.size(), 24u);
  EXPECT_TRUE(embedder.embed_words(Texts{""})[0].empty());
}

TEST(EmbeddingInput, NeedsATokenizerAndAKnownPooling) {
  const ScratchFolder scratch;
  write_model_files(scratch.path(), *test::tiny_model(test::tiny_gpt2_arch(300)).network, nullptr);
  EXPECT_THROW(
      {
        try {
          Embedder::load(scratch.path());
        } catch (const base::Error& e) {
          EXPECT_EQ(e.problem(), "the model has no tokenizer");
          throw;
        }
      },
      base::Error);
  EXPECT_THROW(pooling_from_name("max"), base::Error);
  EXPECT_EQ(pooling_from_name("last"), Pooling::last);
}

}  // namespace
}  // namespace ballast::lm
