// SPDX-License-Identifier: Apache-2.0
// Pages that are pictures (tests/data/ingest: two web pages as a browser drew them, 16 colours, and a PDF that holds
// one of them as a picture).
#include "ballast/ingest/rich/recognition.h"

#include <gmock/gmock.h>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/ingest/rich_text.h"
#include "tests/support/scratch.h"

namespace ballast::ingest {
namespace {

using ::testing::HasSubstr;

const std::filesystem::path kPages = std::filesystem::path(BALLAST_SOURCE_DIR) / "tests/data/ingest";

std::string problem_of(const std::string& bytes) {
  try {
    read_picture(bytes, "page.png");
  } catch (const base::Error& e) {
    EXPECT_EQ(e.code(), base::ErrorCode::bad_input);
    return e.what();
  }
  return "";
}

TEST(TextRecognition, ReadsEnglish) {
  const RichText d = read_rich_text(kPages / "page_en.png");
  EXPECT_THAT(d.text, HasSubstr("A lost card is blocked at once when you call us."));
  EXPECT_THAT(d.text, HasSubstr("costs 15 dollars and arrives within five working days."));
  ASSERT_EQ(d.blocks.size(), 1u);
  EXPECT_EQ(d.blocks[0].anchor, "page 1");
  EXPECT_EQ(d.recognised, 1);
}

TEST(TextRecognition, ReadsChineseWithoutSpacesBetweenCharacters) {
  const RichText d = read_rich_text(kPages / "page_zh.png");
  EXPECT_THAT(d.text, HasSubstr("银行卡丢失后请立即致电我们挂失"));
  EXPECT_THAT(d.text, HasSubstr("五个工作日内寄出"));
}

TEST(TextRecognition, APageOfAPdfWithoutTextIsReadAsAPicture) {
  const RichText d = read_rich_text(kPages / "scan.pdf");
  EXPECT_THAT(d.text, HasSubstr("The replacement card"));
  EXPECT_EQ(d.recognised, 1);
}

TEST(TextRecognition, TheSamePictureGivesTheSameText) {
  const std::string bytes = base::read_file(kPages / "page_zh.png");
  EXPECT_EQ(read_picture(bytes, "a").text, read_picture(bytes, "b").text);
}

TEST(TextRecognition, WhatIsNoPictureIsSaidToBeNone) {
  EXPECT_THAT(problem_of("this is not a picture at all"), HasSubstr("page.png: is no picture"));
  EXPECT_THAT(problem_of(""), HasSubstr("is no picture"));
  const std::string whole = base::read_file(kPages / "page_en.png");
  EXPECT_THAT(problem_of(whole.substr(0, 60)), HasSubstr("damaged"));
}

}  // namespace
}  // namespace ballast::ingest
