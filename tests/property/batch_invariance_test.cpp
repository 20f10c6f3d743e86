// SPDX-License-Identifier: Apache-2.0
// A text's numbers are the same bits alone, among others in any order, and for any number of threads.
#include <gtest/gtest.h>

#include <numeric>

#include "ballast/base/random.h"
#include "tests/support/engine.h"
#include "tests/support/tiny_model.h"

namespace ballast::lm {
namespace {

struct Case {
  const char* name;
  engine::Precision precision;
  bool packed;  // weights packed once, as for serving, or at every product, as in training
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}

class BatchInvariance : public testing::TestWithParam<Case> {
 protected:
  BatchInvariance() {
    base::Random random(11);
    // Lengths on both sides of the kernels' tiles and blocks.
    for (const std::size_t length : {1, 2, 3, 5, 8, 15, 16, 17, 31, 33, 64, 65, 100, 129, 160}) {
      texts_.emplace_back();
      for (std::size_t i = 0; i < length; ++i) texts_.back().push_back(static_cast<std::int32_t>(random.below(300)));
    }
  }

  /// Logits of each text, computed in one batch of the given order.
  std::vector<std::vector<float>> logits(Network& network, const std::vector<std::size_t>& order) const {
    text::TokenBatch batch;
    for (const std::size_t i : order) batch.add(texts_[i]);
    engine::Arena arena;
    engine::Tape tape(arena, false, GetParam().precision);
    const engine::Value hidden = network.encode(tape, batch);
    const bool classifies = network.config().head == HeadType::classification;
    const engine::Value out =
        classifies ? network.classify(tape, hidden, batch) : network.language_logits(tape, hidden);
    std::vector<std::vector<float>> by_text(texts_.size());
    for (std::size_t s = 0; s < order.size(); ++s) {
      const std::int64_t first = classifies ? static_cast<std::int64_t>(s) : batch.offsets[s];
      const std::int64_t last = classifies ? first + 1 : batch.offsets[s + 1];
      by_text[order[s]].assign(out.data + first * out.cols, out.data + last * out.cols);
    }
    return by_text;
  }

  void check(const base::Json& arch) {
    const LoadedModel model = test::tiny_model(arch);
    if (GetParam().packed) model.network->pack(GetParam().precision);
    std::vector<std::vector<float>> alone;
    for (std::size_t i = 0; i < texts_.size(); ++i) alone.push_back(logits(*model.network, {i})[i]);
    std::vector<std::size_t> order(texts_.size());
    std::iota(order.begin(), order.end(), 0u);
    base::Random random(5);
    for (const int count : {1, 2, 3}) {
      const test::Threads threads(count);
      for (int shuffle = 0; shuffle < 3; ++shuffle) {
        const auto together = logits(*model.network, order);
        for (std::size_t i = 0; i < texts_.size(); ++i) {
          ASSERT_EQ(together[i], alone[i]) << "text " << i << ", " << count << " threads, order " << shuffle;
        }
        random.shuffle(std::span<std::size_t>(order));
      }
    }
  }

  std::vector<std::vector<std::int32_t>> texts_;
};

TEST_P(BatchInvariance, Gpt2) {
  check(test::tiny_gpt2_arch(300, 160));
}
TEST_P(BatchInvariance, BertMaskedLanguageModel) {
  check(test::tiny_bert_arch("BertForMaskedLM", 300, 160));
}
TEST_P(BatchInvariance, BertClassifier) {
  check(test::tiny_bert_arch("BertForSequenceClassification", 300, 160));
}
TEST_P(BatchInvariance, Gpt2Classifier) {
  base::Json arch = test::tiny_gpt2_arch(300, 160);
  arch["architectures"] = {"GPT2ForSequenceClassification"};
  check(arch);
}

INSTANTIATE_TEST_SUITE_P(Precisions, BatchInvariance,
                         testing::Values(Case{"f32", engine::Precision::f32, false},
                                         Case{"f32_packed", engine::Precision::f32, true},
                                         Case{"bf16", engine::Precision::bf16, false},
                                         Case{"bf16_packed", engine::Precision::bf16, true}),
                         [](const testing::TestParamInfo<Case>& c) { return std::string(c.param.name); });

}  // namespace
}  // namespace ballast::lm
