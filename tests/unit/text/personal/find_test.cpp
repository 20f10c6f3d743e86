// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ballast/base/error.h"
#include "ballast/text/personal_data.h"
#include "ballast/text/personal_evaluation.h"

namespace ballast::text {
namespace {

/// "EMAIL:a@b.example PHONE:…", in order.
std::string found(std::string_view text, const KnownNames* names = nullptr) {
  std::string out;
  for (const PersonalSpan& s : find_personal_data(text, names)) {
    if (!out.empty()) out += " ";
    out += std::string(personal_kind_tag(s.kind)) + ":" + std::string(text.substr(s.begin, s.end - s.begin));
  }
  return out;
}

TEST(PersonalData, SpansAreBytesOfTheTextAsGiven) {
  const std::string text = "我是李明，邮箱 li@x.example";
  const auto spans = find_personal_data(text);
  ASSERT_EQ(spans.size(), 2u);
  EXPECT_EQ(spans[0].begin, 6u);  // two characters of three bytes
  EXPECT_EQ(spans[0].end, 12u);
  EXPECT_EQ(text.substr(spans[1].begin, spans[1].end - spans[1].begin), "li@x.example");
}

TEST(PersonalData, FullWidthDigitsAreDigits) {
  EXPECT_EQ(found("手机１３８１２３４５６７８"), "PHONE:１３８１２３４５６７８");
}

TEST(PersonalData, CheckDigitsDecide) {
  EXPECT_EQ(found("card 4111 1111 1111 1111"), "CARD:4111 1111 1111 1111");
  EXPECT_EQ(found("card 4111 1111 1111 1112"), "");
  EXPECT_EQ(found("order 4111111111111111"), "");  // said to be something else
  EXPECT_EQ(found("号码11010519491231002X"), "ID:11010519491231002X");
  EXPECT_EQ(found("号码110105194912310021"), "");
  EXPECT_EQ(found("身份证110105194912310021"), "ID:110105194912310021");  // mistyped, but said to be one
}

TEST(PersonalData, AnIbanEndsBeforeTheNextWord) {
  EXPECT_EQ(found("to DE89 3704 0044 0532 0130 00 BIC X"), "IBAN:DE89 3704 0044 0532 0130 00");
}

TEST(PersonalData, FirmsAndPlacesAreNoPersons) {
  EXPECT_EQ(found("Morgan Stanley and Wells Fargo met in Jordan"), "");
  EXPECT_EQ(found("Mark Wilson Ltd paid"), "");
  EXPECT_EQ(found("Sarah Wilson paid"), "NAME:Sarah Wilson");
  EXPECT_EQ(found("高兴地通知您"), "");
}

TEST(PersonalData, WhoIntroducesHimselfNeedsNoList) {
  EXPECT_EQ(found("I am Wilhelmina Quistgaard and I lost my card"), "NAME:Wilhelmina Quistgaard");
  EXPECT_EQ(found("I'm Ludmila van der Heijden"), "NAME:Ludmila van der Heijden");
  EXPECT_EQ(found("Hello I am Gulnara Bekmukhambetova I lost it"), "NAME:Gulnara Bekmukhambetova");
  EXPECT_EQ(found("This is Ximena Echeverria, we spoke"), "NAME:Ximena Echeverria");
  EXPECT_EQ(found("我是谭嗣骞，批了吗"), "NAME:谭嗣骞");
  EXPECT_EQ(found("我叫逄格非，想开卡"), "NAME:逄格非");
  for (const char* text : {"I am Very Disappointed with you", "I'm Team Leader here", "I am Roman Catholic",
                           "This is Black Friday at last", "This is Quux Flurb at its worst", "我是江苏人",
                           "我是单身，", "我叫车去网点，", "不是我本人操作。"})
    EXPECT_EQ(found(text), "") << text;
}

TEST(PersonalData, KnownNamesAreFoundAsWholeWords) {
  KnownNames names;
  names.add("Zed Quux");
  names.add("阿布都");
  names.add("ab");  // too short to look for
  EXPECT_EQ(found("ask Zed Quux, not Zed Quuxley, about ab. 阿布都来了", &names), "NAME:Zed Quux NAME:阿布都");
}

TEST(PersonalData, AnyBytesAreTaken) {
  for (const std::string text : {"", "\xff\xfe", "{[(", "\xe5\x8f", "@", "+", "京", std::string("a\0b", 3).c_str()})
    EXPECT_NO_THROW((void)find_personal_data(text));
  const std::string long_digits(20000, '7'), ats(20000, '@'), dots = "a@" + std::string(20000, '.');
  for (const std::string& text : {long_digits, ats, dots, std::string(9000, 'A') + std::string(9000, ' ')})
    EXPECT_NO_THROW((void)find_personal_data(text));
}

TEST(MarkedSentences, AreReadAndRefused) {
  const MarkedSentence s = read_marked("en\tCall {NAME:Ann} now", "f:1");
  EXPECT_EQ(s.text, "Call Ann now");
  ASSERT_EQ(s.spans.size(), 1u);
  EXPECT_EQ(s.spans[0].begin, 5u);
  EXPECT_EQ(s.spans[0].end, 8u);
  for (const char* bad : {"no tab", "en\t{NAME:Ann", "en\t{WHO:Ann}", "en\t{Ann}"})
    EXPECT_THROW((void)read_marked(bad, "f:1"), base::Error) << bad;
}

TEST(PersonalEvaluation, CountsExactCoveredAndTouched) {
  const MarkedSentence s = read_marked("en\t{NAME:Ann Lee} at {PHONE:07700 900123} or {EMAIL:a@b.example}", "f:1");
  PersonalEvaluation e;
  // The name right, the phone in two parts under another kind, the e-mail missed, and something that is nothing.
  e.add(s, {{PersonalKind::name, 0, 7},
            {PersonalKind::account, 11, 16},
            {PersonalKind::account, 16, 23},
            {PersonalKind::name, 24, 26}});
  e.add(read_marked("en\tnothing", "f:2"), {{PersonalKind::name, 0, 7}});
  e.add(read_marked("en\tnothing", "f:3"), {});
  EXPECT_EQ(e.all.marked, 3);
  EXPECT_EQ(e.all.found, 5);
  EXPECT_EQ(e.all.exact, 1);
  EXPECT_EQ(e.all.covered, 2);
  EXPECT_EQ(e.all.overlapping, 3);
  EXPECT_EQ(e.clean, 2);
  EXPECT_EQ(e.clean_touched, 1);
}

}  // namespace
}  // namespace ballast::text
