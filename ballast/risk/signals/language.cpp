// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/entities/characters.h"
#include "ballast/risk/signals.h"

namespace ballast::risk {

std::string language_of(std::string_view text) {
  std::size_t han = 0, latin = 0;
  for (std::size_t i = 0; i < text.size();) {
    const Character c = character_at(text, i);
    han += is_han(c.code);
    latin += c.code < 0x250 && is_word(c.code) && !(c.code < 0x80 && is_digit(static_cast<char>(c.code)));
    i += c.size;
  }
  if (han > 0 && han * 10 >= (han + latin) * 3) return "zh";
  return latin > 0 ? "en" : "";
}

}  // namespace ballast::risk
