// SPDX-License-Identifier: Apache-2.0
// Published examples: Luhn's 79927398713, card issuers' test numbers, the two numbers that GB 11643-1999 prints, the
// IBANs of the SWIFT registry.
#include "ballast/text/personal/checks.h"

#include <gtest/gtest.h>

#include <string>

namespace ballast::text {
namespace {

TEST(Checks, LuhnSeesEveryWrongDigit) {
  EXPECT_TRUE(luhn_holds("79927398713"));
  for (std::size_t i = 0; i < 11; ++i) {
    std::string wrong = "79927398713";
    wrong[i] = wrong[i] == '9' ? '0' : static_cast<char>(wrong[i] + 1);
    EXPECT_FALSE(luhn_holds(wrong)) << wrong;
  }
  EXPECT_FALSE(luhn_holds(""));
  EXPECT_FALSE(luhn_holds("7992739871x"));
}

TEST(Checks, CardsNeedAKnownIssuerAndItsLength) {
  for (const char* card : {"4111111111111111", "5555555555554444", "2223003122003222", "378282246310005",
                           "30569309025904", "6011111111111117", "3530111333300000", "6200000000000005"})
    EXPECT_TRUE(is_bank_card(card)) << card;
  EXPECT_FALSE(is_bank_card("4111111111111112"));  // check digit
  EXPECT_FALSE(is_bank_card("411111111111116"));   // 15 digits are not Visa's, though Luhn holds
  EXPECT_FALSE(is_bank_card("79927398713"));       // too short
  EXPECT_FALSE(is_bank_card("0000000000000000"));  // no issuer
}

TEST(Checks, ResidentNumbers) {
  EXPECT_TRUE(is_resident_id("11010519491231002X"));
  EXPECT_TRUE(is_resident_id("11010519491231002x"));
  EXPECT_TRUE(is_resident_id("440524188001010014"));
  EXPECT_FALSE(is_resident_id("110105194912310021"));  // check character
  EXPECT_FALSE(is_resident_id("990105194912310025"));  // province
  EXPECT_TRUE(is_former_resident_id("110105491231002"));
  EXPECT_FALSE(is_former_resident_id("110105491331002"));  // month 13
}

/// Every check character is tried, so that only the date can be what is wrong.
bool any_check_digit(const std::string& first17) {
  for (const char c : std::string("0123456789X")) {
    if (is_resident_id(first17 + c)) return true;
  }
  return false;
}

TEST(Checks, ResidentNumbersNeedADateThatExists) {
  EXPECT_TRUE(any_check_digit("11010520000229002"));   // 2000 was a leap year
  EXPECT_FALSE(any_check_digit("11010519000229002"));  // 1900 was not
  EXPECT_FALSE(any_check_digit("11010520010229002"));
  EXPECT_FALSE(any_check_digit("11010520010431002"));
  EXPECT_FALSE(any_check_digit("11010520011301002"));
  EXPECT_FALSE(any_check_digit("11010517990101002"));
}

TEST(Checks, Ibans) {
  for (const char* iban : {"GB82WEST12345698765432", "DE89370400440532013000", "FR1420041010050500013M02606",
                           "NO9386011117947", "CH9300762011623852957"})
    EXPECT_TRUE(is_iban(iban)) << iban;
  EXPECT_FALSE(is_iban("GB82WEST12345698765433"));
  EXPECT_FALSE(is_iban("GB82WEST1234569876543"));   // a digit short
  EXPECT_FALSE(is_iban("US64SVBKUS6S3300958879"));  // no IBAN country
}

}  // namespace
}  // namespace ballast::text
