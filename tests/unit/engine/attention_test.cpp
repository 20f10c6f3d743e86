// SPDX-License-Identifier: Apache-2.0
#include "ballast/engine/attention.h"

#include <gtest/gtest.h>

#include "ballast/base/error.h"
#include "tests/support/engine.h"

namespace ballast::engine {
namespace {

class Attention : public test::IsaLevel {};
INSTANTIATE_TEST_SUITE_P(Level, Attention, test::all_levels(), test::level_name);

/// A packed batch with q, k and v side by side, as GPT-2 computes them.
struct Batch {
  std::int64_t heads, width;
  std::vector<std::int32_t> offsets;
  std::vector<float> memory = test::normals(offsets.back() * heads * width * 3, 5);

  Value qkv() { return {memory.data(), nullptr, offsets.back(), heads * width * 3}; }
  Columns part(int n) { return {qkv(), n * heads * width}; }
  std::vector<float> run(Arena& arena, AttentionMask mask) {
    Tape tape(arena, false);
    return test::data_of(attention(tape, part(0), part(1), part(2), heads, width, offsets, mask, 0.5f));
  }
  std::vector<float> truth(AttentionMask mask) {
    std::vector<float> y(static_cast<std::size_t>(offsets.back() * heads * width));
    attention_scalar(part(0), part(1), part(2), heads, width, offsets, mask,
                     {y.data(), nullptr, offsets.back(), heads * width});
    return y;
  }
};

// Sums of up to 300 weights that add up to one, in f32: 2e-6.
TEST_P(Attention, BlocksAgreeWithThePlainFormula) {
  Arena arena;
  for (const AttentionMask mask : {AttentionMask::causal, AttentionMask::bidirectional}) {
    for (const std::int64_t width : {1, 7, 8, 64}) {
      Batch batch{3, width, {0, 1, 3, 3, 35, 67, 100, 229, 357, 487, 787}};  // lengths around 32 and 128, and none
      EXPECT_TRUE(test::near(batch.run(arena, mask), batch.truth(mask), 2e-6)) << "width " << width;
    }
  }
}

TEST_P(Attention, LargeScoresDoNotOverflow) {
  Arena arena;
  Batch batch{2, 16, {0, 200}};
  for (float& x : batch.memory) x *= 30;
  for (const AttentionMask mask : {AttentionMask::causal, AttentionMask::bidirectional}) {
    EXPECT_TRUE(test::near(batch.run(arena, mask), batch.truth(mask), 2e-2));
  }
}

TEST(AttentionWeights, AreTheSoftmaxThatMultipliesTheValues) {
  Arena arena;
  const std::int64_t heads = 2, width = 5, first = 4, length = 150;
  Batch batch{heads, width, {0, 4, 154}};
  for (const AttentionMask mask : {AttentionMask::causal, AttentionMask::bidirectional}) {
    std::vector<float> weights(static_cast<std::size_t>(heads * length * length), -1);
    attention_weights(batch.part(0), batch.part(1), heads, width, first, length, mask, weights.data());
    const std::vector<float> y = batch.run(arena, mask);
    for (std::int64_t n = 0; n < heads; ++n) {
      for (std::int64_t i = 0; i < length; ++i) {
        const float* row = weights.data() + (n * length + i) * length;
        double sum = 0, out = 0;
        for (std::int64_t j = 0; j < length; ++j) {
          sum += row[j];
          if (mask == AttentionMask::causal && j > i) {
            ASSERT_EQ(row[j], 0);
          }
          out += static_cast<double>(row[j]) *
                 batch.memory[static_cast<std::size_t>((first + j) * 3 * heads * width + (2 * heads + n) * width)];
        }
        ASSERT_NEAR(sum, 1, 1e-6);
        ASSERT_NEAR(out, y[static_cast<std::size_t>((first + i) * heads * width + n * width)], 2e-6);
      }
    }
  }
}

TEST(AttentionCached, ATokenHasTheBitsOfTheLastRowOfTheWholeSequence) {
  Arena arena;
  AttentionOptions options;
  options.heads = 6;
  options.head_width = 16;
  for (const std::int64_t kv_heads : {6, 2, 1}) {
    options.kv_heads = kv_heads;
    const std::int64_t stride = kv_heads * options.head_width, width = options.heads * options.head_width;
    for (const std::int32_t length : {1, 2, 31, 33, 128, 129, 300}) {
      std::vector<float> q = test::normals(length * width, 1), k = test::normals(length * stride, 2),
                         v = test::normals(length * stride, 3);
      const std::vector<std::int32_t> offsets = {0, length};
      Tape tape(arena, false);
      const Value y = attention(tape, {{q.data(), nullptr, length, width}}, {{k.data(), nullptr, length, stride}},
                                {{v.data(), nullptr, length, stride}}, offsets, offsets, options);
      // Pages of their own, the rest of the last one filled with what must not matter.
      const std::int64_t pages = (length + kPageTokens - 1) / kPageTokens;
      k.resize(static_cast<std::size_t>(pages * kPageTokens * stride), std::numeric_limits<float>::quiet_NaN());
      v.resize(k.size(), std::numeric_limits<float>::quiet_NaN());
      std::vector<const float*> keys, values;
      for (std::int64_t page = 0; page < pages; ++page) {
        keys.push_back(k.data() + page * kPageTokens * stride);
        values.push_back(v.data() + page * kPageTokens * stride);
      }
      const CachedKeys cached[] = {{keys.data(), values.data(), length}};
      const Value last = attend_cached(tape, {{q.data() + (length - 1) * width, nullptr, 1, width}}, cached, options);
      EXPECT_TRUE(test::same_bits({last.data, static_cast<std::size_t>(width)},
                                  {y.data + (length - 1) * width, static_cast<std::size_t>(width)}))
          << length << " tokens, " << kv_heads << " key heads";
    }
  }
}

TEST(AttentionGroups, AreHeadsWithRepeatedKeys) {
  Arena arena;
  const std::int64_t rows = 40, width = 8;
  const std::vector<std::int32_t> offsets = {0, 7, 40};
  std::vector<float> q = test::normals(rows * 4 * width, 1), k = test::normals(rows * 2 * width, 2);
  std::vector<float> repeated(static_cast<std::size_t>(rows * 4 * width));
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t n = 0; n < 4; ++n) {
      std::copy_n(k.data() + (i * 2 + n / 2) * width, width, repeated.data() + (i * 4 + n) * width);
    }
  }
  AttentionOptions options;
  options.heads = 4;
  options.head_width = width;
  Tape tape(arena, false);
  const Columns query{{q.data(), nullptr, rows, 4 * width}}, wide{{repeated.data(), nullptr, rows, 4 * width}};
  const Value plain = attention(tape, query, wide, wide, offsets, offsets, options);
  options.kv_heads = 2;
  const Columns narrow{{k.data(), nullptr, rows, 2 * width}};
  const Value grouped = attention(tape, query, narrow, narrow, offsets, offsets, options);
  EXPECT_TRUE(test::same_bits(test::data_of(grouped), test::data_of(plain)));
}

TEST(AttentionBias, AddsToTheScoresByDistance) {
  Arena arena;
  ParameterStore store;
  Parameter& table = store.add("bias", {3, 1}, true);
  store.allocate_values();
  table.value[0] = 0.5f, table.value[1] = -1.0f, table.value[2] = 2.0f;
  const std::vector<std::int32_t> buckets = {0, 1, 2};  // distances -1, 0, 1
  AttentionOptions options;
  options.mask = AttentionMask::bidirectional;
  options.scale = 1;
  options.bias = {&table, buckets, 1};
  std::vector<float> q = {0, 0}, v = {1, 0};  // scores are the bias alone
  const std::vector<std::int32_t> offsets = {0, 2};
  Tape tape(arena, false);
  const Columns zero{{q.data(), nullptr, 2, 1}}, values{{v.data(), nullptr, 2, 1}};
  const Value y = attention(tape, zero, zero, values, offsets, offsets, options);
  // Query 0 sees distances 0 and 1, query 1 sees -1 and 0; the value is the weight of key 0.
  EXPECT_NEAR(y.data[0], 1 / (1 + std::exp(2.0 - -1.0)), 1e-6);
  EXPECT_NEAR(y.data[1], 1 / (1 + std::exp(-1.0 - 0.5)), 1e-6);
}

TEST(AttentionAcross, QueriesReadTheOtherSequence) {
  Arena arena;
  AttentionOptions options;
  options.mask = AttentionMask::bidirectional;
  std::vector<float> q = {0, 0, 0}, k = {0, 0, 0, 0}, v = {1, 3, 10, 20};
  const std::vector<std::int32_t> offsets = {0, 1, 3}, kv_offsets = {0, 2, 4};
  Tape tape(arena, false);
  const Value y = attention(tape, {{q.data(), nullptr, 3, 1}}, {{k.data(), nullptr, 4, 1}}, {{v.data(), nullptr, 4, 1}},
                            offsets, kv_offsets, options);
  EXPECT_FLOAT_EQ(y.data[0], 2);
  EXPECT_FLOAT_EQ(y.data[1], 15);
  EXPECT_FLOAT_EQ(y.data[2], 15);
}

TEST(AttentionDropout, HeadsAndSequencesDropDifferentWeights) {
  // Equal scores and v = one-hot of the key, so that an output row shows which weights were kept.
  const std::int64_t width = 32, heads = 2, rows = 2 * width;
  std::vector<float> zero(static_cast<std::size_t>(rows * heads * width)), v(zero.size());
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t n = 0; n < heads; ++n) v[static_cast<std::size_t>((i * heads + n) * width + i % width)] = 1;
  }
  const Value q{zero.data(), nullptr, rows, heads * width}, values{v.data(), nullptr, rows, heads * width};
  const std::vector<std::int32_t> offsets{0, 32, 64};
  Arena arena;
  Tape tape(arena, true, Precision::f32, 9);
  const Value y = attention(tape, {q}, {q}, {values}, heads, width, offsets, AttentionMask::bidirectional, 0.5f);
  const Value again = attention(tape, {q}, {q}, {values}, heads, width, offsets, AttentionMask::bidirectional, 0.5f);
  std::vector<std::vector<bool>> kept;
  for (const Value& out : {y, again}) {
    for (std::int64_t s = 0; s < 2; ++s) {
      for (std::int64_t n = 0; n < heads; ++n) {
        std::vector<bool>& bits = kept.emplace_back();
        for (std::int64_t i = 0; i < width; ++i) {
          for (std::int64_t j = 0; j < width; ++j) {
            const float weight = out.data[((s * width + i) * heads + n) * width + j];
            EXPECT_TRUE(weight == 0 || std::abs(weight - 2.0f / 32) < 1e-6f);
            bits.push_back(weight != 0);
          }
        }
      }
    }
  }
  // Independent masks agree in half of their places, wherever one is laid over the other (1024 places: ±5 σ).
  for (std::size_t a = 0; a < kept.size(); ++a) {
    for (std::size_t b = a + 1; b < kept.size(); ++b) {
      for (std::ptrdiff_t shift = -8; shift <= 8; ++shift) {
        std::int64_t same = 0, count = 0;
        for (std::ptrdiff_t i = 8; i < 1024 - 8; ++i, ++count) {
          same += kept[a][static_cast<std::size_t>(i)] == kept[b][static_cast<std::size_t>(i + shift)];
        }
        EXPECT_NEAR(static_cast<double>(same) / static_cast<double>(count), 0.5, 0.08) << a << " " << b << " " << shift;
      }
    }
  }
}

TEST(AttentionErrors, ShapesAndDropoutThatCannotBe) {
  Arena arena;
  Tape tape(arena, false);
  Batch batch{1, 4, {0, 3}};
  const std::vector<std::int32_t> wrong{0, 2};
  EXPECT_THROW(attention(tape, batch.part(0), batch.part(1), batch.part(2), 1, 4, wrong, AttentionMask::causal, 0),
               base::Error);
  EXPECT_THROW(attention(tape, batch.part(0), batch.part(1), batch.part(2), 1, 4, {}, AttentionMask::causal, 0),
               base::Error);
  Columns shorter = batch.part(1);
  shorter.of.rows = 2;
  EXPECT_THROW(attention(tape, batch.part(0), shorter, batch.part(2), 1, 4, batch.offsets, AttentionMask::causal, 0),
               base::Error);
  EXPECT_THROW(
      attention(tape, batch.part(0), batch.part(1), batch.part(2), 1, 4, batch.offsets, AttentionMask::causal, 1),
      base::Error);
}

}  // namespace
}  // namespace ballast::engine
