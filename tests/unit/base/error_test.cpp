// SPDX-License-Identifier: Apache-2.0
#include "ballast/base/error.h"

#include <gmock/gmock.h>

namespace ballast::base {
namespace {

using ::testing::HasSubstr;

TEST(Error, SaysWhereWhatAndTheHintInOneSentence) {
  const Error e(ErrorCode::bad_input, "no column \"text\"", "news.csv:1", "use --text-column");
  EXPECT_STREQ(e.what(), "news.csv:1: no column \"text\" (use --text-column)");
  EXPECT_EQ(e.code(), ErrorCode::bad_input);
  EXPECT_EQ(e.problem(), "no column \"text\"");
  EXPECT_EQ(e.where(), "news.csv:1");
  EXPECT_EQ(e.hint(), "use --text-column");
}

TEST(Error, LeavesOutWhatIsEmpty) {
  EXPECT_STREQ(Error(ErrorCode::io, "disk full").what(), "disk full");
  EXPECT_STREQ(Error(ErrorCode::io, "disk full", "a.db").what(), "a.db: disk full");
  EXPECT_STREQ(Error(ErrorCode::io, "disk full", "", "free some").what(), "disk full (free some)");
}

TEST(Error, ExitCodeTellsInputErrorsFromTheRest) {
  for (const auto code : {ErrorCode::usage, ErrorCode::bad_input, ErrorCode::not_found, ErrorCode::unsupported}) {
    EXPECT_EQ(exit_code(code), 2) << error_name(code);
  }
  for (const auto code : {ErrorCode::io, ErrorCode::network, ErrorCode::cancelled, ErrorCode::internal}) {
    EXPECT_EQ(exit_code(code), 1) << error_name(code);
  }
}

TEST(Error, NamesAreStable) {
  EXPECT_STREQ(error_name(ErrorCode::bad_input), "bad-input");
  EXPECT_STREQ(error_name(ErrorCode::not_found), "not-found");
  EXPECT_STREQ(error_name(ErrorCode::internal), "internal");
}

TEST(Check, PassesSilentlyAndReportsConditionValueAndPlace) {
  const int rows = 3;
  EXPECT_NO_THROW(BALLAST_CHECK(rows == 3, rows));
  try {
    BALLAST_CHECK(rows == 4, rows);
    FAIL() << "a broken promise went unnoticed";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::internal);
    EXPECT_EQ(e.problem(), "broken promise: rows == 4, value 3");
    EXPECT_THAT(e.where(), HasSubstr("error_test.cpp:"));
  }
}

}  // namespace
}  // namespace ballast::base
