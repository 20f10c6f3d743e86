// SPDX-License-Identifier: Apache-2.0
// GGUF: blocks written out by hand, files that come back as they were, models that compute the same after the way there
// and back, and files that are cut or lie.
#include "ballast/lm/checkpoint/gguf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/half.h"
#include "ballast/base/random.h"
#include "ballast/lm/convert.h"
#include "ballast/lm/convert/names.h"
#include "ballast/lm/load.h"
#include "tests/support/engine.h"
#include "tests/support/scratch.h"

namespace ballast::lm {
namespace {

using base::Json;
using test::ScratchFolder;

std::vector<float> decode(GgufType type, const std::vector<std::uint8_t>& bytes) {
  std::vector<float> out(bytes.size() / gguf_block(type).bytes * static_cast<std::size_t>(gguf_block(type).values));
  gguf_decode(type, std::as_bytes(std::span(bytes)), out);
  return out;
}

void put_half(std::vector<std::uint8_t>& bytes, std::size_t at, float value) {
  const std::uint16_t bits = base::f16_from_f32(value);
  std::memcpy(bytes.data() + at, &bits, 2);
}

TEST(GgufBlocks, Q8AndQ4ByHand) {
  std::vector<std::uint8_t> q8(34);
  put_half(q8, 0, 0.5f);
  q8[2] = 127, q8[3] = 0x80, q8[33] = 0xff;
  const auto x = decode(GgufType::q8_0, q8);
  EXPECT_EQ(x[0], 63.5f);
  EXPECT_EQ(x[1], -64.0f);
  EXPECT_EQ(x[2], 0.0f);
  EXPECT_EQ(x[31], -0.5f);
  std::vector<std::uint8_t> q4(18);
  put_half(q4, 0, 2.0f);
  q4[2] = 0xf0;   // value 0 is nibble 0, value 16 is nibble 15
  q4[17] = 0x38;  // value 15 is nibble 8, value 31 is nibble 3
  const auto y = decode(GgufType::q4_0, q4);
  EXPECT_EQ(y[0], -16.0f);
  EXPECT_EQ(y[16], 14.0f);
  EXPECT_EQ(y[15], 0.0f);
  EXPECT_EQ(y[31], -10.0f);
}

TEST(GgufBlocks, Q4KByHand) {
  std::vector<std::uint8_t> b(144);
  put_half(b, 0, 0.5f);   // d
  put_half(b, 2, 0.25f);  // dmin
  // Sub-block 0: scale 3 (byte 0), minimum 5 (byte 4). Sub-block 5: scale 0b10'0110 = 38, minimum 0b01'1001 = 25:
  // low nibbles in byte 9 (scale low 4, minimum high 4), high bits in bytes 1 (scale) and 5 (minimum).
  b[4 + 0] = 3;
  b[4 + 4] = 5;
  b[4 + 9] = 0x96;
  b[4 + 1] = 0x80;
  b[4 + 5] = 0x40;
  b[16 + 7] = 0x0b;       // sub-block 0, value 7: nibble 11
  b[16 + 64 + 3] = 0xd0;  // sub-block 5 (the high nibbles of the third 32 bytes), value 3: nibble 13
  const auto x = decode(GgufType::q4_k, b);
  EXPECT_EQ(x[7], 0.5f * 3 * 11 - 0.25f * 5);
  EXPECT_EQ(x[0], -0.25f * 5);
  EXPECT_EQ(x[5 * 32 + 3], 0.5f * 38 * 13 - 0.25f * 25);
  EXPECT_EQ(x[5 * 32 + 4], -0.25f * 25);
  EXPECT_EQ(x[3 * 32], 0.0f);
}

TEST(GgufBlocks, Q6KByHand) {
  std::vector<std::uint8_t> b(210);
  put_half(b, 208, 0.5f);
  for (int i = 0; i < 16; ++i) b[192 + i] = static_cast<std::uint8_t>(i + 1);
  b[192 + 15] = 0xfe;  // scale -2
  // Value 0: low nibble 0x5 of byte 0, high bits 0b10 of byte 128: 0b10'0101 = 37, less 32 is 5; scale 1.
  b[0] = 0x05;
  b[128] = 0x02;
  // Value 255 = 128 + 96 + 31: the high nibble of low[64 + 63], bits 6 and 7 of high[32 + 31], scale 15 (-2).
  b[127] = 0xa0;
  b[128 + 63] = 0xc0;
  const auto x = decode(GgufType::q6_k, b);
  EXPECT_EQ(x[0], 0.5f * 1 * 5);
  EXPECT_EQ(x[1], 0.5f * 1 * -32);
  EXPECT_EQ(x[255], 0.5f * -2 * (0x3a - 32));
  EXPECT_EQ(x[254], 0.5f * -2 * -32);
}

TEST(GgufBlocks, EncodingRoundsToTheNearestLevel) {
  base::Random random(3, 0);
  std::vector<float> x(64 * 32);
  for (float& v : x) v = static_cast<float>(random.normal());
  for (const auto& [type, levels] : {std::pair{GgufType::q8_0, 127.0f}, std::pair{GgufType::q4_0, 8.0f}}) {
    std::vector<float> back(x.size());
    gguf_decode(type, gguf_encode(type, x), back);
    for (std::size_t b = 0; b < x.size(); b += 32) {
      float most = 0;
      for (std::size_t i = b; i < b + 32; ++i) most = std::max(most, std::abs(x[i]));
      // Half a level; the outermost Q4_0 level of the other sign is a whole one away. f16 keeps the step to 2^-11.
      const float allowed = most / levels * (type == GgufType::q4_0 ? 1.0f : 0.5f) + most * 2e-3f;
      for (std::size_t i = b; i < b + 32; ++i) EXPECT_LE(std::abs(back[i] - x[i]), allowed);
    }
  }
  for (const GgufType exact : {GgufType::f32, GgufType::f16, GgufType::bf16}) {
    std::vector<float> back(x.size()), again(x.size());
    gguf_decode(exact, gguf_encode(exact, x), back);
    gguf_decode(exact, gguf_encode(exact, back), again);
    EXPECT_EQ(again, back);
  }
}

Json arch(const std::string& type) {
  Json json = {{"model_type", type},       {"vocab_size", 48},
               {"hidden_size", 32},        {"num_hidden_layers", 2},
               {"num_attention_heads", 4}, {"num_key_value_heads", 2},
               {"intermediate_size", 64},  {"max_position_embeddings", 64},
               {"rms_norm_eps", 1e-6},     {"rope_theta", 10000.0},
               {"hidden_act", "silu"},     {"tie_word_embeddings", type == "qwen2"},
               {"initializer_range", 0.2}};
  json["architectures"] = {type == "llama"   ? "LlamaForCausalLM"
                           : type == "qwen2" ? "Qwen2ForCausalLM"
                                             : "Qwen3ForCausalLM"};
  if (type == "qwen3") json["head_dim"] = 16;
  return json;
}

class GgufModel : public testing::TestWithParam<const char*> {
 protected:
  GgufModel() {
    network_ = make_network(parse_config(arch(GetParam()), "arch"));
    network_->initialize(5);
    write_model_files(folder_.path(), *network_, nullptr);
  }
  std::unique_ptr<Network> network_;
  ScratchFolder folder_, scratch_;
};

TEST_P(GgufModel, ThereAndBackIsTheSameModel) {
  folder_to_gguf(folder_.path(), scratch_ / "model.gguf", "f32");
  const ConvertReport report = gguf_to_folder(scratch_ / "model.gguf", scratch_ / "back");
  EXPECT_EQ(report.architecture, GetParam());
  EXPECT_NE(report.note, "");  // there was no tokenizer
  const LoadedModel again = load_model(scratch_ / "back");
  ASSERT_EQ(again.network->parameters().all().size(), network_->parameters().all().size());
  for (const engine::Parameter& p : network_->parameters().all()) {
    const engine::Parameter* q = again.network->parameters().find(p.name);
    ASSERT_NE(q, nullptr) << p.name;
    for (std::int64_t i = 0; i < p.size; ++i) ASSERT_EQ(q->value[i], p.value[i]) << p.name << " " << i;
  }
  const ModelConfig &a = network_->config(), &b = again.network->config();
  EXPECT_EQ(b.positions, a.positions);
  EXPECT_EQ(b.norm_eps, a.norm_eps);
  EXPECT_EQ(b.rotary.theta, a.rotary.theta);
  EXPECT_EQ(b.head_width(), a.head_width());
  EXPECT_EQ(b.tied, a.tied);
}

TEST_P(GgufModel, QuantisedFilesOpen) {
  for (const GgufType type : {GgufType::f16, GgufType::bf16, GgufType::q8_0, GgufType::q4_0}) {
    folder_to_gguf(folder_.path(), scratch_ / "model.gguf", gguf_type_name(type));
    const GgufFile file(scratch_ / "model.gguf");
    EXPECT_EQ(file.info("blk.0.attn_q.weight").type, type);
    EXPECT_EQ(file.info("blk.0.attn_norm.weight").type, GgufType::f32);
    gguf_to_folder(scratch_ / "model.gguf", scratch_ / gguf_type_name(type));
    load_model(scratch_ / gguf_type_name(type));
  }
}

std::vector<float> logits_of(Network& network) {
  text::TokenBatch batch;
  batch.add(std::vector<std::int32_t>{3, 1, 4, 1, 5, 9, 2, 6});
  engine::Arena arena;
  engine::Tape tape(arena, false);
  const engine::Value logits = network.language_logits(tape, network.encode(tape, batch));
  return {logits.data, logits.data + logits.size()};
}

// What was rounded once is not rounded again: blocks taken as they are give the bits of the decoded matrices rounded to
// blocks, which are the same blocks. Words are looked up in the file.
TEST_P(GgufModel, BlocksAreUsedAsTheyAre) {
  for (const auto& [type, precision] :
       {std::pair{GgufType::q8_0, engine::Precision::q8}, std::pair{GgufType::q4_0, engine::Precision::q4}}) {
    folder_to_gguf(folder_.path(), scratch_ / "model.gguf", gguf_type_name(type));
    LoadOptions options;
    options.keep_blocks = true;
    const LoadedModel kept = load_model(scratch_ / "model.gguf", options);
    LoadedModel decoded = load_model(scratch_ / "model.gguf");
    const std::vector<float> exact = logits_of(*decoded.network);
    kept.network->pack(engine::Precision::f32);  // for what is no matrix in blocks: nothing here
    decoded.network->pack(precision);
    const engine::Parameter* q = kept.network->parameters().find("model.layers.0.self_attn.q_proj.weight");
    EXPECT_EQ(q->value, nullptr);
    EXPECT_EQ(q->packed->precision(), precision);
    const std::vector<float> logits = logits_of(*kept.network);
    EXPECT_TRUE(test::same_bits(logits, logits_of(*decoded.network))) << gguf_type_name(type);
    EXPECT_FALSE(test::same_bits(logits, exact));  // the left sides are rounded to bytes
  }
}

// Blocks are not read before they are used: the first text finds it.
TEST_P(GgufModel, AScaleThatIsNotFiniteIsRefused) {
  folder_to_gguf(folder_.path(), scratch_ / "model.gguf", "q8_0");
  std::string bytes = base::read_file(scratch_ / "model.gguf");
  std::size_t at = std::string::npos;
  {
    const GgufFile file(scratch_ / "model.gguf");
    at = bytes.find(std::string(reinterpret_cast<const char*>(file.blocks("blk.1.ffn_down.weight").data()), 34));
  }
  ASSERT_NE(at, std::string::npos);
  bytes[at] = 0;
  bytes[at + 1] = 0x7c;  // infinity
  base::write_file_atomic(scratch_ / "model.gguf", bytes);
  LoadOptions options;
  options.keep_blocks = true;
  LoadedModel model = load_model(scratch_ / "model.gguf", options);
  try {
    logits_of(*model.network);
    FAIL() << "was accepted";
  } catch (const base::Error& e) {
    EXPECT_EQ(e.code(), base::ErrorCode::bad_input);
    EXPECT_THAT(e.what(), testing::HasSubstr("blk.1.ffn_down.weight"));
  }
}

INSTANTIATE_TEST_SUITE_P(Families, GgufModel, testing::Values("llama", "qwen2", "qwen3"));

TEST(Gguf, PairsOfAHeadChangePlaces) {
  // Head width 4: halves (0 1 | 2 3) become pairs (0 2 | 1 3).
  std::vector<float> rows = {0, 1, 2, 3, 10, 11, 12, 13};
  reorder_pairs(rows, 2, 4, 1, true);
  EXPECT_EQ(rows, (std::vector<float>{0, 2, 1, 3, 10, 12, 11, 13}));
  reorder_pairs(rows, 2, 4, 1, false);
  EXPECT_EQ(rows, (std::vector<float>{0, 1, 2, 3, 10, 11, 12, 13}));
}

std::string small_file() {
  const ScratchFolder folder;
  GgufToWrite out;
  out.metadata = {{"general.architecture", "llama"},
                  {"some.numbers", {1, 2, 3}},
                  {"some.texts", {"a", "", "b c"}},
                  {"some.text", "x"},
                  {"some.real", 0.5}};
  const std::vector<float> values(64, 1.0f);
  out.tensors.push_back({"a", {2, 32}, GgufType::q8_0, gguf_encode(GgufType::q8_0, values)});
  out.tensors.push_back({"b", {64}, GgufType::f32, gguf_encode(GgufType::f32, values)});
  write_gguf(folder / "x.gguf", out);
  return base::read_file(folder / "x.gguf");
}

TEST(Gguf, MetadataAndTensorsComeBack) {
  const ScratchFolder folder;
  base::write_file_atomic(folder / "x.gguf", small_file());
  const GgufFile file(folder / "x.gguf");
  EXPECT_EQ(file.numbers("some.numbers"), (std::vector<double>{1, 2, 3}));
  EXPECT_EQ(file.texts("some.texts"), (std::vector<std::string_view>{"a", "", "b c"}));
  EXPECT_THROW(file.texts("some.numbers"), base::Error);
  EXPECT_THROW(file.numbers("some.texts"), base::Error);
  EXPECT_THROW(file.numbers("some.real"), base::Error);
  EXPECT_FALSE(file.has_list("some.real"));
  EXPECT_EQ(file.metadata().at("some.real"), 0.5);
  EXPECT_EQ(file.info("a").shape, (std::vector<std::int64_t>{2, 32}));
  EXPECT_NEAR(file.read("a")[63], 1.0f, 1e-3);
  EXPECT_EQ(file.read("b"), std::vector<float>(64, 1.0f));
  EXPECT_THROW(file.info("c"), base::Error);
}

TEST(Gguf, CutAndDamagedFilesAreRefused) {
  const ScratchFolder folder;
  const std::string whole = small_file();
  for (std::size_t size = 0; size < whole.size() - 4; size += size < 300 ? 1 : 17) {
    base::write_file_atomic(folder / "cut.gguf", whole.substr(0, size));
    EXPECT_THROW(GgufFile(folder / "cut.gguf"), base::Error) << size;
  }
  // Any byte of the header changed: refused, or read without harm.
  for (std::size_t at = 0; at < 300; ++at) {
    for (const unsigned char flip : {0x01, 0x80, 0xff}) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ flip);
      base::write_file_atomic(folder / "bad.gguf", damaged);
      try {
        const GgufFile file(folder / "bad.gguf");
        for (const GgufTensor& t : file.tensors()) file.read(t.name);
      } catch (const base::Error&) {
      }
    }
  }
}

}  // namespace
}  // namespace ballast::lm
