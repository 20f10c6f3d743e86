// SPDX-License-Identifier: Apache-2.0
// SentencePiece models: their protocol buffer read, and the model as components of tokenizer.json.
//
//   ModelProto := 1: piece*  2: trainer_spec  3: normalizer_spec        (sentencepiece_model.proto of release 0.1.97)
//   piece := 1: text  2: score (float)  3: kind       trainer_spec := 3: type  24: suffix  35: byte_fallback
//   normalizer_spec := 2: precompiled_charsmap  3: add_dummy_prefix  4: remove_extra_whitespaces  5: escape_whitespaces
#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>
#include <set>

#include "ballast/base/error.h"
#include "ballast/text/tokenize/families.h"
#include "ballast/text/tokenize/normalize.h"
#include "ballast/text/tokenize/special.h"
#include "ballast/text/tokenize/token_ids.h"
#include "ballast/text/tokenize/unicode.h"

namespace ballast::text {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr std::string_view kMark = "\xe2\x96\x81";  // ▁ U+2581, SentencePiece's space

/// The fields of one message, in order; throws bad_input where the bytes end too early.
class Message {
 public:
  Message(std::string_view bytes, const std::string& where) : bytes_(bytes), where_(where) {}

  struct Field {
    std::uint64_t number = 0, value = 0;  // value: of a varint or a fixed number
    std::string_view bytes;               // of a length-delimited field
  };
  bool next(Field& field) {
    if (at_ >= bytes_.size()) return false;
    const std::uint64_t key = varint();
    field = {key >> 3, 0, {}};
    switch (key & 7) {
      case 0:
        field.value = varint();
        return true;
      case 1:
        field.value = fixed(8);
        return true;
      case 2:
        field.bytes = take(varint());
        return true;
      case 5:
        field.value = fixed(4);
        return true;
      default:
        fail();
    }
  }

 private:
  [[noreturn]] void fail() const {
    throw Error(ErrorCode::bad_input, "is no SentencePiece model, or is cut at byte " + std::to_string(at_), where_);
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (at_ >= bytes_.size()) fail();
      const auto byte = static_cast<unsigned char>(bytes_[at_++]);
      value |= static_cast<std::uint64_t>(byte & 0x7fu) << shift;
      if (byte < 0x80) return value;
    }
    fail();
  }
  std::string_view take(std::uint64_t n) {
    if (n > bytes_.size() - at_) fail();
    const std::string_view out = bytes_.substr(at_, n);
    at_ += n;
    return out;
  }
  std::uint64_t fixed(std::size_t n) {
    std::uint64_t value = 0;
    std::memcpy(&value, take(n).data(), n);
    return value;
  }

  std::string_view bytes_;
  std::string where_;
  std::size_t at_ = 0;
};

void read_piece(std::string_view bytes, const std::string& where, SentencePieces& model) {
  std::string piece;
  float score = 0;
  std::uint64_t kind = 1;
  Message message(bytes, where);
  for (Message::Field f; message.next(f);) {
    if (f.number == 1) piece = f.bytes;
    if (f.number == 2) score = std::bit_cast<float>(static_cast<std::uint32_t>(f.value));
    if (f.number == 3) kind = f.value;
  }
  if (kind < 1 || kind > 6 || piece.empty()) {
    throw Error(ErrorCode::bad_input, "piece " + std::to_string(model.pieces.size()) + " is empty or of no known kind",
                where);
  }
  model.pieces.push_back(std::move(piece));
  model.scores.push_back(score);
  model.kinds.push_back(static_cast<PieceKind>(kind));
}

void read_trainer(std::string_view bytes, const std::string& where, SentencePieces& model) {
  Message message(bytes, where);
  for (Message::Field f; message.next(f);) {
    if (f.number == 24 && f.value != 0) {
      throw Error(ErrorCode::unsupported, "white space as a suffix (treat_whitespace_as_suffix) is not known", where);
    }
    if (f.number != 3) continue;
    if (f.value != 1 && f.value != 2) {
      throw Error(ErrorCode::unsupported, "a SentencePiece model of type " + std::to_string(f.value) + " is not known",
                  where, "known: unigram, bpe");
    }
    model.type = f.value == 1 ? SentencePieces::Type::unigram : SentencePieces::Type::bpe;
  }
}

void read_normalizer(std::string_view bytes, const std::string& where, SentencePieces& model) {
  Message message(bytes, where);
  for (Message::Field f; message.next(f);) {
    if (f.number == 2) model.charsmap = f.bytes;
    if (f.number == 3) model.dummy_prefix = f.value != 0;
    if (f.number == 4) model.remove_extra_spaces = f.value != 0;
    if (f.number == 5 && f.value == 0) {
      throw Error(ErrorCode::unsupported, "white space that is not escaped (escape_whitespaces) is not known", where);
    }
  }
}

Json replace_step(const char* kind, std::string_view pattern, std::string_view content) {
  return {{"type", "Replace"}, {"pattern", {{kind, pattern}}}, {"content", content}};
}

Json normalizer_of(const SentencePieces& model) {
  Json steps = Json::array();
  if (!model.charsmap.empty()) {
    steps.push_back({{"type", "Precompiled"}, {"precompiled_charsmap", encode_base64(model.charsmap)}});
  }
  if (model.remove_extra_spaces) {
    steps.push_back(replace_step("Regex", " {2,}", " "));
    steps.push_back(replace_step("Regex", "\\A +", ""));
  }
  if (model.dummy_prefix) steps.push_back({{"type", "Prepend"}, {"prepend", kMark}});
  steps.push_back(replace_step("String", " ", kMark));
  if (model.remove_extra_spaces) steps.push_back(replace_step("Regex", std::string(kMark) + "+\\z", ""));
  return {{"type", "Sequence"}, {"normalizers", steps}};
}

Json decoder_of(const SentencePieces& model) {
  Json steps = Json::array({replace_step("String", kMark, " "), {{"type", "ByteFallback"}}, {{"type", "Fuse"}}});
  // What drops spaces at the beginning of a text on the way in drops them all on the way out.
  if (model.dummy_prefix || model.remove_extra_spaces) {
    const int most = model.remove_extra_spaces ? 1000000 : 1;
    steps.push_back({{"type", "Strip"}, {"content", " "}, {"start", most}, {"stop", 0}});
  }
  return {{"type", "Sequence"}, {"decoders", steps}};
}

/// Every way to make a piece of two others; SentencePiece merges whatever makes a piece.
MergeList merges_of(const SentencePieces& model) {
  TokenIds ids(model.pieces.size());
  for (std::size_t i = 0; i < model.pieces.size(); ++i) {
    if (model.kinds[i] == PieceKind::normal) ids.insert(model.pieces[i], static_cast<std::int32_t>(i));
  }
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < model.pieces.size(); ++i) order.push_back(i);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return model.scores[a] > model.scores[b]; });
  MergeList merges;
  for (const std::size_t i : order) {
    if (model.kinds[i] != PieceKind::normal) continue;
    const std::string_view piece = model.pieces[i];
    for (std::size_t cut = decode_utf8(piece, 0).size; cut < piece.size(); cut += decode_utf8(piece, cut).size) {
      const std::string_view left = piece.substr(0, cut), right = piece.substr(cut);
      if (ids.contains(left) && ids.contains(right)) merges.push_back(left, right);
    }
  }
  return merges;
}

/// The template of the tokenizer's class: what its Python code adds around a text.
Json template_of(const TokenizerParts& parts) {
  const auto kind = base::json_field<std::string>(parts.config, "tokenizer_class", parts.where, "");
  for (const char* shifted :
       {"XLMRoberta", "Camembert", "MBart", "Pegasus", "Albert", "XLNet", "DebertaV2", "Barthez"}) {
    if (!kind.starts_with(shifted)) continue;
    throw Error(ErrorCode::unsupported,
                "a tokenizer of class " + kind + " arranges the ids of its SentencePiece model in its own way",
                parts.where, "give its tokenizer.json");
  }
  const bool llama = kind.starts_with("Llama") || kind.starts_with("Gemma"), t5 = kind.starts_with("T5");
  const auto flag = [&](const char* name, bool otherwise) {
    return base::json_field<bool>(parts.config, name, parts.where, otherwise);
  };
  const auto item = [](const std::string& token, int type) {
    return Json{{"SpecialToken", {{"id", token}, {"type_id", type}}}};
  };
  std::string bos = role_token(parts.config, "bos_token", parts.where);
  std::string eos = role_token(parts.config, "eos_token", parts.where);
  if (bos.empty()) bos = "<s>";
  if (eos.empty()) eos = "</s>";
  const bool first = flag("add_bos_token", llama), last = flag("add_eos_token", t5);
  if (!first && !last) return nullptr;
  Json single = Json::array(), pair = Json::array(), specials = Json::object();
  for (const int type : {0, 1}) {
    const Json text = {{"Sequence", {{"id", type == 0 ? "A" : "B"}, {"type_id", type}}}};
    for (Json* list : {&single, &pair}) {
      if (list == &single && type == 1) continue;
      if (first) list->push_back(item(bos, type));
      list->push_back(text);
      if (last) list->push_back(item(eos, type));
    }
  }
  for (const std::string& token : {bos, eos}) {
    const auto found = std::find(parts.tokens.begin(), parts.tokens.end(), token);
    if (found == parts.tokens.end()) continue;
    specials[token] = {{"id", token}, {"ids", {found - parts.tokens.begin()}}, {"tokens", {token}}};
  }
  return {{"type", "TemplateProcessing"}, {"single", single}, {"pair", pair}, {"special_tokens", specials}};
}

/// Control pieces, and tokens that the configuration adds behind the model's own.
void add_special_tokens(TokenizerParts& parts) {
  std::set<std::int32_t> listed;
  for (const AddedToken& token : parts.added) listed.insert(token.id);
  const Json more = base::json_field<Json>(parts.config, "added_tokens_decoder", parts.where, Json::object());
  for (const auto& [id, token] : more.items()) {
    if (id.empty() || id.size() > 9 || id.find_first_not_of("0123456789") != std::string::npos) {
      throw Error(ErrorCode::bad_input, "added_tokens_decoder has the id \"" + id + "\"", parts.where);
    }
    const auto number = static_cast<std::int32_t>(std::stol(id));
    if (listed.insert(number).second) parts.added.push_back(read_added(token, number, parts.where));
  }
  for (std::size_t i = 0; i < parts.kinds.size(); ++i) {
    const auto id = static_cast<std::int32_t>(i);
    const bool special = parts.kinds[i] == PieceKind::control || parts.kinds[i] == PieceKind::unknown;
    if (special && !listed.contains(id)) parts.added.push_back({id, parts.tokens[i]});
  }
  const auto kind = base::json_field<std::string>(parts.config, "tokenizer_class", parts.where, "");
  const auto next = static_cast<std::int32_t>(parts.tokens.size());
  if (!kind.starts_with("T5") || listed.contains(next)) return;
  const auto extra = base::json_field<std::int32_t>(parts.config, "extra_ids", parts.where, 100);
  if (extra < 0 || extra > 10000) throw Error(ErrorCode::bad_input, "extra_ids is out of range", parts.where);
  for (std::int32_t i = 0; i < extra; ++i) {
    parts.added.push_back({next + i, "<extra_id_" + std::to_string(extra - 1 - i) + ">"});
  }
}

}  // namespace

SentencePieces read_sentencepiece(std::string_view bytes, const std::string& where) {
  SentencePieces model;
  Message message(bytes, where);
  for (Message::Field f; message.next(f);) {
    if (f.number == 1) read_piece(f.bytes, where, model);
    if (f.number == 2) read_trainer(f.bytes, where, model);
    if (f.number == 3) read_normalizer(f.bytes, where, model);
  }
  if (model.pieces.empty()) throw Error(ErrorCode::bad_input, "holds no pieces: is no SentencePiece model", where);
  for (std::size_t i = 0; i < model.pieces.size(); ++i) {
    const bool rare = model.kinds[i] == PieceKind::user_defined || model.kinds[i] == PieceKind::unused;
    if (!rare || model.type == SentencePieces::Type::unigram) continue;
    throw Error(ErrorCode::unsupported,
                "piece \"" + model.pieces[i] + "\" is user-defined or unused, which is not known beside BPE", where);
  }
  return model;
}

TokenizerParts sentencepiece_parts(SentencePieces model, Json config, const std::string& where) {
  TokenizerParts parts;
  parts.where = where;
  if (config.is_object()) parts.config = std::move(config);
  const bool bpe = model.type == SentencePieces::Type::bpe;
  bool bytes = false;
  std::int64_t unknown = -1;
  for (std::size_t i = 0; i < model.pieces.size(); ++i) {
    bytes |= model.kinds[i] == PieceKind::byte;
    if (model.kinds[i] == PieceKind::unknown) unknown = static_cast<std::int64_t>(i);
    if (bpe && model.kinds[i] == PieceKind::user_defined) {
      parts.added.push_back({static_cast<std::int32_t>(i), model.pieces[i], false, false, false, false, false});
    }
  }
  if (unknown < 0) throw Error(ErrorCode::bad_input, "has no unknown piece", where);
  parts.normalizer = normalizer_of(model);
  parts.decoder = decoder_of(model);
  if (bpe) {
    parts.merges = merges_of(model);
    parts.merges_where = where;
    parts.model = {{"type", "BPE"},
                   {"dropout", nullptr},
                   {"unk_token", model.pieces[static_cast<std::size_t>(unknown)]},
                   {"fuse_unk", true},
                   {"byte_fallback", bytes}};
  } else {
    parts.model = {{"type", "Unigram"}, {"unk_id", unknown}, {"byte_fallback", bytes}};
  }
  parts.tokens = std::move(model.pieces);
  parts.scores = std::move(model.scores);
  parts.kinds = std::move(model.kinds);
  add_special_tokens(parts);
  parts.post_processor = template_of(parts);
  return parts;
}

}  // namespace ballast::text
