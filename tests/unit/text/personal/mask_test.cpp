// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "ballast/base/error.h"
#include "ballast/text/personal_data.h"

namespace ballast::text {
namespace {

TEST(Masker, TheSameThingHasTheSamePlaceholder) {
  Masker masker;
  EXPECT_EQ(masker.mask("mail a@b.example and A@B.example").text, "mail [EMAIL_1] and [EMAIL_1]");
  EXPECT_EQ(masker.mask("call 138 1234 5678 or 13812345678 or 13900001111").text,
            "call [PHONE_1] or [PHONE_1] or [PHONE_2]");
  EXPECT_EQ(masker.mask("c@d.example, a@b.example").text, "[EMAIL_2], [EMAIL_1]");
  EXPECT_EQ(masker.entries().size(), 4u);
}

TEST(Masker, ANameThatWasSaidIsFoundAgainAnywhere) {
  Masker masker;
  EXPECT_EQ(masker.mask("我叫王建国。").text, "我叫[NAME_1]。");
  EXPECT_EQ(masker.mask("昨天王建国去了网点").text, "昨天[NAME_1]去了网点");
  EXPECT_EQ(masker.mask("ask Quentin Zorba. My name is Quentin Zorba").text, "ask [NAME_2]. My name is [NAME_2]");
}

TEST(Masker, UnmaskGivesTheTextBack) {
  Masker masker;
  const std::string text = "我是李明, 13812345678, li@x.example; 卡4111111111111111";
  const Masked masked = masker.mask(text);
  EXPECT_EQ(masked.text, "我是[NAME_1], [PHONE_1], [EMAIL_1]; 卡[CARD_1]");
  EXPECT_EQ(masker.unmask(masked.text), text);
  EXPECT_EQ(masker.unmask("[NAME_9] [x] [NAME_1"), "[NAME_9] [x] [NAME_1");
}

// Whoever types a placeholder must not be shown what it stands for.
TEST(Masker, TypedPlaceholdersAreMaskedThemselves) {
  Masker masker;
  (void)masker.mask("li@x.example");
  const Masked masked = masker.mask("what is [EMAIL_1]?");
  EXPECT_EQ(masked.text, "what is [TEXT_1]?");
  EXPECT_EQ(masker.unmask(masked.text), "what is [EMAIL_1]?");
}

TEST(Masker, OffsetsLeadBackToTheOriginal) {
  Masker masker;
  const std::string text = "Mail a@b.example today";
  const Masked masked = masker.mask(text);
  ASSERT_EQ(masked.text, "Mail [EMAIL_1] today");
  EXPECT_EQ(masked.to_original(0), 0u);
  EXPECT_EQ(masked.to_original(5), 5u);
  EXPECT_EQ(masked.to_original(9), 5u);                   // within the placeholder
  EXPECT_EQ(masked.to_original(15), text.find("today"));  // behind it
  EXPECT_EQ(masked.to_original(masked.text.size()), text.size());
}

TEST(Masker, GoesOnFromItsEntries) {
  Masker first;
  (void)first.mask("我叫王建国, a@b.example");
  Masker second(first.entries());
  EXPECT_EQ(second.mask("王建国 c@d.example a@b.example").text, "[NAME_1] [EMAIL_2] [EMAIL_1]");
  EXPECT_THROW(Masker({{PersonalKind::email, "[NAME_1]", "x"}}), base::Error);
  EXPECT_THROW(Masker({{PersonalKind::email, "[EMAIL_1]", "x"}, {PersonalKind::email, "[EMAIL_1]", "y"}}), base::Error);
  EXPECT_THROW(Masker({{PersonalKind::email, "[EMAIL_]", "x"}}), base::Error);
}

}  // namespace
}  // namespace ballast::text
