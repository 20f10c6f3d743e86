// SPDX-License-Identifier: Apache-2.0
// A two-layer causal language model built from the engine's operations alone, for tests of whole steps.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "ballast/engine/attention.h"
#include "ballast/engine/loss.h"
#include "ballast/engine/ops.h"
#include "ballast/engine/optimizer.h"
#include "tests/support/engine.h"

namespace ballast::test {

class TinyNetwork {
 public:
  static constexpr std::int64_t kWidth = 48, kHeads = 4, kVocabulary = 300, kPositions = 160;

  TinyNetwork() {
    word_ = &leaves_.add("word", {kVocabulary, kWidth}, 0.3);
    position_ = &leaves_.add("position", {kPositions, kWidth}, 0.3);
    for (Layer& layer : layers_) layer = make_layer();
    gain_ = &gain("final");
    bias_ = &leaves_.add("final.bias", {kWidth}, 0.1);
    leaves_.store().prepare_training();
    for (std::size_t s = 0; s + 1 < offsets_.size(); ++s) {
      for (std::int32_t i = 0; i < offsets_[s + 1] - offsets_[s]; ++i) positions_.push_back(i);
    }
    base::Random random(3);
    for (std::int32_t i = 0; i < offsets_.back(); ++i) {
      words_.push_back(static_cast<std::int32_t>(random.below(kVocabulary)));
      labels_.push_back(i % 11 == 0 ? engine::kIgnore : static_cast<std::int32_t>(random.below(kVocabulary)));
    }
  }

  /// Forward and loss on a tape; gradients follow with tape.backward().
  double loss(engine::Tape& tape, float dropout_p) {
    using engine::Layout;
    engine::Value x = engine::embed(tape, {{word_, words_}, {position_, positions_}});
    x = engine::dropout(tape, x, dropout_p);
    for (const Layer& layer : layers_) {
      const engine::Value a = engine::layer_norm(tape, x, *layer.gain1, *layer.bias1, 1e-5f);
      const engine::Value qkv = engine::linear(tape, a, *layer.qkv, layer.qkv_bias, Layout::in_out);
      const engine::Value y = engine::attention(tape, {qkv, 0}, {qkv, kWidth}, {qkv, 2 * kWidth}, kHeads,
                                                kWidth / kHeads, offsets_, engine::AttentionMask::causal, dropout_p);
      x = engine::add(tape, x, engine::linear(tape, y, *layer.out, nullptr, Layout::out_in));
      const engine::Value b = engine::layer_norm(tape, x, *layer.gain2, *layer.bias2, 1e-5f);
      const engine::Value h =
          engine::linear(tape, b, *layer.up, layer.up_bias, Layout::in_out, engine::Activation::gelu_tanh);
      x = engine::add(tape, x, engine::linear(tape, h, *layer.down, nullptr, Layout::in_out));
    }
    x = engine::layer_norm(tape, x, *gain_, *bias_, 1e-5f);
    return engine::cross_entropy_over_vocabulary(tape, x, *word_, nullptr, labels_, {.label_smoothing = 0.1f}).mean();
  }

  /// One training step; the loss before it.
  double step(engine::Arena& arena, engine::AdamW& optimizer, std::uint64_t seed) {
    engine::Tape tape(arena, true, engine::Precision::f32, seed);
    const double before = loss(tape, 0.1f);
    tape.backward();
    optimizer.step(1e-2, engine::clip_factor(engine::gradient_norm(leaves_.store()), 1.0));
    arena.reset();
    return before;
  }

  engine::ParameterStore& store() { return leaves_.store(); }
  std::vector<float> values() {
    std::vector<float> all;
    for (const engine::Parameter& p : store().all()) all.insert(all.end(), p.value, p.value + p.size);
    return all;
  }

 private:
  struct Layer {
    engine::Parameter *gain1, *bias1, *qkv, *qkv_bias, *out, *gain2, *bias2, *up, *up_bias, *down;
  };

  engine::Parameter& gain(const std::string& name) {
    engine::Parameter& p = leaves_.add(name + ".gain", {kWidth}, 0.1);
    for (std::int64_t i = 0; i < p.size; ++i) p.value[i] += 1;
    return p;
  }
  Layer make_layer() {
    const std::string name = std::to_string(leaves_.store().all().size());
    return {&gain(name + "a"),
            &leaves_.add(name + "a.bias", {kWidth}, 0.1),
            &leaves_.add(name + "qkv", {kWidth, 3 * kWidth}, 0.2),
            &leaves_.add(name + "qkv.bias", {3 * kWidth}, 0.1),
            &leaves_.add(name + "out", {kWidth, kWidth}, 0.2),
            &gain(name + "b"),
            &leaves_.add(name + "b.bias", {kWidth}, 0.1),
            &leaves_.add(name + "up", {kWidth, 4 * kWidth}, 0.2),
            &leaves_.add(name + "up.bias", {4 * kWidth}, 0.1),
            &leaves_.add(name + "down", {4 * kWidth, kWidth}, 0.1)};
  }

  Leaves leaves_;
  engine::Parameter *word_, *position_, *gain_, *bias_;
  std::array<Layer, 2> layers_{};
  std::vector<std::int32_t> offsets_{0, 5, 6, 146, 180, 300}, words_, positions_, labels_;
};

}  // namespace ballast::test
