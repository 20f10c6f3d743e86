// SPDX-License-Identifier: Apache-2.0
#include "ballast/govern/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "ballast/base/error.h"
#include "ballast/base/random.h"
#include "ballast/govern/comparison_report.h"

namespace ballast::govern {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr int kRows = 400;

std::vector<int> truth_of_classes() {
  std::vector<int> truth;
  for (int i = 0; i < kRows; ++i) truth.push_back(i % 2);
  return truth;
}

/// Says the truth but for the first `wrong` rows, with probability 0.9.
MethodRun classifier(const std::string& name, Family family, int wrong, std::int64_t bytes) {
  MethodRun run;
  run.name = name;
  run.family = family;
  run.model_bytes = bytes;
  const std::vector<int> truth = truth_of_classes();
  for (int i = 0; i < kRows; ++i) {
    const int said = i < wrong ? 1 - truth[static_cast<std::size_t>(i)] : truth[static_cast<std::size_t>(i)];
    run.probabilities.push_back(said == 0 ? 0.9 : 0.1);
    run.probabilities.push_back(said == 0 ? 0.1 : 0.9);
  }
  return run;
}

MethodRun constant() {
  MethodRun run;
  run.name = "majority";
  run.family = Family::baseline;
  for (int i = 0; i < kRows; ++i) run.probabilities.insert(run.probabilities.end(), {0.5, 0.5});
  return run;
}

TEST(ComparisonTest, BetterMethodWinsEitherWay) {
  const auto truth = truth_of_classes();
  const auto c = judge_classes(
      "text", truth, 2,
      {constant(), classifier("lm", Family::language_model, 20, 9), classifier("linear", Family::traditional, 80, 5)});
  EXPECT_DOUBLE_EQ(c.methods[1].measures[0].value, 0.95);
  EXPECT_LE(c.methods[1].measures[0].low, 0.95);
  EXPECT_GE(c.methods[1].measures[0].high, 0.95);
  EXPECT_EQ(c.tests.size(), 3u);
  EXPECT_EQ(c.verdict.outcome, Outcome::language_model);
  EXPECT_EQ(c.verdict.take, "lm");
  EXPECT_THAT(c.verdict.en, HasSubstr("The language model wins here"));
  EXPECT_THAT(c.verdict.zh, HasSubstr("语言模型"));
  const auto other = judge_classes(
      "text", truth, 2,
      {classifier("lm", Family::language_model, 80, 9), classifier("linear", Family::traditional, 20, 5)});
  EXPECT_EQ(other.verdict.outcome, Outcome::traditional);
}

TEST(ComparisonTest, WithoutSignificanceTheSmallerModelIsTaken) {
  const auto truth = truth_of_classes();
  const auto c = judge_classes(
      "text", truth, 2,
      {classifier("lm", Family::language_model, 20, 9), classifier("linear", Family::traditional, 22, 5)});
  EXPECT_DOUBLE_EQ(c.tests[0].p_value, 0.25);  // two rows, both one way: exact 2/4, less the half of the last term
  EXPECT_EQ(c.verdict.outcome, Outcome::no_difference);
  EXPECT_EQ(c.verdict.take, "linear");
  EXPECT_THAT(c.verdict.en, HasSubstr("No significant difference"));
}

TEST(ComparisonTest, HybridDoesNotHideTheModelAlone) {
  const auto truth = truth_of_classes();
  const auto c =
      judge_classes("text", truth, 2,
                    {classifier("lm", Family::language_model, 80, 9), classifier("both", Family::hybrid, 20, 14),
                     classifier("linear", Family::traditional, 22, 5)});
  EXPECT_EQ(c.verdict.outcome, Outcome::no_difference);
  EXPECT_THAT(c.verdict.en, HasSubstr("Alone, lm 0.8 is significantly behind linear"));
}

// Rows sorted by label, one probability for all of them: well calibrated, whatever the order.
TEST(ComparisonTest, CalibrationDoesNotHangOnTheOrderOfRows) {
  std::vector<std::uint8_t> truth(kRows, 0);
  std::fill(truth.begin(), truth.begin() + kRows / 4, 1);
  MethodRun run;
  run.name = "rate";
  run.probabilities.assign(kRows, 0.25);
  EXPECT_TRUE(judge_events("credit", truth, {run}).methods[0].calibration->fine());
}

TEST(ComparisonTest, BaselineThatIsNotBeatenIsSaid) {
  const auto truth = truth_of_classes();
  const auto c = judge_classes("text", truth, 2,
                               {constant(), classifier("lm", Family::language_model, 195, 9),
                                classifier("linear", Family::traditional, 196, 5)});
  EXPECT_THAT(c.verdict.en, HasSubstr("does not beat \"majority\""));
}

TEST(ComparisonTest, LabelsGoByMacroF1) {
  // Two labels, four rows. By hand: label 0 has two hits and one false alarm (F1 4/5), label 1 one hit and one miss
  // (F1 2/3); the two mistakes are in one row.
  const std::vector<std::uint8_t> truth = {1, 0, 1, 1, 0, 1, 0, 0}, said = {1, 0, 1, 1, 1, 0, 0, 0};
  MethodRun run;
  run.name = "lm";
  run.said = said;
  for (const std::uint8_t s : said) run.probabilities.push_back(s != 0 ? 0.8 : 0.2);
  MethodRun perfect = run;
  perfect.name = "linear";
  perfect.said = truth;
  const auto c = judge_labels("multilabel", truth, 2, {run, perfect});
  EXPECT_DOUBLE_EQ(c.methods[0].measures[0].value, (4 / 5.0 + 2 / 3.0) / 2);
  EXPECT_DOUBLE_EQ(c.methods[0].measures[2].value, 0.75);
  EXPECT_DOUBLE_EQ(c.methods[0].measures[3].value, (6 * 0.04 + 2 * 0.64) / 8);
  EXPECT_EQ(c.methods[1].measures[0].value, 1);
  EXPECT_NEAR(c.tests[0].difference.value, 1 - (4 / 5.0 + 2 / 3.0) / 2, 1e-12);
}

TEST(ComparisonTest, EventsGoByDeLong) {
  base::Random random(3);
  std::vector<std::uint8_t> truth;
  MethodRun good, bad;
  good.name = "boosted";
  bad.name = "lm";
  bad.family = Family::language_model;
  for (int i = 0; i < kRows; ++i) {
    truth.push_back(i % 4 == 0);
    good.probabilities.push_back((truth.back() != 0 ? 0.3 : 0.1) + 0.4 * random.uniform());
    bad.probabilities.push_back(random.uniform());
  }
  const auto c = judge_events("credit", truth, {good, bad});
  EXPECT_EQ(c.measures[c.primary].name, "AUC");
  EXPECT_EQ(c.verdict.outcome, Outcome::traditional);
  EXPECT_FALSE(c.methods[1].calibration->fine());
  const auto rare = judge_events("fraud", truth, {good, bad}, {.rare_event = true});
  EXPECT_EQ(rare.measures[rare.primary].name, "average precision");
  EXPECT_EQ(rare.tests[0].test, "paired bootstrap");
}

TEST(ComparisonTest, LossesGoByDieboldMariano) {
  base::Random random(4);
  MethodRun a, b;
  a.name = "garch";
  b.name = "ewma";
  for (int i = 0; i < 1000; ++i) {
    a.losses.push_back(random.uniform());
    b.losses.push_back(a.losses.back() + 0.05 * random.uniform());
  }
  const auto c = judge_losses("volatility", "QLIKE", {a, b});
  EXPECT_LT(c.tests[0].p_holm, 1e-6);
  EXPECT_NEAR(c.tests[0].difference.value, 0.025, 0.003);
  EXPECT_EQ(c.verdict.outcome, Outcome::nothing_to_compare);
  EXPECT_EQ(c.verdict.take, "garch");
  EXPECT_THAT(c.verdict.en, HasSubstr("No language model takes part"));
}

TEST(ComparisonTest, RecordHoldsNoTimes) {
  const auto truth = truth_of_classes();
  MethodRun one = classifier("lm", Family::language_model, 20, 9);
  one.cost.train_seconds = 1.5;
  const auto c = judge_classes("text", truth, 2, {one, classifier("linear", Family::traditional, 22, 5)});
  EXPECT_THAT(to_json(c, true).dump(), HasSubstr("train_seconds"));
  EXPECT_THAT(to_json(c, false).dump(), Not(HasSubstr("seconds")));
  EXPECT_THAT(to_json(c, false).dump(), Not(HasSubstr("memory")));
}

TEST(ComparisonTest, ReportsShowEveryMethodAndEscape) {
  const auto truth = truth_of_classes();
  const auto c = judge_classes(
      "text", truth, 2,
      {classifier("lm <b>", Family::language_model, 20, 9), classifier("linear", Family::traditional, 22, 5)});
  const ReportContext context{"ballast compare text", "a.csv", {"note"}, {"nothing found"}, "id", "now"};
  const std::string text = to_text(c, context), html = to_html(c, context);
  EXPECT_THAT(text, HasSubstr("verdict  No significant difference"));
  EXPECT_THAT(text, HasSubstr("●"));
  EXPECT_THAT(html, HasSubstr("lm &lt;b&gt;"));
  EXPECT_THAT(html, Not(HasSubstr("<b>")));
  EXPECT_THAT(html, HasSubstr("<svg"));
  EXPECT_THAT(html, Not(HasSubstr("http")));
}

TEST(ComparisonTest, NothingToJudgeIsAnError) {
  EXPECT_THROW(judge_classes("text", {}, 2, {constant()}), base::Error);
  EXPECT_THROW(judge_losses("var", "loss", {}), base::Error);
}

}  // namespace
}  // namespace ballast::govern
