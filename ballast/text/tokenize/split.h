// SPDX-License-Identifier: Apache-2.0
// The second stage: normalised text to words, inside which the model finds its tokens.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/text/tokenize/normalize.h"

namespace ballast::text {

struct WordSpan {
  std::size_t begin = 0, end = 0;
};

class Splitter {
 public:
  virtual ~Splitter() = default;
  /// Appends the words of text[within.begin, within.end) in order. What is in none of them is dropped (white space).
  virtual void split(std::string_view text, WordSpan within, std::vector<WordSpan>& out) const = 0;
  /// Whether a space goes before a text that does not begin with one.
  virtual bool adds_prefix_space() const { return false; }

  /// Whether it changes the text: then rewrite() is called in place of split(). `first`: nothing stands before the
  /// text in the input. Appends to `out`, whose positions refer to `text`, and the words in it.
  virtual bool rewrites() const { return false; }
  virtual void rewrite(std::string_view, bool, NormalizedText&, std::vector<WordSpan>&) const {}
};

/// Spaces to a visible mark, one before every word; `by_white_space`: after a WhitespaceSplit.
std::unique_ptr<Splitter> make_metaspace(const base::Json& json, const std::string& where, bool by_white_space);

/// GPT-2's rule, by hand: 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
void split_gpt2(std::string_view text, WordSpan within, std::vector<WordSpan>& out);

/// The rule of Qwen (`digits` 1) and Llama 3 (3), by hand: contractions in any case, a sign before a word stays with
/// it, at most so many digits together, line breaks apart.
void split_chat(std::string_view text, WordSpan within, std::size_t digits, std::vector<WordSpan>& out);

/// Cuts out runs of Han characters, each in pieces of at most `longest`: Split with the regex \p{Han}{1,N}, isolated.
void split_han_runs(std::string_view text, WordSpan within, std::size_t longest, std::vector<WordSpan>& out);

/// The components of tokenizer.json that say the same: Sequence[Split \p{Han}{1,N}, ByteLevel], or ByteLevel alone for
/// 0.
base::Json byte_level_splitter_json(std::size_t han_run);

/// From tokenizer.json; null for a null component. Throws unsupported for a type or a regex that this build does not
/// know.
std::unique_ptr<Splitter> make_splitter(const base::Json& json, const std::string& where);

/// Whether the component (or the last one of a Sequence) is ByteLevel.
bool ends_in_byte_level(const base::Json& json);

}  // namespace ballast::text
