// SPDX-License-Identifier: Apache-2.0
// Texts to vectors: the final hidden states of a model, pooled to one vector a text or one a word. A text's vectors do
// not depend on the texts beside it nor on the thread count.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ballast::lm {

enum class Pooling {
  mean,  // over all tokens, special ones included
  cls,   // the first token
  last   // the last token
};
/// "mean", "cls" or "last"; throws usage for anything else.
Pooling pooling_from_name(const std::string& name);

struct EmbedOptions {
  Pooling pooling = Pooling::mean;
  bool normalize = false;  // to Euclidean length 1
};

struct Embedding {
  std::vector<float> vector;  // empty where the text has no token
  std::int64_t tokens = 0;    // special ones not counted
  int windows = 1;            // longer texts than the model's positions are read in windows one after the other
};

/// Bytes [start, end) of the text; mean over the tokens that cover one of them.
struct WordEmbedding {
  std::size_t start = 0, end = 0;
  std::vector<float> vector;
};

class Embedder {
 public:
  /// Opens a model folder. Throws not_found, unsupported, or bad_input (also where it has no tokenizer).
  static Embedder load(const std::filesystem::path& folder);
  ~Embedder();
  Embedder(Embedder&&) noexcept;
  Embedder& operator=(Embedder&&) noexcept;

  std::int64_t width() const;

  /// UTF-8 texts. A long text's mean is over all its windows; cls is of its first window, last of its last.
  std::vector<Embedding> embed(std::span<const std::string_view> texts, const EmbedOptions& options = {}) const;

  /// Words as `preprocess` finds them (English and Chinese), without those that no token covers.
  std::vector<std::vector<WordEmbedding>> embed_words(std::span<const std::string_view> texts,
                                                      const EmbedOptions& options = {}) const;

 private:
  struct State;
  explicit Embedder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace ballast::lm
