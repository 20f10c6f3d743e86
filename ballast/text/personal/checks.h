// SPDX-License-Identifier: Apache-2.0
// Check digits of numbers that name a person or an account. All take the bare characters, without spaces.
#pragma once

#include <string_view>

namespace ballast::text {

/// Luhn's check digit (ISO/IEC 7812-1, annex B). False for anything but digits.
bool luhn_holds(std::string_view digits);

/// A bank card: 13 to 19 digits that pass Luhn, with the length that its issuer prefix has (Visa, Mastercard, UnionPay,
/// American Express, JCB, Diners, Discover, Maestro).
bool is_bank_card(std::string_view digits);

/// Chinese resident number of GB 11643-1999: 17 digits and a check character (ISO 7064 MOD 11-2), known province code,
/// a date of birth that exists and lies in 1850 … 2099.
bool is_resident_id(std::string_view characters);
/// Province code and date of birth as in the former 15-digit number (GB 11643-1989), which has no check digit.
bool is_former_resident_id(std::string_view digits);

/// International bank account number (ISO 13616): the country's length, and remainder 1 modulo 97 (ISO 7064).
bool is_iban(std::string_view characters);

}  // namespace ballast::text
