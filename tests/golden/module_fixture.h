// SPDX-License-Identifier: Apache-2.0
// The reference fixtures of single modules (fixtures/modules): their tensors as leaves of a tape, and the comparison of
// our outputs and gradients with theirs.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/engine/parameter.h"
#include "ballast/engine/tape.h"
#include "ballast/lm/checkpoint/safetensors.h"
#include "tests/support/engine.h"
#include "tests/support/shared.h"

namespace ballast::test {

using engine::Arena;
using engine::Parameter;
using engine::Tape;
using engine::Value;

inline const base::Json& module_index() {
  static const base::Json json = base::read_json(shared_dir() / "fixtures/modules/index.json");
  return json.at("modules");
}

/// One fixture: its tensors, and the comparison with what we compute.
class ModuleFixture {
 public:
  explicit ModuleFixture(const std::string& name)
      : name_(name), file_(shared_dir() / "fixtures/modules" / (name + ".safetensors")) {}

  bool has(const std::string& tensor) const { return file_.has(tensor); }
  std::vector<std::int64_t> shape(const std::string& tensor) const { return file_.info(tensor).shape; }
  std::vector<std::string> gradients() const {
    std::vector<std::string> names = file_.names();
    std::erase_if(names, [](const std::string& n) { return !n.starts_with("grad."); });
    return names;
  }
  std::vector<float> floats(const std::string& tensor) const {
    std::vector<float> values(static_cast<std::size_t>(file_.info(tensor).count()));
    file_.read_f32(tensor, values);
    return values;
  }
  std::vector<std::int64_t> integers(const std::string& tensor) const {
    std::vector<std::int64_t> values(static_cast<std::size_t>(file_.info(tensor).count()));
    file_.read_i64(tensor, values);
    return values;
  }
  double tolerance(const std::string& tensor) const {
    return std::max(1e-6, 10 * module_index().at(name_).at("max_abs_diff_float64").at(tensor).get<double>());
  }
  void expect(const std::string& tensor, std::span<const float> ours) const {
    EXPECT_TRUE(near(ours, floats(tensor), tolerance(tensor))) << name_ << " " << tensor;
  }

 private:
  std::string name_;
  lm::SafetensorsFile file_;
};

/// A training tape with the fixture's weights and inputs as leaves.
class Workbench {
 public:
  explicit Workbench(const ModuleFixture& fixture) : fixture_(fixture) {}

  Parameter& weight(const std::string& name) { return leaf("w." + name); }
  Parameter* weight_if_any(const std::string& name) { return fixture_.has("w." + name) ? &weight(name) : nullptr; }
  /// An input as rows of its last axis.
  Value input(const std::string& name) {
    const Parameter& p = leaf("in." + name);
    return value_of(p, p.shape.back());
  }
  /// A constant, without a gradient.
  Parameter& constant(std::vector<std::int64_t> shape, const std::vector<float>& values) {
    Parameter& p = store_->emplace_back();
    p.shape = std::move(shape);
    p.size = static_cast<std::int64_t>(values.size());
    p.value = memory(values);
    return p;
  }
  Value zeros(std::int64_t rows, std::int64_t cols) {
    const Value v = tape.make(rows, cols);
    std::fill_n(v.data, v.size(), 0.0f);
    return v;
  }
  float* memory(const std::vector<float>& values) {
    blocks_.push_back(std::make_unique<std::vector<float>>(values));
    return blocks_.back()->data();
  }
  /// Lists that closures point to.
  const std::vector<std::int32_t>& keep(std::vector<std::int32_t> list) {
    lists_.push_back(std::make_unique<std::vector<std::int32_t>>(std::move(list)));
    return *lists_.back();
  }
  /// Every gradient of the fixture.
  void expect_gradients() {
    tape.backward();
    for (const std::string& name : fixture_.gradients()) {
      const auto p =
          std::find_if(store_->begin(), store_->end(), [&](const Parameter& x) { return "grad." + x.name == name; });
      ASSERT_NE(p, store_->end()) << name << " is not an input of what was built";
      fixture_.expect(name, copy_of(p->grad, p->size));
    }
  }

 private:
  Parameter& leaf(const std::string& name) {
    for (Parameter& p : *store_) {
      if (p.name == name) return p;
    }
    Parameter& p = constant(fixture_.shape(name), fixture_.floats(name));
    p.name = name;
    p.grad = memory(std::vector<float>(static_cast<std::size_t>(p.size)));
    return p;
  }

  const ModuleFixture& fixture_;
  Arena arena_;
  std::unique_ptr<std::deque<Parameter>> store_ = std::make_unique<std::deque<Parameter>>();
  std::vector<std::unique_ptr<std::vector<float>>> blocks_;
  std::vector<std::unique_ptr<std::vector<std::int32_t>>> lists_;

 public:
  Tape tape{arena_, true};
};

inline void seed(Tape& tape, const Value& y, const std::vector<float>& gradient) {
  ASSERT_EQ(y.size(), static_cast<std::int64_t>(gradient.size()));
  float* dy = tape.gradient(y);
  for (std::size_t i = 0; i < gradient.size(); ++i) dy[i] += gradient[i];
}

class Modules : public ::testing::Test {
 protected:
  void SetUp() override { BALLAST_NEEDS_SHARED("fixtures/modules/index.json"); }
};
}  // namespace ballast::test
