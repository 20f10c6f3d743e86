// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/checkpoint/int8.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "ballast/base/error.h"
#include "ballast/lm/load.h"
#include "tests/support/scratch.h"

namespace ballast::lm {
namespace {

ModelConfig tiny(const std::filesystem::path& folder, const std::string& type) {
  base::write_file_atomic(folder / "arch.json",
                          type == "bert" ? R"({"model_type": "bert", "architectures": ["BertForSequenceClassification"],
      "vocab_size": 31, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 24,
      "max_position_embeddings": 8, "type_vocab_size": 1, "num_labels": 3})"
                                         : R"({"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"],
      "vocab_size": 31, "n_embd": 16, "n_layer": 1, "n_head": 2, "n_positions": 8})");
  return read_config(folder / "arch.json");
}

TEST(Int8, RoundsToTheNearestLevelOfItsRow) {
  const std::vector<float> values = {1.27f, -0.01f, 0.004f, 0.0f, 0.0f, 0.0f};
  const Int8Rows rows = quantise_rows(values, 2);
  EXPECT_EQ(rows.q, (std::vector<std::int8_t>{127, -1, 0, 0, 0, 0}));
  EXPECT_EQ(rows.scale, (std::vector<float>{1.27f, 0.0f}));
}

TEST(Int8, ModelComesBackWithinHalfALevelAndSavesTheSameAgain) {
  const test::ScratchFolder scratch;
  const LoadedModel made = create_model(tiny(scratch.path(), "bert"), 7);
  write_model_files(scratch.path(), *made.network, nullptr, DType::i8);
  const LoadedModel back = load_model(scratch.path());
  int narrow = 0;
  for (const engine::Parameter& p : made.network->parameters().all()) {
    const engine::Parameter& q = *back.network->parameters().find(p.name);
    const bool int8 = p.shape.size() == 2 && p.name.find("encoder.layer.") != std::string::npos;
    narrow += int8;
    for (std::int64_t r = 0; r < p.rows(); ++r) {
      float largest = 0;
      for (std::int64_t c = 0; c < p.cols(); ++c) largest = std::max(largest, std::abs(p.value[r * p.cols() + c]));
      for (std::int64_t c = 0; c < p.cols(); ++c) {
        const float v = p.value[r * p.cols() + c];
        EXPECT_NEAR(q.value[r * p.cols() + c], v, int8 ? 0.501 * largest / 127 : std::abs(v) / 256) << p.name;
      }
    }
  }
  EXPECT_EQ(narrow, 6);  // query, key, value, attention output, the two of the feed-forward block
  const std::string first = base::read_file(scratch.path() / "model.safetensors");
  const auto again = scratch.path() / "again";
  std::filesystem::create_directory(again);
  write_model_files(again, *back.network, nullptr, DType::i8);
  EXPECT_EQ(base::read_file(again / "model.safetensors"), first);
}

TEST(Int8, RefusesGpt2AndMissingScales) {
  const test::ScratchFolder scratch;
  const LoadedModel gpt2 = create_model(tiny(scratch.path(), "gpt2"), 7);
  EXPECT_THROW(write_model_files(scratch.path(), *gpt2.network, nullptr, DType::i8), base::Error);

  const std::vector<std::int8_t> q = {1, 2, 3, 4};
  write_safetensors(scratch.path() / "model.safetensors",
                    {TensorToWrite::bytes("a.weight", {2, 2}, DType::i8, std::as_bytes(std::span(q)))});
  const auto tensors = CheckpointTensors::open(scratch.path());
  std::vector<float> out(4);
  try {
    read_weight(tensors, "a.weight", out);
    FAIL() << "no error";
  } catch (const base::Error& e) {
    EXPECT_THAT(e.what(), testing::HasSubstr("tensor \"a.weight\" is I8 without one scale a row"));
    EXPECT_THAT(e.what(), testing::HasSubstr("a tensor \"a.SCB\" [2]"));
  }
}

}  // namespace
}  // namespace ballast::lm
