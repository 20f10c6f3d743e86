// SPDX-License-Identifier: Apache-2.0
// What a model folder is, read without running it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ballast::lm {

struct ModelFile {
  std::string name;
  std::uint64_t bytes = 0;
  std::string sha256;
};

struct ModelInfo {
  std::string architecture, model_type;  // "GPT2LMHeadModel", "gpt2"
  std::int64_t parameters = 0;           // that the architecture uses, tied ones once
  std::vector<std::string> dtypes;       // as stored, sorted: "BF16", "F32"
  std::int64_t layers = 0, width = 0, heads = 0, positions = 0, vocabulary = 0;
  std::vector<std::string> labels;  // of a classifier
  std::string tokenizer;            // "BPE", "WordPiece"; empty: none
  std::int64_t tokenizer_vocabulary = 0;
  bool ngram_branch = false, classifier = false;  // Ballast's own files
  bool card = false;                              // README.md is there
  std::string licence;                            // from the card's front matter; empty where it says none
  std::vector<ModelFile> files;                   // by name
};

/// Reads and checks every part as loading does. Throws not_found, bad_input or unsupported.
ModelInfo model_info(const std::filesystem::path& folder);

/// Value of a one-line field of the YAML front matter ("---" lines) of a model card, without quotes; empty where
/// absent.
std::string card_field(const std::string& card, const std::string& field);

/// Name and the beginning of a hash over its files: what decides about its answers. A folder, an adapter's folder with
/// the model it corrects, or a .gguf file.
std::string model_identity(const std::filesystem::path& model);

}  // namespace ballast::lm
