// SPDX-License-Identifier: Apache-2.0
// The two classic families as components of tokenizer.json, for vocabularies that come without one.
#pragma once

#include <string>

#include "ballast/text/tokenize/parts.h"

namespace ballast::text {

/// GPT-2's components, no vocabulary.
TokenizerParts byte_level_parts();

/// BERT's components, no vocabulary.
TokenizerParts wordpiece_parts();

/// The post-processor "[CLS] $A [SEP]", pair "[CLS] $A [SEP] $B:1 [SEP]:1".
base::Json bert_template(const std::string& cls, std::int32_t cls_id, const std::string& sep, std::int32_t sep_id);

/// Complete parts whose vocabulary, merges and configuration are read: GPT-2's way, or RoBERTa's where tokenizer_class
/// says so. Throws bad_input when a token that the template needs is missing.
void finish_byte_level(TokenizerParts& parts);

/// The same for vocab.txt: BERT's way, with do_lower_case, strip_accents and tokenize_chinese_chars of the
/// configuration.
void finish_wordpiece(TokenizerParts& parts);

/// One entry of added_tokens.
AddedToken read_added(const base::Json& json, std::int32_t id, const std::string& where);

}  // namespace ballast::text
