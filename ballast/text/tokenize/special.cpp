// SPDX-License-Identifier: Apache-2.0
#include "ballast/text/tokenize/special.h"

#include <initializer_list>

#include "ballast/base/error.h"

namespace ballast::text {

std::string role_token(const base::Json& config, const std::string& role, const std::string& where) {
  if (!config.is_object() || !config.contains(role) || config[role].is_null()) return "";
  if (config[role].is_object()) return base::json_field<std::string>(config[role], "content", where);
  return base::json_field<std::string>(config, role, where);
}

SpecialIds find_special(const base::Json& config, const std::string& where, const FindToken& find) {
  const auto role = [&](const char* name, std::initializer_list<const char*> customary) -> std::optional<std::int32_t> {
    if (const std::string token = role_token(config, name, where); !token.empty()) {
      if (const auto id = find(token)) return id;
      throw base::Error(base::ErrorCode::bad_input, "\"" + token + "\", the " + name + ", is not in the vocabulary",
                        where);
    }
    for (const char* token : customary) {
      if (const auto id = find(token)) return id;
    }
    return std::nullopt;
  };
  SpecialIds out;
  out.pad = role("pad_token", {"[PAD]", "<pad>"});
  out.unk = role("unk_token", {"[UNK]", "<unk>"});
  out.cls = role("cls_token", {"[CLS]"});
  out.sep = role("sep_token", {"[SEP]"});
  out.mask = role("mask_token", {"[MASK]", "<mask>"});
  out.bos = role("bos_token", {"<s>", "<|endoftext|>"});
  out.eos = role("eos_token", {"</s>", "<|endoftext|>"});
  return out;
}

}  // namespace ballast::text
