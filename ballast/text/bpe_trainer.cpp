// SPDX-License-Identifier: Apache-2.0
#include "ballast/text/bpe_trainer.h"

#include <algorithm>
#include <unordered_map>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/interrupt.h"
#include "ballast/base/parallel.h"
#include "ballast/text/tokenize/byte_alphabet.h"
#include "ballast/text/tokenize/families.h"
#include "ballast/text/tokenize/merge_learner.h"
#include "ballast/text/tokenize/normalize.h"
#include "ballast/text/tokenize/split.h"

namespace ballast::text {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t kBatchBytes = std::size_t{8} << 20;
constexpr std::size_t kProgressEvery = 64;  // merges

struct BytesHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
};
using WordCounts = std::unordered_map<std::string, std::int64_t, BytesHash, std::equal_to<>>;

/// Counts the words of one text.
void count_words(std::string_view text, const BpeTrainOptions& options, WordCounts& counts) {
  thread_local std::vector<WordSpan> runs, words;
  runs.clear();
  words.clear();
  if (options.han_run > 0) {
    split_han_runs(text, {0, text.size()}, options.han_run, runs);
  } else {
    runs.push_back({0, text.size()});
  }
  for (const WordSpan& run : runs) split_gpt2(text, run, words);
  for (const WordSpan& w : words) {
    for (std::size_t at = w.begin; at < w.end;) {
      std::size_t end = std::min(w.end, at + options.max_word_bytes);
      while (end < w.end && end > at + 1 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
      const std::string_view word = text.substr(at, end - at);
      if (const auto found = counts.find(word); found != counts.end()) {
        ++found->second;
      } else {
        counts.emplace(word, 1);
      }
      at = end;
    }
  }
}

std::vector<std::string> special_tokens(const BpeTrainOptions& options) {
  std::vector<std::string> tokens = {"<|endoftext|>"};
  if (options.kind == TokenizerKind::encoder) tokens = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
  tokens.insert(tokens.end(), options.more_special.begin(), options.more_special.end());
  return tokens;
}

base::Json lowercase_normalizer() {
  return {{"type", "BertNormalizer"},
          {"clean_text", true},
          {"handle_chinese_chars", false},
          {"strip_accents", nullptr},
          {"lowercase", true}};
}

/// Components and special tokens of the kind; the vocabulary holds the special tokens and the bytes, in the order of
/// their characters.
TokenizerParts starting_parts(const BpeTrainOptions& options) {
  TokenizerParts parts = byte_level_parts();
  parts.where = parts.merges_where = "trained tokenizer";
  parts.pre_tokenizer = byte_level_splitter_json(options.han_run);
  if (options.lowercase) parts.normalizer = lowercase_normalizer();
  parts.tokens = special_tokens(options);
  for (std::size_t i = 0; i < parts.tokens.size(); ++i) {
    parts.added.push_back({static_cast<std::int32_t>(i), parts.tokens[i]});
  }
  parts.config = {{"tokenizer_class", "PreTrainedTokenizerFast"}, {"clean_up_tokenization_spaces", false}};
  if (options.kind == TokenizerKind::encoder) {
    parts.post_processor = bert_template("[CLS]", 2, "[SEP]", 3);
    const char* roles[] = {"pad_token", "unk_token", "cls_token", "sep_token", "mask_token"};
    for (std::size_t i = 0; i < 5; ++i) parts.config[roles[i]] = parts.tokens[i];
  } else {
    for (const char* role : {"unk_token", "bos_token", "eos_token"}) parts.config[role] = parts.tokens[0];
  }
  std::vector<char32_t> alphabet(byte_characters().begin(), byte_characters().end());
  std::sort(alphabet.begin(), alphabet.end());
  for (const char32_t c : alphabet) {
    const auto byte = std::find(byte_characters().begin(), byte_characters().end(), c) - byte_characters().begin();
    parts.tokens.push_back(to_byte_characters(std::string(1, static_cast<char>(byte))));
  }
  return parts;
}

}  // namespace

struct BpeTrainer::State {
  BpeTrainOptions options;
  base::ProgressSink progress;
  BpeTrainReport report;
  std::vector<std::string> waiting;
  std::size_t waiting_bytes = 0;
  std::unique_ptr<Normalizer> normalizer;
  std::vector<WordCounts> counts;  // one a thread: sums do not depend on who counted what

  void count_waiting();
  std::vector<CountedWord> all_words();
  void say(const char* doing, std::int64_t done, std::int64_t total, const char* unit, bool finished) const {
    if (progress) progress({doing, done, total, unit, "", finished});
  }
};

void BpeTrainer::State::count_waiting() {
  const base::Stopwatch watch;
  counts.resize(std::max(counts.size(), static_cast<std::size_t>(base::threads())));
  base::parallel_for(static_cast<std::int64_t>(waiting.size()), [&](std::int64_t i) {
    count_words(waiting[static_cast<std::size_t>(i)], options, counts[static_cast<std::size_t>(base::thread_index())]);
  });
  waiting.clear();
  waiting_bytes = 0;
  report.counting_seconds += watch.seconds();
  say("counting words", report.bytes >> 20, 0, "MB", false);
  if (base::interrupted()) throw Error(ErrorCode::cancelled, "interrupted while counting words");
}

std::vector<CountedWord> BpeTrainer::State::all_words() {
  WordCounts sum;
  for (WordCounts& one : counts) {
    if (sum.empty()) {
      sum.swap(one);
      continue;
    }
    for (const auto& [word, count] : one) sum[word] += count;
    one.clear();
  }
  std::vector<CountedWord> words;
  words.reserve(sum.size());
  for (const auto& [word, count] : sum) {
    words.push_back({word, count});
    report.words += count;
  }
  // The order changes nothing in the result; it makes the memory layout, and so the speed, the same in every run.
  std::sort(words.begin(), words.end(), [](const auto& a, const auto& b) { return a.bytes < b.bytes; });
  report.distinct_words = static_cast<std::int64_t>(words.size());
  return words;
}

BpeTrainer::BpeTrainer(BpeTrainOptions options, base::ProgressSink progress) : state_(std::make_unique<State>()) {
  const auto least = static_cast<std::int64_t>(special_tokens(options).size()) + 256;
  if (options.vocabulary_size < least || options.vocabulary_size > 10'000'000) {
    throw Error(ErrorCode::usage,
                "vocabulary size " + std::to_string(options.vocabulary_size) + " must lie in " + std::to_string(least) +
                    " … 10000000",
                "", "256 bytes and the special tokens come first");
  }
  if (options.max_word_bytes < 8) throw Error(ErrorCode::usage, "words must be allowed at least 8 bytes");
  if (options.lowercase) state_->normalizer = make_normalizer(lowercase_normalizer(), "trained tokenizer");
  state_->options = std::move(options);
  state_->progress = std::move(progress);
}

BpeTrainer::~BpeTrainer() = default;
BpeTrainer::BpeTrainer(BpeTrainer&&) noexcept = default;
BpeTrainer& BpeTrainer::operator=(BpeTrainer&&) noexcept = default;

void BpeTrainer::add(std::string text) {
  State& s = *state_;
  if (s.normalizer) text = s.normalizer->apply(text).text;
  ++s.report.texts;
  s.report.bytes += static_cast<std::int64_t>(text.size());
  s.waiting_bytes += text.size();
  s.waiting.push_back(std::move(text));
  if (s.waiting_bytes >= kBatchBytes) s.count_waiting();
}

Tokenizer BpeTrainer::train() {
  State& s = *state_;
  s.count_waiting();
  s.say("counting words", s.report.bytes >> 20, 0, "MB", true);
  const base::Stopwatch watch;
  const std::vector<CountedWord> words = s.all_words();
  if (words.empty()) throw Error(ErrorCode::bad_input, "no text to learn from");
  TokenizerParts parts = starting_parts(s.options);
  std::vector<std::uint32_t> byte_ids(256);
  const auto first_byte = static_cast<std::uint32_t>(parts.tokens.size() - 256);
  for (std::uint32_t i = 0; i < 256; ++i) {
    byte_ids[static_cast<unsigned char>((*from_byte_characters(parts.tokens[first_byte + i]))[0])] = first_byte + i;
  }
  const auto start = static_cast<std::int64_t>(parts.tokens.size());
  MergeLearner learner(words, byte_ids, static_cast<std::uint32_t>(start));
  const auto report = [&](bool finished) {
    s.say("merging", learner.next_id() - start, s.options.vocabulary_size - start, "tokens", finished);
  };
  learner.learn(static_cast<std::uint32_t>(s.options.vocabulary_size), s.options.min_frequency, [&] {
    if (learner.merges().size() % kProgressEvery != 0) return;
    report(false);
    if (base::interrupted()) throw Error(ErrorCode::cancelled, "interrupted while merging");
  });
  report(true);
  for (const std::string& bytes : learner.made()) parts.tokens.push_back(to_byte_characters(bytes));
  for (const auto& [left, right] : learner.merges()) parts.merges.push_back(parts.tokens[left], parts.tokens[right]);
  s.report.vocabulary_size = static_cast<std::int64_t>(parts.tokens.size());
  s.report.merges = static_cast<std::int64_t>(parts.merges.size());
  s.report.tokens = learner.total_tokens();
  s.report.merging_seconds = watch.seconds();
  return Tokenizer::build(std::move(parts));
}

const BpeTrainReport& BpeTrainer::report() const {
  return state_->report;
}

Tokenizer train_bpe(std::span<const std::string> texts, const BpeTrainOptions& options, BpeTrainReport* report) {
  BpeTrainer trainer(options);
  for (const std::string& text : texts) trainer.add(text);
  Tokenizer tokenizer = trainer.train();
  if (report != nullptr) *report = trainer.report();
  return tokenizer;
}

}  // namespace ballast::text
