// SPDX-License-Identifier: Apache-2.0
// Classes of ASCII characters in log lines, whatever the locale.
#pragma once

namespace ballast::risk {

inline bool digit(char c) {
  return c >= '0' && c <= '9';
}
inline bool space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

}  // namespace ballast::risk
