// SPDX-License-Identifier: Apache-2.0
#include "ballast/engine/optimizer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ballast/base/error.h"
#include "tests/support/engine.h"

namespace ballast::engine {
namespace {

/// AdamW in double, in the order of torch.optim.AdamW's single-tensor form.
struct Reference {
  std::vector<double> p, m, v;
  int step = 0;
  void operator()(const std::vector<float>& g, double lr, const AdamWOptions& o, bool decays) {
    ++step;
    const double bias1 = 1 - std::pow(o.beta1, step), bias2 = 1 - std::pow(o.beta2, step);
    for (std::size_t i = 0; i < p.size(); ++i) {
      if (decays) p[i] *= 1 - lr * o.weight_decay;
      m[i] = o.beta1 * m[i] + (1 - o.beta1) * g[i];
      v[i] = o.beta2 * v[i] + (1 - o.beta2) * static_cast<double>(g[i]) * g[i];
      p[i] -= lr / bias1 * m[i] / (std::sqrt(v[i]) / std::sqrt(bias2) + o.eps);
    }
  }
};

// f32 moments against double: 1e-6 after thirty steps of size 1e-2.
TEST(AdamW, FollowsTheReferenceInDouble) {
  for (const bool decay_all : {false, true}) {
    test::Leaves leaves;
    Parameter& matrix = leaves.add("matrix", {33, 7});
    Parameter& bias = leaves.store().add("bias", {5}, false);
    leaves.store().allocate_values();
    std::fill_n(bias.value, 5, 0.5f);
    leaves.store().prepare_training();
    const AdamWOptions options{.beta1 = 0.8, .beta2 = 0.999, .eps = 1e-6, .weight_decay = 0.1, .decay_all = decay_all};
    AdamW optimizer(leaves.store(), options);
    std::vector<Reference> references;
    for (const Parameter* p : {&matrix, &bias}) {
      const std::vector<double> zero(static_cast<std::size_t>(p->size));
      references.push_back({{p->value, p->value + p->size}, zero, zero});
    }
    for (std::uint64_t step = 0; step < 30; ++step) {
      const double lr = 1e-2 / static_cast<double>(step + 1);
      std::size_t n = 0;
      for (Parameter* p : {&matrix, &bias}) {
        std::vector<float> g = test::normals(p->size, 50 + step * 2 + n);
        std::copy(g.begin(), g.end(), p->grad);
        for (float& x : g) x *= 0.25f;
        references[n](g, lr, options, p == &matrix || decay_all);
        ++n;
      }
      optimizer.step(lr, 0.25);
      EXPECT_EQ(optimizer.steps(), static_cast<std::int64_t>(step + 1));
      n = 0;
      for (const Parameter* p : {&matrix, &bias}) {
        const std::vector<float> expected(references[n].p.begin(), references[n].p.end());
        ASSERT_TRUE(test::near(test::copy_of(p->value, p->size), expected, 1e-6, 1e-6)) << p->name << " step " << step;
        ++n;
      }
      // Moments within 2e-6: 1 - float(beta2) instead of float(1 - beta2) would be off by more.
      std::vector<float> m, v;
      for (const Reference& r : references) {
        m.insert(m.end(), r.m.begin(), r.m.end());
        v.insert(v.end(), r.v.begin(), r.v.end());
      }
      ASSERT_TRUE(test::near(optimizer.first_moments().values, m, 1e-7, 2e-6)) << "step " << step;
      ASSERT_TRUE(test::near(optimizer.second_moments().values, v, 1e-12, 2e-6)) << "step " << step;
    }
  }
}

TEST(AdamW, KeepsLargeMatricesAloneInBytes) {
  test::Leaves leaves;
  leaves.add("matrix", {65, 64});
  leaves.add("small", {63, 65});
  leaves.store().add_embedding("words", {100, 64});
  Parameter& frozen = leaves.add("frozen", {65, 64});
  frozen.frozen = true;
  leaves.store().allocate_values();
  leaves.store().prepare_training();
  for (const MomentForm form : {MomentForm::f32, MomentForm::bytes}) {
    AdamW optimizer(leaves.store(), {.moments = form});
    const bool bytes = form == MomentForm::bytes;
    for (const Moments* moments : {&optimizer.first_moments(), &optimizer.second_moments()}) {
      EXPECT_EQ(moments->values.size(), 63u * 65 + 100 * 64 + (bytes ? 0 : 65 * 64));
      EXPECT_EQ(moments->codes.size(), bytes ? 65u * 64 : 0);
      EXPECT_EQ(moments->scales.size(), bytes ? 17u : 0);  // blocks of 256
    }
  }
}

// Steps of 1e-3 in the same direction: each may be off by what a byte leaves out, a few hundredths.
TEST(AdamW, InBytesFollowsF32) {
  const auto run = [](MomentForm form) {
    test::Leaves leaves;
    Parameter& p = leaves.add("p", {80, 64}, 0);
    Parameter& small = leaves.add("small", {8}, 0);
    leaves.store().prepare_training();
    AdamW optimizer(leaves.store(), {.weight_decay = 0, .moments = form});
    for (std::uint64_t step = 0; step < 40; ++step) {
      std::vector<float> g = test::normals(p.size, step, 0.1);
      for (std::size_t i = 0; i < g.size(); ++i) p.grad[i] = g[i] + (i % 3 == 0 ? 0.2f : -0.3f);
      std::copy_n(p.grad, small.size, small.grad);
      optimizer.step(1e-3, 1);
    }
    EXPECT_TRUE(test::same_bits(test::copy_of(p.grad, p.size), std::vector<float>(static_cast<std::size_t>(p.size))));
    return std::pair(test::copy_of(p.value, p.size), test::copy_of(small.value, small.size));
  };
  const auto [exact, exact_small] = run(MomentForm::f32);
  const auto [bytes, bytes_small] = run(MomentForm::bytes);
  EXPECT_TRUE(test::near(bytes, exact, 1e-4, 0.05));
  EXPECT_FALSE(test::near(bytes, exact, 0)) << "bytes were not used";
  EXPECT_TRUE(test::same_bits(bytes_small, exact_small));
}

TEST(MomentForms, NamesAndTheErrorForOthers) {
  EXPECT_EQ(moment_form_from_name("f32"), MomentForm::f32);
  EXPECT_EQ(moment_form_from_name("8bit"), MomentForm::bytes);
  EXPECT_STREQ(moment_form_name(MomentForm::bytes), "8bit");
  try {
    moment_form_from_name("int8");
    FAIL() << "an unknown form was taken";
  } catch (const base::Error& e) {
    EXPECT_EQ(e.code(), base::ErrorCode::usage);
    EXPECT_EQ(e.where(), "--optimizer-state");
  }
}

TEST(AdamW, RestoredStateGoesOnBitForBit) {
  const auto run = [](int stop) {
    test::Leaves leaves;
    Parameter& p = leaves.add("p", {9, 9});
    leaves.store().prepare_training();
    AdamW first(leaves.store(), {}), second(leaves.store(), {});
    for (int step = 0; step < 10; ++step) {
      if (step == stop) {
        second.first_moments() = first.first_moments();
        second.second_moments() = first.second_moments();
        second.restore(first.steps());
      }
      const std::vector<float> g = test::normals(p.size, static_cast<std::uint64_t>(step));
      std::copy(g.begin(), g.end(), p.grad);
      (step < stop ? first : second).step(1e-2, 1);
    }
    return test::copy_of(p.value, p.size);
  };
  EXPECT_TRUE(test::same_bits(run(4), run(10)));
  EXPECT_TRUE(test::same_bits(run(9), run(10)));
}

TEST(GradientNorm, IsTheEuclideanNormInDouble) {
  ParameterStore store;
  store.add("a", {70000, 3}, true);
  store.add("b", {1}, true);
  store.add("c", {65536 * 257}, true);  // more pieces than one batch of them
  store.allocate_values();
  store.prepare_training();
  EXPECT_EQ(gradient_norm(store), 0);
  double squares = 0;
  for (Parameter& p : store.all()) {
    for (std::int64_t i = 0; i < p.size; ++i) {
      p.grad[i] = static_cast<float>(i % 17) * 1e-3f;
      squares += static_cast<double>(p.grad[i]) * p.grad[i];
    }
  }
  store.find("b")->grad[0] = 1e30f;
  EXPECT_NEAR(gradient_norm(store) / 1e30, 1, 1e-7);
  store.find("b")->grad[0] = 0;
  EXPECT_NEAR(gradient_norm(store) / std::sqrt(squares), 1, 1e-9);  // 17 million terms one after another
}

TEST(ClipFactor, IsTorchs) {
  EXPECT_EQ(clip_factor(0.5, 1), 1);
  EXPECT_EQ(clip_factor(5, 0), 1);
  EXPECT_EQ(clip_factor(0, 1), 1);
  EXPECT_DOUBLE_EQ(clip_factor(4, 1), 1 / (4 + 1e-6));
  EXPECT_DOUBLE_EQ(clip_factor(1, 1), 1 / (1 + 1e-6));
}

TEST(Schedules, KnownValues) {
  for (const Schedule s : {Schedule::constant, Schedule::linear, Schedule::cosine}) {
    EXPECT_EQ(schedule_factor(s, 0, 4, 20), 0);
    EXPECT_EQ(schedule_factor(s, 1, 4, 20), 0.25);
    EXPECT_EQ(schedule_factor(s, 4, 4, 20), 1);
    EXPECT_EQ(schedule_factor(s, 0, 0, 20), 1);
  }
  EXPECT_EQ(schedule_factor(Schedule::constant, 1000, 4, 20), 1);
  EXPECT_EQ(schedule_factor(Schedule::linear, 12, 4, 20), 0.5);
  EXPECT_EQ(schedule_factor(Schedule::linear, 20, 4, 20), 0);
  EXPECT_EQ(schedule_factor(Schedule::linear, 25, 4, 20), 0);
  EXPECT_NEAR(schedule_factor(Schedule::cosine, 12, 4, 20), 0.5, 1e-15);
  EXPECT_NEAR(schedule_factor(Schedule::cosine, 8, 4, 20), 0.5 + std::sqrt(0.125), 1e-15);
  EXPECT_NEAR(schedule_factor(Schedule::cosine, 20, 4, 20), 0, 1e-15);
}

TEST(Schedules, NamesAndTheErrorForOthers) {
  EXPECT_EQ(schedule_from_name("constant"), Schedule::constant);
  EXPECT_EQ(schedule_from_name("linear"), Schedule::linear);
  EXPECT_EQ(schedule_from_name("cosine"), Schedule::cosine);
  try {
    schedule_from_name("Cosine");
    FAIL() << "an unknown schedule was taken";
  } catch (const base::Error& e) {
    EXPECT_EQ(e.code(), base::ErrorCode::usage);
    EXPECT_EQ(e.problem(), "unknown schedule \"Cosine\"");
    EXPECT_EQ(e.where(), "--schedule");
    EXPECT_EQ(e.hint(), "one of constant, linear, cosine");
  }
}

}  // namespace
}  // namespace ballast::engine
