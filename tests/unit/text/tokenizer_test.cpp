// SPDX-License-Identifier: Apache-2.0
// Tiny vocabularies of our own: what the tokenizers do, and what they say about files that cannot be used.
#include "ballast/text/tokenizer.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <fstream>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/json.h"
#include "ballast/base/parallel.h"
#include "ballast/base/random.h"
#include "ballast/text/tokenize/byte_alphabet.h"
#include "ballast/text/tokenize/unicode.h"

namespace ballast::text {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::Json;
using testing::ElementsAre;
using testing::HasSubstr;
using Ids = std::vector<std::int32_t>;

const fs::path kData = fs::path(BALLAST_SOURCE_DIR) / "tests/data/text";

/// A folder of its own for each test, removed at the end.
class TokenizerTest : public testing::Test {
 protected:
  TokenizerTest() : folder_(fs::path(testing::TempDir()) / ("tokenizer_" + std::to_string(::getpid()))) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~TokenizerTest() override { fs::remove_all(folder_); }

  void write(const char* name, const std::string& content) {
    std::ofstream(folder_ / name, std::ios::binary) << content;
  }

  /// What load() says, with the folder's name cut out.
  std::string refusal() const {
    try {
      Tokenizer::load(folder_);
    } catch (const Error& e) {
      std::string message = e.what();
      for (auto at = message.find(folder_.string()); at != std::string::npos; at = message.find(folder_.string())) {
        message.erase(at, folder_.string().size());
      }
      return message;
    }
    return "no error";
  }

  fs::path folder_;
};

/// The 256 bytes as ids 0-255, then `more`.
Json byte_vocabulary(const std::vector<std::string>& more) {
  Json vocabulary;
  for (int b = 0; b < 256; ++b) vocabulary[to_byte_characters(std::string(1, static_cast<char>(b)))] = b;
  for (const std::string& token : more) vocabulary[token] = vocabulary.size();
  return vocabulary;
}

std::vector<std::string> tokens(const Tokenizer& tokenizer, const Encoding& encoding) {
  std::vector<std::string> out;
  for (const std::int32_t id : encoding.ids) out.push_back(tokenizer.token(id));
  return out;
}

TEST_F(TokenizerTest, Golden) {
  std::ifstream rows(kData / "golden.jsonl");
  ASSERT_TRUE(rows.good());
  int count = 0;
  for (std::string line; std::getline(rows, line); ++count) {
    const Json row = Json::parse(line);
    const Tokenizer tokenizer = Tokenizer::load(kData / row["tokenizer"].get<std::string>());
    const Encoding got = tokenizer.encode(row["text"].get<std::string>());
    EXPECT_EQ(tokens(tokenizer, got), row["tokens"].get<std::vector<std::string>>()) << line;
    EXPECT_EQ(Json(got.offsets), row["offsets"]) << line;
    EXPECT_EQ(tokenizer.decode(got.ids), row["decoded"].get<std::string>()) << line;
  }
  EXPECT_GE(count, 12);
}

TEST_F(TokenizerTest, MergesLowestRankFirstThenLeftmost) {
  write("vocab.json", byte_vocabulary({"ab", "bc", "abc", "aa", "aaa"}).dump());
  write("merges.txt", "#version: 0.2\nb c\na b\na bc\na a\n");
  const Tokenizer t = Tokenizer::load(folder_);
  EXPECT_THAT(tokens(t, t.encode("abc")), ElementsAre("abc"));
  EXPECT_THAT(tokens(t, t.encode("ababc")), ElementsAre("ab", "abc"));
  EXPECT_THAT(tokens(t, t.encode("aaaaa")), ElementsAre("aa", "aa", "a"));
}

TEST_F(TokenizerTest, ByteLevelKeepsEveryByte) {
  const Tokenizer t = Tokenizer::load(kData / "byte_level");
  base::Random random(7);
  const std::string alphabet[] = {"a",  "b",  "the", " ", "  ", "\n",   "\t",       "'s",  "é",
                                  "恒", "大", "😀",   "1", "。", "\xFF", "\xE6\x81", "\x80"};
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (std::uint64_t n = random.below(20); n > 0; --n) {
      if (round % 3 == 0) {
        text.push_back(static_cast<char>(random.below(256)));
      } else {
        text += alphabet[random.below(std::size(alphabet) - (round % 3 == 1 ? 3 : 0))];
      }
    }
    const Encoding e = t.encode(text);
    ASSERT_EQ(t.decode_bytes(e.ids), text);
    ASSERT_EQ(t.decode(e.ids), replace_invalid_utf8(text));
    std::size_t at = 0;
    for (const auto& [begin, end] : e.offsets) {
      ASSERT_EQ(begin, at);
      ASSERT_GT(end, begin);
      at = end;
    }
    ASSERT_EQ(at, text.size());
  }
}

TEST_F(TokenizerTest, WordPieceOffsetsStayInOrderAndInRange) {
  const Tokenizer t = Tokenizer::load(kData / "wordpiece");
  base::Random random(11);
  const std::string alphabet[] = {"Bank", "BANKS", "É",    "e\u0301", " ", "\u3000", "恒", "大",
                                  ",",    "x",     "\xFF", "\u200B",  "İ", "[MASK]", "ﬁ"};
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (std::uint64_t n = random.below(15); n > 0; --n) text += alphabet[random.below(std::size(alphabet))];
    const Encoding e = t.encode(text, {.add_special = false});
    std::size_t at = 0;
    for (const auto& [begin, end] : e.offsets) {
      ASSERT_GE(begin, at) << text;
      ASSERT_GT(end, begin) << text;
      at = begin;
      ASSERT_LE(end, text.size()) << text;
    }
  }
}

TEST_F(TokenizerTest, WordPieceOffsetsPointIntoTheOriginal) {
  const Tokenizer t = Tokenizer::load(kData / "wordpiece");
  const std::string text = "The BÁNKS 恒";
  const Encoding e = t.encode(text);
  EXPECT_THAT(tokens(t, e), ElementsAre("[CLS]", "the", "bank", "##s", "恒", "[SEP]"));
  std::vector<std::string> covered;
  for (const auto& [begin, end] : e.offsets) covered.push_back(text.substr(begin, end - begin));
  EXPECT_THAT(covered, ElementsAre("", "The", "BÁNK", "S", "恒", ""));
}

TEST_F(TokenizerTest, TruncationIsCounted) {
  const Tokenizer t = Tokenizer::load(kData / "wordpiece");
  EXPECT_EQ(t.encode("the bank the bank", {.max_length = 4}).truncated, 2u);
  EXPECT_EQ(t.encode("the bank", {.max_length = 4}).truncated, 0u);
  EXPECT_EQ(t.encode("the bank the", {.add_special = false, .max_length = 2}).ids.size(), 2u);
  const Encoding pair = t.encode_pair("the bank the bank", "bank", {.max_length = 6});
  EXPECT_THAT(tokens(t, pair), ElementsAre("[CLS]", "the", "bank", "[SEP]", "bank", "[SEP]"));
  EXPECT_THAT(pair.type_ids, ElementsAre(0, 0, 0, 0, 1, 1));
  EXPECT_EQ(pair.truncated, 2u);
  EXPECT_THROW(t.encode("the", {.max_length = 1}), Error);
  try {
    t.encode_pair("the bank the", "bank", {.max_length = 5, .truncation = Truncation::only_second});
    FAIL();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "cutting 2 tokens would leave nothing of the second text, which has 1");
  }
}

TEST_F(TokenizerTest, AddedTokensStripAndStandAlone) {
  Json json = base::read_json(kData / "byte_level/tokenizer.json");
  json["added_tokens"].push_back({{"id", json["model"]["vocab"].size()},
                                  {"content", "<m>"},
                                  {"single_word", false},
                                  {"lstrip", true},
                                  {"rstrip", true},
                                  {"normalized", false},
                                  {"special", true}});
  json["added_tokens"].push_back({{"id", json["model"]["vocab"].size() + 1},
                                  {"content", "PD"},
                                  {"single_word", true},
                                  {"lstrip", false},
                                  {"rstrip", false},
                                  {"normalized", true},
                                  {"special", false}});
  write("tokenizer.json", json.dump());
  const Tokenizer t = Tokenizer::load(folder_);
  const Encoding e = t.encode("a \t<m>  b PD PDx");
  EXPECT_THAT(tokens(t, e), ElementsAre("a", "<m>", "b", "Ġ", "PD", "Ġ", "P", "D", "x"));
  EXPECT_EQ(e.offsets[1], (std::array<std::size_t, 2>{1, 8}));
  EXPECT_EQ(t.decode(e.ids, true), "ab PD PDx");
  EXPECT_EQ(t.vocabulary_size(), static_cast<std::int64_t>(json["model"]["vocab"].size()) + 2);
}

TEST_F(TokenizerTest, ManyThreadsGiveTheSame) {
  const Tokenizer t = Tokenizer::load(kData / "byte_level");
  std::vector<std::string> texts;
  for (int i = 0; i < 500; ++i)
    texts.push_back("the bank " + std::to_string(i * i) + " 恒大 the the " + std::to_string(i));
  std::vector<Ids> parallel(texts.size());
  base::set_threads(4);
  base::parallel_for(500, [&](std::int64_t i) {
    parallel[static_cast<std::size_t>(i)] = t.encode(texts[static_cast<std::size_t>(i)]).ids;
  });
  base::set_threads(0);
  for (std::size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(t.encode(texts[i]).ids, parallel[i]);
}

TEST_F(TokenizerTest, RefusesFoldersWithoutTokenizer) {
  EXPECT_EQ(refusal(),
            ": no tokenizer (expected tokenizer.json, vocab.json with merges.txt, vocab.txt, or "
            "tokenizer.model)");
  EXPECT_THROW(Tokenizer::load(folder_ / "none"), Error);
}

TEST_F(TokenizerTest, RefusesVocabTxt) {
  write("vocab.txt", "[CLS]\n[SEP]\nthe\n");
  EXPECT_EQ(refusal(), "/vocab.txt: the vocabulary lacks the token \"[UNK]\" (it is the unk_token)");
  write("vocab.txt", "[UNK]\n[CLS]\n[SEP]\nthe\nbank\nthe\n");
  EXPECT_EQ(refusal(), "/vocab.txt:6: token \"the\" is already on line 4");
  write("vocab.txt", "");
  EXPECT_EQ(refusal(), "/vocab.txt: the vocabulary is empty");
}

TEST_F(TokenizerTest, VocabTxtIsCutAtLineFeedsOnly) {
  write("vocab.txt", "[UNK]\n[CLS]\n[SEP]\na\u2028b\nthe");
  const Tokenizer t = Tokenizer::load(folder_);
  EXPECT_EQ(t.vocabulary_size(), 5);
  EXPECT_EQ(t.token(3), "a\u2028b");
  EXPECT_EQ(t.special().unk, 0);
  EXPECT_FALSE(t.special().mask.has_value());
  write("vocab.txt", "[UNK]\r\n[CLS]\r\n[SEP]\r\nthe\r\n");
  EXPECT_EQ(Tokenizer::load(folder_).id("the"), 3);
}

TEST_F(TokenizerTest, RefusesVocabJsonAndMerges) {
  write("merges.txt", "#version: 0.2\na b\nab c\n");
  write("vocab.json", byte_vocabulary({"ab"}).dump());
  EXPECT_EQ(refusal(), "/merges.txt:3: merge \"ab c\": token \"abc\" is not in the vocabulary");
  write("merges.txt", "a b\nnonsense\n");
  EXPECT_EQ(refusal(), "/merges.txt:2: a merge is two tokens and a space, not \"nonsense\"");
  write("merges.txt", "a b\na b\n");
  EXPECT_EQ(refusal(), "/merges.txt:2: merge \"a b\" appears twice");
  Json holes = byte_vocabulary({});
  holes["ab"] = 300;
  write("vocab.json", holes.dump());
  EXPECT_EQ(refusal(),
            "/vocab.json: token \"ab\" has id 300, outside 0 … 256 (ids must follow each other without holes)");
  holes["ab"] = 7;
  write("vocab.json", holes.dump());
  EXPECT_THAT(refusal(), HasSubstr("share the id 7"));
  holes.erase("ab");
  holes.erase("Ġ");
  holes["ab"] = 32;
  write("vocab.json", holes.dump());
  EXPECT_EQ(refusal(), "/vocab.json: the vocabulary lacks the token \"Ġ\" of byte 32 (a byte-level BPE needs all 256)");
  write("vocab.json", "{\"a\": 0");
  EXPECT_THAT(refusal(), HasSubstr("/vocab.json: not valid JSON at byte"));
}

TEST_F(TokenizerTest, RefusesUnknownComponentsByName) {
  const Json good = base::read_json(kData / "byte_level/tokenizer.json");
  const auto with = [&](const char* field, const Json& value) {
    Json json = good;
    json[field] = value;
    write("tokenizer.json", json.dump());
    return refusal();
  };
  EXPECT_THAT(with("normalizer", {{"type", "Nmt"}}),
              HasSubstr("normalizer of type \"Nmt\" is not known (known: BertNormalizer, NFC, "));
  EXPECT_EQ(with("normalizer", {{"type", "Precompiled"}, {"precompiled_charsmap", "AAEC"}}),
            "/tokenizer.json: the precompiled_charsmap is cut or damaged");
  EXPECT_EQ(with("normalizer", {{"type", "Replace"}, {"pattern", {{"Regex", "a|b"}}}, {"content", ""}}),
            "/tokenizer.json: normalizer Replace with pattern {\"Regex\":\"a|b\"} is not known (known: texts, and one "
            "character repeated)");
  EXPECT_EQ(with("decoder", {{"type", "CTC"}}),
            "/tokenizer.json: decoder of type \"CTC\" is not known (known: ByteLevel, Metaspace, WordPiece, Sequence)");
  EXPECT_THAT(with("post_processor", {{"type", "Odd"}}), HasSubstr("post_processor of type \"Odd\" is not known"));
  EXPECT_EQ(with("model", {{"type", "Unigram"}, {"vocab", Json::array()}}), "/tokenizer.json: the vocabulary is empty");
  EXPECT_EQ(with("model", Json::parse(R"({"type": "Unigram", "unk_id": 1, "vocab": [["<|endoftext|>", -1]]})")),
            "/tokenizer.json: unk_id 1 is outside the vocabulary");
  EXPECT_EQ(with("model", Json::parse(R"({"type": "Unigram", "vocab": [["a", -1], ["b"]]})")),
            "/tokenizer.json: vocab[1]: a piece is a text and its score, not [\"b\"]");
  EXPECT_EQ(with("model", {{"type", "WordLevel"}, {"vocab", {{"a", 0}}}}),
            "/tokenizer.json: model of type \"WordLevel\" is not known (known: BPE, Unigram, WordPiece)");
  Json model = good["model"];
  model["byte_fallback"] = true;
  EXPECT_EQ(with("model", model), "/tokenizer.json: BPE with byte_fallback = true is not known");
  EXPECT_EQ(with("model", Json::array()), "/tokenizer.json: field \"model\" is missing");
  EXPECT_EQ(with("added_tokens", Json::array({{{"id", 9999}, {"content", "<x>"}}})),
            "/tokenizer.json: token \"<x>\" has id 9999, outside 0 … " + std::to_string(good["model"]["vocab"].size()) +
                " (ids must follow each other without holes)");
}

TEST_F(TokenizerTest, RefusesTemplatesAndRolesWithoutTheirTokens) {
  Json json = base::read_json(kData / "byte_level/tokenizer.json");
  json["post_processor"] = {{"type", "BertProcessing"}, {"sep", {"[SEP]", 3}}, {"cls", {"[CLS]", 2}}};
  write("tokenizer.json", json.dump());
  EXPECT_EQ(refusal(), "/tokenizer.json: the post_processor's token \"[CLS]\" is not in the vocabulary");
  json["post_processor"] = nullptr;
  write("tokenizer.json", json.dump());
  write("tokenizer_config.json", "{\"pad_token\": {\"content\": \"<none>\"}}");
  EXPECT_EQ(refusal(), "/tokenizer.json: \"<none>\", the pad_token, is not in the vocabulary");
}

TEST_F(TokenizerTest, IdsOutOfRange) {
  const Tokenizer t = Tokenizer::load(kData / "wordpiece");
  for (const std::int32_t id : {-1, static_cast<std::int32_t>(t.vocabulary_size())}) {
    EXPECT_THROW(t.token(id), Error);
    EXPECT_THROW(t.decode(Ids{id}), Error);
  }
  EXPECT_EQ(t.id("no such token"), std::nullopt);
}

TEST_F(TokenizerTest, RobertaProcessing) {
  write("vocab.json", byte_vocabulary({"<s>", "</s>", "<pad>", "<mask>"}).dump());
  write("merges.txt", "#version: 0.2\n");
  write("tokenizer_config.json",
        R"({"tokenizer_class": "RobertaTokenizer", "add_prefix_space": true, "model_max_length": 512})");
  const Tokenizer t = Tokenizer::load(folder_);
  EXPECT_THAT(tokens(t, t.encode_pair("a", " b")), ElementsAre("<s>", "Ġ", "a", "</s>", "</s>", "Ġ", "b", "</s>"));
  EXPECT_THAT(t.encode("a").offsets[1], ElementsAre(0, 0));
  EXPECT_EQ(t.special().pad, 258);
  EXPECT_EQ(t.model_max_length(), 512u);
  EXPECT_EQ(t.added_special(true), 4u);
}

}  // namespace
}  // namespace ballast::text
