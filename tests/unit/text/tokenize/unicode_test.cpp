// SPDX-License-Identifier: Apache-2.0
#include "ballast/text/tokenize/unicode.h"

#include <gtest/gtest.h>

namespace ballast::text {
namespace {

TEST(Unicode, ReplacesMaximalSubparts) {
  // Table 3-8 of the Unicode standard.
  EXPECT_EQ(replace_invalid_utf8("\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64"),
            "a\uFFFD\uFFFD\uFFFDb\uFFFDc\uFFFD\uFFFDd");
  EXPECT_EQ(replace_invalid_utf8("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");  // a surrogate
  EXPECT_EQ(replace_invalid_utf8("\xC0\xAF"), "\uFFFD\uFFFD");            // overlong
  EXPECT_EQ(replace_invalid_utf8("\xF4\x90\x80\x80"), "\uFFFD\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(replace_invalid_utf8("€\xE2\x82"), "€\uFFFD");
}

TEST(Unicode, EveryCodePointSurvives) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    std::string bytes;
    append_utf8(bytes, c);
    const CodePoint back = decode_utf8(bytes, 0);
    ASSERT_TRUE(back.valid && back.value == c && back.size == bytes.size()) << static_cast<unsigned>(c);
  }
}

TEST(Unicode, Classes) {
  EXPECT_EQ(char_class(U'é'), CharClass::letter);
  EXPECT_EQ(char_class(U'中'), CharClass::letter);
  EXPECT_EQ(char_class(U'Ⅳ'), CharClass::number);
  EXPECT_EQ(char_class(U'½'), CharClass::number);
  EXPECT_EQ(char_class(U'\u3000'), CharClass::space);
  EXPECT_EQ(char_class(U'\u200B'), CharClass::other);
  EXPECT_EQ(char_class(U'。'), CharClass::other);
}

TEST(Unicode, BertKnowsUnicodeEight) {
  EXPECT_TRUE(is_bert_punctuation(U'$') && is_bert_punctuation(U'。') && is_bert_punctuation(0x166D));
  EXPECT_FALSE(is_bert_punctuation(0x61D));  // punctuation since Unicode 14
  EXPECT_TRUE(is_bert_mark(0x301) && is_bert_mark(0x1734));
  EXPECT_FALSE(is_bert_mark(0x7FD));  // since Unicode 11
  EXPECT_TRUE(is_bert_control(0x200B) && is_bert_control(0x7F));
  EXPECT_FALSE(is_bert_control(0x890) || is_bert_control(0x378));  // since Unicode 14; unassigned
}

TEST(Unicode, LowerCase) {
  std::string out;
  for (const char32_t c : U"AÉİΣ中") {
    if (c != 0) append_lower(out, c);
  }
  EXPECT_EQ(out, "aéi\u0307σ中");
}

}  // namespace
}  // namespace ballast::text
