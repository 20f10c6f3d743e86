// SPDX-License-Identifier: Apache-2.0
// A tokenizer as data: what tokenizer.json holds, whichever files it was read from. Readers fill it, Tokenizer::build
// checks it and makes the components, the writer turns it back into files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "ballast/base/json.h"

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

struct TokenizerParts {
  std::string where;                                              // the file that errors name
  base::Json normalizer, pre_tokenizer, post_processor, decoder;  // as in tokenizer.json; null: none
  base::Json model;                                               // "type" and options, without vocabulary and merges
  std::vector<std::string> tokens;                                // the model's vocabulary by id
  std::vector<std::pair<std::string, std::string>> merges;        // BPE, by rank
  std::string merges_where;                                       // their file; with lines when merges_first_line > 0
  std::size_t merges_first_line = 0;
  std::vector<AddedToken> added;             // ids inside the vocabulary, or following it
  base::Json config = base::Json::object();  // tokenizer_config.json
};

/// Reads a folder or a tokenizer.json. Errors as Tokenizer::load.
TokenizerParts read_parts(const std::filesystem::path& path);

/// Writes tokenizer.json and tokenizer_config.json.
void write_parts(const TokenizerParts& parts, const std::filesystem::path& folder);

}  // namespace ballast::text
