// SPDX-License-Identifier: Apache-2.0
// The accountant against closed forms and published figures; private steps against gradients taken one by one.
#include "ballast/lm/privacy.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/base/random.h"
#include "ballast/lm/train/trainer.h"
#include "tests/support/first_gradients.h"
#include "tests/support/tiny_model.h"

namespace ballast::lm {
namespace {

TEST(PrivacyTest, WithoutSamplingTheDivergenceIsTheGaussianOne) {
  for (const double noise : {0.5, 1.0, 4.0}) {
    for (const int alpha : {2, 7, 64}) {
      EXPECT_DOUBLE_EQ(renyi_divergence(1, noise, alpha), alpha / (2 * noise * noise));
      // Nearly all rows drawn: the sum over the binomial must come out the same.
      EXPECT_NEAR(renyi_divergence(1 - 1e-9, noise, alpha), alpha / (2 * noise * noise), 1e-5 * alpha / noise);
    }
  }
}

TEST(PrivacyTest, OrderTwoByHand) {
  // E[(1 − q + q·exp((2z − 1)/(2σ²)))²] = 1 + q²(exp(1/σ²) − 1).
  for (const double q : {0.01, 0.3}) {
    EXPECT_NEAR(renyi_divergence(q, 1.5, 2), std::log1p(q * q * std::expm1(1 / 2.25)), 1e-12);
  }
}

TEST(PrivacyTest, OrderEightByNumericalIntegration) {
  const double q = 0.2, noise = 1.3, step = 1e-4;
  double sum = 0;
  for (double z = -20; z < 30; z += step) {
    const double density = std::exp(-z * z / (2 * noise * noise)) / (noise * std::sqrt(2 * M_PI));
    sum += step * density * std::pow(1 - q + q * std::exp((2 * z - 1) / (2 * noise * noise)), 8);
  }
  EXPECT_NEAR(renyi_divergence(q, noise, 8), std::log(sum) / 7, 1e-6);
}

TEST(PrivacyTest, PublishedFigureOfTheMomentsAccountant) {
  // Abadi et al. (2016), section 3.2: rate 0.01, noise 4, delta 1e-5, 10,000 steps give epsilon 1.26.
  EXPECT_NEAR(privacy_cost(0.01, 4, 10'000, 1e-5, true).epsilon, 1.26, 0.005);
  EXPECT_LT(privacy_cost(0.01, 4, 10'000, 1e-5).epsilon, privacy_cost(0.01, 4, 10'000, 1e-5, true).epsilon);
}

TEST(PrivacyTest, NeverBelowTheExactCostOfOneGaussianStep) {
  for (const double noise : {0.8, 2.0, 5.0}) {
    const double epsilon = privacy_cost(1, noise, 1, 1e-5).epsilon;
    EXPECT_LE(gaussian_delta(noise, epsilon), 1e-5);         // the bound holds …
    EXPECT_GT(gaussian_delta(noise, 0.75 * epsilon), 1e-5);  // … and is not far off
  }
  // k steps are one step with the noise divided by √k.
  EXPECT_NEAR(privacy_cost(1, 10, 25, 1e-6).epsilon, privacy_cost(1, 2, 1, 1e-6).epsilon, 1e-9);
}

TEST(PrivacyTest, NoiseForAnEpsilonKeepsIt) {
  for (const double epsilon : {0.5, 2.0, 8.0}) {
    const double noise = noise_for(0.05, epsilon, 400, 1e-5);
    EXPECT_LE(privacy_cost(0.05, noise, 400, 1e-5).epsilon, epsilon);
    EXPECT_GT(privacy_cost(0.05, noise - 0.01, 400, 1e-5).epsilon, epsilon);
  }
  EXPECT_TRUE(std::isinf(privacy_cost(0.05, 0, 400, 1e-5).epsilon));
  EXPECT_THROW(privacy_cost(0, 1, 1, 1e-5), base::Error);
  EXPECT_THROW(noise_for(0.1, 0, 10, 1e-5), base::Error);
}

class PrivateStepsTest : public ::testing::Test {
 protected:
  PrivateStepsTest() {
    base::Random random(3);
    for (int i = 0; i < 12; ++i) {
      Example e;
      for (std::uint64_t t = 4 + random.below(20); t > 0; --t) {
        e.ids.push_back(static_cast<std::int32_t>(random.below(300)));
      }
      e.classes = {static_cast<std::int32_t>(i % 3)};
      examples_.push_back(std::move(e));
    }
  }
  LoadedModel fresh(bool head_only = false) const {
    LoadedModel model = test::tiny_model(test::tiny_bert_arch("BertForSequenceClassification", 300, 40));
    for (engine::Parameter& p : model.network->parameters().all()) {
      p.frozen = head_only && !model.network->belongs_to_head(p.name);
    }
    return model;
  }
  static TrainSettings settings(double rate, double noise, double clip) {
    TrainSettings s;
    s.objective = Objective::classification;
    s.sampling = {.batch_size = 12, .batch_tokens = 0, .shuffle = false, .seed = 5};
    s.steps = 3;
    s.lr = 1e-2;
    s.dropout = 0;
    s.clip_norm = 0;
    s.schedule = engine::Schedule::constant;
    s.heads = {{HeadKind::multiclass, 0, 3, 1.0}};
    s.privacy = {rate, noise, clip, 9};
    return s;
  }
  static std::vector<float> values(const Network& network) {
    std::vector<float> all;
    for (const engine::Parameter& p : network.parameters().all()) all.insert(all.end(), p.value, p.value + p.size);
    return all;
  }
  std::vector<float> after(const TrainSettings& s, bool head_only = false) const {
    LoadedModel model = fresh(head_only);
    Trainer trainer(*model.network, examples_, s);
    while (!trainer.finished()) trainer.step();
    return values(*model.network);
  }
  std::vector<Example> examples_;
};

TEST_F(PrivateStepsTest, AllRowsWithoutNoiseAndClippingAreAnOrdinaryStep) {
  LoadedModel ordinary_model = fresh(), private_model = fresh();
  Trainer ordinary(*ordinary_model.network, examples_, settings(0, 0, 1));
  Trainer private_one(*private_model.network, examples_, settings(1, 0, 1e9));
  EXPECT_NEAR(ordinary.step().loss, private_one.step().loss, 1e-5);
  double apart = 0, length = 0;
  const std::vector<float> a = test::first_gradients(ordinary), b = test::first_gradients(private_one);
  for (std::size_t i = 0; i < a.size(); ++i) {
    apart += std::pow(static_cast<double>(a[i]) - b[i], 2);
    length += std::pow(static_cast<double>(a[i]), 2);
  }
  EXPECT_LT(std::sqrt(apart / length), 1e-4);
}

TEST_F(PrivateStepsTest, NoRowMovesTheSumByMoreThanTheClippingNorm) {
  // One step on all rows and on all but one: the sums of clipped gradients differ by at most `clip`.
  const double clip = 0.05;
  LoadedModel all_model = fresh(), less_model = fresh();
  Trainer all(*all_model.network, examples_, settings(1, 0, clip));
  const auto fewer = std::span(examples_).first(11);
  Trainer less(*less_model.network, fewer, settings(1, 0, clip));
  all.step();
  less.step();
  double squares = 0;
  const std::vector<float> a = test::first_gradients(all), b = test::first_gradients(less);
  for (std::size_t i = 0; i < a.size(); ++i) squares += std::pow(12.0 * a[i] - 11.0 * b[i], 2);
  EXPECT_LE(std::sqrt(squares), clip * (1 + 1e-4));
  EXPECT_GT(std::sqrt(squares), 0.9 * clip);  // every gradient of this model is longer than that
}

TEST_F(PrivateStepsTest, NoiseHasTheStandardDeviationThatWasAsked) {
  LoadedModel with = fresh(), without = fresh();
  Trainer noisy(*with.network, examples_, settings(1, 2, 0.5)), plain(*without.network, examples_, settings(1, 0, 0.5));
  noisy.step();
  plain.step();
  double squares = 0;
  const std::vector<float> a = test::first_gradients(noisy), b = test::first_gradients(plain);
  for (std::size_t i = 0; i < a.size(); ++i) squares += std::pow(12.0 * (a[i] - b[i]), 2);
  EXPECT_NEAR(std::sqrt(squares / static_cast<double>(a.size())), 2 * 0.5, 0.02);
}

TEST_F(PrivateStepsTest, TheSameBitsAtAnyNumberOfThreads) {
  base::set_threads(1);
  const auto one = after(settings(0.5, 1, 0.5));
  base::set_threads(3);
  EXPECT_EQ(one, after(settings(0.5, 1, 0.5)));
  base::set_threads(0);
}

TEST_F(PrivateStepsTest, AFrozenEncoderStaysAndTheHeadLearnsTheSame) {
  const auto start = values(*fresh().network);
  const auto trained = after(settings(1, 0, 0.5), true);
  const LoadedModel model = fresh(true);
  std::size_t at = 0;
  double head = 0;
  for (const engine::Parameter& p : model.network->parameters().all()) {
    for (std::int64_t i = 0; i < p.size; ++i, ++at) {
      if (p.frozen)
        ASSERT_EQ(start[at], trained[at]) << p.name;
      else
        head += std::abs(start[at] - trained[at]);
    }
  }
  EXPECT_GT(head, 0.1);
}

}  // namespace
}  // namespace ballast::lm
