// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/checkpoint/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "ballast/base/error.h"
#include "ballast/base/half.h"
#include "ballast/lm/checkpoint/checkpoint.h"
#include "tests/support/scratch.h"
#include "tests/support/shared.h"

namespace ballast::lm {
namespace {

using base::Error;
using base::ErrorCode;
using test::ScratchFolder;
using ::testing::ElementsAre;

std::vector<float> values(const SafetensorsFile& file, const std::string& name) {
  std::vector<float> out(static_cast<std::size_t>(file.info(name).count()));
  file.read_f32(name, out);
  return out;
}

TEST(Safetensors, WhatIsWrittenIsRead) {
  const ScratchFolder scratch;
  const std::vector<float> weights = {1.0f, -2.5f, 0.1f, 3e-8f, 70000.0f, 0.0f};
  const std::vector<std::int64_t> ids = {-1, 5'000'000'000};
  const std::vector<std::byte> raw = {std::byte{255}, std::byte{1}, std::byte{128}};
  write_safetensors(scratch / "a.safetensors",
                    {TensorToWrite::floats("w", {2, 3}, weights), TensorToWrite::floats("h", {6}, weights, DType::f16),
                     TensorToWrite::floats("b", {6}, weights, DType::bf16), TensorToWrite::integers("ids", {2}, ids),
                     TensorToWrite::bytes("q", {3}, DType::i8, raw), TensorToWrite::floats("none", {0, 4}, {}),
                     TensorToWrite::floats("one", {}, std::span(weights).first(1))},
                    {{"format", "pt"}, {"made_by", "a test"}});
  const SafetensorsFile file(scratch / "a.safetensors");
  EXPECT_THAT(file.names(), ElementsAre("ids", "none", "one", "w", "b", "h", "q"));
  EXPECT_EQ(file.metadata().at("made_by"), "a test");
  EXPECT_EQ(values(file, "w"), weights);
  EXPECT_EQ(values(file, "one"), std::vector<float>{1.0f});
  EXPECT_TRUE(values(file, "none").empty());
  for (std::size_t i = 0; i < weights.size(); ++i) {
    EXPECT_EQ(values(file, "h")[i], base::f32_from_f16(base::f16_from_f32(weights[i])));
    EXPECT_EQ(values(file, "b")[i], base::f32_from_bf16(base::bf16_from_f32(weights[i])));
  }
  std::vector<std::int64_t> back(2), bytes(3);
  file.read_i64("ids", back);
  EXPECT_EQ(back, ids);
  file.read_i64("q", bytes);
  EXPECT_THAT(bytes, ElementsAre(-1, 1, -128));
  EXPECT_EQ(file.info("w").shape_text(), "[2, 3]");
}

TEST(Safetensors, HeaderIsPaddedToEightBytes) {
  const ScratchFolder scratch;
  const std::vector<float> one = {1};
  for (const char* name : {"a", "ab", "abc", "abcd", "abcde", "abcdef", "abcdefg", "abcdefgh"}) {
    write_safetensors(scratch / "p.safetensors", {TensorToWrite::floats(name, {1}, one)});
    const std::string bytes = base::read_file(scratch / "p.safetensors");
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), 8);
    EXPECT_EQ(length % 8, 0u);
    EXPECT_EQ(bytes.size(), 8 + length + 4);
  }
}

TEST(Safetensors, ReadingAsTheWrongThingSaysSo) {
  const ScratchFolder scratch;
  const std::vector<float> one = {1};
  const auto path = scratch / "m.safetensors";
  write_safetensors(path, {TensorToWrite::floats("w", {1}, one)});
  const SafetensorsFile file(path);
  const auto message = [&](auto&& act) {
    try {
      act();
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::bad_input);
      EXPECT_EQ(e.where(), path.string());
      return e.problem() + " | " + e.hint();
    }
    return std::string("no error");
  };
  std::vector<float> two(2);
  std::vector<std::int64_t> ints(1);
  EXPECT_EQ(message([&] { file.read_f32("v", two); }), "tensor \"v\" is missing | a checkpoint that holds this tensor");
  EXPECT_EQ(message([&] { file.read_f32("w", two); }),
            "tensor \"w\" has shape [1] | 2 numbers, as the model's config says");
  EXPECT_EQ(message([&] { file.read_i64("w", ints); }), "tensor \"w\" has dtype F32 | whole numbers");
}

TEST(Safetensors, WritingDataThatDoesNotFitIsOurOwnError) {
  const ScratchFolder scratch;
  const std::vector<float> one = {1};
  EXPECT_THROW(write_safetensors(scratch / "x", {TensorToWrite::floats("w", {2}, one)}), Error);
  EXPECT_THROW(
      write_safetensors(scratch / "x", {TensorToWrite::floats("w", {1}, one), TensorToWrite::floats("w", {1}, one)}),
      Error);
  EXPECT_FALSE(std::filesystem::exists(scratch / "x"));
}

TEST(Checkpoint, ShardsReadAsOne) {
  const ScratchFolder scratch;
  const std::vector<float> a = {1, 2}, b = {3};
  write_safetensors(scratch / "m-1.safetensors",
                    {TensorToWrite::floats("a", {2}, a), TensorToWrite::floats("c", {1}, b)});
  write_safetensors(scratch / "m-2.safetensors", {TensorToWrite::floats("b", {1}, b)});
  base::write_file_atomic(scratch / "model.safetensors.index.json",
                          R"({"metadata":{},"weight_map":{"a":"m-1.safetensors","b":"m-2.safetensors"}})");
  const auto checkpoint = CheckpointTensors::open(scratch.path());
  EXPECT_THAT(checkpoint.names(), ElementsAre("a", "b"));  // c is in a shard but not in the index
  EXPECT_FALSE(checkpoint.has("c"));
  EXPECT_EQ(checkpoint.parameters(), 3);
  std::vector<float> out(1);
  checkpoint.read_f32("b", out);
  EXPECT_EQ(out[0], 3.0f);
}

std::string open_problem(const std::filesystem::path& path, ErrorCode code) {
  try {
    CheckpointTensors::open(path);
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), code);
    return e.problem();
  }
  return "no error";
}

TEST(Checkpoint, BadFoldersSayWhatIsWrong) {
  const ScratchFolder scratch;
  EXPECT_EQ(open_problem(scratch / "nowhere", ErrorCode::not_found), "no such model folder");
  EXPECT_EQ(open_problem(scratch.path(), ErrorCode::not_found), "the folder holds no weights");
  base::write_file_atomic(scratch / "pytorch_model.bin", "x");
  EXPECT_EQ(open_problem(scratch.path(), ErrorCode::unsupported),
            "the weights are a pickle file, and reading a pickle runs the code in it");
  const auto index = scratch / "model.safetensors.index.json";
  base::write_file_atomic(index, R"({"weight_map":{"a":"gone.safetensors"}})");
  EXPECT_EQ(open_problem(scratch.path(), ErrorCode::bad_input),
            "shard \"gone.safetensors\" of tensor \"a\" is missing");
  base::write_file_atomic(index, R"({"weight_map":{"a":"../../etc/passwd"}})");
  EXPECT_EQ(open_problem(scratch.path(), ErrorCode::bad_input),
            "shard \"../../etc/passwd\" of tensor \"a\" is not a plain file name");
  base::write_file_atomic(index, R"({"weight_map":{}})");
  EXPECT_EQ(open_problem(scratch.path(), ErrorCode::bad_input), "weight_map is empty");
  const std::vector<float> one = {1};
  write_safetensors(scratch / "s.safetensors", {TensorToWrite::floats("b", {1}, one)});
  base::write_file_atomic(index, R"({"weight_map":{"a":"s.safetensors"}})");
  EXPECT_EQ(open_problem(scratch.path(), ErrorCode::bad_input), "tensor \"a\" is not in shard \"s.safetensors\"");
}

TEST(Checkpoint, ReferenceCheckpointsOpen) {
  BALLAST_NEEDS_SHARED("fixtures");
  int opened = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(test::shared_dir() / "fixtures")) {
    if (entry.path().extension() == ".safetensors") {
      EXPECT_NO_THROW(SafetensorsFile(entry.path())) << entry.path();
      ++opened;
    }
    if (entry.path().filename() == "model.safetensors.index.json") {
      const auto sharded = CheckpointTensors::open(entry.path().parent_path());
      EXPECT_GT(sharded.names().size(), 0u);
      EXPECT_NO_THROW(sharded.check_finite());
    }
  }
  EXPECT_GT(opened, 10);
}

}  // namespace
}  // namespace ballast::lm
