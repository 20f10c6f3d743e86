// SPDX-License-Identifier: Apache-2.0
// The contract of `ballast forward` against transformers: logits, hidden states, attention weights and losses of every
// case, at the positions that the mask shows.
#include "ballast/lm/forward.h"

#include <gtest/gtest.h>

#include "ballast/lm/load.h"
#include "ballast/lm/token_input.h"
#include "tests/golden/model_fixture.h"
#include "tests/support/scratch.h"

namespace ballast::lm {
namespace {

using test::ModelFixture;
using test::ScratchFolder;

struct Case {
  const char *fixture, *name;
  const char* folder = "";  // of the model below the fixture
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.fixture << " " << c.name;
}

class ForwardParity : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    BALLAST_NEEDS_SHARED(std::string("fixtures/") + GetParam().fixture);
    fixture_ = std::make_unique<ModelFixture>(GetParam().fixture);
    prefix_ = std::string(GetParam().name) + ".";
    ids_ = fixture_->shape(prefix_ + "input_ids");
    mask_ = fixture_->has(prefix_ + "attention_mask")
                ? fixture_->integers(prefix_ + "attention_mask")
                : std::vector<std::int64_t>(static_cast<std::size_t>(ids_[0] * ids_[1]), 1);
  }

  SafetensorsFile run(const std::filesystem::path& model) const {
    fixture_->write_inputs(prefix_, scratch_ / "in.safetensors");
    ForwardOptions options;
    options.model = model;
    options.input = scratch_ / "in.safetensors";
    options.output = scratch_ / "out.safetensors";
    options.hidden_states = options.attentions = true;
    options.loss = has_loss();
    forward_file(options);
    return SafetensorsFile(options.output);
  }

  bool has_loss() const { return expected_case().contains("loss"); }
  const base::Json& expected_case() const { return fixture_->expected().at("cases").at(GetParam().name); }
  bool visible(std::int64_t row) const { return mask_[static_cast<std::size_t>(row)] != 0; }

  /// Compares [B, T, n] at visible positions, other shapes whole. Attention [B, H, T, T] at visible query rows.
  void compare(const std::vector<float>& ours, const std::string& tensor) const {
    const std::vector<float> reference = fixture_->floats(prefix_ + tensor);
    ASSERT_EQ(ours.size(), reference.size()) << tensor;
    const auto shape = fixture_->shape(prefix_ + tensor);
    const std::int64_t columns = shape.back();
    for (std::size_t i = 0; i < ours.size(); ++i) {
      std::int64_t row = static_cast<std::int64_t>(i) / columns;
      if (shape.size() == 4) row = row / (shape[1] * shape[2]) * shape[2] + row % shape[2];
      if (shape.size() >= 3 && !visible(row)) continue;
      ASSERT_TRUE(test::near(ours[i], reference[i], fixture_->tolerance()))
          << tensor << " element " << i << ": " << ours[i] << ", reference " << reference[i];
    }
  }

  void compare(const SafetensorsFile& out, const std::string& tensor) const {
    ASSERT_TRUE(out.has(tensor)) << tensor;
    ASSERT_EQ(out.info(tensor).shape, fixture_->shape(prefix_ + tensor)) << tensor;
    std::vector<float> values(static_cast<std::size_t>(out.info(tensor).count()));
    out.read_f32(tensor, values);
    compare(values, tensor);
  }

  bool decodes() const { return fixture_->has(prefix_ + "encoder_last_hidden_state"); }

  /// Encoder-decoders: the decoder's tensors follow its own mask.
  void compare_sides(const SafetensorsFile& out) {
    int compared = 0;
    for (const char* of_encoder : {"encoder_last_hidden_state", "encoder_hidden_states.0", "encoder_hidden_states.1",
                                   "encoder_hidden_states.2", "encoder_attentions.0"}) {
      if (!fixture_->has(prefix_ + of_encoder)) continue;
      compare(out, of_encoder);
      ++compared;
    }
    mask_ = fixture_->has(prefix_ + "decoder_attention_mask")
                ? fixture_->integers(prefix_ + "decoder_attention_mask")
                : std::vector<std::int64_t>(static_cast<std::size_t>(fixture_->shape(prefix_ + "logits")[0] *
                                                                     fixture_->shape(prefix_ + "logits")[1]),
                                            1);
    for (const char* of_decoder : {"logits", "decoder_hidden_states.0", "decoder_hidden_states.1",
                                   "decoder_hidden_states.2", "decoder_attentions.0", "cross_attentions.0"}) {
      if (!fixture_->has(prefix_ + of_decoder)) continue;
      compare(out, of_decoder);
      ++compared;
    }
    EXPECT_EQ(compared, 11);
    compare_loss(out);
  }

  void compare_all(const SafetensorsFile& out) {
    if (decodes()) return compare_sides(out);
    compare(out, "logits");
    int compared = 0;
    for (int i = 0; fixture_->has(prefix_ + "hidden_states." + std::to_string(i)); ++i, ++compared) {
      compare(out, "hidden_states." + std::to_string(i));
    }
    if (prefix_ != "left_default_positions.") {
      EXPECT_GE(compared, 3);
      EXPECT_FALSE(out.has("hidden_states." + std::to_string(compared)));
      compare(out, "attentions.0");
    }
    compare_loss(out);
  }

  void compare_loss(const SafetensorsFile& out) const {
    if (!has_loss()) return;
    float loss = 0;
    out.read_f32("loss", {&loss, 1});
    EXPECT_EQ(out.info("loss").shape.size(), 0u);
    EXPECT_NEAR(loss, expected_case().at("loss").get<double>(), 1e-5);
  }

  std::unique_ptr<ModelFixture> fixture_;
  std::string prefix_;
  std::vector<std::int64_t> ids_, mask_;
  ScratchFolder scratch_;
};

TEST_P(ForwardParity, CommandMeetsTheReference) {
  compare_all(run(fixture_->folder()));
}

// The batches of training and scoring hold no masked positions at all.
using PackedParity = ForwardParity;
TEST_P(PackedParity, MeetsTheReferenceWithoutMaskedPositions) {
  fixture_->write_inputs(prefix_, scratch_ / "in.safetensors");
  const LoadedModel model = load_model(fixture_->folder());
  const TokenInput in = read_token_input(scratch_ / "in.safetensors", model.network->config());
  std::vector<std::int64_t> rows;
  const text::TokenBatch batch = pack_visible(in, 0, in.batch, &rows);
  engine::Arena arena;
  engine::Tape tape(arena, false);
  const engine::Value packed = model.network->language_logits(tape, model.network->encode(tape, batch));
  std::vector<float> logits(mask_.size() * static_cast<std::size_t>(packed.cols));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::copy_n(packed.data + static_cast<std::int64_t>(i) * packed.cols, packed.cols,
                logits.data() + rows[i] * packed.cols);
  }
  compare(logits, "logits");
}

std::vector<Case> language_models() {
  std::vector<Case> all;
  for (const char* causal :
       {"gpt2", "gpt2-base", "gpt2-f16", "llama", "llama-bf16", "llama-sharded", "llama3-rope", "qwen2", "qwen3"}) {
    for (const char* name : {"plain", "right", "left", "left_default_positions"}) all.push_back({causal, name});
  }
  for (const char* name : {"plain", "right", "left"}) all.push_back({"bert-mlm", name});
  return all;
}

std::vector<Case> all_models() {
  std::vector<Case> all = language_models();
  for (const char* name : {"plain", "right", "left"}) {
    all.push_back({"bert-mlm", name, "legacy-names"});
    all.push_back({"bert-cls", name});
  }
  for (const char* seq2seq : {"t5", "t5-relu-tied", "bart", "marian"}) {
    for (const char* name : {"plain", "right", "left", "decoder"}) all.push_back({seq2seq, name});
  }
  return all;
}

std::string case_name(const testing::TestParamInfo<Case>& c) {
  std::string name = std::string(c.param.fixture) + "_" + c.param.folder + "_" + c.param.name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Fixtures, ForwardParity, testing::ValuesIn(all_models()), case_name);
INSTANTIATE_TEST_SUITE_P(Fixtures, PackedParity, testing::ValuesIn(language_models()), case_name);

}  // namespace
}  // namespace ballast::lm
