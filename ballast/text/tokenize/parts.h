// SPDX-License-Identifier: Apache-2.0
// A tokenizer as data: what tokenizer.json holds, whichever files it was read from. Readers fill it, Tokenizer::build
// checks it and makes the components, the writer turns it back into files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/text/tokenize/merge_list.h"

namespace ballast::text {

struct AddedToken {
  std::int32_t id = 0;
  std::string content;
  bool single_word = false;  // only between non-word characters
  bool lstrip = false;       // takes the white space on its left with it
  bool rstrip = false;
  bool normalized = false;  // looked for in the normalised text
  bool special = true;
};

/// What a piece of a SentencePiece model is (sentencepiece_model.proto; GGUF uses the same numbers).
enum class PieceKind : std::uint8_t { normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };

struct TokenizerParts {
  std::string where;                                              // the file that errors name
  base::Json normalizer, pre_tokenizer, post_processor, decoder;  // as in tokenizer.json; null: none
  base::Json model;                                               // "type" and options, without vocabulary and merges
  std::vector<std::string> tokens;                                // the model's vocabulary by id
  MergeList merges;                                               // BPE, by rank
  std::vector<double> scores;                                     // Unigram, by id: logarithms of probabilities
  std::vector<PieceKind>
      kinds;                 // by id, where a SentencePiece model was read: its own rules then, not tokenizer.json's
  std::string merges_where;  // their file; with lines when merges_first_line > 0
  std::size_t merges_first_line = 0;
  std::vector<AddedToken> added;             // ids inside the vocabulary, or following it
  base::Json config = base::Json::object();  // tokenizer_config.json
};

/// Reads a folder or a tokenizer.json. Errors as Tokenizer::load.
TokenizerParts read_parts(const std::filesystem::path& path);

/// The parts that the text of a tokenizer.json names; `config` is what stands in tokenizer_config.json.
TokenizerParts parts_from_json(std::string_view tokenizer_json, base::Json config, const std::string& where);

/// A SentencePiece model (Kudo & Richardson 2018) as data, whichever file it was read from.
struct SentencePieces {
  enum class Type { unigram, bpe } type = Type::unigram;
  std::vector<std::string> pieces;
  std::vector<double> scores;
  std::vector<PieceKind> kinds;
  std::string charsmap;  // its normaliser's precompiled map; empty: none
  bool dummy_prefix = true, remove_extra_spaces = true;
};

/// Its parts, with the special tokens that `config` asks for around a text. Throws bad_input or unsupported.
TokenizerParts sentencepiece_parts(SentencePieces model, base::Json config, const std::string& where);

/// Reads a tokenizer.model (the protocol buffer of sentencepiece_model.proto).
SentencePieces read_sentencepiece(std::string_view bytes, const std::string& where);

/// Writes tokenizer.json and tokenizer_config.json.
void write_parts(const TokenizerParts& parts, const std::filesystem::path& folder);

}  // namespace ballast::text
