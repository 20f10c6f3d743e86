// SPDX-License-Identifier: Apache-2.0
// Byte-pair encoding against its definition: a word's symbols in a list, the pair of the lowest rank merged, the
// leftmost of equals, over and over. Short words, long words, and words out of the cache must all give that.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ballast/base/random.h"
#include "ballast/text/bpe_trainer.h"
#include "ballast/text/tokenize/byte_alphabet.h"
#include "ballast/text/tokenize/pair_merger.h"
#include "ballast/text/tokenize/parts.h"
#include "ballast/text/tokenize/split.h"
#include "ballast/text/tokenizer.h"
#include "tests/support/scratch.h"
#include "tests/support/shared.h"

namespace ballast::text {
namespace {

/// The definition, as slowly as it reads.
class SlowEncoder {
 public:
  explicit SlowEncoder(const TokenizerParts& parts) : splitter_(make_splitter(parts.pre_tokenizer, "test")) {
    EXPECT_TRUE(parts.normalizer.is_null());
    for (std::size_t i = 0; i < parts.tokens.size(); ++i) ids_[parts.tokens[i]] = static_cast<std::int32_t>(i);
    for (std::size_t i = 0; i < parts.merges.size(); ++i) {
      const MergeList::Merge merge = parts.merges[i];
      ranks_[{std::string(merge.left), std::string(merge.right)}] = i;
    };
  }
  std::vector<std::int32_t> encode(std::string_view text) const {
    std::vector<WordSpan> words;
    splitter_->split(text, {0, text.size()}, words);
    std::vector<std::int32_t> out;
    for (const WordSpan& w : words) add_word(text.substr(w.begin, w.end - w.begin), out);
    return out;
  }

 private:
  void add_word(std::string_view word, std::vector<std::int32_t>& out) const {
    std::vector<std::string> symbols;
    for (const char c : word) symbols.push_back(to_byte_characters(std::string_view(&c, 1)));
    for (;;) {
      std::size_t best = ranks_.size(), at = 0;
      for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
        const auto found = ranks_.find({symbols[i], symbols[i + 1]});
        if (found != ranks_.end() && found->second < best) best = found->second, at = i;
      }
      if (best == ranks_.size()) break;
      symbols[at] += symbols[at + 1];
      symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    }
    for (const std::string& s : symbols) out.push_back(ids_.at(s));
  }

  std::unique_ptr<Splitter> splitter_;
  std::map<std::string, std::int32_t> ids_;
  std::map<std::pair<std::string, std::string>, std::size_t> ranks_;
};

const std::vector<std::string> kSentences = {
    "The central bank raised its interest rate again, by 0.25 %, to 4.75 %.", "央行再次上调利率，银行股下跌。",
    "It's the bank's bonds that were cut to junk; they'll deny a default, won't they?",
    "Net loss widened   to $1,234.5 million (2016: $987.6 million)\t\tadjusted", "aaaaaaaaab abababab 🏦🏦🏦 \xff\xfe"};

class SlowAgainstFast : public ::testing::Test {
 protected:
  SlowAgainstFast() {
    BpeTrainOptions options;
    options.vocabulary_size = 500;
    BpeTrainer trainer(options);
    for (int i = 0; i < 3; ++i) {
      for (const std::string& sentence : kSentences) trainer.add(sentence);
    }
    trainer.train().save(folder_.path());
  }
  std::vector<std::int32_t> fast(const Tokenizer& tokenizer, std::string_view text) const {
    EncodeOptions options;
    options.add_special = false;
    return tokenizer.encode(text, options).ids;
  }
  test::ScratchFolder folder_;
};

TEST_F(SlowAgainstFast, SentencesAndTheirPieces) {
  const Tokenizer tokenizer = Tokenizer::load(folder_.path());
  const SlowEncoder slow(read_parts(folder_.path()));
  for (const std::string& sentence : kSentences) {
    for (std::size_t begin = 0; begin < sentence.size(); begin += 3) {
      const auto piece = std::string_view(sentence).substr(begin);
      const auto expected = slow.encode(piece);
      EXPECT_EQ(fast(tokenizer, piece), expected) << piece;
      EXPECT_EQ(fast(tokenizer, piece), expected) << "from the cache: " << piece;
    }
  }
}

TEST_F(SlowAgainstFast, RandomWordsOfAllLengths) {
  const Tokenizer tokenizer = Tokenizer::load(folder_.path());
  const SlowEncoder slow(read_parts(folder_.path()));
  base::Random random(11);
  for (int round = 0; round < 400; ++round) {
    std::string text;
    const std::size_t length = 1 + random.below(round % 4 == 0 ? 200 : 45);
    const std::uint64_t letters = round % 3 == 0 ? 2 : round % 3 == 1 ? 26 : 256;
    while (text.size() < length) {
      const auto c = static_cast<char>(letters == 256 ? random.below(256) : 'a' + random.below(letters));
      text += c;
    }
    EXPECT_EQ(fast(tokenizer, text), slow.encode(text)) << round;
  }
}

// In quadratic time these would take hours.
TEST_F(SlowAgainstFast, AMegabyteOfOneWordEnds) {
  const Tokenizer tokenizer = Tokenizer::load(folder_.path());
  base::Random random(12);
  std::string mixed;
  while (mixed.size() < 1'000'000) mixed += static_cast<char>('a' + random.below(26));
  std::string emoji, chinese;
  while (emoji.size() < 1'000'000) emoji += "🏦";
  while (chinese.size() < 1'000'000) chinese += "银";
  for (const std::string& text : {std::string(1'000'000, 'a'), std::string(1'000'000, ' '), mixed, emoji, chinese}) {
    EXPECT_EQ(tokenizer.decode_bytes(fast(tokenizer, text)), text);
  }
}

TEST_F(SlowAgainstFast, ShortWordsMergeAsLongOnesDo) {
  const TokenizerParts parts = read_parts(folder_.path());
  TokenIds ids;
  for (std::size_t i = 0; i < parts.tokens.size(); ++i) ids.insert(parts.tokens[i], static_cast<std::int32_t>(i));
  const PairMerger merger(parts, ids);
  base::Random random(13);
  for (int round = 0; round < 2000; ++round) {
    std::vector<PairMerger::Symbol> one;
    const std::size_t length = random.below(33);
    for (std::size_t i = 0; i < length; ++i) {
      const char letter = static_cast<char>('a' + random.below(round % 2 == 0 ? 3 : 26));
      one.push_back({static_cast<std::uint32_t>(*ids.find(std::string_view(&letter, 1))), 1});
    }
    std::vector<PairMerger::Symbol> other = one;
    merger.merge(one);
    merger.merge_by_heap(other);
    ASSERT_EQ(one.size(), other.size());
    for (std::size_t i = 0; i < one.size(); ++i) {
      EXPECT_EQ(one[i].id, other[i].id);
      EXPECT_EQ(one[i].bytes, other[i].bytes);
    }
  }
}

TEST(Gpt2AgainstDefinition, RealText) {
  BALLAST_NEEDS_SHARED("fixtures/tokenizers/gpt2")
  BALLAST_NEEDS_SHARED("data/risk_signals/train.jsonl")
  const auto folder = test::shared_dir() / "fixtures/tokenizers/gpt2";
  const Tokenizer tokenizer = Tokenizer::load(folder);
  const SlowEncoder slow(read_parts(folder));
  std::ifstream in(test::shared_dir() / "data/risk_signals/train.jsonl");
  std::string line;
  for (int n = 0; n < 300 && std::getline(in, line); ++n) {
    EXPECT_EQ(tokenizer.encode(line).ids, slow.encode(line)) << line;
  }
}

}  // namespace
}  // namespace ballast::text
