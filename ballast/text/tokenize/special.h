// SPDX-License-Identifier: Apache-2.0
// Which tokens play which role: from tokenizer_config.json, else by their customary names.
#pragma once

#include <string>

#include "ballast/base/json.h"
#include "ballast/text/tokenize/template.h"
#include "ballast/text/tokenizer.h"

namespace ballast::text {

/// Throws bad_input when the configuration names a token that is not in the vocabulary.
SpecialIds find_special(const base::Json& config, const std::string& where, const FindToken& find);

/// The token of a role as tokenizer_config.json writes it (a string, or an object with "content"); empty when unsaid.
std::string role_token(const base::Json& config, const std::string& role, const std::string& where);

}  // namespace ballast::text
