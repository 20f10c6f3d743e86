// SPDX-License-Identifier: Apache-2.0
// Every row of the tokenizer fixtures, loaded from each form in which the vocabulary is kept.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "ballast/base/json.h"
#include "ballast/text/tokenizer.h"
#include "tests/support/gunzip.h"
#include "tests/support/shared.h"

namespace ballast::text {
namespace {

namespace fs = std::filesystem;
using base::Json;
using Ids = std::vector<std::int32_t>;

struct Case {
  const char* folder;
  std::vector<const char*> files;  // copied alone into a fresh folder; none: the folder as it is
};

std::vector<Json> rows(const fs::path& file) {
  std::ifstream in(file);
  std::vector<Json> out;
  for (std::string line; std::getline(in, line);) out.push_back(Json::parse(line));
  return out;
}

class Reference : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    BALLAST_NEEDS_SHARED("fixtures/tokenizers");
    source_ = test::shared_dir() / "fixtures/tokenizers" / GetParam().folder;
    fs::path folder = source_;
    if (!GetParam().files.empty()) {
      folder = fs::path(testing::TempDir()) / ("text_" + std::to_string(::getpid()));
      fs::remove_all(folder);
      fs::create_directories(folder);
      for (const char* file : GetParam().files) {
        if (std::string_view(file).ends_with(".gz")) {
          test::gunzip(source_ / file, folder / fs::path(file).stem());
        } else {
          fs::copy_file(source_ / file, folder / file);
        }
      }
    }
    tokenizer_ = std::make_unique<Tokenizer>(Tokenizer::load(folder));
    if (folder != source_) fs::remove_all(folder);
  }

  fs::path source_;
  std::unique_ptr<Tokenizer> tokenizer_;
};

void expect_encoded(const Tokenizer& tokenizer, const Json& row) {
  const auto text = row["text"].get<std::string>();
  SCOPED_TRACE(testing::PrintToString(text));
  const Encoding got = tokenizer.encode(text);
  EXPECT_EQ(got.ids, row["ids"].get<Ids>());
  std::vector<std::string> tokens;
  for (const std::int32_t id : got.ids) tokens.push_back(tokenizer.token(id));
  EXPECT_EQ(tokens, row["tokens"].get<std::vector<std::string>>());
  EXPECT_EQ(tokenizer.decode(got.ids, false), row["decoded"].get<std::string>());
  EXPECT_EQ(tokenizer.decode(got.ids, true), row["decoded_skip_special"].get<std::string>());
  const char* plain = row.contains("ids_without_special") ? "ids_without_special" : "ids";
  if (tokenizer.added_special(false) == 0 || row.contains("ids_without_special")) {
    EXPECT_EQ(tokenizer.encode(text, {.add_special = false}).ids, row[plain].get<Ids>());
  }
}

TEST_P(Reference, EncodesEveryRow) {
  const auto all = rows(source_ / "encode.jsonl");
  ASSERT_EQ(all.size(), 510u);
  for (const Json& row : all) expect_encoded(*tokenizer_, row);
}

TEST_P(Reference, DecodesEveryRow) {
  const auto all = rows(source_ / "decode.jsonl");
  ASSERT_EQ(all.size(), 120u);
  for (const Json& row : all) {
    EXPECT_EQ(tokenizer_->decode(row["ids"].get<Ids>(), row["skip_special_tokens"].get<bool>()),
              row["text"].get<std::string>())
        << row;
  }
}

TEST_P(Reference, PairsEveryRow) {
  for (const Json& row : rows(source_ / "pairs.jsonl")) {
    EncodeOptions options{.max_length = row["max_length"].get<std::size_t>()};
    const auto strategy = row["truncation"].get<std::string>();
    if (strategy == "only_first") options.truncation = Truncation::only_first;
    if (strategy == "only_second") options.truncation = Truncation::only_second;
    const auto a = row["a"].get<std::string>();
    Encoding got = row["b"].is_null() ? tokenizer_->encode(a, options)
                                      : tokenizer_->encode_pair(a, row["b"].get<std::string>(), options);
    const std::size_t room = row["ids"].size() - got.ids.size();
    ASSERT_LE(got.ids.size(), row["ids"].size()) << row;
    Ids mask(got.ids.size(), 1);
    const bool left = row["padding"] == "left";
    const auto pad = [&](Ids& values, std::int32_t value) {
      values.insert(left ? values.begin() : values.end(), room, value);
    };
    pad(got.ids, *tokenizer_->id(row["pad_token"].get<std::string>()));
    pad(got.type_ids, 0);
    pad(mask, 0);
    EXPECT_EQ(got.ids, row["ids"].get<Ids>()) << row;
    EXPECT_EQ(mask, row["attention_mask"].get<Ids>()) << row;
    if (row.contains("type_ids")) {
      EXPECT_EQ(got.type_ids, row["type_ids"].get<Ids>()) << row;
    }
  }
}

TEST_P(Reference, SavedAndLoadedAgainIsTheSame) {
  const fs::path folder = fs::path(testing::TempDir()) / ("saved_" + std::to_string(::getpid()));
  tokenizer_->save(folder);
  const Tokenizer again = Tokenizer::load(folder);
  fs::remove_all(folder);
  EXPECT_EQ(again.vocabulary_size(), tokenizer_->vocabulary_size());
  EXPECT_EQ(again.special().sep, tokenizer_->special().sep);
  EXPECT_EQ(again.special().eos, tokenizer_->special().eos);
  for (const Json& row : rows(source_ / "encode.jsonl")) expect_encoded(again, row);
}

INSTANTIATE_TEST_SUITE_P(Fixtures, Reference,
                         testing::Values(Case{"gpt2", {}},
                                         Case{"qwen3", {"tokenizer.json.gz", "tokenizer_config.json"}},
                                         Case{"gpt2", {"vocab.json", "merges.txt"}},
                                         Case{"gpt2", {"vocab.json", "merges.txt", "tokenizer_config.json"}},
                                         Case{"bert-base-uncased", {}}, Case{"bert-base-uncased", {"vocab.txt"}},
                                         Case{"bert-base-chinese", {}}, Case{"bert-base-chinese", {"tokenizer.json"}},
                                         Case{"bert-base-chinese", {"vocab.txt", "tokenizer_config.json"}}),
                         [](const auto& tested) {
                           std::string name = tested.param.folder;
                           for (const char* file : tested.param.files) name += std::string("_") + file;
                           for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
                           return name;
                         });

}  // namespace
}  // namespace ballast::text
