// SPDX-License-Identifier: Apache-2.0
#include "ballast/text/tokenize/decode.h"

#include <charconv>
#include <functional>
#include <optional>
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

class MetaspaceDecoder : public Decoder {
 public:
  MetaspaceDecoder(const Json& json, const std::string& where)
      : mark_(base::json_field<std::string>(json, "replacement", where, "\xe2\x96\x81")) {
    const bool adds = base::json_field<bool>(json, "add_prefix_space", where, true);
    strip_ = base::json_field<std::string>(json, "prepend_scheme", where, adds ? "always" : "never") != "never";
    if (mark_.empty()) throw base::Error(base::ErrorCode::bad_input, "Metaspace has an empty replacement", where);
  }

  std::string decode(const std::vector<std::string_view>& tokens) const override {
    std::string out;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      std::string piece(tokens[i]);
      replace_all(piece, mark_, i == 0 && strip_ ? "" : " ");
      out += piece;
    }
    return out;
  }

 private:
  std::string mark_;
  bool strip_ = true;
};

/// One step of a Sequence: tokens to tokens, or to one text.
using DecodeStep = std::function<void(std::vector<std::string>&)>;

std::optional<unsigned char> byte_of_token(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return std::nullopt;
  unsigned value = 0;
  const auto [stop, error] = std::from_chars(token.data() + 3, token.data() + 5, value, 16);
  if (error != std::errc() || stop != token.data() + 5) return std::nullopt;
  return static_cast<unsigned char>(value);
}

void bytes_from_tokens(std::vector<std::string>& tokens) {
  for (std::string& token : tokens) {
    if (const auto byte = byte_of_token(token)) token.assign(1, static_cast<char>(*byte));
  }
}

void fuse_tokens(std::vector<std::string>& tokens) {
  std::string all;
  for (const std::string& token : tokens) all += token;
  tokens.assign(1, std::move(all));
}

DecodeStep make_strip(const Json& json, const std::string& where) {
  const auto content = base::json_field<std::string>(json, "content", where);
  const auto start = base::json_field<std::size_t>(json, "start", where, 0);
  const auto stop = base::json_field<std::size_t>(json, "stop", where, 0);
  if (content.empty()) throw base::Error(base::ErrorCode::bad_input, "decoder Strip without content", where);
  return [=](std::vector<std::string>& tokens) {
    for (std::string& token : tokens) {
      for (std::size_t i = 0; i < start && token.starts_with(content); ++i) token.erase(0, content.size());
      for (std::size_t i = 0; i < stop && token.ends_with(content); ++i) token.resize(token.size() - content.size());
    }
  };
}

DecodeStep make_decode_step(const Json& json, const std::string& where) {
  const auto type = base::json_field<std::string>(json, "type", where + " (decoder)");
  if (type == "ByteFallback") return bytes_from_tokens;
  if (type == "Fuse") return fuse_tokens;
  if (type == "Strip") return make_strip(json, where);
  if (type == "Replace") {
    const auto from = base::json_field<std::string>(base::json_field<Json>(json, "pattern", where), "String", where);
    const auto to = base::json_field<std::string>(json, "content", where);
    if (from.empty()) throw base::Error(base::ErrorCode::bad_input, "decoder Replace without a pattern", where);
    return [=](std::vector<std::string>& tokens) {
      for (std::string& token : tokens) replace_all(token, from, to);
    };
  }
  throw base::Error(base::ErrorCode::unsupported, "decoder of type \"" + type + "\" inside a Sequence is not known",
                    where, "known: Replace, ByteFallback, Fuse, Strip");
}

class SequenceDecoder : public Decoder {
 public:
  SequenceDecoder(const Json& json, const std::string& where) {
    for (const Json& step : base::json_field<Json>(json, "decoders", where)) {
      steps_.push_back(make_decode_step(step, where));
    }
  }

  std::string decode(const std::vector<std::string_view>& tokens) const override {
    std::vector<std::string> chain(tokens.begin(), tokens.end());
    for (const DecodeStep& step : steps_) step(chain);
    fuse_tokens(chain);
    return chain.front();
  }
  bool mends_each_byte() const override { return true; }

 private:
  std::vector<DecodeStep> steps_;
};

}  // namespace

std::unique_ptr<Decoder> make_decoder(const Json& json, const std::string& where) {
  if (json.is_null()) return std::make_unique<JoinDecoder>();
  const auto type = base::json_field<std::string>(json, "type", where + " (decoder)");
  if (type == "ByteLevel") return std::make_unique<ByteLevelDecoder>();
  if (type == "WordPiece") return std::make_unique<WordPieceDecoder>(json, where);
  if (type == "Metaspace") return std::make_unique<MetaspaceDecoder>(json, where);
  if (type == "Sequence") return std::make_unique<SequenceDecoder>(json, where);
  throw base::Error(base::ErrorCode::unsupported, "decoder of type \"" + type + "\" is not known", where,
                    "known: ByteLevel, Metaspace, WordPiece, Sequence");
}

}  // namespace ballast::text
