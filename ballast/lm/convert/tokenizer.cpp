// SPDX-License-Identifier: Apache-2.0
// The tokenizers that GGUF files embed: byte-level ones, and SentencePiece's.
#include <algorithm>
#include <set>
#include <span>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/parallel.h"
#include "ballast/lm/convert/names.h"
#include "ballast/text/tokenize/parts.h"
#include "ballast/text/tokenize/unicode.h"
#include "ballast/text/tokenizer.h"

namespace ballast::lm {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr std::int64_t kTokensAtOnce = 4096;
constexpr int kNormal = 1, kControl = 3, kUserDefined = 4;  // llama.cpp's token types

std::string chat_regex(bool three_digits) {
  return std::string(R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N})") + (three_digits ? "{1,3}" : "") +
         R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
}

Json byte_level(bool use_regex) {
  return {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", false}, {"use_regex", use_regex}};
}

/// The word rule that the field "tokenizer.ggml.pre" names.
Json pre_tokenizer(const std::string& pre, const std::string& where) {
  if (pre == "gpt-2" || pre == "default") return byte_level(true);
  if (pre != "qwen2" && pre != "llama-bpe") {
    throw Error(ErrorCode::unsupported, "tokenizer.ggml.pre \"" + pre + "\" is not known", where,
                "known: gpt-2, llama-bpe, qwen2");
  }
  const Json split = {{"type", "Split"},
                      {"pattern", {{"Regex", chat_regex(pre == "llama-bpe")}}},
                      {"behavior", "Isolated"},
                      {"invert", false}};
  return {{"type", "Sequence"}, {"pretokenizers", Json::array({split, byte_level(false)})}};
}

std::string pre_name(const nlohmann::json& tokenizer) {
  const std::string text = tokenizer.contains("pre_tokenizer") ? tokenizer.at("pre_tokenizer").dump() : "";
  if (text.find(R"(\\p{N}{1,3})") != std::string::npos) return "llama-bpe";
  return text.find("Split") != std::string::npos ? "qwen2" : "gpt-2";
}

/// bos_token and so on, and the chat template, as tokenizer_config.json has them.
Json config_of_tokenizer(const Json& m, std::span<const std::string_view> tokens, const std::string& where) {
  Json config = Json::object();
  for (const char* role : {"bos", "eos", "pad"}) {
    const std::string key =
        std::string("tokenizer.ggml.") + (role == std::string("pad") ? "padding" : role) + "_token_id";
    const auto id = base::json_field<std::int64_t>(m, key, where, -1);
    if (id >= 0 && id < static_cast<std::int64_t>(tokens.size())) {
      config[std::string(role) + "_token"] = tokens[static_cast<std::size_t>(id)];
    }
  }
  if (m.contains("tokenizer.chat_template")) config["chat_template"] = m.at("tokenizer.chat_template");
  return config;
}

/// Llama's SentencePiece model: byte-pair encoding by scores, with byte fallback.
text::Tokenizer sentencepiece_from_gguf(const GgufFile& file, std::span<const std::string_view> tokens,
                                        std::span<const double> types) {
  const Json& m = file.metadata();
  const std::string where = file.path().string();
  text::SentencePieces model;
  model.type = text::SentencePieces::Type::bpe;
  model.scores = file.numbers("tokenizer.ggml.scores");
  if (model.scores.size() != tokens.size()) {
    throw Error(ErrorCode::bad_input, "tokenizer.ggml.tokens and scores have different lengths", where);
  }
  for (const double type : types) {
    if (!(type >= 1 && type <= 6)) {
      throw Error(ErrorCode::bad_input, "tokenizer.ggml.token_type " + base::dump_json(type) + " is not known", where);
    }
    model.kinds.push_back(static_cast<text::PieceKind>(type));
  }
  model.dummy_prefix = base::json_field<bool>(m, "tokenizer.ggml.add_space_prefix", where, true);
  model.remove_extra_spaces = base::json_field<bool>(m, "tokenizer.ggml.remove_extra_whitespaces", where, false);
  Json config = config_of_tokenizer(m, tokens, where);
  config["add_bos_token"] = base::json_field<bool>(m, "tokenizer.ggml.add_bos_token", where, true);
  config["add_eos_token"] = base::json_field<bool>(m, "tokenizer.ggml.add_eos_token", where, false);
  model.pieces.assign(tokens.begin(), tokens.end());
  return text::Tokenizer::build(text::sentencepiece_parts(std::move(model), std::move(config), where));
}

/// "left right", one a merge.
text::MergeList read_merges(const GgufFile& file) {
  text::MergeList merges;
  file.for_each_text("tokenizer.ggml.merges", [&](std::string_view line) {
    const std::size_t space = line.find(' ');
    if (space == std::string::npos || space == 0 || space + 1 == line.size() ||
        line.find(' ', space + 1) != std::string::npos) {
      throw Error(ErrorCode::bad_input,
                  "a merge is two tokens, not \"" + text::replace_invalid_utf8(line.substr(0, 60)) + "\"",
                  file.path().string() + ": tokenizer.ggml.merges[" + std::to_string(merges.size()) + "]");
    }
    merges.push_back(line.substr(0, space), line.substr(space + 1));
  });
  return merges;
}

std::vector<std::string> mended(std::span<const std::string_view> tokens) {
  std::vector<std::string> out(tokens.size());
  const auto mend = [&](std::int64_t begin, std::int64_t end) {
    std::transform(tokens.begin() + begin, tokens.begin() + end, out.begin() + begin, text::replace_invalid_utf8);
  };
  base::parallel_ranges(static_cast<std::int64_t>(tokens.size()), kTokensAtOnce, mend);
  return out;
}

/// A byte-level model, as its tokenizer.json would name the parts. A token that is no UTF-8 could stand in no JSON file
/// either; mended, it is refused where it meets another.
text::TokenizerParts byte_level_parts(const GgufFile& file, std::span<const std::string_view> tokens,
                                      std::span<const double> types) {
  const Json& m = file.metadata();
  const std::string where = file.path().string();
  const auto pre = base::json_field<std::string>(m, "tokenizer.ggml.pre", where, "gpt-2");
  text::TokenizerParts parts;
  parts.where = parts.merges_where = where;
  parts.config = config_of_tokenizer(m, tokens, where);
  parts.normalizer = pre == "qwen2" ? Json{{"type", "NFC"}} : Json();
  parts.pre_tokenizer = pre_tokenizer(pre, where);
  parts.decoder = byte_level(true);
  parts.model = {{"type", "BPE"}, {"ignore_merges", pre == "llama-bpe"}};
  parts.merges = read_merges(file);
  parts.tokens = mended(tokens);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (types[i] != kControl && types[i] != kUserDefined) continue;
    text::AddedToken added;
    added.id = static_cast<std::int32_t>(i);
    added.content = parts.tokens[i];
    added.special = types[i] == kControl;
    parts.added.push_back(std::move(added));
  }
  if (base::json_field<bool>(m, "tokenizer.ggml.add_bos_token", where, false) && parts.config.contains("bos_token")) {
    const auto bos = parts.config.at("bos_token").get<std::string>();
    const Json special = {{"SpecialToken", {{"id", bos}, {"type_id", 0}}}};
    const Json first = {{"Sequence", {{"id", "A"}, {"type_id", 0}}}},
               second = {{"Sequence", {{"id", "B"}, {"type_id", 1}}}};
    parts.post_processor = {
        {"type", "TemplateProcessing"},
        {"single", Json::array({special, first})},
        {"pair", Json::array({special, first, special, second})},
        {"special_tokens", {{bos, {{"id", bos}, {"ids", {m.at("tokenizer.ggml.bos_token_id")}}, {"tokens", {bos}}}}}}};
  } else {
    parts.post_processor = byte_level(false);
  }
  return parts;
}

}  // namespace

std::optional<text::Tokenizer> tokenizer_from_gguf(const GgufFile& file) {
  const Json& m = file.metadata();
  const std::string where = file.path().string();
  const auto model = base::json_field<std::string>(m, "tokenizer.ggml.model", where, "");
  if (model != "gpt2" && model != "llama") return std::nullopt;
  const std::vector<std::string_view> tokens = file.texts("tokenizer.ggml.tokens");
  const std::string types_list = "tokenizer.ggml.token_type";
  const auto types = file.has_list(types_list) ? file.numbers(types_list) : std::vector<double>(tokens.size(), kNormal);
  if (types.size() != tokens.size()) {
    throw Error(ErrorCode::bad_input, "tokenizer.ggml.tokens and token_type have different lengths", where);
  }
  if (model == "llama") return sentencepiece_from_gguf(file, tokens, types);
  return text::Tokenizer::build(byte_level_parts(file, tokens, types));
}

std::vector<std::pair<std::string, Json>> tokenizer_metadata(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "tokenizer.json";
  if (!std::filesystem::exists(file)) return {};
  const text::Tokenizer tokenizer = text::Tokenizer::load(folder);  // checks the file
  const nlohmann::json json = nlohmann::json::parse(base::read_file(file));
  if (tokenizer.kind() != "BPE") {
    throw Error(ErrorCode::unsupported, "a tokenizer of kind " + tokenizer.kind() + " has no place in GGUF here",
                file.string(), "known: byte-level BPE");
  }
  std::set<std::int64_t> added, special;
  for (const nlohmann::json& token : json.value("added_tokens", nlohmann::json::array())) {
    const auto id = token.at("id").get<std::int64_t>();
    (token.value("special", false) ? special : added).insert(id);
  }
  Json tokens = Json::array(), types = Json::array(), merges = Json::array();
  for (std::int64_t id = 0; id < tokenizer.vocabulary_size(); ++id) {
    tokens.push_back(tokenizer.token(static_cast<std::int32_t>(id)));
    types.push_back(special.contains(id) ? kControl : added.contains(id) ? kUserDefined : kNormal);
  }
  for (const nlohmann::json& merge : json.at("model").value("merges", nlohmann::json::array())) {
    merges.push_back(merge.is_array() ? merge.at(0).get<std::string>() + " " + merge.at(1).get<std::string>()
                                      : merge.get<std::string>());
  }
  std::vector<std::pair<std::string, Json>> m = {{"tokenizer.ggml.model", "gpt2"},
                                                 {"tokenizer.ggml.pre", pre_name(json)},
                                                 {"tokenizer.ggml.tokens", tokens},
                                                 {"tokenizer.ggml.token_type", types},
                                                 {"tokenizer.ggml.merges", merges}};
  const text::SpecialIds& ids = tokenizer.special();
  const auto role = [&](const char* name, std::optional<std::int32_t> id) {
    if (id) m.emplace_back(std::string("tokenizer.ggml.") + name + "_token_id", *id);
  };
  role("bos", ids.bos);
  role("eos", ids.eos);
  role("padding", ids.pad);
  m.emplace_back("tokenizer.ggml.add_bos_token", tokenizer.added_special(false) > 0);
  const std::filesystem::path config = folder / "tokenizer_config.json";
  if (std::filesystem::exists(config)) {
    const auto chat = base::json_field<std::string>(base::read_json(config), "chat_template", config.string(), "");
    if (!chat.empty()) m.emplace_back("tokenizer.chat_template", chat);
  }
  return m;
}

}  // namespace ballast::lm
