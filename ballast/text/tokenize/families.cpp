// SPDX-License-Identifier: Apache-2.0
#include "ballast/text/tokenize/families.h"

#include <algorithm>
#include <map>

#include "ballast/base/error.h"
#include "ballast/text/tokenize/special.h"
#include "ballast/text/tokenize/split.h"

namespace ballast::text {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

struct Role {
  const char* name;
  const char* token;
  bool needed;
};

constexpr Role kBert[] = {{"unk_token", "[UNK]", true},
                          {"cls_token", "[CLS]", true},
                          {"sep_token", "[SEP]", true},
                          {"pad_token", "[PAD]", false},
                          {"mask_token", "[MASK]", false}};
constexpr Role kRoberta[] = {{"cls_token", "<s>", true},     {"sep_token", "</s>", true},
                             {"bos_token", "<s>", false},    {"eos_token", "</s>", false},
                             {"unk_token", "<unk>", false},  {"pad_token", "<pad>", false},
                             {"mask_token", "<mask>", false}};
constexpr Role kGpt2[] = {{"unk_token", "<|endoftext|>", false},
                          {"bos_token", "<|endoftext|>", false},
                          {"eos_token", "<|endoftext|>", false}};

std::int32_t index_of(const TokenizerParts& parts, const std::string& token) {
  const auto at = std::find(parts.tokens.begin(), parts.tokens.end(), token);
  return at == parts.tokens.end() ? -1 : static_cast<std::int32_t>(at - parts.tokens.begin());
}

std::string configured(const TokenizerParts& parts, const char* role) {
  return role_token(parts.config, role, parts.where);
}

/// Fills in customary tokens for roles that the configuration leaves open; checks those that are needed.
template <class Roles>
void settle_roles(TokenizerParts& parts, const Roles& roles) {
  for (const Role& role : roles) {
    if (configured(parts, role.name).empty() && (role.needed || index_of(parts, role.token) >= 0)) {
      parts.config[role.name] = role.token;
    }
    const std::string token = configured(parts, role.name);
    if (role.needed && index_of(parts, token) < 0) {
      throw Error(ErrorCode::bad_input, "the vocabulary lacks the token \"" + token + "\"", parts.where,
                  std::string("it is the ") + role.name);
    }
  }
}

/// Special tokens beside plain vocabulary files: the roles, and added_tokens_decoder of the configuration.
template <class Roles>
void list_added(TokenizerParts& parts, const Roles& roles) {
  const Json listed = base::json_field<Json>(parts.config, "added_tokens_decoder", parts.where, Json::object());
  std::map<std::int32_t, AddedToken> added;
  for (const auto& [id, token] : listed.items()) {
    if (id.empty() || id.size() > 9 || id.find_first_not_of("0123456789") != std::string::npos) {
      throw Error(ErrorCode::bad_input, "added_tokens_decoder has the id \"" + id + "\"", parts.where);
    }
    const auto number = static_cast<std::int32_t>(std::stol(id));
    added[number] = read_added(token, number, parts.where);
  }
  for (const Role& role : roles) {
    const std::string token = configured(parts, role.name);
    const std::int32_t id = token.empty() ? -1 : index_of(parts, token);
    if (id >= 0) added.try_emplace(id, AddedToken{id, token});
  }
  for (auto& [id, token] : added) parts.added.push_back(std::move(token));
}

Json roberta_template(const TokenizerParts& parts) {
  const std::string cls = configured(parts, "cls_token"), sep = configured(parts, "sep_token");
  return {{"type", "RobertaProcessing"},
          {"sep", Json::array({sep, index_of(parts, sep)})},
          {"cls", Json::array({cls, index_of(parts, cls)})},
          {"trim_offsets", true},
          {"add_prefix_space", false}};
}

}  // namespace

TokenizerParts byte_level_parts() {
  TokenizerParts parts;
  parts.pre_tokenizer = byte_level_splitter_json(0);
  parts.post_processor = {
      {"type", "ByteLevel"}, {"add_prefix_space", true}, {"trim_offsets", false}, {"use_regex", true}};
  parts.decoder = {{"type", "ByteLevel"}, {"add_prefix_space", true}, {"trim_offsets", true}, {"use_regex", true}};
  parts.model = {{"type", "BPE"},
                 {"dropout", nullptr},
                 {"unk_token", nullptr},
                 {"continuing_subword_prefix", ""},
                 {"end_of_word_suffix", ""},
                 {"fuse_unk", false},
                 {"byte_fallback", false}};
  return parts;
}

TokenizerParts wordpiece_parts() {
  TokenizerParts parts;
  parts.normalizer = {{"type", "BertNormalizer"},
                      {"clean_text", true},
                      {"handle_chinese_chars", true},
                      {"strip_accents", nullptr},
                      {"lowercase", true}};
  parts.pre_tokenizer = {{"type", "BertPreTokenizer"}};
  parts.decoder = {{"type", "WordPiece"}, {"prefix", "##"}, {"cleanup", true}};
  parts.model = {{"type", "WordPiece"},
                 {"unk_token", "[UNK]"},
                 {"continuing_subword_prefix", "##"},
                 {"max_input_chars_per_word", 100}};
  return parts;
}

Json bert_template(const std::string& cls, std::int32_t cls_id, const std::string& sep, std::int32_t sep_id) {
  const auto token = [](const std::string& id, int type) {
    return Json{{"SpecialToken", {{"id", id}, {"type_id", type}}}};
  };
  const auto sequence = [](const char* id, int type) { return Json{{"Sequence", {{"id", id}, {"type_id", type}}}}; };
  const auto entry = [](const std::string& name, std::int32_t id) {
    return Json{{"id", name}, {"ids", Json::array({id})}, {"tokens", Json::array({name})}};
  };
  return {{"type", "TemplateProcessing"},
          {"single", Json::array({token(cls, 0), sequence("A", 0), token(sep, 0)})},
          {"pair", Json::array({token(cls, 0), sequence("A", 0), token(sep, 0), sequence("B", 1), token(sep, 1)})},
          {"special_tokens", {{cls, entry(cls, cls_id)}, {sep, entry(sep, sep_id)}}}};
}

void finish_byte_level(TokenizerParts& parts) {
  const TokenizerParts shape = byte_level_parts();
  parts.pre_tokenizer = shape.pre_tokenizer;
  parts.decoder = shape.decoder;
  parts.post_processor = shape.post_processor;
  parts.model = shape.model;
  parts.pre_tokenizer["add_prefix_space"] =
      base::json_field<bool>(parts.config, "add_prefix_space", parts.where, false);
  const auto kind = base::json_field<std::string>(parts.config, "tokenizer_class", parts.where, "GPT2Tokenizer");
  if (kind.starts_with("Roberta") || kind.starts_with("Bart")) {
    settle_roles(parts, kRoberta);
    parts.post_processor = roberta_template(parts);
    list_added(parts, kRoberta);
  } else {
    settle_roles(parts, kGpt2);
    list_added(parts, kGpt2);
  }
}

void finish_wordpiece(TokenizerParts& parts) {
  const TokenizerParts shape = wordpiece_parts();
  parts.normalizer = shape.normalizer;
  parts.pre_tokenizer = shape.pre_tokenizer;
  parts.decoder = shape.decoder;
  parts.model = shape.model;
  const auto option = [&](const char* ours, const char* theirs) {
    if (parts.config.contains(theirs)) parts.normalizer[ours] = parts.config[theirs];
  };
  option("lowercase", "do_lower_case");
  option("strip_accents", "strip_accents");
  option("handle_chinese_chars", "tokenize_chinese_chars");
  settle_roles(parts, kBert);
  parts.model["unk_token"] = configured(parts, "unk_token");
  const std::string cls = configured(parts, "cls_token"), sep = configured(parts, "sep_token");
  parts.post_processor = bert_template(cls, index_of(parts, cls), sep, index_of(parts, sep));
  list_added(parts, kBert);
}

AddedToken read_added(const Json& json, std::int32_t id, const std::string& where) {
  const auto flag = [&](const char* name) { return base::json_field<bool>(json, name, where, false); };
  return {id,
          base::json_field<std::string>(json, "content", where),
          flag("single_word"),
          flag("lstrip"),
          flag("rstrip"),
          flag("normalized"),
          flag("special")};
}

}  // namespace ballast::text
