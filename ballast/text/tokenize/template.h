// SPDX-License-Identifier: Apache-2.0
// The last stage: special tokens around one text or a pair.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/base/json.h"

namespace ballast::text {

struct TemplateItem {
  enum class What { special, first, second } what = What::first;
  std::int32_t type_id = 0;
  std::vector<std::int32_t> ids;  // special
};

struct Template {
  std::vector<TemplateItem> single, pair;

  /// Special tokens that it adds.
  std::size_t added(bool is_pair) const;
};

using FindToken = std::function<std::optional<std::int32_t>(std::string_view)>;

/// From tokenizer.json's post_processor (null: nothing is added). Throws bad_input when it names a token that is not in
/// the vocabulary, unsupported for a type that this build does not know.
Template make_template(const base::Json& json, const std::string& where, const FindToken& find);

}  // namespace ballast::text
