// SPDX-License-Identifier: Apache-2.0
// TextClassifier: windows, independence of batch and threads, attributions, calibration, broken folders.
#include "ballast/lm/classifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/parallel.h"
#include "ballast/lm/classifier_spec.h"
#include "ballast/lm/convert.h"
#include "ballast/lm/ngram/model.h"
#include "tests/support/scratch.h"
#include "tests/support/tiny_model.h"

namespace ballast::lm {
namespace {

using ::testing::HasSubstr;

const std::vector<std::string> kTexts = {"The bank denies a default.", "央行再次上调利率，银行股下跌。", "bonds",
                                         "公司债务违约，评级被下调。 The bonds were cut to junk."};

class ClassifierTest : public ::testing::Test {
 protected:
  void SetUp() override {
    test::write_tiny_model(scratch_.path(), test::tiny_bert_arch("BertForSequenceClassification", 300),
                           text::TokenizerKind::encoder);
  }
  std::vector<std::string_view> views() const { return {kTexts.begin(), kTexts.end()}; }
  void write_spec(const ClassifierSpec& spec) {
    base::write_file_atomic(scratch_.path() / "classifier.json", spec_json(spec).dump());
  }
  ClassifierSpec two_heads() const {
    HeadSpec risk, tone;
    risk.head = {"risk", HeadKind::multilabel, {"credit"}, {0.5}};
    risk.platt = {{2.0, -0.5}};
    risk.bootstrap = {{{1.5, -0.6}, {2.0, -0.5}, {2.5, -0.2}}};
    tone.head = {"tone", HeadKind::multiclass, {"down", "up"}, {}};
    tone.temperature = 2;
    return {0, {risk, tone}};
  }
  void rename_labels(const std::vector<std::string>& labels) {
    base::Json config = base::read_json(scratch_.path() / "config.json");
    config["id2label"] = base::Json::object();
    for (std::size_t i = 0; i < labels.size(); ++i) config["id2label"][std::to_string(i)] = labels[i];
    base::write_file_atomic(scratch_.path() / "config.json", config.dump());
  }

  test::ScratchFolder scratch_;
};

TEST_F(ClassifierTest, PlainCheckpointIsOneHeadWhoseProbabilitiesSumToOne) {
  const auto model = TextClassifier::load(scratch_.path());
  ASSERT_EQ(model.heads().size(), 1u);
  EXPECT_THAT(model.heads()[0].labels, ::testing::ElementsAre("negative", "neutral", "positive"));
  for (const Prediction& p : model.predict(views())) {
    EXPECT_NEAR(std::accumulate(p.heads[0].probabilities.begin(), p.heads[0].probabilities.end(), 0.0), 1.0, 1e-12);
  }
}

// The folder says in which precision its transformer multiplies; the copy keeps weights and calibration.
TEST_F(ClassifierTest, PrecisionBelongsToTheModel) {
  ClassifierSpec spec = two_heads();
  rename_labels(spec.output_names());
  write_spec(spec);
  const test::ScratchFolder out;
  with_precision(scratch_.path(), out / "int8", "int8");
  EXPECT_EQ(read_spec(out / "int8" / "classifier.json").precision, engine::Precision::int8);
  const auto exact = TextClassifier::load(scratch_.path()), rounded = TextClassifier::load(out / "int8");
  EXPECT_NE(exact.identity(), rounded.identity());
  const auto a = exact.predict(views()), b = rounded.predict(views());
  bool differs = false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t h = 0; h < 2; ++h) {
      for (std::size_t j = 0; j < a[i].heads[h].probabilities.size(); ++j) {
        EXPECT_NEAR(b[i].heads[h].probabilities[j], a[i].heads[h].probabilities[j], 0.05);
        differs = differs || b[i].heads[h].probabilities[j] != a[i].heads[h].probabilities[j];
      }
    }
    const auto alone = rounded.predict({&views()[i], 1});
    EXPECT_EQ(alone[0].heads[0].probabilities, b[i].heads[0].probabilities);
  }
  EXPECT_TRUE(differs);
  EXPECT_THROW(with_precision(scratch_.path(), out / "odd", "q3"), base::Error);
}

TEST_F(ClassifierTest, ScoresDoNotDependOnTheBatchNorOnTheThreads) {
  const auto model = TextClassifier::load(scratch_.path());
  const auto together = model.predict(views());
  for (const int threads : {1, 2, 3}) {
    base::set_threads(threads);
    for (std::size_t i = 0; i < kTexts.size(); ++i) {
      const std::string_view one[] = {kTexts[i]};
      const auto alone = model.predict(one);
      EXPECT_EQ(alone[0].heads[0].probabilities, together[i].heads[0].probabilities) << i << ", threads " << threads;
    }
  }
  base::set_threads(0);
}

TEST_F(ClassifierTest, LongTextsAreReadInWindows) {
  const auto model = TextClassifier::load(scratch_.path());
  std::string text;
  for (int i = 0; i < 20; ++i) text += kTexts[1];
  const std::string_view one[] = {text};
  const auto p = model.predict(one)[0];
  EXPECT_GT(p.windows, 1);
  EXPECT_GT(p.tokens, 32);
}

TEST_F(ClassifierTest, HeadsAreCalibratedAsTheFileSays) {
  write_spec(two_heads());
  rename_labels({"risk:credit", "tone:down", "tone:up"});
  const auto model = TextClassifier::load(scratch_.path());
  const auto p = model.predict(views())[0];
  ASSERT_EQ(p.heads.size(), 2u);
  const double credit = p.heads[0].probabilities[0];
  const double score = (std::log(credit / (1 - credit)) + 0.5) / 2;
  const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  const auto [low, high] = p.heads[0].intervals.at(0);
  EXPECT_LE(low, credit);
  EXPECT_GE(high, credit);
  double least = 1, most = 0;
  const ClassifierSpec spec = two_heads();
  for (const auto& [a, b] : spec.heads[0].bootstrap[0]) {
    least = std::min(least, sigmoid(a * score + b));
    most = std::max(most, sigmoid(a * score + b));
  }
  EXPECT_GE(low, least - 1e-9);
  EXPECT_LE(high, most + 1e-9);
  EXPECT_NEAR(p.heads[1].probabilities[0] + p.heads[1].probabilities[1], 1.0, 1e-12);
}

TEST_F(ClassifierTest, AttributionsLieInTheTextAndDoNotOverlap) {
  const auto model = TextClassifier::load(scratch_.path());
  for (const std::string& text : kTexts) {
    std::size_t last = 0;
    for (const Attribution& a : model.attribute(text, 0, 2)) {
      EXPECT_LT(a.start, a.end);
      EXPECT_LE(a.end, text.size());
      EXPECT_GE(a.start + 3, last);  // tokens of one cut character share its bytes
      EXPECT_TRUE(std::isfinite(a.weight));
      last = a.end;
    }
  }
}

TEST_F(ClassifierTest, NgramContributionsReachTheTokens) {
  const std::vector<std::string_view> texts = views();
  LinearTask task;
  task.outputs = 3;
  for (int i = 0; i < 4; ++i) {
    for (int j = 0; j < 3; ++j) task.targets.push_back(i % 3 == j);
  }
  NgramTrainOptions options;
  options.ngrams.char_min_df = 1;
  NgramModel::train(texts, {&task, 1}, options).save(scratch_.path() / "ngram.safetensors");
  HeadSpec head;
  head.head = {"label", HeadKind::multiclass, {"negative", "neutral", "positive"}, {}};
  head.transformer_weight = 0;
  head.ngram_weight = 1;
  write_spec({0, {head}});
  const auto model = TextClassifier::load(scratch_.path());
  const NgramModel ngrams = NgramModel::load(scratch_.path() / "ngram.safetensors");
  double sum = ngrams.bias()[0];
  for (const Attribution& a : model.attribute(kTexts[0], 0, 0)) sum += a.weight;
  EXPECT_NEAR(sum, ngrams.scores(kTexts[0])[0], 1e-5);
}

TEST_F(ClassifierTest, IntegratedGradientsAddUpToTheScore) {
  const std::vector<std::string_view> texts = views();
  LinearTask task;
  task.outputs = 3;
  for (int i = 0; i < 4; ++i) {
    for (int j = 0; j < 3; ++j) task.targets.push_back(i % 3 == j);
  }
  NgramTrainOptions options;
  options.ngrams.char_min_df = 1;
  NgramModel::train(texts, {&task, 1}, options).save(scratch_.path() / "ngram.safetensors");
  HeadSpec risk, tone;
  risk.head = {"risk", HeadKind::multilabel, {"credit"}, {0.5}};
  risk.platt = {{2.0, -0.5}};
  risk.transformer_weight = 0.75;
  risk.ngram_weight = 0.5;
  tone.head = {"tone", HeadKind::multiclass, {"down", "up"}, {}};
  tone.temperature = 2;
  write_spec({0, {risk, tone}});
  rename_labels({"risk:credit", "tone:down", "tone:up"});
  const auto model = TextClassifier::load(scratch_.path());
  std::string windows;
  for (int i = 0; i < 20; ++i) windows += kTexts[1];
  for (const std::string& text : {kTexts[0], kTexts[1], kTexts[3], windows}) {
    const std::string_view one[] = {text};
    const Prediction p = model.predict(one)[0];
    const IntegratedGradients g = model.integrated_gradients(text, 0, 0, {64, 1e9, 1024});
    const double probability = p.heads[0].probabilities[0];
    EXPECT_NEAR(g.score, std::log(probability / (1 - probability)), 1e-4);  // of a multilabel head: the log-odds
    double sum = g.base + g.gap;
    for (const Attribution& a : g.tokens) sum += a.weight;
    EXPECT_NEAR(sum, g.score, 1e-9);
    EXPECT_LT(std::abs(g.gap), 0.02 * std::max(1.0, std::abs(g.score - g.base))) << text;
    EXPECT_GT(std::abs(g.score - g.base), 0.01);  // or there would be nothing to explain
    // Softmax of the multiclass head's scores is its probabilities.
    const double down = model.integrated_gradients(text, 1, 0, {4, 1e9, 1024}).score,
                 up = model.integrated_gradients(text, 1, 1, {4, 1e9, 1024}).score;
    EXPECT_NEAR(1 / (1 + std::exp(up - down)), p.heads[1].probabilities[0], 1e-5);
  }
  // More points along the path leave a smaller gap, and stretches are halved until it is as small as was asked.
  const auto walked = [&](int points, double tolerance, int most) {
    return model.integrated_gradients(kTexts[3], 0, 0, {points, tolerance, most});
  };
  const IntegratedGradients rough = walked(1, 1e9, 1024), fine = walked(1, 1e-3, 1024), limited = walked(1, 0, 9);
  EXPECT_LT(std::abs(walked(64, 1e9, 1024).gap), std::abs(rough.gap));
  EXPECT_EQ(rough.points, 1);
  EXPECT_TRUE(rough.settled);
  ASSERT_GT(std::abs(rough.gap), 1e-3);
  EXPECT_LE(std::abs(fine.gap), 1.1e-3);  // the score comes from another pass
  EXPECT_TRUE(fine.settled);
  EXPECT_GT(fine.points, 1);
  EXPECT_EQ(limited.points, 9);
  EXPECT_FALSE(limited.settled);
  const std::int64_t many_windows = model.integrated_gradients(windows, 1, 0, {2, 1e9, 1024}).points;
  EXPECT_GT(many_windows, 2);  // every window of a multiclass head's text
  EXPECT_THROW(model.integrated_gradients(kTexts[0], 0, 0, {0, 0.1, 1024}), base::Error);
  EXPECT_THROW(model.integrated_gradients(kTexts[0], 0, 0, {16, -1, 1024}), base::Error);
}

TEST_F(ClassifierTest, RefusesBelowTheStoredProbability) {
  const Head never{"label", HeadKind::multiclass, {"down", "same", "up"}, {}, 0};
  const Head often{"label", HeadKind::multiclass, {"down", "same", "up"}, {}, 0.5};
  const HeadPrediction sure{{0.2, 0.3, 0.5}, {}}, unsure{{0.4, 0.4, 0.2}, {}};
  EXPECT_EQ(likeliest(sure), 2u);
  EXPECT_EQ(likeliest(unsure), 0u);  // the first of equals
  EXPECT_EQ(answer(never, unsure), "down");
  EXPECT_FALSE(refuses(often, sure));  // reaching the limit is enough
  EXPECT_EQ(answer(often, sure), "up");
  EXPECT_TRUE(refuses(often, unsure));
  EXPECT_EQ(answer(often, unsure), kUnknownAnswer);
}

TEST_F(ClassifierTest, TheLimitOfRefusalIsPartOfTheModel) {
  ClassifierSpec spec;
  HeadSpec head;
  head.head = {"label", HeadKind::multiclass, {"negative", "neutral", "positive"}, {}, 0.75};
  head.known_refused = 0.05;
  spec.heads = {head};
  write_spec(spec);
  const auto model = TextClassifier::load(scratch_.path());
  EXPECT_EQ(model.heads()[0].refuse_below, 0.75);
  EXPECT_EQ(read_spec(scratch_.path() / "classifier.json").heads[0].known_refused, 0.05);
  spec.heads[0].head.refuse_below = 1.5;
  write_spec(spec);
  EXPECT_THROW(TextClassifier::load(scratch_.path()), base::Error);
}

TEST_F(ClassifierTest, BrokenFoldersAreRefused) {
  const auto message = [&] {
    try {
      TextClassifier::load(scratch_.path());
    } catch (const base::Error& e) {
      return std::string(e.what());
    }
    return std::string("no error");
  };
  write_spec(two_heads());
  EXPECT_THAT(message(), HasSubstr("the labels of classifier.json are not those of config.json"));
  base::write_file_atomic(scratch_.path() / "classifier.json", "{\"format\": 2, \"heads\": []}");
  EXPECT_THAT(message(), HasSubstr("format is not 1"));
  base::write_file_atomic(scratch_.path() / "classifier.json", "{\"format\": 1, \"heads\": []}");
  EXPECT_THAT(message(), HasSubstr("has no head"));
  base::write_file_atomic(scratch_.path() / "classifier.json", "");
  EXPECT_THAT(message(), HasSubstr("not valid JSON"));
}

}  // namespace
}  // namespace ballast::lm
