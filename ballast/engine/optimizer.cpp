// SPDX-License-Identifier: Apache-2.0
#include "ballast/engine/optimizer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/engine/kernels/moment_kernels.h"

namespace ballast::engine {
namespace {
constexpr std::int64_t kPiece = 65536;         // elements: sums have one order for any number of threads
constexpr std::int64_t kFewestInBytes = 4096;  // elements of a tensor (Dettmers et al. 2022)
static_assert(kPiece % kernels::kMomentBlock == 0, "a block of moments lies in one piece");

bool in_bytes(const Parameter& p, MomentForm form) {
  return form == MomentForm::bytes && p.size >= kFewestInBytes && !p.embedding;
}

/// The blocks of n moments that have a scale.
std::int64_t scales_of(std::int64_t n) {
  return (n + kernels::kMomentBlock - 1) / kernels::kMomentBlock;
}

}  // namespace

MomentForm moment_form_from_name(const std::string& name) {
  for (const MomentForm form : {MomentForm::f32, MomentForm::bytes}) {
    if (name == moment_form_name(form)) return form;
  }
  throw base::Error(base::ErrorCode::usage, "unknown form of moments \"" + name + "\"", "--optimizer-state",
                    "one of f32, 8bit");
}

const char* moment_form_name(MomentForm form) {
  return form == MomentForm::bytes ? "8bit" : "f32";
}

AdamW::AdamW(ParameterStore& parameters, const AdamWOptions& options) : parameters_(parameters), options_(options) {
  std::int64_t values = 0, codes = 0, scales = 0;
  for (const Parameter& p : parameters.all()) {
    if (p.frozen) continue;
    const bool bytes = in_bytes(p, options.moments);
    (bytes ? codes : values) += p.size;
    if (bytes) scales += scales_of(p.size);
  }
  for (Moments* moments : {&m_, &v_}) {
    moments->values.resize(static_cast<std::size_t>(values));
    moments->codes.resize(static_cast<std::size_t>(codes));
    moments->scales.resize(static_cast<std::size_t>(scales));
  }
}

void AdamW::step(double lr, double grad_scale) {
  ++steps_;
  kernels::AdamW s{};
  s.lr = static_cast<float>(lr);
  s.beta1 = static_cast<float>(options_.beta1);
  s.beta2 = static_cast<float>(options_.beta2);
  s.eps = static_cast<float>(options_.eps);
  s.bias1 = static_cast<float>(1 - std::pow(options_.beta1, static_cast<double>(steps_)));
  s.bias2 = static_cast<float>(1 - std::pow(options_.beta2, static_cast<double>(steps_)));
  s.grad_scale = static_cast<float>(grad_scale);
  s.rest1 = static_cast<float>(1 - options_.beta1);
  s.rest2 = static_cast<float>(1 - options_.beta2);
  std::int64_t value = 0, code = 0, scale = 0;  // where the parameter's moments begin
  for (Parameter& p : parameters_.all()) {
    if (p.frozen) continue;
    s.weight_decay = p.decay || options_.decay_all ? static_cast<float>(options_.weight_decay) : 0.0f;
    if (in_bytes(p, options_.moments)) {
      base::parallel_ranges(p.size, kPiece, [&](std::int64_t begin, std::int64_t end) {
        const auto at = [&](Moments& moments) {
          return kernels::ByteMoments{moments.codes.data() + code + begin,
                                      moments.scales.data() + scale + begin / kernels::kMomentBlock};
        };
        kernels::adamw_step_bytes(s, p.value + begin, p.grad + begin, at(m_), at(v_), end - begin);
      });
      code += p.size;
      scale += scales_of(p.size);
    } else {
      base::parallel_ranges(p.size, kPiece, [&](std::int64_t begin, std::int64_t end) {
        kernels::adamw_step(s, p.value + begin, p.grad + begin, m_.values.data() + value + begin,
                            v_.values.data() + value + begin, end - begin);
      });
      value += p.size;
    }
  }
}

double gradient_norm(const ParameterStore& parameters) {
  constexpr std::int64_t kBatch = 256;  // pieces at a time, so that their sums need no heap
  double total = 0;
  for (const Parameter& p : parameters.all()) {
    if (p.frozen) continue;
    for (std::int64_t first = 0; first < p.size; first += kBatch * kPiece) {
      std::array<double, kBatch> pieces{};
      const float* grad = p.grad + first;
      base::parallel_ranges(
          std::min(p.size - first, kBatch * kPiece), kPiece, [&](std::int64_t begin, std::int64_t end) {
            pieces[static_cast<std::size_t>(begin / kPiece)] = kernels::sum_of_squares(grad + begin, end - begin);
          });
      for (const double piece : pieces) total += piece;
    }
  }
  return std::sqrt(total);
}

double clip_factor(double norm, double max_norm) {
  return max_norm > 0 ? std::min(1.0, max_norm / (norm + 1e-6)) : 1.0;
}

Schedule schedule_from_name(const std::string& name) {
  if (name == "constant") return Schedule::constant;
  if (name == "linear") return Schedule::linear;
  if (name == "cosine") return Schedule::cosine;
  throw base::Error(base::ErrorCode::usage, "unknown schedule \"" + name + "\"", "--schedule",
                    "one of constant, linear, cosine");
}

double schedule_factor(Schedule schedule, std::int64_t step, std::int64_t warmup, std::int64_t total) {
  if (step < warmup) return static_cast<double>(step) / static_cast<double>(std::max<std::int64_t>(1, warmup));
  const double span = static_cast<double>(std::max<std::int64_t>(1, total - warmup));
  switch (schedule) {
    case Schedule::constant:
      return 1;
    case Schedule::linear:
      return std::max(0.0, static_cast<double>(total - step) / span);
    case Schedule::cosine: {
      const double progress = static_cast<double>(step - warmup) / span;
      return std::max(0.0, 0.5 * (1 + std::cos(std::numbers::pi * progress)));
    }
  }
  return 1;
}

}  // namespace ballast::engine
