// SPDX-License-Identifier: Apache-2.0
// Our tokenizers against libsentencepiece, the reference, on models that are trained here: the same ids and the same
// decoded text for texts that are well behaved and for those that are not. And the same again after a detour through
// tokenizer.json.
#include <gmock/gmock.h>
#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include <fstream>

#include "ballast/base/random.h"
#include "ballast/lm/checkpoint/gguf.h"
#include "ballast/lm/gguf_model.h"
#include "ballast/text/tokenizer.h"
#include "tests/support/scratch.h"

namespace ballast::text {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> corpus() {
  const std::vector<std::string> who = {
      "The central bank", "Ｔhe lender", "某银行",           "监管机构", "A ﬁnance company",
      "Ángel & Søn",      "Zürich Re",   "the bank's board", "公司",     "ＡＢＣ 证券"};
  const std::vector<std::string> what = {"raised",   "cut",    "上调了",     "defaulted on", "违约,",
                                         "restated", "否认了", "downgraded", "re-priced",    "披露"};
  const std::vector<std::string> which = {"its interest rate",   "三个月期利率",       "a bond of 1,250 million",
                                          "2024年度报告",        "the rating to junk", "债券评级",
                                          "earnings before tax", "贷款 损失"};
  base::Random random(11);
  std::vector<std::string> out;
  for (int i = 0; i < 600; ++i) {
    const auto pick = [&](const std::vector<std::string>& list) { return list[random.below(list.size())]; };
    out.push_back(pick(who) + (i % 3 == 0 ? "" : " ") + pick(what) + " " + pick(which) + (i % 2 == 0 ? "." : "。") +
                  (i % 7 == 0 ? " " + std::to_string(random.below(100000)) : ""));
  }
  return out;
}

/// Texts of the corpus, cut and glued, with characters that no model has seen.
std::vector<std::string> texts() {
  const std::vector<std::string> seen = corpus();
  const std::vector<std::string> odd = {" ",       "  ", "\t", "\n",     "▁",      "😀", "é", "e\u0301",
                                        "㍿",      "ﷺ",  "½",  "\u00b4", "한",     "ß", "ﬃ", "\u3000",
                                        "0️⃣", "A",  "銀", "\u200b", "\u00a0", "ก", "Ⅷ"};
  base::Random random(5);
  std::vector<std::string> out = {"", " ", "   ", "▁", "▁▁a ▁", " a  b ", "\u00b4", "a\u00b4 b", "😀😀 😀", "½½"};
  for (int i = 0; i < 500; ++i) {
    std::string text;
    for (std::uint64_t n = random.below(6); n <= 6; ++n) {
      const std::string& from = seen[random.below(seen.size())];
      // At the starts of characters only.
      std::size_t begin = random.below(from.size()), end = begin + random.below(24);
      while (begin > 0 && (static_cast<unsigned char>(from[begin]) & 0xC0) == 0x80) --begin;
      end = std::min(end, from.size());
      while (end < from.size() && (static_cast<unsigned char>(from[end]) & 0xC0) == 0x80) ++end;
      text += from.substr(begin, end - begin);
      if (random.below(3) == 0) text += odd[random.below(odd.size())];
    }
    out.push_back(text);
  }
  return out;
}

struct Case {
  const char* name;
  const char* options;
};

class SentencePiece : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    const std::string corpus_file = (folder_ / "corpus.txt").string();
    std::ofstream file(corpus_file);
    for (const std::string& line : corpus()) file << line << "\n";
    file.close();
    const std::string arguments = "--input=" + corpus_file + " --model_prefix=" + (folder_ / "tokenizer").string() +
                                  " --minloglevel=3 --num_threads=1 --hard_vocab_limit=false " + GetParam().options;
    const auto trained = sentencepiece::SentencePieceTrainer::Train(arguments);
    ASSERT_TRUE(trained.ok()) << trained.ToString();
    ASSERT_TRUE(reference_.Load((folder_ / "tokenizer.model").string()).ok());
  }

  void expect_same(const Tokenizer& ours, const std::string& text) {
    const std::vector<int> ids = reference_.EncodeAsIds(text);
    const Encoding encoding = ours.encode(text);
    ASSERT_EQ(encoding.ids, std::vector<std::int32_t>(ids.begin(), ids.end())) << "text: [" << text << "]";
    std::string back;
    ASSERT_TRUE(reference_.Decode(ids, &back).ok());
    // SentencePiece writes " ⁇ " for an unknown piece; we, as the tokenizers library, write the token itself.
    if (back.find("⁇") == std::string::npos) {
      ASSERT_EQ(ours.decode(encoding.ids), back) << "text: [" << text << "]";
    }
    for (const auto& [begin, end] : encoding.offsets) {
      ASSERT_LE(begin, end);
      ASSERT_LE(end, text.size());
    }
  }

  test::ScratchFolder scratch_;
  fs::path folder_ = scratch_.path();
  sentencepiece::SentencePieceProcessor reference_;
};

TEST_P(SentencePiece, IdsAndDecodedTextsAreEqual) {
  const Tokenizer ours = Tokenizer::load(folder_ / "tokenizer.model");
  ASSERT_EQ(ours.vocabulary_size(), reference_.GetPieceSize());
  for (const std::string& text : texts()) expect_same(ours, text);
}

TEST_P(SentencePiece, AlsoAfterADetourThroughTokenizerJson) {
  Tokenizer::load(folder_ / "tokenizer.model").save(folder_ / "json");
  const Tokenizer ours = Tokenizer::load(folder_ / "json");
  if (std::string(GetParam().options).find("user_defined") != std::string::npos) GTEST_SKIP();  // no place for them
  for (const std::string& text : texts()) expect_same(ours, text);
}

/// The same model as GGUF has it; its own <s> stands before every text.
TEST_P(SentencePiece, AlsoInsideGguf) {
  if (std::string(GetParam().name) != "bpe_llama") GTEST_SKIP();
  lm::GgufToWrite out;
  base::Json tokens = base::Json::array(), scores = base::Json::array(), types = base::Json::array();
  for (int id = 0; id < reference_.GetPieceSize(); ++id) {
    tokens.push_back(reference_.IdToPiece(id));
    scores.push_back(static_cast<double>(reference_.GetScore(id)));
    types.push_back(reference_.IsUnknown(id) ? 2 : reference_.IsControl(id) ? 3 : reference_.IsByte(id) ? 6 : 1);
  }
  out.metadata = {{"tokenizer.ggml.model", "llama"},  {"tokenizer.ggml.tokens", tokens},
                  {"tokenizer.ggml.scores", scores},  {"tokenizer.ggml.token_type", types},
                  {"tokenizer.ggml.bos_token_id", 1}, {"tokenizer.ggml.eos_token_id", 2}};
  out.tensors.push_back({"x", {1}, lm::GgufType::f32, lm::gguf_encode(lm::GgufType::f32, std::vector<float>{1})});
  lm::write_gguf(folder_ / "m.gguf", out);
  const auto ours = lm::gguf_tokenizer(folder_ / "m.gguf");
  ASSERT_TRUE(ours);
  EXPECT_EQ(ours->encode("x").ids.front(), 1);
  for (const std::string& text : texts()) {
    const std::vector<int> ids = reference_.EncodeAsIds(text);
    ASSERT_EQ(ours->encode(text, {.add_special = false}).ids, std::vector<std::int32_t>(ids.begin(), ids.end()))
        << text;
  }
}

TEST_P(SentencePiece, PartsOfCharactersDecodeAlike) {
  const Tokenizer ours = Tokenizer::load(folder_ / "tokenizer.model");
  if (!ours.id("<0xE4>")) GTEST_SKIP();
  std::vector<int> ids;
  for (const char* piece : {"<0xE4>", "<0xBD>", "<0x41>", "<0xF0>", "<0x9F>", "<0x98>", "<0x80>", "<0xFF>"}) {
    ids.push_back(reference_.PieceToId(piece));
  }
  std::string back;
  ASSERT_TRUE(reference_.Decode(ids, &back).ok());
  EXPECT_EQ(ours.decode(std::vector<std::int32_t>(ids.begin(), ids.end())), back);
}

INSTANTIATE_TEST_SUITE_P(
    Models, SentencePiece,
    testing::Values(
        Case{"unigram", "--model_type=unigram --vocab_size=260"},
        Case{"unigram_identity", "--model_type=unigram --vocab_size=240 --normalization_rule_name=identity"},
        Case{"unigram_bytes", "--model_type=unigram --vocab_size=500 --byte_fallback=true"},
        Case{"unigram_lower", "--model_type=unigram --vocab_size=230 --normalization_rule_name=nmt_nfkc_cf"},
        Case{"unigram_spaces",
             "--model_type=unigram --vocab_size=260 --remove_extra_whitespaces=false "
             "--add_dummy_prefix=false"},
        Case{"unigram_user_defined", "--model_type=unigram --vocab_size=260 --user_defined_symbols=bank,<sep>"},
        Case{"bpe", "--model_type=bpe --vocab_size=400"},
        Case{"bpe_llama",
             "--model_type=bpe --vocab_size=600 --byte_fallback=true --normalization_rule_name=identity "
             "--remove_extra_whitespaces=false --split_digits=true"},
        Case{"bpe_rare", "--model_type=bpe --vocab_size=300 --character_coverage=0.98"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace ballast::text
