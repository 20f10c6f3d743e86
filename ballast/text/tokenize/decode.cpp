// SPDX-License-Identifier: Apache-2.0
#include "ballast/text/tokenize/decode.h"

#include <utility>

#include "ballast/base/error.h"
#include "ballast/text/tokenize/byte_alphabet.h"

namespace ballast::text {
namespace {

using base::Json;

class JoinDecoder : public Decoder {
 public:
  std::string decode(const std::vector<std::string_view>& tokens) const override {
    std::string out;
    for (const std::string_view token : tokens) {
      if (!out.empty()) out += ' ';
      out += token;
    }
    return out;
  }
};

class ByteLevelDecoder : public Decoder {
 public:
  std::string decode(const std::vector<std::string_view>& tokens) const override {
    std::string out;
    for (const std::string_view token : tokens) {
      // An added token may have characters outside the byte alphabet: it stands for itself.
      if (auto bytes = from_byte_characters(token)) {
        out += *bytes;
      } else {
        out += token;
      }
    }
    return out;
  }
};

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

class WordPieceDecoder : public Decoder {
 public:
  WordPieceDecoder(const Json& json, const std::string& where)
      : prefix_(base::json_field<std::string>(json, "prefix", where, "##")),
        cleanup_(base::json_field<bool>(json, "cleanup", where, true)) {}

  std::string decode(const std::vector<std::string_view>& tokens) const override {
    std::string out, piece;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      piece = tokens[i];
      if (i > 0) {
        if (piece.starts_with(prefix_)) {
          piece.erase(0, prefix_.size());
        } else {
          piece.insert(piece.begin(), ' ');
        }
      }
      if (cleanup_) clean_up(piece);
      out += piece;
    }
    return out;
  }

 private:
  /// The English clean-up of transformers, in its order.
  static void clean_up(std::string& piece) {
    static constexpr std::pair<std::string_view, std::string_view> kSteps[] = {
        {" .", "."},   {" ?", "?"},           {" !", "!"},   {" ,", ","},     {" ' ", "'"},   {" n't", "n't"},
        {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
    for (const auto& [from, to] : kSteps) replace_all(piece, from, to);
  }

  std::string prefix_;
  bool cleanup_;
};

}  // namespace

std::unique_ptr<Decoder> make_decoder(const Json& json, const std::string& where) {
  if (json.is_null()) return std::make_unique<JoinDecoder>();
  const auto type = base::json_field<std::string>(json, "type", where + " (decoder)");
  if (type == "ByteLevel") return std::make_unique<ByteLevelDecoder>();
  if (type == "WordPiece") return std::make_unique<WordPieceDecoder>(json, where);
  throw base::Error(base::ErrorCode::unsupported, "decoder of type \"" + type + "\" is not known", where,
                    "known: ByteLevel, WordPiece");
}

}  // namespace ballast::text
