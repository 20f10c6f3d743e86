// SPDX-License-Identifier: Apache-2.0
#include "ballast/tabular/validation.h"

#include <gtest/gtest.h>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "tests/support/errors.h"
#include "tests/support/scratch.h"

namespace ballast::tabular {
namespace {

std::vector<std::uint8_t> some_truth() {
  std::vector<std::uint8_t> truth;
  for (int i = 0; i < 53; ++i) truth.push_back((i * 7919 % 97) % 10 < 3 ? 1 : 0);
  return truth;
}

// Printed by scikit-learn 1.2.1, StratifiedKFold(5, shuffle=True, random_state=1), for the same labels.
TEST(StratifiedFolds, AreThoseOfTheReference) {
  const std::vector<int> expected = {0, 3, 3, 0, 2, 3, 1, 4, 0, 0, 4, 0, 4, 1, 2, 3, 1, 0, 4, 1, 2, 0, 1, 2, 0, 1, 4,
                                     2, 3, 0, 1, 0, 2, 1, 4, 3, 4, 3, 0, 2, 4, 2, 3, 2, 3, 4, 1, 3, 1, 1, 4, 2, 2};
  EXPECT_EQ(stratified_folds(some_truth(), 5, 1), expected);
}

TEST(StratifiedFolds, NeedEnoughOfEachClass) {
  const std::vector<std::uint8_t> truth = {0, 0, 0, 0, 0, 0, 1, 1};
  try {
    stratified_folds(truth, 5, 1);
    FAIL();
  } catch (const base::Error& e) {
    EXPECT_EQ(e.problem(), "a class has 2 row(s), too few for 5 folds with both classes in each");
  }
}

TEST(ReadFolds, GivesTheFoldOfEachLineAndNamesWhatIsWrong) {
  test::ScratchFolder scratch;
  const std::string file = scratch / "folds.csv";
  const std::vector<std::int64_t> lines = {2, 3, 5};
  const auto with = [&](const std::string& rows) {
    base::write_file_atomic(file, "row,fold\n" + rows);
    return test::problem_of([&] { read_folds(file, lines); });
  };
  EXPECT_EQ(with("5,0\n2,1\n3,0\n4,1\n"), "no error");
  EXPECT_EQ(read_folds(file, lines), (std::vector<int>{1, 0, 0}));
  EXPECT_NE(with("2,1\n3,0\n").find("has no fold for row 5"), std::string::npos);
  EXPECT_NE(with("2,1\n3,0\n2,0\n5,0\n").find("row 2 has two folds"), std::string::npos);
  EXPECT_NE(with("2,1\n3,zero\n5,0\n").find("fold is \"zero\""), std::string::npos);
  EXPECT_NE(with("2,0\n3,2\n5,0\n").find("no row is in fold 1"), std::string::npos);
  EXPECT_NE(with("2,0\n3,0\n5,0\n").find("no row is in fold 1"), std::string::npos);
}

TEST(StratifiedSplit, KeepsTheShareOfBothClasses) {
  const auto truth = some_truth();
  const Split split = stratified_split(truth, 0.25, 7);
  std::int64_t positives = 0;
  for (const auto r : split.test) positives += truth[static_cast<std::size_t>(r)];
  EXPECT_EQ(split.test.size() + split.train.size(), truth.size());
  EXPECT_EQ(split.test.size(), 13u);
  EXPECT_EQ(positives, 4);
}

TEST(ChronologicalSplit, NeverLearnsFromTheFutureAndKeepsTheEmbargo) {
  const std::vector<double> times = {5, 1, 2, 3, 4, 6, 7, 8, 9, 10};
  const Split split = chronological_split(times, 0.3, 2);
  EXPECT_EQ(split.test, (std::vector<std::int64_t>{7, 8, 9}));
  EXPECT_EQ(split.train, (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5}));  // 7 is closer than 2 to 8
  for (const Split& fold : chronological_folds(times, 3)) {
    for (const auto a : fold.train) {
      for (const auto b : fold.test) EXPECT_LT(times[static_cast<std::size_t>(a)], times[static_cast<std::size_t>(b)]);
    }
  }
}

TEST(ChronologicalSplit, RowsOfOneTimeStayTogether) {
  EXPECT_THROW(chronological_split(std::vector<double>{3, 3, 3, 3}, 0.5), base::Error);
}

}  // namespace
}  // namespace ballast::tabular
