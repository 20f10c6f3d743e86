// SPDX-License-Identifier: Apache-2.0
// Trainable tensors: values (owned, or borrowed from a memory-mapped file), gradients and optimiser moments.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ballast/engine/gemm.h"

namespace ballast::engine {

struct Parameter;

/// A low-rank correction of a weight matrix (Hu et al. 2021): linear() computes x W + scale · (x downᵀ) upᵀ.
struct LowRank {
  Parameter *down = nullptr, *up = nullptr;  // [rank, in] and [out, rank]; the store owns them
  float scale = 1;                           // alpha / rank
  float dropout = 0;                         // of x before `down`, in training
};

struct Parameter {
  std::string name;
  std::vector<std::int64_t> shape;  // row-major
  std::int64_t size = 0;            // product of shape
  bool decay = true;                // weight decay applies (matrices; not biases and norms)
  bool embedding = false;           // rows are looked up by id; its moments stay f32
  bool frozen = false;              // never trained: neither gradient nor moments, and a borrowed value stays borrowed
  LowRank low_rank;                 // none without `down`
  float* value = nullptr;
  float* grad = nullptr;                 // null unless training, and where frozen
  std::unique_ptr<PackedMatrix> packed;  // the right-hand side of its product, ready for inference
  /// Decodes a row of a matrix that is kept in another form, where `value` is null: inference only.
  std::function<void(std::int64_t row, float* out)> read_row;

  std::int64_t rows() const { return shape.front(); }
  std::int64_t cols() const { return size / shape.front(); }
};

/// Owns the parameters of one model. Addresses stay valid.
class ParameterStore {
 public:
  /// Adds an uninitialised parameter. Names are unique.
  Parameter& add(const std::string& name, std::vector<std::int64_t> shape, bool decay);
  /// A table whose rows are looked up by id; weight decay applies.
  Parameter& add_embedding(const std::string& name, std::vector<std::int64_t> shape);
  /// Gives every parameter that is stored in no form its own zeroed memory.
  void allocate_values();
  /// Copies borrowed values of what is trained into own memory (before training) and allocates zeroed gradients.
  void prepare_training();
  void zero_gradients();
  /// Gives a parameter its own memory where its value is borrowed.
  void own(Parameter& parameter);
  /// Removes parameters from the end as long as the condition holds for the last.
  void drop_last(const std::function<bool(const Parameter&)>& condition);
  /// After values changed: drops packed copies.
  void drop_packed();

  Parameter* find(const std::string& name);
  std::deque<Parameter>& all() { return parameters_; }
  const std::deque<Parameter>& all() const { return parameters_; }
  std::int64_t total_size() const;
  /// Elements that are trained.
  std::int64_t trainable_size() const;

 private:
  std::deque<Parameter> parameters_;
  std::vector<std::vector<float>> owned_;
  std::vector<float> gradients_;
};

}  // namespace ballast::engine
