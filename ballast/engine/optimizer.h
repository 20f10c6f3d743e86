// SPDX-License-Identifier: Apache-2.0
// AdamW, gradient clipping and learning-rate schedules.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ballast/engine/parameter.h"

namespace ballast::engine {

/// How moments are kept: in f32, or in a byte each with a scale a block (kernels/moment_kernels.h). In bytes are those
/// of large matrices alone; embeddings and tensors of fewer than 4096 elements keep f32, as in the paper.
enum class MomentForm { f32, bytes };
/// "f32" and "8bit". The first throws usage for another name.
MomentForm moment_form_from_name(const std::string& name);
const char* moment_form_name(MomentForm form);

struct AdamWOptions {
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0.01;
  bool decay_all = false;  // torch's AdamW decays every parameter; the default spares biases and norms
  MomentForm moments = MomentForm::f32;
};

/// One moment of all trained parameters, in their order: of those in f32, and of those in bytes.
struct Moments {
  std::vector<float> values;
  std::vector<std::uint8_t> codes;
  std::vector<float> scales;
};

/// AdamW (Loshchilov & Hutter 2019).
class AdamW {
 public:
  AdamW(ParameterStore& parameters, const AdamWOptions& options);

  /// One step with learning rate `lr`; gradients are multiplied by `grad_scale` first (clipping). They are zero
  /// afterwards, ready for the next step.
  void step(double lr, double grad_scale);

  std::int64_t steps() const { return steps_; }
  MomentForm moment_form() const { return options_.moments; }
  /// State for checkpoints.
  Moments& first_moments() { return m_; }
  const Moments& first_moments() const { return m_; }
  Moments& second_moments() { return v_; }
  const Moments& second_moments() const { return v_; }
  void restore(std::int64_t steps) { steps_ = steps; }

 private:
  ParameterStore& parameters_;
  AdamWOptions options_;
  Moments m_, v_;
  std::int64_t steps_ = 0;
};

/// Euclidean norm of all gradients, in double over pieces of fixed size added in order.
double gradient_norm(const ParameterStore& parameters);

/// The factor that brings `norm` down to `max_norm` (torch's clip_grad_norm_: max / (norm + 1e-6), at most 1); 1 when
/// max_norm is 0.
double clip_factor(double norm, double max_norm);

enum class Schedule { constant, linear, cosine };
/// Throws usage for an unknown name.
Schedule schedule_from_name(const std::string& name);

/// Learning-rate multiplier at `step` (from 0) of `total`: linear warm-up from 0 over `warmup` steps, then constant,
/// linear decay to 0 or half a cosine to 0 (as transformers' get_*_schedule_with_warmup).
double schedule_factor(Schedule schedule, std::int64_t step, std::int64_t warmup, std::int64_t total);

}  // namespace ballast::engine
