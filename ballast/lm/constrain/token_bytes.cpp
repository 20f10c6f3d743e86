// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/constrain/token_bytes.h"

#include <algorithm>

#include "ballast/base/error.h"

namespace ballast::lm {

TokenBytes::TokenBytes(const text::Tokenizer& tokenizer) {
  if (tokenizer.kind() == "WordPiece") {
    throw base::Error(base::ErrorCode::unsupported, "texts of a WordPiece tokenizer cannot be held to a schema");
  }
  const auto count = static_cast<std::int32_t>(tokenizer.vocabulary_size());
  // A token is decoded behind another one: some decoders drop a space at the beginning of a text.
  std::int32_t anchor = -1;
  for (std::int32_t id = 0; id < count && anchor < 0; ++id) {
    if (!tokenizer.is_special(id) && tokenizer.decode_bytes(std::vector{id}) == "a") anchor = id;
  }
  bytes_.resize(static_cast<std::size_t>(count));
  nodes_.emplace_back();
  for (std::int32_t id = 0; id < count; ++id) {
    if (tokenizer.is_special(id)) continue;
    std::string bytes = anchor < 0 ? tokenizer.decode_bytes(std::vector{id})
                                   : tokenizer.decode_bytes(std::vector{anchor, id}).substr(1);
    std::uint32_t at = 0;
    for (const char c : bytes) {
      const auto byte = static_cast<unsigned char>(c);
      const auto& children = nodes_[at].children;
      const auto found =
          std::find_if(children.begin(), children.end(), [&](std::uint32_t n) { return nodes_[n].byte == byte; });
      if (found != children.end()) {
        at = *found;
        continue;
      }
      const auto fresh = static_cast<std::uint32_t>(nodes_.size());
      nodes_[at].children.push_back(fresh);
      nodes_.push_back({byte, {}, {}});
      at = fresh;
    }
    if (at > 0) nodes_[at].ids.push_back(id);
    bytes_[static_cast<std::size_t>(id)] = std::move(bytes);
  }
}

}  // namespace ballast::lm
