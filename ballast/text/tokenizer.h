// SPDX-License-Identifier: Apache-2.0
// Text to token ids and back, exactly as the Hugging Face file beside the model says.
//
// In: a folder with `tokenizer.json`, or `vocab.json` + `merges.txt` (byte-level BPE), or `vocab.txt` (WordPiece), each
// with an optional `tokenizer_config.json`. Out: ids with the bytes of the text that each of them covers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ballast::text {

struct TokenizerParts;

/// One text, or one pair of texts, as tokens. The vectors ids, offsets and type_ids have one entry a token.
struct Encoding {
  std::vector<std::int32_t> ids;
  /// Half-open byte ranges of the input (of the first or the second text of a pair); {0, 0} for tokens that the
  /// template adds. A token that covers part of a character has the bytes it covers.
  std::vector<std::array<std::size_t, 2>> offsets;
  std::vector<std::int32_t> type_ids;  ///< 0 first text, 1 second, as the template says
  std::size_t truncated = 0;           ///< tokens that were cut off to respect max_length
};

enum class Truncation { longest_first, only_first, only_second };

struct EncodeOptions {
  bool add_special = true;
  std::size_t max_length = 0;  ///< tokens, special ones included; 0: no limit
  Truncation truncation = Truncation::longest_first;
};

/// Roles of special tokens, where the vocabulary has them.
struct SpecialIds {
  std::optional<std::int32_t> pad, unk, cls, sep, mask, bos, eos;
};

/// Immutable after loading; every method may be called from several threads. Copies share the vocabulary.
class Tokenizer {
 public:
  /// `path`: a folder, or a tokenizer.json. Throws not_found (no tokenizer there), bad_input (file and line or token),
  /// unsupported (a component of another kind, by name).
  static Tokenizer load(const std::filesystem::path& path);

  /// From parts in memory (the trainer). Same checks and errors as load().
  static Tokenizer build(TokenizerParts parts);

  /// Any bytes will do: byte-level tokenizers keep what is not UTF-8, WordPiece drops it as BERT drops U+FFFD. Throws
  /// usage when max_length has no room for the special tokens.
  Encoding encode(std::string_view text, const EncodeOptions& options = {}) const;

  /// Also throws bad_input when only_first or only_second would leave nothing of that text.
  Encoding encode_pair(std::string_view first, std::string_view second, const EncodeOptions& options = {}) const;

  /// Valid UTF-8; a character of which bytes are missing becomes U+FFFD. Throws bad_input for an id out of range.
  std::string decode(std::span<const std::int32_t> ids, bool skip_special = true) const;

  /// The same without mending cut characters: for a byte-level tokenizer the very bytes that were encoded.
  std::string decode_bytes(std::span<const std::int32_t> ids, bool skip_special = true) const;

  /// As written in the vocabulary ("Ġthe", "##ing"). Throws bad_input for an id out of range.
  const std::string& token(std::int32_t id) const;
  std::optional<std::int32_t> id(std::string_view token) const;

  /// Ids are 0 … vocabulary_size() - 1, added tokens included.
  std::int64_t vocabulary_size() const;
  const SpecialIds& special() const;
  bool is_special(std::int32_t id) const;

  /// Special tokens that the template adds to one text or to a pair.
  std::size_t added_special(bool pair) const;

  /// `model_max_length` of tokenizer_config.json; 0 where it is not said.
  std::size_t model_max_length() const;

  /// "BPE" or "WordPiece".
  std::string kind() const;

  /// Writes tokenizer.json and tokenizer_config.json into the folder (made if absent), each file atomically.
  void save(const std::filesystem::path& folder) const;

 private:
  struct Impl;
  explicit Tokenizer(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

}  // namespace ballast::text
