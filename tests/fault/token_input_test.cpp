// SPDX-License-Identifier: Apache-2.0
// Input files of `ballast forward` that do not fit the model: one clear error each, and no output file.
#include <gtest/gtest.h>

#include "ballast/base/error.h"
#include "ballast/lm/forward.h"
#include "tests/support/scratch.h"
#include "tests/support/tiny_model.h"

namespace ballast::lm {
namespace {

using Plane = std::vector<std::int64_t>;

class BadInput : public testing::Test {
 protected:
  BadInput() {
    write_model_files(model_.path(), *test::tiny_model(test::tiny_gpt2_arch(50, 8)).network, nullptr);
    write_model_files(bert_.path(),
                      *test::tiny_model(test::tiny_bert_arch("BertForSequenceClassification", 50)).network, nullptr);
    write_model_files(bare_.path(), *test::tiny_model(test::tiny_bert_arch("BertModel", 50)).network, nullptr);
  }
  std::string refusal(const std::filesystem::path& model, std::vector<TensorToWrite> tensors, bool loss = false,
                      base::ErrorCode code = base::ErrorCode::bad_input) const {
    write_safetensors(scratch_ / "in", std::move(tensors));
    ForwardOptions options;
    options.model = model;
    options.input = scratch_ / "in";
    options.output = scratch_ / "out";
    options.loss = loss;
    try {
      forward_file(options);
    } catch (const base::Error& e) {
      EXPECT_EQ(e.code(), code) << e.what();
      EXPECT_FALSE(std::filesystem::exists(options.output));
      return e.problem();
    }
    std::filesystem::remove(options.output);
    return "accepted";
  }
  static TensorToWrite plane(const std::string& name, const Plane& values, std::vector<std::int64_t> shape = {2, 3}) {
    return TensorToWrite::integers(name, std::move(shape), values);
  }

  const Plane ids_ = {1, 2, 3, 4, 5, 6}, ones_ = {1, 1, 1, 1, 1, 1};
  test::ScratchFolder model_, bert_, bare_, scratch_;
};

TEST_F(BadInput, Ids) {
  const Plane large = {1, 2, 50, 4, 5, 6}, negative = {1, -2, 3, 4, 5, 6}, nine(9, 1);
  EXPECT_EQ(refusal(model_.path(), {plane("input_ids", ids_)}), "accepted");
  EXPECT_EQ(refusal(model_.path(), {plane("tokens", ids_)}), "has no tensor \"input_ids\"");
  EXPECT_EQ(refusal(model_.path(), {plane("input_ids", ids_, {6})}),
            "tensor \"input_ids\" has shape [6], expected [B, T]");
  EXPECT_EQ(refusal(model_.path(), {plane("input_ids", large)}), "input_ids[2] is 50, expected 0 … 49");
  EXPECT_EQ(refusal(model_.path(), {plane("input_ids", negative)}), "input_ids[1] is -2, expected 0 … 49");
  EXPECT_EQ(refusal(model_.path(), {plane("input_ids", nine, {1, 9})}), "position_ids[8] is 8, expected 0 … 7");
}

TEST_F(BadInput, MaskPositionsAndTypes) {
  const Plane hidden = {1, 1, 1, 0, 0, 0}, far = {0, 1, 2, 0, 1, 8};
  EXPECT_EQ(refusal(model_.path(), {plane("input_ids", ids_), plane("attention_mask", hidden)}),
            "attention_mask hides all of row 1");
  EXPECT_EQ(refusal(model_.path(), {plane("input_ids", ids_), plane("attention_mask", ones_, {3, 2})}),
            "tensor \"attention_mask\" has shape [3, 2], unlike input_ids");
  EXPECT_EQ(refusal(model_.path(), {plane("input_ids", ids_), plane("position_ids", far)}),
            "position_ids[5] is 8, expected 0 … 7");
  EXPECT_EQ(refusal(bert_.path(), {plane("input_ids", ids_), plane("token_type_ids", ids_)}),
            "token_type_ids[1] is 2, expected 0 … 1");
  EXPECT_EQ(refusal(model_.path(), {plane("input_ids", ids_), plane("token_type_ids", ones_)}, false,
                    base::ErrorCode::unsupported),
            "token_type_ids are not supported for this architecture");
}

TEST_F(BadInput, Labels) {
  const Plane two = {0, 2}, three = {0, 3}, large = {1, 2, 50, 4, 5, 6}, ignored = {-100, -100, 3, 4, 5, -100};
  const std::vector<float> targets = {1, 0, 0, 1};
  EXPECT_EQ(refusal(model_.path(), {plane("input_ids", ids_)}, true), "has no tensor \"labels\"");
  EXPECT_EQ(refusal(model_.path(), {plane("input_ids", ids_), plane("labels", ignored)}, true), "accepted");
  EXPECT_EQ(refusal(model_.path(), {plane("input_ids", ids_), plane("labels", large)}, true),
            "labels[2] is 50, expected 0 … 49 or -100");
  EXPECT_EQ(refusal(model_.path(), {plane("input_ids", ids_), plane("labels", two, {2})}, true),
            "tensor \"labels\" has shape [2], the model needs [2, 3]");
  EXPECT_EQ(refusal(bert_.path(), {plane("input_ids", ids_), plane("labels", two, {2})}, true), "accepted");
  EXPECT_EQ(refusal(bert_.path(), {plane("input_ids", ids_), plane("labels", three, {2})}, true),
            "labels[1] is 3, expected 0 … 2 or -100");
  EXPECT_EQ(refusal(bert_.path(), {plane("input_ids", ids_), plane("labels", ids_)}, true),
            "tensor \"labels\" has shape [2, 3], the model needs [2]");
  EXPECT_EQ(refusal(bert_.path(), {plane("input_ids", ids_), TensorToWrite::floats("labels", {2, 2}, targets)}, true),
            "tensor \"labels\" has shape [2, 2], the model needs [2, 3]");
  EXPECT_EQ(refusal(bare_.path(), {plane("input_ids", ids_), plane("labels", ids_)}, true, base::ErrorCode::usage),
            "--loss needs a model with a head");
}

}  // namespace
}  // namespace ballast::lm
