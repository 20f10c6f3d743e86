// SPDX-License-Identifier: Apache-2.0
// Text from a language model: a prompt in, its continuation (of an encoder-decoder: its rewriting) out, token by token.
// Hides the tokenizer, the transformer and its key/value cache.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ballast::lm {

class JsonGrammar;

/// Filters act in this order, as in transformers: repetition penalty, n-grams, length, forced tokens, temperature,
/// top-k, top-p, min-p.
struct GenerateOptions {
  std::int64_t max_new_tokens = 64;
  double temperature = 0;            // 0: greedy, and the three filters below do nothing
  std::int64_t top_k = 0;            // keep the k likeliest tokens; 0: all
  double top_p = 1;                  // keep the smallest set that has this probability (Holtzman et al. 2020)
  double min_p = 0;                  // drop what is less than this part as likely as the likeliest
  double repetition_penalty = 1;     // divides the positive scores of tokens seen before (Keskar et al. 2019)
  std::int64_t no_repeat_ngram = 0;  // no run of so many tokens comes twice; 0: any may
  std::int64_t min_new_tokens = 0;   // the text does not end before
  std::int64_t beams = 1;            // more than 1: beam search, which is greedy over whole texts
  double length_penalty = 1;         // a text's score is its log-probability / length^penalty
  bool early_stopping = false;       // beam search ends with as many finished texts as beams
  std::uint64_t seed = 42;
  std::optional<std::vector<std::int32_t>> eos;           // tokens that end the text; none given: those of the model
  std::optional<std::int32_t> forced_first, forced_last;  // tokens that the model always begins and ends with
  bool add_special = true;        // the tokenizer's own special tokens around the prompt; a chat template writes them
  std::vector<std::string> stop;  // strings that end the text and are not part of it
  /// The text is a value of this schema and ends with it. Beams, stop strings, n-grams, a least length and forced
  /// tokens cannot stand beside it.
  std::shared_ptr<const JsonGrammar> schema;
};

/// Throws usage naming the option that is out of range.
void check(const GenerateOptions& options);

enum class FinishReason {
  eos,       // the model said so
  length,    // max_new_tokens
  stop,      // a stop string, or the schema's value is whole
  positions  // the model reads no further
};
const char* finish_name(FinishReason reason);

struct Generation {
  std::vector<std::int32_t> ids;  // new tokens, an end-of-text token included
  std::vector<double> logprobs;   // natural logarithm of each one's probability after the filters
  std::string text;               // UTF-8, without special tokens and without the stop string
  FinishReason finish = FinishReason::length;
  double score = 0;  // beam search: log-probability / length^penalty
};

/// Several threads may generate with one Generator: their texts grow together, and each becomes what it would have
/// become alone, bit for bit.
class Generator {
 public:
  /// Opens a model folder or a .gguf file. `precision`: of the products with its matrices ("f32", "bf16", "int8", "q8"
  /// or "q4"); empty: the Q8_0 and Q4_0 blocks of a .gguf file are used as they are, anything else in f32. Throws
  /// not_found, bad_input, usage, or unsupported where the model writes no text.
  static Generator load(const std::filesystem::path& folder, const std::string& precision = "");
  ~Generator();
  Generator(Generator&&) noexcept;
  Generator& operator=(Generator&&) noexcept;

  /// Continues a text. `on_text` receives the pieces as they become certain: whole characters, never a part of a stop
  /// string; together they are Generation::text; it may be called from another thread that generates. The same options
  /// give the same text for any number of threads. Throws usage (option, empty prompt) or bad_input (no tokenizer,
  /// prompt longer than the model's positions).
  Generation generate(std::string_view prompt, const GenerateOptions& options,
                      const std::function<void(std::string_view)>& on_text = {});

  /// The `count` best texts of a beam search, best first; stop strings cut them off.
  std::vector<Generation> search(std::string_view prompt, const GenerateOptions& options, std::int64_t count);

  /// Tokens of a prompt, and how many the model reads in all.
  std::int64_t tokens(std::string_view prompt, bool add_special) const;
  std::int64_t positions() const;

  /// generate() for ready token ids; `text` stays empty, stop strings and a schema are refused.
  Generation generate(std::span<const std::int32_t> prompt, const GenerateOptions& options);

 private:
  struct State;
  explicit Generator(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace ballast::lm
