// SPDX-License-Identifier: Apache-2.0
#include "ballast/text/personal/checks.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

namespace ballast::text {
namespace {

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

int number(std::string_view digits) {
  int value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

bool is_date(int year, int month, int day) {
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month < 1 || month > 12 || day < 1) return false;
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return day <= kDays[static_cast<std::size_t>(month - 1)] + (month == 2 && leap ? 1 : 0);
}

/// GB/T 2260: the first two digits of a mainland, Taiwan, Hong Kong or Macau code.
bool is_province(int code) {
  constexpr std::array<std::pair<int, int>, 9> kRanges = {
      {{11, 15}, {21, 23}, {31, 37}, {41, 46}, {50, 54}, {61, 65}, {71, 71}, {81, 83}, {91, 91}}};
  return std::any_of(kRanges.begin(), kRanges.end(), [&](auto r) { return code >= r.first && code <= r.second; });
}

/// Lengths by the SWIFT IBAN registry.
int iban_length(std::string_view country) {
  constexpr std::array<std::pair<std::string_view, int>, 79> kLengths = {
      {{"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16}, {"BG", 22}, {"BH", 22},
       {"BR", 29}, {"BY", 28}, {"CH", 21}, {"CR", 22}, {"CY", 28}, {"CZ", 24}, {"DE", 22}, {"DK", 18}, {"DO", 28},
       {"EE", 20}, {"EG", 29}, {"ES", 24}, {"FI", 18}, {"FO", 18}, {"FR", 27}, {"GB", 22}, {"GE", 22}, {"GI", 23},
       {"GL", 18}, {"GR", 27}, {"GT", 28}, {"HR", 21}, {"HU", 28}, {"IE", 22}, {"IL", 23}, {"IQ", 23}, {"IS", 26},
       {"IT", 27}, {"JO", 30}, {"KW", 30}, {"KZ", 20}, {"LB", 28}, {"LC", 32}, {"LI", 21}, {"LT", 20}, {"LU", 20},
       {"LV", 21}, {"LY", 25}, {"MC", 27}, {"MD", 24}, {"ME", 22}, {"MK", 19}, {"MN", 20}, {"MR", 27}, {"MT", 31},
       {"MU", 30}, {"NI", 28}, {"NL", 18}, {"NO", 15}, {"OM", 23}, {"PK", 24}, {"PL", 28}, {"PS", 29}, {"PT", 25},
       {"QA", 29}, {"RO", 24}, {"RS", 22}, {"RU", 33}, {"SA", 24}, {"SC", 31}, {"SE", 24}, {"SI", 19}, {"SK", 24},
       {"SM", 27}, {"SV", 28}, {"TL", 23}, {"TN", 24}, {"TR", 26}, {"UA", 29}, {"XK", 20}}};
  for (const auto& [code, length] : kLengths) {
    if (code == country) return length;
  }
  return 0;
}

}  // namespace

bool luhn_holds(std::string_view digits) {
  if (!all_digits(digits)) return false;
  int sum = 0;
  bool twice = false;
  for (auto c = digits.rbegin(); c != digits.rend(); ++c, twice = !twice) {
    const int digit = (*c - '0') * (twice ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return sum % 10 == 0;
}

bool is_bank_card(std::string_view digits) {
  if (digits.size() < 13 || digits.size() > 19 || !luhn_holds(digits)) return false;
  const int two = number(digits.substr(0, 2)), four = number(digits.substr(0, 4));
  const std::size_t length = digits.size();
  if (digits[0] == '4') return length == 13 || length == 16 || length == 19;
  if (two == 34 || two == 37) return length == 15;
  if (two == 30 || two == 36 || two == 38 || two == 39) return length == 14;
  if (two == 35) return length == 16;
  if ((two >= 51 && two <= 55) || (four >= 2221 && four <= 2720)) return length == 16;
  if (two == 60 || two == 62 || two == 64 || two == 65 || two == 81) return length >= 16;
  return two == 50 || (two >= 56 && two <= 59) || two == 63 || two == 67 || two == 68;
}

bool is_resident_id(std::string_view id) {
  if (id.size() != 18 || !all_digits(id.substr(0, 17))) return false;
  const int year = number(id.substr(6, 4));
  if (!is_province(number(id.substr(0, 2))) || year < 1850 || year > 2099) return false;
  if (!is_date(year, number(id.substr(10, 2)), number(id.substr(12, 2)))) return false;
  constexpr std::array<int, 17> kWeights = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
  int sum = 0;
  for (std::size_t i = 0; i < 17; ++i) sum += (id[i] - '0') * kWeights[i];
  const char check = std::string_view("10X98765432")[static_cast<std::size_t>(sum % 11)];
  return id[17] == check || (check == 'X' && id[17] == 'x');
}

bool is_former_resident_id(std::string_view id) {
  return id.size() == 15 && all_digits(id) && is_province(number(id.substr(0, 2))) &&
         is_date(1900 + number(id.substr(6, 2)), number(id.substr(8, 2)), number(id.substr(10, 2)));
}

bool is_iban(std::string_view iban) {
  if (iban.size() < 15 || static_cast<int>(iban.size()) != iban_length(iban.substr(0, 2))) return false;
  std::uint32_t remainder = 0;
  for (std::size_t i = 0; i < iban.size(); ++i) {
    const char c = iban[(i + 4) % iban.size()];  // the first four characters go to the end
    if (c >= '0' && c <= '9') {
      remainder = (remainder * 10 + static_cast<std::uint32_t>(c - '0')) % 97;
    } else if (c >= 'A' && c <= 'Z') {
      remainder = (remainder * 100 + static_cast<std::uint32_t>(c - 'A') + 10) % 97;
    } else {
      return false;
    }
  }
  return remainder == 1;
}

}  // namespace ballast::text
