// SPDX-License-Identifier: Apache-2.0
#include "ballast/govern/split_checks.h"

#include <gtest/gtest.h>

#include <limits>

#include "ballast/base/random.h"
#include "ballast/govern/checks/shingles.h"

namespace ballast::govern {
namespace {

SplitRows texts(const std::vector<std::string>& train, const std::vector<std::string>& judged) {
  SplitRows rows;
  const auto add = [&](const std::string& source, const std::vector<std::string>& all, int fold) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      rows.sources.push_back("data/" + source);
      rows.lines.push_back(static_cast<std::int64_t>(i) + 2);
      rows.folds.push_back(fold);
      rows.contents.push_back(all[i]);
    }
  };
  add("train.csv", train, kTrainOnly);
  add("dev.csv", judged, 0);
  return rows;
}

TEST(SplitChecksTest, CleanSplitIsClean) {
  const auto report = check_split(texts({"Profits rose sharply this year.", "The bank closed three branches."},
                                        {"Oil prices fell on Monday morning.", "A court fined the broker."}));
  EXPECT_TRUE(report.clean());
  EXPECT_EQ(report.checked, (std::vector<std::string>{"exact contamination", "near contamination"}));
}

TEST(SplitChecksTest, FindsTheSameTextInAnotherDress) {
  const auto rows = texts({"Other news entirely today.", "PROFITS  rose, sharply!", "profits rose sharply"},
                          {"Something else happened here.", "Profits rose sharply."});
  const auto report = check_split(rows);
  ASSERT_EQ(report.findings.size(), 1u);
  EXPECT_EQ(report.findings[0].check, "exact contamination");
  EXPECT_EQ(report.findings[0].violations.size(), 2u);
  EXPECT_EQ(describe(report.findings[0], rows),
            "exact contamination: 2 training row(s) repeat evaluation rows: train.csv:3 = dev.csv:3, train.csv:4 = "
            "dev.csv:3");
  EXPECT_EQ(report.rows_to_drop(rows.size()), (std::vector<std::uint8_t>{0, 1, 1, 0, 0}));
}

TEST(SplitChecksTest, FindsNearlyTheSameText) {
  const std::string text = "Operating profit rose to 13.1 million euros from 8.7 million in the same quarter of 2007";
  const std::string near = "Operating profit rose to 13.1 million euros from 8.9 million in the same quarter of 2007";
  const auto rows = texts({"The company has no plans to move production abroad.", text}, {near});
  const auto report = check_split(rows);
  ASSERT_EQ(report.findings.size(), 1u);
  EXPECT_EQ(report.findings[0].check, "near contamination");
  EXPECT_EQ(report.findings[0].violations.front().row, 1u);
  EXPECT_DOUBLE_EQ(report.findings[0].violations.front().similarity, text_similarity(text, near));
  EXPECT_TRUE(check_split(rows, {.jaccard = 0.99}).clean());
}

// abcde bcdef cdefg defgh against … defgx: three of five.
TEST(SplitChecksTest, SimilarityByHand) {
  EXPECT_DOUBLE_EQ(text_similarity("abcd efgh", "ABCDEFGX"), 0.6);
  EXPECT_EQ(text_similarity("abc", "abc"), 0);
  // Chinese goes by pairs of characters: 央行 行降 降息 against 央行 行加 加息.
  EXPECT_DOUBLE_EQ(text_similarity("央行降息", "央行，加息"), 0.2);
}

TEST(SplitChecksTest, OfFoldsTheLaterRowGoes) {
  SplitRows rows = texts({}, {"one text that is here", "another text over there", "One text that is HERE"});
  rows.folds = {0, 1, 1};
  const auto report = check_split(rows);
  ASSERT_EQ(report.findings.size(), 1u);
  EXPECT_EQ(report.rows_to_drop(3), (std::vector<std::uint8_t>{0, 0, 1}));
  rows.folds = {1, 0, 1};  // both judged by models that saw neither
  EXPECT_TRUE(check_split(rows).clean());
}

TEST(SplitChecksTest, FindsGroupsTimesAndLateInputs) {
  SplitRows rows;
  rows.sources.assign(5, "t.csv");
  rows.lines = {2, 3, 4, 5, 6};
  rows.folds = {kTrainOnly, kTrainOnly, kTrainOnly, 0, 0};
  rows.groups = {"ann", "bob", "", "bob", ""};
  rows.times = {10, 20, 31, 30, 40};
  const double at_once = std::numeric_limits<double>::quiet_NaN();
  rows.available = {at_once, 19, 31, at_once, 41};
  const auto report = check_split(rows);
  ASSERT_EQ(report.findings.size(), 3u);
  EXPECT_EQ(describe(report.findings[0], rows),
            "group leakage: 1 training row(s) share their group with evaluation rows: t.csv:3 with t.csv:5");
  EXPECT_EQ(describe(report.findings[1], rows),
            "look-ahead: 1 training row(s) are dated after the first evaluation row: t.csv:4 after t.csv:5");
  EXPECT_EQ(describe(report.findings[2], rows),
            "late inputs: 1 row(s) have inputs that were not known yet when the decision was made: t.csv:6");
}

/// Every pair found by the index must be found by comparing all, and the other way round.
TEST(SplitChecksTest, IndexMissesNoPair) {
  base::Random random(5);
  std::vector<Shingles> all;
  for (int i = 0; i < 150; ++i) {
    std::string text;
    if (i % 3 != 0 && i > 0) {
      text = std::string(static_cast<std::size_t>(20 + i % 7), static_cast<char>('a' + i % 5));
    }
    for (int k = 0; k < 40; ++k) text += static_cast<char>('a' + (i % 4 == 0 ? random.below(26) : (k * (i % 11)) % 26));
    if (random.below(2) == 0) text[random.below(text.size())] = 'z';
    all.push_back(shingles_of(text));
  }
  int found = 0;
  for (const double threshold : {0.5, 0.8, 1.0}) {
    SimilarityIndex index(all, threshold);
    for (std::size_t row = 0; row < all.size(); ++row) {
      std::int64_t left_out = 0;
      const auto match = index.first_match(
          row, [](std::size_t) { return true; }, 1000, left_out);
      bool any = false;
      for (std::size_t other = 0; other < row; ++other) any = any || jaccard(all[row], all[other]) >= threshold;
      EXPECT_EQ(match.has_value(), any) << row;
      EXPECT_EQ(left_out, 0);
      found += any;
      index.add(row);
    }
  }
  EXPECT_GT(found, 20);
}

}  // namespace
}  // namespace ballast::govern
