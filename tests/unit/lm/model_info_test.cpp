// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/model_info.h"

#include <gtest/gtest.h>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "tests/support/scratch.h"
#include "tests/support/tiny_model.h"

namespace ballast::lm {
namespace {

TEST(ModelInfo, SaysWhatTheFolderIs) {
  const test::ScratchFolder scratch;
  test::write_tiny_model(scratch.path(), test::tiny_bert_arch("BertForSequenceClassification", 300),
                         text::TokenizerKind::encoder);
  base::write_file_atomic(scratch / "README.md", "---\nlanguage: en\nlicense: \"apache-2.0\"\n---\n# Card\n");
  const ModelInfo info = model_info(scratch.path());
  EXPECT_EQ(info.architecture, "BertForSequenceClassification");
  EXPECT_EQ(info.model_type, "bert");
  // Embeddings 300+32+2 rows, two layers of four d×d and two d×40 products with biases and norms, pooler, classifier.
  constexpr std::int64_t kD = 24, kLayer = 4 * (kD * kD + kD) + 2 * kD * 40 + 40 + kD + 4 * kD;
  EXPECT_EQ(info.parameters, (300 + 32 + 2) * kD + 2 * kD + 2 * kLayer + kD * kD + kD + 3 * kD + 3);
  EXPECT_EQ(info.dtypes, std::vector<std::string>{"F32"});
  EXPECT_EQ(info.labels, (std::vector<std::string>{"negative", "neutral", "positive"}));
  EXPECT_EQ(info.positions, 32);
  EXPECT_EQ(info.tokenizer, "BPE");
  EXPECT_TRUE(info.card);
  EXPECT_EQ(info.licence, "apache-2.0");
  EXPECT_FALSE(info.classifier);
  std::vector<std::string> names;
  for (const ModelFile& file : info.files) names.push_back(file.name);
  EXPECT_EQ(names, (std::vector<std::string>{"README.md", "config.json", "model.safetensors", "tokenizer.json",
                                             "tokenizer_config.json"}));
  EXPECT_EQ(info.files[0].bytes, 50u);
  EXPECT_EQ(info.files[0].sha256.size(), 64u);
}

TEST(ModelInfo, BareModelOfSixteenBits) {
  const test::ScratchFolder scratch;
  write_model_files(scratch.path(), *test::tiny_model(test::tiny_gpt2_arch(300)).network, nullptr, DType::bf16);
  const ModelInfo info = model_info(scratch.path());
  EXPECT_EQ(info.architecture, "GPT2LMHeadModel");
  EXPECT_EQ(info.dtypes, std::vector<std::string>{"BF16"});
  EXPECT_TRUE(info.tokenizer.empty());
  EXPECT_TRUE(info.licence.empty());
  EXPECT_FALSE(info.card);
  EXPECT_THROW(model_info(scratch / "nowhere"), base::Error);
}

TEST(ModelInfo, CardFields) {
  EXPECT_EQ(card_field("---\nlicense: mit\n---\ntext", "license"), "mit");
  EXPECT_EQ(card_field("---\r\nlicense:   'mit'  \r\n---\r\n", "license"), "mit");
  EXPECT_EQ(card_field("---\nlanguage: en\n---\nlicense: mit\n", "license"), "") << "after the front matter";
  EXPECT_EQ(card_field("# Card\nlicense: mit\n", "license"), "") << "no front matter";
  EXPECT_EQ(card_field("---\nlicense: mit", "license"), "mit");
  EXPECT_EQ(card_field("", "license"), "");
}

}  // namespace
}  // namespace ballast::lm
