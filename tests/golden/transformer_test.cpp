// SPDX-License-Identifier: Apache-2.0
// `transformer` (Vaswani et al. 2017) against torch.nn.Transformer, post-norm and pre-norm, padded batches. The word
// table holds torch's inputs less the positions that the network adds.
#include "ballast/lm/arch/encoder_decoder.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/golden/module_fixture.h"

namespace ballast::lm {
namespace {

using test::ModuleFixture;

ModelConfig config_of(bool pre_norm) {
  return parse_config({{"model_type", "transformer"},
                       {"architectures", {"TransformerForConditionalGeneration"}},
                       {"vocab_size", 22},
                       {"d_model", 16},
                       {"encoder_layers", 2},
                       {"decoder_layers", 2},
                       {"encoder_attention_heads", 4},
                       {"decoder_attention_heads", 4},
                       {"encoder_ffn_dim", 24},
                       {"decoder_ffn_dim", 24},
                       {"max_position_embeddings", 8},
                       {"decoder_start_token_id", 0},
                       {"norm_first", pre_norm},
                       {"activation_function", pre_norm ? "gelu" : "relu"},  // as the fixtures have them
                       {"final_norm", true},
                       {"scale_embedding", false}},
                      "test");
}

void put(Network& network, const std::string& name, std::vector<float> values, std::size_t first = 0,
         std::size_t count = 0) {
  engine::Parameter* p = network.parameters().find(name);
  ASSERT_NE(p, nullptr) << name;
  ASSERT_EQ(p->size, static_cast<std::int64_t>(count == 0 ? values.size() : count)) << name;
  std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(first), p->size, p->value);
}

void put_attention(Network& network, const ModuleFixture& f, const std::string& to, const std::string& from) {
  const char* parts[] = {".q_proj", ".k_proj", ".v_proj"};
  for (std::size_t i = 0; i < 3; ++i) {
    put(network, to + parts[i] + ".weight", f.floats(from + ".in_proj_weight"), i * 256, 256);
    put(network, to + parts[i] + ".bias", f.floats(from + ".in_proj_bias"), i * 16, 16);
  }
  for (const char* kind : {".weight", ".bias"})
    put(network, to + ".out_proj" + kind, f.floats(from + ".out_proj" + kind));
}

void put_side(Network& network, const ModuleFixture& f, const std::string& side) {
  for (int i = 0; i < 2; ++i) {
    const std::string to = "model." + side + ".layers." + std::to_string(i) + ".";
    const std::string from = "w." + side + ".layers." + std::to_string(i) + ".";
    const bool decoder = side == "decoder";
    put_attention(network, f, to + "self_attn", from + "self_attn");
    if (decoder) put_attention(network, f, to + "encoder_attn", from + "multihead_attn");
    for (const std::string kind : {".weight", ".bias"}) {
      put(network, to + "fc1" + kind, f.floats(from + "linear1" + kind));
      put(network, to + "fc2" + kind, f.floats(from + "linear2" + kind));
      put(network, to + "self_attn_layer_norm" + kind, f.floats(from + "norm1" + kind));
      if (decoder) put(network, to + "encoder_attn_layer_norm" + kind, f.floats(from + "norm2" + kind));
      put(network, to + "final_layer_norm" + kind, f.floats(from + (decoder ? "norm3" : "norm2") + kind));
    }
  }
  for (const std::string kind : {".weight", ".bias"}) {
    put(network, "model." + side + ".layer_norm" + kind, f.floats("w." + side + ".norm" + kind));
  }
}

/// Rows of an input become words from `first_word` on; what is masked is left out of the batch.
text::TokenBatch batch_of(EncoderDecoder& network, const ModuleFixture& f, const std::string& input,
                          std::int32_t first_word, std::vector<std::int64_t>& rows) {
  const auto shape = f.shape("in." + input);
  const auto values = f.floats("in." + input);
  const auto masked = f.integers("in." + input + "_key_padding_mask");
  const std::vector<float> sines = sine_positions(shape[1], 16, true);
  float* table = network.vocabulary_table().value;
  text::TokenBatch batch;
  for (std::int64_t b = 0; b < shape[0]; ++b) {
    for (std::int64_t t = 0; t < shape[1]; ++t) {
      const std::int64_t row = b * shape[1] + t;
      for (std::int64_t i = 0; i < 16; ++i) {
        table[(first_word + row) * 16 + i] =
            values[static_cast<std::size_t>(row * 16 + i)] - sines[static_cast<std::size_t>(t * 16 + i)];
      }
      if (masked[static_cast<std::size_t>(row)] != 0) continue;
      batch.ids.push_back(first_word + static_cast<std::int32_t>(row));
      batch.positions.push_back(static_cast<std::int32_t>(t));
      batch.types.push_back(0);
      rows.push_back(row);
    }
    batch.offsets.push_back(static_cast<std::int32_t>(batch.ids.size()));
  }
  return batch;
}

class Transformer : public testing::TestWithParam<bool> {};

TEST_P(Transformer, IsTorchsTransformer) {
  BALLAST_NEEDS_SHARED("fixtures/modules/index.json");
  const ModuleFixture f(GetParam() ? "transformer_prenorm" : "transformer_postnorm");
  EncoderDecoder network(config_of(GetParam()));
  network.initialize(1);
  put_side(network, f, "encoder");
  put_side(network, f, "decoder");
  std::vector<std::int64_t> source_rows, rows;
  const text::TokenBatch source = batch_of(network, f, "src", 0, source_rows);
  const text::TokenBatch target = batch_of(network, f, "tgt", 12, rows);
  engine::Arena arena;
  engine::Tape tape(arena, false);
  const engine::Value out =
      network.decode_targets(tape, network.encode(tape, source, nullptr), source, target, nullptr);
  const auto expected = f.floats("out.output");
  ASSERT_GE(rows.size(), 8u);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::int64_t i = 0; i < 16; ++i) {
      EXPECT_NEAR(out.data[static_cast<std::int64_t>(r) * 16 + i], expected[static_cast<std::size_t>(rows[r] * 16 + i)],
                  f.tolerance("out.output") + 1e-6);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Norms, Transformer, testing::Bool());

}  // namespace
}  // namespace ballast::lm
