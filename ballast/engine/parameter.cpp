// SPDX-License-Identifier: Apache-2.0
#include "ballast/engine/parameter.h"

#include <algorithm>

#include "ballast/base/error.h"

namespace ballast::engine {

Parameter& ParameterStore::add(const std::string& name, std::vector<std::int64_t> shape, bool decay) {
  BALLAST_CHECK(find(name) == nullptr, all().size());
  Parameter& p = parameters_.emplace_back();
  p.name = name;
  p.size = 1;
  for (const std::int64_t n : shape) p.size *= n;
  p.shape = std::move(shape);
  p.decay = decay;
  return p;
}

Parameter& ParameterStore::add_embedding(const std::string& name, std::vector<std::int64_t> shape) {
  Parameter& p = add(name, std::move(shape), true);
  p.embedding = true;
  return p;
}

void ParameterStore::allocate_values() {
  for (Parameter& p : parameters_) {
    if (p.value == nullptr && !p.packed && !p.read_row)
      p.value = owned_.emplace_back(static_cast<std::size_t>(p.size)).data();
  }
}

void ParameterStore::own(Parameter& p) {
  const bool owned =
      std::any_of(owned_.begin(), owned_.end(), [&](const auto& block) { return block.data() == p.value; });
  if (!owned) p.value = owned_.emplace_back(p.value, p.value + p.size).data();
}

void ParameterStore::drop_last(const std::function<bool(const Parameter&)>& condition) {
  while (!parameters_.empty() && condition(parameters_.back())) parameters_.pop_back();
}

void ParameterStore::prepare_training() {
  std::int64_t offset = 0;
  gradients_.assign(static_cast<std::size_t>(trainable_size()), 0.0f);
  for (Parameter& p : parameters_) {
    p.grad = nullptr;
    if (p.frozen) continue;
    own(p);
    p.grad = gradients_.data() + offset;
    offset += p.size;
  }
  drop_packed();
}

void ParameterStore::zero_gradients() {
  std::fill(gradients_.begin(), gradients_.end(), 0.0f);
}

void ParameterStore::drop_packed() {
  for (Parameter& p : parameters_) p.packed.reset();
}

Parameter* ParameterStore::find(const std::string& name) {
  const auto it =
      std::find_if(parameters_.begin(), parameters_.end(), [&](const Parameter& p) { return p.name == name; });
  return it == parameters_.end() ? nullptr : &*it;
}

std::int64_t ParameterStore::total_size() const {
  std::int64_t total = 0;
  for (const Parameter& p : parameters_) total += p.size;
  return total;
}

std::int64_t ParameterStore::trainable_size() const {
  std::int64_t total = 0;
  for (const Parameter& p : parameters_) total += p.frozen ? 0 : p.size;
  return total;
}

}  // namespace ballast::engine
