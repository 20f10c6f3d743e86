// SPDX-License-Identifier: Apache-2.0
#include "ballast/text/tokenizer.h"

#include <algorithm>
#include <limits>

#include "ballast/base/error.h"
#include "ballast/text/tokenize/added_tokens.h"
#include "ballast/text/tokenize/bpe.h"
#include "ballast/text/tokenize/char_bpe.h"
#include "ballast/text/tokenize/decode.h"
#include "ballast/text/tokenize/special.h"
#include "ballast/text/tokenize/split.h"
#include "ballast/text/tokenize/template.h"
#include "ballast/text/tokenize/truncate.h"
#include "ballast/text/tokenize/unicode.h"
#include "ballast/text/tokenize/unigram.h"
#include "ballast/text/tokenize/wordpiece.h"

namespace ballast::text {

using base::Error;
using base::ErrorCode;

struct Tokenizer::Impl {
  explicit Impl(TokenizerParts given);

  std::vector<Token> tokenize(std::string_view text) const;
  Encoding assemble(std::vector<Token> first, std::vector<Token> second, bool is_pair,
                    const EncodeOptions& options) const;
  std::string decode(std::span<const std::int32_t> ids, bool skip_special) const;
  std::size_t checked(std::int32_t id) const;

  TokenizerParts parts;  // merges are kept for save(); the views below point into tokens
  TokenIds ids;
  std::unique_ptr<Normalizer> normalizer;
  std::unique_ptr<Splitter> splitter;
  std::unique_ptr<Model> model;
  std::unique_ptr<Decoder> decoder;
  Template frame;
  AddedTokenFinder raw_added, normalized_added;
  std::vector<bool> special_flags;
  SpecialIds special;

 private:
  void add_tokens();
  void tokenize_raw(std::string_view text, std::size_t at, std::vector<Token>& out) const;
  void tokenize_normalized(std::string_view text, bool first, std::vector<Token>& out) const;
  void tokenize_rewritten(std::string_view text, std::size_t at, bool first, std::vector<Token>& out) const;
};

Tokenizer::Impl::Impl(TokenizerParts given) : parts(std::move(given)) {
  add_tokens();
  normalizer = make_normalizer(parts.normalizer, parts.where);
  splitter = make_splitter(parts.pre_tokenizer, parts.where);
  decoder = make_decoder(parts.decoder, parts.where);
  const auto type = base::json_field<std::string>(parts.model, "type", parts.where + " (model)");
  if (type == "BPE" && !ends_in_byte_level(parts.pre_tokenizer)) {
    model = std::make_unique<CharBpe>(parts, ids);
  } else if (type == "BPE") {
    model = std::make_unique<Bpe>(parts, ids);
  } else if (type == "Unigram") {
    model = std::make_unique<Unigram>(parts, ids);
  } else if (type == "WordPiece") {
    model = std::make_unique<WordPiece>(parts, ids);
  } else {
    throw Error(ErrorCode::unsupported, "model of type \"" + type + "\" is not known", parts.where,
                "known: BPE, Unigram, WordPiece");
  }
  const FindToken find = [&](std::string_view token) { return ids.find(token); };
  frame = make_template(parts.post_processor, parts.where, find);
  special = find_special(parts.config, parts.where, find);
  for (const AddedToken& token : parts.added) {
    if (token.normalized && normalizer != nullptr) {
      normalized_added.add(token, normalizer->apply(token.content).text);
    } else {
      raw_added.add(token, token.content);
    }
  }
}

/// Joins the added tokens to the vocabulary: each has the id that the vocabulary gives it, or the next free one.
void Tokenizer::Impl::add_tokens() {
  std::sort(parts.added.begin(), parts.added.end(),
            [](const AddedToken& a, const AddedToken& b) { return a.id < b.id; });
  parts.tokens.reserve(parts.tokens.size() + parts.added.size());
  for (const AddedToken& token : parts.added) {
    const auto size = static_cast<std::int64_t>(parts.tokens.size());
    if (token.id == size) {
      parts.tokens.push_back(token.content);
    } else if (token.id < 0 || token.id > size || parts.tokens[static_cast<std::size_t>(token.id)] != token.content) {
      const bool hole = token.id > size;
      throw Error(ErrorCode::bad_input,
                  "added token \"" + token.content + "\" has id " + std::to_string(token.id) +
                      (hole ? ", but " + std::to_string(size) + " is the next free one" : ", which is another token's"),
                  parts.where);
    }
  }
  ids = TokenIds(parts.tokens.size());
  for (std::size_t i = 0; i < parts.tokens.size(); ++i) {
    const std::string& token = parts.tokens[i];
    if (ids.insert(token, static_cast<std::int32_t>(i))) continue;
    throw Error(
        ErrorCode::bad_input,
        "token \"" + token + "\" has two ids, " + std::to_string(*ids.find(token)) + " and " + std::to_string(i),
        parts.where);
  }
  special_flags.resize(parts.tokens.size());
  for (const AddedToken& token : parts.added) special_flags[static_cast<std::size_t>(token.id)] = token.special;
}

std::vector<Token> Tokenizer::Impl::tokenize(std::string_view text) const {
  if (text.size() > std::numeric_limits<std::uint32_t>::max()) {
    throw Error(ErrorCode::bad_input, "a text of " + std::to_string(text.size()) + " bytes is longer than 4 GiB");
  }
  std::vector<Token> out;
  out.reserve(text.size() / 3 + 4);
  thread_local std::vector<Stretch> stretches;
  stretches.clear();
  raw_added.split(text, stretches);
  for (const Stretch& s : stretches) {
    if (s.id) {
      out.push_back({*s.id, s.begin, s.end});
    } else {
      tokenize_raw(text.substr(s.begin, s.end - s.begin), s.begin, out);
    }
  }
  return out;
}

/// Text between added tokens; `at` is its place in the input.
void Tokenizer::Impl::tokenize_raw(std::string_view text, std::size_t at, std::vector<Token>& out) const {
  const std::size_t before = out.size();
  const bool prefix = splitter != nullptr && splitter->adds_prefix_space() && !text.starts_with(' ');
  if (normalizer == nullptr && !prefix) {
    tokenize_normalized(text, at == 0, out);
    for (std::size_t i = before; i < out.size(); ++i) {
      out[i].begin += at;
      out[i].end += at;
    }
    return;
  }
  NormalizedText normal;
  if (prefix) normal.append(" ", 0, 0);
  if (normalizer == nullptr) {
    for (std::size_t i = 0; i < text.size(); ++i) normal.append(text.substr(i, 1), i, i + 1);
  } else {
    const NormalizedText rest = normalizer->apply(text);
    normal.text += rest.text;
    normal.begin.insert(normal.begin.end(), rest.begin.begin(), rest.begin.end());
    normal.end.insert(normal.end.end(), rest.end.begin(), rest.end.end());
  }
  tokenize_normalized(normal.text, at == 0, out);
  for (std::size_t i = before; i < out.size(); ++i) {
    Token& token = out[i];
    token = {token.id, at + normal.begin[token.begin], at + normal.end[token.end - 1]};
  }
}

/// A stretch that the splitter changes before it cuts it.
void Tokenizer::Impl::tokenize_rewritten(std::string_view text, std::size_t at, bool first,
                                         std::vector<Token>& out) const {
  NormalizedText changed;
  std::vector<WordSpan> words;
  splitter->rewrite(text, first, changed, words);
  const std::size_t before = out.size();
  for (const WordSpan& w : words) {
    model->tokenize(std::string_view(changed.text).substr(w.begin, w.end - w.begin), w.begin, out);
  }
  for (std::size_t i = before; i < out.size(); ++i) {
    Token& token = out[i];
    token = {token.id, at + changed.begin[token.begin], at + changed.end[token.end - 1]};
  }
}

/// `first`: the text begins where the input begins.
void Tokenizer::Impl::tokenize_normalized(std::string_view text, bool first, std::vector<Token>& out) const {
  std::vector<Stretch> stretches;
  if (normalized_added.empty()) {
    stretches.push_back({std::nullopt, 0, text.size()});
  } else {
    normalized_added.split(text, stretches);
  }
  thread_local std::vector<WordSpan> words;
  for (const Stretch& s : stretches) {
    if (s.id) {
      out.push_back({*s.id, s.begin, s.end});
      continue;
    }
    words.clear();
    if (splitter != nullptr && splitter->rewrites()) {
      tokenize_rewritten(text.substr(s.begin, s.end - s.begin), s.begin, first && s.begin == 0, out);
      continue;
    }
    if (splitter == nullptr) {
      words.push_back({s.begin, s.end});
    } else {
      splitter->split(text.substr(0, s.end), {s.begin, s.end}, words);
    }
    for (const WordSpan& w : words) model->tokenize(text.substr(w.begin, w.end - w.begin), w.begin, out);
  }
}

Encoding Tokenizer::Impl::assemble(std::vector<Token> first, std::vector<Token> second, bool is_pair,
                                   const EncodeOptions& options) const {
  Encoding out;
  const std::size_t added = options.add_special ? frame.added(is_pair) : 0;
  if (options.max_length > 0) {
    if (options.max_length < added) {
      throw Error(ErrorCode::usage, "max_length " + std::to_string(options.max_length) + " has no room for the " +
                                        std::to_string(added) + " special tokens");
    }
    out.truncated = truncate(first, is_pair ? &second : nullptr, options.max_length - added, options.truncation);
  }
  const std::size_t total = first.size() + second.size() + added;
  out.ids.reserve(total);
  out.offsets.reserve(total);
  out.type_ids.reserve(total);
  for (const TemplateItem& item : is_pair ? frame.pair : frame.single) {
    if (item.what == TemplateItem::What::special) {
      if (!options.add_special) continue;
      out.ids.insert(out.ids.end(), item.ids.begin(), item.ids.end());
      out.offsets.resize(out.ids.size(), {0, 0});
    } else {
      for (const Token& token : item.what == TemplateItem::What::first ? first : second) {
        out.ids.push_back(token.id);
        out.offsets.push_back({token.begin, token.end});
      }
    }
    out.type_ids.resize(out.ids.size(), item.type_id);
  }
  return out;
}

std::size_t Tokenizer::Impl::checked(std::int32_t id) const {
  if (id < 0 || static_cast<std::size_t>(id) >= parts.tokens.size()) {
    throw Error(
        ErrorCode::bad_input,
        "token id " + std::to_string(id) + " is outside the vocabulary of " + std::to_string(parts.tokens.size()),
        parts.where);
  }
  return static_cast<std::size_t>(id);
}

std::string Tokenizer::Impl::decode(std::span<const std::int32_t> token_ids, bool skip_special) const {
  std::vector<std::string_view> tokens;
  tokens.reserve(token_ids.size());
  for (const std::int32_t id : token_ids) {
    const std::size_t i = checked(id);
    if (!skip_special || !special_flags[i]) tokens.push_back(parts.tokens[i]);
  }
  return decoder->decode(tokens);
}

Tokenizer Tokenizer::load(const std::filesystem::path& path) {
  return build(read_parts(path));
}

Tokenizer Tokenizer::build(TokenizerParts parts) {
  return Tokenizer(std::make_shared<const Impl>(std::move(parts)));
}

Encoding Tokenizer::encode(std::string_view text, const EncodeOptions& options) const {
  return impl_->assemble(impl_->tokenize(text), {}, false, options);
}

Encoding Tokenizer::encode_pair(std::string_view first, std::string_view second, const EncodeOptions& options) const {
  return impl_->assemble(impl_->tokenize(first), impl_->tokenize(second), true, options);
}

std::string Tokenizer::decode(std::span<const std::int32_t> ids, bool skip_special) const {
  const std::string bytes = impl_->decode(ids, skip_special);
  return impl_->decoder->mends_each_byte() ? replace_invalid_bytes(bytes) : replace_invalid_utf8(bytes);
}

std::string Tokenizer::decode_bytes(std::span<const std::int32_t> ids, bool skip_special) const {
  return impl_->decode(ids, skip_special);
}

const std::string& Tokenizer::token(std::int32_t id) const {
  return impl_->parts.tokens[impl_->checked(id)];
}

std::optional<std::int32_t> Tokenizer::id(std::string_view token) const {
  return impl_->ids.find(token);
}

std::int64_t Tokenizer::vocabulary_size() const {
  return static_cast<std::int64_t>(impl_->parts.tokens.size());
}

const SpecialIds& Tokenizer::special() const {
  return impl_->special;
}

bool Tokenizer::is_special(std::int32_t id) const {
  return impl_->special_flags[impl_->checked(id)];
}

std::size_t Tokenizer::added_special(bool pair) const {
  return impl_->frame.added(pair);
}

std::size_t Tokenizer::model_max_length() const {
  // transformers writes 1e30 for "no limit"
  const double length = base::json_field<double>(impl_->parts.config, "model_max_length", impl_->parts.where, 0.0);
  return length > 0 && length < 1e9 ? static_cast<std::size_t>(length) : 0;
}

std::string Tokenizer::kind() const {
  return impl_->parts.model["type"].get<std::string>();
}

void Tokenizer::save(const std::filesystem::path& folder) const {
  write_parts(impl_->parts, folder);
}

}  // namespace ballast::text
