// SPDX-License-Identifier: Apache-2.0
// TextClassifier::read: the scores of predict() with reasons from the same pass; and what it stands on, the networks'
// short way to the logits and the gradients in their last layer.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "ballast/base/files.h"
#include "ballast/base/parallel.h"
#include "ballast/lm/arch/network.h"
#include "ballast/lm/classifier.h"
#include "ballast/lm/classifier_spec.h"
#include "ballast/lm/ngram/model.h"
#include "tests/support/scratch.h"
#include "tests/support/tiny_model.h"

namespace ballast::lm {
namespace {

std::vector<std::string> read_texts() {
  std::vector<std::string> texts = {"The bank denies a default.", "央行再次上调利率，银行股下跌。", "bonds",
                                    "公司债务违约，评级被下调。 The bonds were cut to junk.", ""};
  for (int i = 0; i < 40; ++i) texts.push_back(texts[static_cast<std::size_t>(i % 4)].substr(0, 9 + i % 3 * 3));
  std::string windows;
  for (int i = 0; i < 40; ++i) windows += texts[1] + texts[0];
  texts.push_back(windows);
  return texts;
}

/// A folder with both branches and a head "risk" of two labels that nearly every text has.
class ReadTest : public ::testing::Test {
 protected:
  void SetUp() override { write_model(text::TokenizerKind::encoder, "BertForSequenceClassification", true); }

  void write_model(text::TokenizerKind kind, const std::string& head, bool with_ngrams) {
    test::write_tiny_model(scratch_.path(), test::tiny_bert_arch(head, 300), kind);
    std::vector<std::string_view> texts(texts_.begin(), texts_.begin() + 4);
    LinearTask task;
    task.outputs = 3;
    for (int i = 0; i < 4; ++i) {
      for (int j = 0; j < 3; ++j) task.targets.push_back(i % 3 == j);
    }
    NgramTrainOptions options;
    options.ngrams.char_min_df = 1;
    if (with_ngrams) NgramModel::train(texts, {&task, 1}, options).save(scratch_.path() / "ngram.safetensors");
    HeadSpec risk, tone;
    risk.head = {"risk", HeadKind::multilabel, {"credit", "market"}, {0.05, 0.05}};
    risk.transformer_weight = 0.75;
    risk.ngram_weight = with_ngrams ? 0.5 : 0;
    tone.head = {"tone", HeadKind::multiclass, {"up"}, {}};
    base::write_file_atomic(scratch_.path() / "classifier.json", spec_json({0, {risk, tone}}).dump());
    base::Json config = base::read_json(scratch_.path() / "config.json");
    config["id2label"] = {{"0", "risk:credit"}, {"1", "risk:market"}, {"2", "tone:up"}};
    base::write_file_atomic(scratch_.path() / "config.json", config.dump());
  }
  std::vector<std::string_view> views() const { return {texts_.begin(), texts_.end()}; }

  static void expect_same(const Reading& a, const Reading& b, const std::string& where) {
    for (std::size_t h = 0; h < a.prediction.heads.size(); ++h) {
      EXPECT_EQ(a.prediction.heads[h].probabilities, b.prediction.heads[h].probabilities) << where;
    }
    ASSERT_EQ(a.listed.size(), b.listed.size()) << where;
    for (std::size_t k = 0; k < a.listed.size(); ++k) {
      EXPECT_EQ(a.listed[k].label, b.listed[k].label) << where;
      ASSERT_EQ(a.listed[k].tokens.size(), b.listed[k].tokens.size()) << where;
      for (std::size_t t = 0; t < a.listed[k].tokens.size(); ++t) {
        EXPECT_EQ(a.listed[k].tokens[t].start, b.listed[k].tokens[t].start) << where;
        EXPECT_EQ(a.listed[k].tokens[t].end, b.listed[k].tokens[t].end) << where;
        EXPECT_EQ(a.listed[k].tokens[t].weight, b.listed[k].tokens[t].weight) << where;
      }
    }
  }

  std::vector<std::string> texts_ = read_texts();
  test::ScratchFolder scratch_;
};

TEST_F(ReadTest, ScoresAreThoseOfPredictAndListedIsWhatReachesItsThreshold) {
  const auto model = TextClassifier::load(scratch_.path());
  const auto predictions = model.predict(views());
  const auto readings = model.read(views(), 0);
  ASSERT_EQ(readings.size(), predictions.size());
  std::size_t listed = 0;
  for (std::size_t i = 0; i < readings.size(); ++i) {
    for (std::size_t h = 0; h < 2; ++h) {
      EXPECT_EQ(readings[i].prediction.heads[h].probabilities, predictions[i].heads[h].probabilities) << texts_[i];
    }
    EXPECT_EQ(readings[i].prediction.tokens, predictions[i].tokens);
    EXPECT_EQ(readings[i].prediction.windows, predictions[i].windows);
    std::vector<std::size_t> wanted, found;
    for (std::size_t k = 0; k < 2; ++k) {
      if (predictions[i].heads[0].probabilities[k] >= 0.05) wanted.push_back(k);
    }
    for (const auto& l : readings[i].listed) found.push_back(l.label);
    EXPECT_EQ(found, wanted) << texts_[i];
    listed += found.size();
  }
  EXPECT_GT(predictions.back().windows, 2);
  EXPECT_GT(listed, texts_.size());
}

TEST_F(ReadTest, ReasonsDoNotDependOnTheCompanyNorOnTheThreads) {
  for (const bool ngrams : {true, false}) {
    std::filesystem::remove(scratch_.path() / "ngram.safetensors");
    write_model(text::TokenizerKind::encoder, "BertForSequenceClassification", ngrams);
    const auto model = TextClassifier::load(scratch_.path());
    base::set_threads(1);
    const auto together = model.read(views(), 0);
    base::set_threads(3);
    const auto again = model.read(views(), 0);
    for (std::size_t i = 0; i < texts_.size(); i += ngrams ? 1 : 9) {
      const std::string_view one[] = {texts_[i]};
      expect_same(model.read(one, 0)[0], together[i], texts_[i]);
      expect_same(again[i], together[i], texts_[i]);
    }
    base::set_threads(0);
  }
}

TEST_F(ReadTest, WithoutTheTransformerTheReasonsAreTheNgrams) {
  ClassifierSpec spec = read_spec(scratch_.path() / "classifier.json");
  for (HeadSpec& h : spec.heads) {
    h.transformer_weight = 0;
    h.ngram_weight = 1;
  }
  base::write_file_atomic(scratch_.path() / "classifier.json", spec_json(spec).dump());
  const auto model = TextClassifier::load(scratch_.path());
  const auto readings = model.read(views(), 0);
  for (std::size_t i = 0; i < texts_.size(); ++i) {
    for (const auto& listed : readings[i].listed) {
      const auto exact = model.attribute(texts_[i], 0, listed.label);
      ASSERT_EQ(listed.tokens.size(), exact.size());
      for (std::size_t t = 0; t < exact.size(); ++t) EXPECT_NEAR(listed.tokens[t].weight, exact[t].weight, 1e-12);
    }
  }
}

// The short way must not change a bit of the logits, for no member of the family.
TEST(ClassifyOnly, BitsOfTheLongWay) {
  for (const char* type : {"bert", "roberta", "distilbert"}) {
    base::Json arch = test::tiny_bert_arch("BertForSequenceClassification", 300);
    arch["model_type"] = type;
    if (std::string(type) == "roberta") arch["architectures"] = {"RobertaForSequenceClassification"};
    if (std::string(type) == "distilbert") {
      arch = {{"model_type", "distilbert"},
              {"architectures", {"DistilBertForSequenceClassification"}},
              {"vocab_size", 300},
              {"dim", 24},
              {"n_layers", 2},
              {"n_heads", 3},
              {"hidden_dim", 40},
              {"max_position_embeddings", 32},
              {"initializer_range", 0.3},
              {"id2label", {{"0", "a"}, {"1", "b"}, {"2", "c"}}}};
    }
    const LoadedModel model = test::tiny_model(arch);
    model.network->set_dropout(0);
    model.network->pack(engine::Precision::f32);
    text::TokenBatch batch;
    for (int n = 1; n < 30; n += 4) {
      std::vector<std::int32_t> ids(static_cast<std::size_t>(n));
      std::iota(ids.begin(), ids.end(), 3 * n);
      batch.add(ids);
    }
    engine::Arena arena;
    engine::Tape tape(arena, false);
    const engine::Value whole = model.network->classify(tape, model.network->encode(tape, batch), batch);
    const engine::Value only = model.network->classify_only(tape, batch);
    ASSERT_EQ(only.size(), whole.size());
    EXPECT_TRUE(std::equal(whole.data, whole.data + whole.size(), only.data)) << type;
  }
}

// Against finite differences: what attention gave to a row is moved a little, and the logits are computed again.
TEST(ClassifyOnly, GradientsInTheLastLayer) {
  const LoadedModel model = test::tiny_model(test::tiny_bert_arch("BertForSequenceClassification", 300));
  Network& network = *model.network;
  network.set_dropout(0);
  text::TokenBatch batch;
  batch.add(std::vector<std::int32_t>{5, 6, 7, 8});
  batch.add(std::vector<std::int32_t>{9, 10});
  engine::Arena arena;
  engine::Tape tape(arena, false);
  LastLayer last;
  network.classify_only(tape, batch, &last);
  const std::vector<LogitOf> wanted = {{1, 2}, {0, 0}, {1, 1}};
  const engine::Value gradients = network.attended_gradients(arena, last, wanted);
  // Asked alone or beside others, a gradient has the same bits.
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const engine::Value alone = network.attended_gradients(arena, last, {&wanted[i], 1});
    EXPECT_TRUE(std::equal(alone.data, alone.data + alone.cols, gradients.data + static_cast<std::int64_t>(i) * 24));
  }
  constexpr float kStep = 1e-2f;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    for (std::int64_t j = 0; j < last.attended.cols; j += 5) {
      float& x = last.attended.data[wanted[i].sequence * last.attended.cols + j];
      const float before = x;
      double ends[2];
      for (const int side : {0, 1}) {
        x = before + (side == 1 ? kStep : -kStep);
        ends[side] = static_cast<double>(
            network.finish_last_layer(tape, last.attended, last.entry).data[wanted[i].sequence * 3 + wanted[i].output]);
      }
      x = before;
      EXPECT_NEAR((ends[1] - ends[0]) / (2 * static_cast<double>(kStep)),
                  static_cast<double>(gradients.data[static_cast<std::int64_t>(i) * 24 + j]), 5e-3);
    }
  }
}

}  // namespace
}  // namespace ballast::lm
