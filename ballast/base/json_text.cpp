// SPDX-License-Identifier: Apache-2.0
#include "ballast/base/json_text.h"

namespace ballast::base {

bool holds_nul(const Json& value) {
  if (const auto* text = value.get_ptr<const Json::string_t*>()) return text->find('\0') != std::string::npos;
  if (!value.is_structured()) return false;
  for (const auto& [name, member] : value.items()) {
    if (name.find('\0') != std::string::npos || holds_nul(member)) return true;
  }
  return false;
}

}  // namespace ballast::base
