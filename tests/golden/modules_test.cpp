// SPDX-License-Identifier: Apache-2.0
// The plain formulas that the models use against torch: outputs and gradients within ten times torch's own float32
// error (at least 1e-6), as the fixtures' README asks.
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "ballast/base/json.h"
#include "ballast/engine/attention.h"
#include "ballast/engine/loss.h"
#include "ballast/engine/ops.h"
#include "ballast/engine/optimizer.h"
#include "ballast/lm/arch/rotary.h"
#include "tests/golden/module_fixture.h"

namespace ballast::engine {
namespace {

using Fixture = test::ModuleFixture;
using test::Modules;
using test::seed;
using test::Workbench;

TEST_F(Modules, Gelu) {
  for (const auto& [name, kind] : {std::pair("gelu_erf", Activation::gelu_erf), {"gelu_tanh", Activation::gelu_tanh}}) {
    const Fixture fixture(name);
    Workbench w(fixture);
    const Value y = activate(w.tape, w.input("x"), kind);
    fixture.expect("out.output", test::data_of(y));
    seed(w.tape, y, fixture.floats("gout.output"));
    w.expect_gradients();
  }
}

TEST_F(Modules, LayerNorm) {
  for (const auto& [name, eps] : {std::pair("layer_norm", 1e-5f), {"layer_norm_eps12", 1e-12f}}) {
    const Fixture fixture(name);
    Workbench w(fixture);
    const Value y = layer_norm(w.tape, w.input("x"), w.weight("weight"), w.weight("bias"), eps);
    fixture.expect("out.output", test::data_of(y));
    seed(w.tape, y, fixture.floats("gout.output"));
    w.expect_gradients();
  }
}

TEST_F(Modules, RmsNormAndSilu) {
  const Fixture norm("rms_norm");
  Workbench w(norm);
  const Value y = rms_norm(w.tape, w.input("x"), w.weight("norm_weight"), 1e-6f);
  norm.expect("out.output", test::data_of(y));
  seed(w.tape, y, norm.floats("gout.output"));
  w.expect_gradients();
  const Fixture silu("silu");
  Workbench v(silu);
  const Value z = activate(v.tape, v.input("x"), Activation::silu);
  silu.expect("out.output", test::data_of(z));
  seed(v.tape, z, silu.floats("gout.output"));
  v.expect_gradients();
}

TEST_F(Modules, RotaryPositions) {
  for (const std::string name : {"rope_llama", "rope_llama_far"}) {
    const Fixture fixture(name);
    Workbench w(fixture);
    lm::RotaryConfig config;
    config.theta = test::module_index().at(name).at("params").at("theta").get<double>();
    const std::int64_t width = fixture.shape("in.q").back();
    lm::RotaryTable table(config, width);
    const auto ids = fixture.integers("in.position_ids");
    for (const std::string which : {"q", "k"}) {
      const Value x = w.input(which);  // [batch, heads, positions, width]: a row a head
      std::vector<std::int32_t> positions;
      for (std::int64_t i = 0; i < x.rows; ++i) {
        positions.push_back(static_cast<std::int32_t>(ids[static_cast<std::size_t>(i) % ids.size()]));
      }
      const Value y = rotate(w.tape, x, width, table.at(w.tape.arena(), positions));
      fixture.expect("out." + which, test::data_of(y));
      seed(w.tape, y, fixture.floats("gout." + which));
    }
    w.expect_gradients();
  }
}

TEST_F(Modules, CrossEntropy) {
  for (const std::string kind : {"mean", "sum", "smooth"}) {
    const Fixture fixture("cross_entropy_" + kind);
    Workbench w(fixture);
    const Value logits = w.input("logits");
    const std::vector<std::int64_t> target = fixture.integers("in.target");
    const std::vector<std::int32_t> labels(target.begin(), target.end());
    LossOptions options;
    options.label_smoothing = kind == "smooth" ? 0.1f : 0.0f;
    options.scale = fixture.floats("gout.loss")[0];
    if (kind == "sum") options.count = 1;
    const LossResult result = cross_entropy(w.tape, logits, labels, options);
    const auto loss = static_cast<float>(kind == "sum" ? result.sum : result.mean());
    fixture.expect("out.loss", std::array{loss});
    w.expect_gradients();
  }
}

TEST_F(Modules, BinaryCrossEntropy) {
  const Fixture fixture("bce_with_logits");
  Workbench w(fixture);
  const LossResult result = binary_cross_entropy(w.tape, w.input("logits"), fixture.floats("in.target_mask"), {},
                                                 {.scale = fixture.floats("gout.loss")[0]});
  fixture.expect("out.loss", std::array{static_cast<float>(result.mean())});
  w.expect_gradients();
}

TEST_F(Modules, SoftmaxOfLargeScores) {
  const Fixture fixture("softmax_large");
  std::vector<float> p = fixture.floats("in.x"), l = p;
  const std::int64_t cols = fixture.shape("in.x")[1];
  for (std::size_t i = 0; i < p.size(); i += static_cast<std::size_t>(cols)) {
    softmax_row(p.data() + i, cols);
    log_softmax_row(l.data() + i, cols);
  }
  fixture.expect("out.output", p);
  fixture.expect("out.log", l);
}

TEST_F(Modules, AdamW) {
  const lm::SafetensorsFile file(test::shared_dir() / "fixtures/modules/optimizers.safetensors");
  const base::Json& params = test::module_index().at("optimizers").at("params");
  ParameterStore store;
  Parameter& p = store.add("param", {5, 3}, true);
  store.allocate_values();
  file.read_f32("in.param", {p.value, 15});
  store.prepare_training();
  std::vector<float> grads(8 * 15), expected(8 * 15);
  file.read_f32("in.grads", grads);
  file.read_f32("out.adamw", expected);
  AdamWOptions options;
  options.weight_decay = params.at("adamw").at("weight_decay").get<double>();
  engine::AdamW optimizer(store, options);
  for (std::size_t step = 0; step < 8; ++step) {
    std::copy_n(grads.begin() + static_cast<std::ptrdiff_t>(step * 15), 15, p.grad);
    optimizer.step(params.at("adamw").at("lr").get<double>(), 1);
    EXPECT_TRUE(test::near(test::copy_of(p.value, 15), std::span(expected).subspan(step * 15, 15), 1e-6)) << step;
  }
}

TEST_F(Modules, Schedules) {
  const base::Json& values = test::module_index().at("schedules").at("values");
  for (const std::string name : {"linear", "cosine", "constant"}) {
    const auto factors = values.at(name).get<std::vector<double>>();
    ASSERT_EQ(factors.size(), 25u);
    for (std::size_t step = 0; step < factors.size(); ++step) {
      EXPECT_NEAR(schedule_factor(schedule_from_name(name), static_cast<std::int64_t>(step), 5, 25), factors[step],
                  1e-12)
          << name << " step " << step;
    }
  }
}

std::vector<float> flat(const base::Json& matrix) {
  std::vector<float> all;
  for (const auto& row : matrix) {
    for (const double x : row.get<std::vector<double>>()) all.push_back(static_cast<float>(x));
  }
  return all;
}

TEST(ArticleExample, AttentionOfTwoTokens) {
  BALLAST_NEEDS_SHARED("fixtures/article-example/expected.json");
  const base::Json expected = base::read_json(test::shared_dir() / "fixtures/article-example/expected.json");
  std::vector<float> q = flat(expected.at("Q")), k = flat(expected.at("K")), v = flat(expected.at("V"));
  const auto columns = [](std::vector<float>& x) { return Columns{Value{x.data(), nullptr, 2, 3}}; };
  const std::vector<std::int32_t> offsets{0, 2};
  Arena arena;
  Tape tape(arena, false);
  constexpr double kFloat = 1e-7;
  std::vector<float> product(4), weights(4), out(6);
  gemm(2, 2, 3, {q.data(), 3, false}, {k.data(), 3, true}, product.data(), 2, false);
  EXPECT_TRUE(test::near(product, flat(expected.at("QKt")), kFloat));
  for (const auto& [mask, prefix] : {std::pair(AttentionMask::bidirectional, ""), {AttentionMask::causal, "causal_"}}) {
    attention_weights(columns(q), columns(k), 1, 3, 0, 2, mask, weights.data());
    EXPECT_TRUE(test::near(weights, flat(expected.at(std::string(prefix) + "softmax")), kFloat));
    const Value y = attention(tape, columns(q), columns(k), columns(v), 1, 3, offsets, mask, 0);
    EXPECT_TRUE(test::near(test::data_of(y), flat(expected.at(std::string(prefix) + "output")), kFloat));
    attention_scalar(columns(q), columns(k), columns(v), 1, 3, offsets, mask, {out.data(), nullptr, 2, 3});
    EXPECT_TRUE(test::near(out, flat(expected.at(std::string(prefix) + "output")), kFloat));
  }
  for (float& x : q) x *= std::sqrt(3.0f);  // undoes the scaling
  const Value y = attention(tape, columns(q), columns(k), columns(v), 1, 3, offsets, AttentionMask::bidirectional, 0);
  EXPECT_TRUE(test::near(test::data_of(y), flat(expected.at("unscaled_output")), kFloat));
  softmax_row(product.data(), 2);
  softmax_row(product.data() + 2, 2);
  EXPECT_TRUE(test::near(product, flat(expected.at("unscaled_softmax")), kFloat));
}

}  // namespace
}  // namespace ballast::engine
