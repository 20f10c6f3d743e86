// SPDX-License-Identifier: Apache-2.0
// Bit-exact by design: no result depends on the number of threads, and a sequence's rows do not depend on what else is
// in the packed batch.
#include <gtest/gtest.h>

#include <functional>

#include "tests/support/tiny_network.h"

namespace ballast::engine {
namespace {

using test::Leaves;
using test::Threads;

constexpr int kThreadCounts[] = {1, 2, 3, 5};

/// Runs `make` with every thread count and compares the bits. `make` returns everything that it computed.
void expect_same_for_any_threads(const std::function<std::vector<float>()>& make) {
  std::vector<float> expected;
  for (const int count : kThreadCounts) {
    const Threads threads(count);
    const std::vector<float> result = make();
    if (expected.empty()) expected = result;
    ASSERT_FALSE(expected.empty());
    EXPECT_TRUE(test::same_bits(result, expected)) << count << " threads";
  }
}

/// Forward and backward of `op` over leaves: the output and all gradients, for fixed gradients of the output.
std::vector<float> both_ways(Leaves& leaves, Precision precision, const std::function<Value(Tape&)>& op) {
  leaves.store().prepare_training();
  Arena arena;
  Tape tape(arena, true, precision, 21);
  const Value y = op(tape);
  const std::vector<float> dy = test::normals(y.size(), 22);
  std::copy(dy.begin(), dy.end(), tape.gradient(y));
  tape.backward();
  std::vector<float> all = test::data_of(y);
  for (const Parameter& p : leaves.store().all()) all.insert(all.end(), p.grad, p.grad + p.size);
  return all;
}

TEST(ThreadCount, DoesNotChangeProducts) {
  const std::int64_t m = 301, n = 530, k = 397;
  const std::vector<float> a = test::normals(m * k, 1), b = test::normals(k * n, 2);
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    expect_same_for_any_threads([&] {
      std::vector<float> c(static_cast<std::size_t>(m * n), 0.5f);
      gemm(m, n, k, {a.data(), k, false}, {b.data(), n, false}, c.data(), n, true, precision);
      const PackedMatrix packed({b.data(), n, false}, k, n, precision);
      std::vector<float> d(c.size());
      gemm(m, {a.data(), k, false}, packed, d.data(), n, false);
      c.insert(c.end(), d.begin(), d.end());
      return c;
    });
  }
}

TEST(ThreadCount, DoesNotChangeLinear) {
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    for (const Layout layout : {Layout::out_in, Layout::in_out}) {
      expect_same_for_any_threads([&] {
        Leaves leaves;
        Parameter& x = leaves.add("x", {307, 130});
        Parameter& w = layout == Layout::out_in ? leaves.add("w", {290, 130}) : leaves.add("w", {130, 290});
        Parameter& bias = leaves.add("bias", {290});
        return both_ways(leaves, precision, [&](Tape& tape) {
          return linear(tape, Leaves::value(x), w, &bias, layout, Activation::gelu_erf);
        });
      });
    }
  }
}

TEST(ThreadCount, DoesNotChangeRowwiseOperations) {
  expect_same_for_any_threads([] {
    Leaves leaves;
    Parameter& x = leaves.add("x", {307, 130});
    Parameter& gain = leaves.add("gain", {130});
    Parameter& bias = leaves.add("bias", {130});
    return both_ways(leaves, Precision::f32, [&](Tape& tape) {
      Value y = layer_norm(tape, Leaves::value(x), gain, bias, 1e-5f);
      y = dropout(tape, add(tape, y, Leaves::value(x)), 0.2f);
      return activate(tape, y, Activation::gelu_tanh);
    });
  });
}

TEST(ThreadCount, DoesNotChangeEmbedAndSelectRows) {
  std::vector<std::int32_t> ids, positions, rows;
  for (std::int32_t i = 0; i < 307; ++i) {
    ids.push_back(i * 31 % 17);
    positions.push_back(i % 40);
    rows.push_back(i * 7 % 50);
  }
  expect_same_for_any_threads([&] {
    Leaves leaves;
    Parameter& word = leaves.add("word", {17, 200});
    Parameter& position = leaves.add("position", {40, 200});
    return both_ways(leaves, Precision::f32, [&](Tape& tape) {
      return select_rows(tape, embed(tape, {{&word, ids}, {&position, positions}}), rows);
    });
  });
}

TEST(ThreadCount, DoesNotChangeAttention) {
  const std::vector<std::int32_t> offsets{0, 1, 34, 34, 177, 241};
  for (const AttentionMask mask : {AttentionMask::causal, AttentionMask::bidirectional}) {
    expect_same_for_any_threads([&] {
      Leaves leaves;
      Parameter& qkv = leaves.add("qkv", {241, 3 * 4 * 9});
      return both_ways(leaves, Precision::f32, [&](Tape& tape) {
        const Value x = Leaves::value(qkv);
        return attention(tape, {x, 0}, {x, 36}, {x, 72}, 4, 9, offsets, mask, 0.1f);
      });
    });
  }
}

TEST(ThreadCount, DoesNotChangeLosses) {
  std::vector<std::int32_t> labels;
  std::vector<float> targets;
  for (std::int32_t i = 0; i < 530; ++i) labels.push_back(i % 9 == 0 ? kIgnore : i * 13 % 310);
  for (int i = 0; i < 530 * 310; ++i) targets.push_back(static_cast<float>(i % 2));
  expect_same_for_any_threads([&] {
    Leaves leaves;
    Parameter& x = leaves.add("x", {530, 40});
    Parameter& table = leaves.add("table", {310, 40});
    Parameter& bias = leaves.add("bias", {310});
    std::vector<float> sums;
    std::vector<float> all = both_ways(leaves, Precision::f32, [&](Tape& tape) {
      const LossOptions options{.label_smoothing = 0.1f};
      const Value logits = linear(tape, Leaves::value(x), table, &bias, Layout::out_in);
      const double a = cross_entropy(tape, logits, labels, options).sum;
      const double b = cross_entropy_over_vocabulary(tape, Leaves::value(x), table, &bias, labels, options).sum;
      const double c = binary_cross_entropy(tape, logits, targets, {}, options).sum;
      for (const double d : {a, b, c}) {  // every bit of the doubles
        const auto bits = std::bit_cast<std::uint64_t>(d);
        sums.push_back(static_cast<float>(bits >> 40));
        sums.push_back(static_cast<float>(bits >> 20 & 0xfffff));
        sums.push_back(static_cast<float>(bits & 0xfffff));
      }
      return logits;
    });
    all.insert(all.end(), sums.begin(), sums.end());
    return all;
  });
}

TEST(ThreadCount, DoesNotChangeAdamWInBytes) {
  expect_same_for_any_threads([] {
    Leaves leaves;
    Parameter& large = leaves.add("large", {200001});
    leaves.add("small", {77});
    leaves.store().prepare_training();
    AdamW optimizer(leaves.store(), {.moments = MomentForm::bytes});
    for (std::uint64_t step = 0; step < 3; ++step) {
      for (Parameter& p : leaves.store().all()) {
        const std::vector<float> g = test::normals(p.size, step);
        std::copy(g.begin(), g.end(), p.grad);
      }
      optimizer.step(1e-3, 0.5);
    }
    std::vector<float> all = test::copy_of(large.value, large.size);
    for (const Moments* moments : {&optimizer.first_moments(), &optimizer.second_moments()}) {
      all.insert(all.end(), moments->codes.begin(), moments->codes.end());
      all.insert(all.end(), moments->scales.begin(), moments->scales.end());
    }
    return all;
  });
}

TEST(ThreadCount, DoesNotChangeAdamWAndGradientNorm) {
  expect_same_for_any_threads([] {
    Leaves leaves;
    leaves.add("large", {200001});
    leaves.add("small", {77});
    leaves.store().prepare_training();
    AdamW optimizer(leaves.store(), {});
    std::vector<float> norms;
    for (std::uint64_t step = 0; step < 3; ++step) {
      for (Parameter& p : leaves.store().all()) {
        const std::vector<float> g = test::normals(p.size, step);
        std::copy(g.begin(), g.end(), p.grad);
      }
      const auto bits = std::bit_cast<std::uint64_t>(gradient_norm(leaves.store()));
      norms.push_back(static_cast<float>(bits >> 32 & 0xffffff));
      norms.push_back(static_cast<float>(bits >> 12 & 0xfffff));
      norms.push_back(static_cast<float>(bits & 0xfff));
      optimizer.step(1e-3, 0.5);
    }
    for (const Parameter& p : leaves.store().all()) norms.insert(norms.end(), p.value, p.value + p.size);
    norms.insert(norms.end(), optimizer.first_moments().values.begin(), optimizer.first_moments().values.end());
    norms.insert(norms.end(), optimizer.second_moments().values.begin(), optimizer.second_moments().values.end());
    return norms;
  });
}

TEST(ThreadCount, DoesNotChangeTraining) {
  expect_same_for_any_threads([] {
    test::TinyNetwork network;
    Arena arena;
    AdamW optimizer(network.store(), {});
    std::vector<float> all;
    for (std::uint64_t step = 0; step < 4; ++step) {
      all.push_back(static_cast<float>(network.step(arena, optimizer, step)));
    }
    const std::vector<float> values = network.values();
    all.insert(all.end(), values.begin(), values.end());
    return all;
  });
}

/// One layer's worth of inference over a packed batch of sequences.
class PackedBatch : public ::testing::TestWithParam<Precision> {
 protected:
  static constexpr std::int64_t kWidth = 36, kHeads = 4;

  std::vector<float> run(const std::vector<std::vector<float>>& sequences, AttentionMask mask, bool packed) {
    std::vector<std::int32_t> offsets{0};
    for (const auto& s : sequences) offsets.push_back(offsets.back() + static_cast<std::int32_t>(s.size()) / kWidth);
    w1_.packed.reset();
    w2_.packed.reset();
    if (packed) {
      pack_for_inference(w1_, Layout::in_out, GetParam());
      pack_for_inference(w2_, Layout::out_in, GetParam());
    }
    Arena arena;
    Tape tape(arena, false, GetParam());
    Value x = tape.make(offsets.back(), kWidth);
    float* to = x.data;
    for (const auto& s : sequences) to = std::copy(s.begin(), s.end(), to);
    x = layer_norm(tape, x, gain_, bias_, 1e-5f);
    const Value qkv = linear(tape, x, w1_, nullptr, Layout::in_out);
    const Value y =
        attention(tape, {qkv, 0}, {qkv, kWidth}, {qkv, 2 * kWidth}, kHeads, kWidth / kHeads, offsets, mask, 0);
    return test::data_of(add(tape, x, linear(tape, y, w2_, &bias_, Layout::out_in, Activation::gelu_tanh)));
  }
  static std::vector<float> sequence(std::int64_t length, std::uint64_t seed) {
    return test::normals(length * kWidth, seed);
  }

  Leaves leaves_;
  Parameter& gain_ = leaves_.add("gain", {kWidth});
  Parameter& bias_ = leaves_.add("bias", {kWidth});
  Parameter& w1_ = leaves_.add("w1", {kWidth, 3 * kWidth}, 0.3);
  Parameter& w2_ = leaves_.add("w2", {kWidth, kWidth}, 0.3);
};
INSTANTIATE_TEST_SUITE_P(Precisions, PackedBatch, ::testing::Values(Precision::f32, Precision::bf16));

TEST_P(PackedBatch, ASequenceHasTheSameBitsInAnyCompany) {
  for (const AttentionMask mask : {AttentionMask::causal, AttentionMask::bidirectional}) {
    for (const std::int64_t length : {1, 5, 33, 140}) {
      const std::vector<float> own = sequence(length, 7);
      const std::vector<float> alone = run({own}, mask, false);
      EXPECT_TRUE(test::same_bits(run({own}, mask, true), alone)) << "packed weights, length " << length;
      for (const std::int64_t before : {1, 3, 8, 31, 200}) {
        for (const bool packed : {false, true}) {
          const std::vector<float> all = run({sequence(before, 1), own, sequence(17, 2)}, mask, packed);
          const auto part = std::span(all).subspan(static_cast<std::size_t>(before * kWidth), own.size());
          EXPECT_TRUE(test::same_bits(part, alone)) << "length " << length << " behind " << before << " rows";
        }
      }
    }
  }
}

}  // namespace
}  // namespace ballast::engine
