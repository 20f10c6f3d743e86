// SPDX-License-Identifier: Apache-2.0
// Text from outside in reports.
#pragma once

#include <string>
#include <string_view>

namespace ballast::decide {

/// With the characters that HTML and SVG take for their own as entities: & < > " '.
std::string escaped(std::string_view text);

}  // namespace ballast::decide
