// SPDX-License-Identifier: Apache-2.0
#include "ballast/text/tokenize/char_bpe.h"

#include "ballast/base/error.h"
#include "ballast/text/tokenize/unicode.h"

namespace ballast::text {
namespace {

using base::Error;
using base::ErrorCode;

const TokenizerParts& checked_char_bpe(const TokenizerParts& parts) {
  const base::Json& m = parts.model;
  for (const char* option : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (!base::json_field<std::string>(m, option, parts.where, "").empty()) {
      throw Error(ErrorCode::unsupported,
                  std::string("BPE with ") + option + " = " + base::dump_json(m[option]) + " is not known",
                  parts.where);
    }
  }
  if (base::json_field<double>(m, "dropout", parts.where, 0.0) != 0.0) {
    throw Error(ErrorCode::unsupported, "BPE with dropout is not known", parts.where);
  }
  return parts;
}

}  // namespace

std::optional<std::array<std::int32_t, 256>> find_byte_tokens(const TokenIds& ids) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::array<std::int32_t, 256> out{};
  std::string token = "<0x00>";
  for (std::size_t b = 0; b < out.size(); ++b) {
    token[3] = kDigits[b >> 4];
    token[4] = kDigits[b & 15];
    const auto found = ids.find(token);
    if (!found) return std::nullopt;
    out[b] = *found;
  }
  return out;
}

CharBpe::CharBpe(const TokenizerParts& parts, const TokenIds& ids)
    : merger_(checked_char_bpe(parts), ids),
      ids_(ids),
      fuse_unknown_(base::json_field<bool>(parts.model, "fuse_unk", parts.where, false)),
      whole_words_first_(base::json_field<bool>(parts.model, "ignore_merges", parts.where, false)) {
  if (base::json_field<bool>(parts.model, "byte_fallback", parts.where, false)) bytes_ = find_byte_tokens(ids);
  const auto unknown = base::json_field<std::string>(parts.model, "unk_token", parts.where, "");
  if (unknown.empty()) return;
  const auto found = ids.find(unknown);
  if (!found) {
    throw Error(ErrorCode::bad_input, "the vocabulary lacks the unknown token \"" + unknown + "\"", parts.where);
  }
  unknown_ = static_cast<std::uint32_t>(*found);
}

void CharBpe::tokenize(std::string_view word, std::size_t at, std::vector<Token>& out) const {
  if (whole_words_first_) {
    if (const auto found = ids_.find(word)) return out.push_back({*found, at, at + word.size()});
  }
  thread_local std::vector<PairMerger::Symbol> symbols;
  symbols.clear();
  bool after_unknown = false;  // an unknown character that the next one may join
  for (std::size_t i = 0; i < word.size();) {
    const CodePoint c = decode_utf8(word, i);
    const std::string_view character = word.substr(i, c.size);
    i += c.size;
    const auto found = ids_.find(character);
    if (found) {
      symbols.push_back({static_cast<std::uint32_t>(*found), c.size});
    } else if (bytes_) {
      for (const char byte : character) {
        symbols.push_back({static_cast<std::uint32_t>((*bytes_)[static_cast<unsigned char>(byte)]), 1});
      }
    } else if (unknown_ && after_unknown && fuse_unknown_) {
      symbols.back().bytes += c.size;
      continue;
    } else if (unknown_) {
      symbols.push_back({*unknown_, c.size});
      after_unknown = true;
      continue;
    } else if (!symbols.empty()) {
      symbols.back().bytes += c.size;  // dropped, as the reference does; offsets stay in step
      continue;
    } else {
      at += c.size;
      continue;
    }
    after_unknown = false;
  }
  merger_.merge(symbols);
  for (const PairMerger::Symbol& s : symbols) {
    out.push_back({static_cast<std::int32_t>(s.id), at, at + s.bytes});
    at += s.bytes;
  }
}

}  // namespace ballast::text
