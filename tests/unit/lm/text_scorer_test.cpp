// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/text_scorer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/base/random.h"
#include "ballast/lm/classifier.h"
#include "tests/support/errors.h"
#include "tests/support/scratch.h"

namespace ballast::lm {
namespace {

/// Texts of four words; "late" makes a yes likely.
struct Notes {
  std::vector<std::string> texts;
  std::vector<std::uint8_t> truth;
  explicit Notes(int rows, std::uint64_t seed) {
    base::Random random(seed);
    const char* words[] = {"paid", "on", "time", "orders", "rent", "tax"};
    for (int i = 0; i < rows; ++i) {
      const bool late = random.uniform() < 0.5;
      std::string text = late ? "late" : "early";
      for (int w = 0; w < 3; ++w) text += std::string(" ") + words[random.below(6)];
      texts.push_back(text);
      truth.push_back(random.uniform() < (late ? 0.85 : 0.15) ? 1 : 0);
    }
  }
};

TextScorerOptions small_scorer() {
  TextScorerOptions o;
  o.width = 16, o.layers = 1, o.heads = 2, o.positions = 32, o.vocabulary = 300, o.epochs = 6, o.batch_tokens = 256;
  return o;
}

TEST(TextScorer, LearnsReadsBackTheSameAndOpensAsAClassifier) {
  const Notes train(240, 1), fresh(40, 2);
  const TextScorer scorer = TextScorer::train(train.texts, train.truth, small_scorer());
  const auto scores = scorer.scores(fresh.texts);
  double late = 0, early = 0;
  int lates = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const bool is_late = fresh.texts[i].starts_with("late");
    (is_late ? late : early) += scores[i];
    lates += is_late;
  }
  EXPECT_GT(late / lates, early / (40 - lates) + 1);
  test::ScratchFolder scratch;
  scorer.save(scratch.path());
  const TextScorer again = TextScorer::load(scratch.path());
  EXPECT_EQ(again.scores(fresh.texts), scores);
  // A text's score does not depend on the others.
  EXPECT_EQ(again.scores(std::vector<std::string>{fresh.texts[7]})[0], scores[7]);
  const TextClassifier classifier = TextClassifier::load(scratch.path());
  const std::string_view one = fresh.texts[3];
  const double p = classifier.predict(std::span(&one, 1))[0].heads[0].probabilities[1];
  EXPECT_NEAR(p, 1 / (1 + std::exp(-scores[3])), 1e-5);
}

TEST(TextScorer, DoesNotDependOnThreads) {
  const Notes train(80, 3);
  TextScorerOptions o = small_scorer();
  o.epochs = 1;
  base::set_threads(1);
  const auto one = TextScorer::train(train.texts, train.truth, o).scores(train.texts);
  base::set_threads(3);
  const auto three = TextScorer::train(train.texts, train.truth, o).scores(train.texts);
  base::set_threads(0);
  EXPECT_EQ(one, three);
}

TEST(TextScorer, OneBranchWillDoAndNoneOrOneClassWillNot) {
  const Notes train(120, 4);
  TextScorerOptions o = small_scorer();
  o.transformer = false;
  const TextScorer scorer = TextScorer::train(train.texts, train.truth, o);
  test::ScratchFolder scratch;
  scorer.save(scratch.path());
  EXPECT_EQ(TextScorer::load(scratch.path()).scores(train.texts), scorer.scores(train.texts));
  const std::vector<std::uint8_t> all_yes(120, 1);
  EXPECT_NE(test::problem_of([&] { TextScorer::train(train.texts, all_yes, o); }).find("two classes"),
            std::string::npos);
  o.ngrams = false;
  EXPECT_NE(test::problem_of([&] { TextScorer::train(train.texts, train.truth, o); }).find("at least one branch"),
            std::string::npos);
  test::ScratchFolder empty;
  EXPECT_NE(test::problem_of([&] { TextScorer::load(empty.path()); }).find("holds no text scorer"), std::string::npos);
}

}  // namespace
}  // namespace ballast::lm
