// SPDX-License-Identifier: Apache-2.0
// Differentially private steps of Trainer: one example's gradient at a time.
#include <algorithm>
#include <cmath>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/base/random.h"
#include "ballast/lm/train/trainer.h"

namespace ballast::lm {
namespace {

constexpr std::uint64_t kDrawStream = 0xd1a3;   // which examples take part
constexpr std::uint64_t kNoiseStream = 0x015e;  // of step s: kNoiseStream + s
constexpr std::int64_t kFrozenTokens = 4096;    // tokens encoded at a time where the encoder is not trained

/// Whether nothing below the head is trained: the encoder then needs no gradient.
bool only_head_trained(const Network& network) {
  const auto& all = network.parameters().all();
  return std::all_of(all.begin(), all.end(), [&](const engine::Parameter& p) {
    return p.frozen || (network.belongs_to_head(p.name) && p.low_rank.down == nullptr);
  });
}

/// sum += factor · gradients, which are zero afterwards.
void move_scaled(engine::ParameterStore& parameters, float factor, std::vector<float>& sum) {
  std::size_t at = 0;
  for (engine::Parameter& p : parameters.all()) {
    if (p.frozen) continue;
    float* to = sum.data() + at;
    for (std::int64_t i = 0; i < p.size; ++i) {
      to[i] += factor * p.grad[i];
      p.grad[i] = 0;
    }
    at += static_cast<std::size_t>(p.size);
  }
}

}  // namespace

/// Hidden states of the chosen examples, by the encoder as it is.
std::vector<std::vector<float>> Trainer::encode_frozen(std::span<const std::uint32_t> chosen) {
  std::vector<std::vector<float>> hidden;
  text::TokenBatch batch;
  std::vector<std::size_t> lengths;
  const auto flush = [&] {
    if (lengths.empty()) return;
    arena_.reset();
    engine::Tape tape(arena_, false, settings_.precision);
    const engine::Value out = network_.encode(tape, batch);
    const float* row = out.data;
    for (const std::size_t length : lengths) {
      const std::size_t size = length * static_cast<std::size_t>(out.cols);
      hidden.emplace_back(row, row + size);
      row += size;
    }
    batch.clear();
    lengths.clear();
  };
  for (const std::uint32_t index : chosen) {
    const Example& e = examples_[index];
    if (batch.tokens() + static_cast<std::int64_t>(e.ids.size()) > kFrozenTokens) flush();
    batch.add(e.ids, e.types);
    lengths.push_back(e.ids.size());
  }
  flush();
  return hidden;
}

/// Leaves one example's gradient in the parameters and returns its loss. `hidden`: its encoder states where those are
/// not trained, else empty.
double Trainer::private_gradient(std::uint32_t index, std::span<const float> hidden) {
  Batch& batch = batches_.front();
  fill(batch, examples_, std::span(&index, 1), step_);
  if (batch.count == 0) return 0;
  arena_.reset();
  const std::uint64_t dropout_seed =
      base::random_bits(settings_.sampling.seed, 0xd0u + static_cast<std::uint64_t>(step_) * examples_.size() + index);
  engine::Tape tape(arena_, true, settings_.precision, dropout_seed);
  if (hidden.empty()) return run(tape, batch, batch.count) / batch.count;
  const auto rows = static_cast<std::int64_t>(examples_[index].ids.size());
  const engine::Value states = tape.make(rows, static_cast<std::int64_t>(hidden.size()) / rows);
  std::copy(hidden.begin(), hidden.end(), states.data);
  const double loss = classification_loss(tape, states, batch, batch.count);
  tape.backward();
  return loss / batch.count;
}

StepReport Trainer::private_step() {
  const base::Stopwatch watch;
  const PrivateSteps& privacy = settings_.privacy;
  BALLAST_CHECK(privacy.sampling_rate <= 1 && privacy.clip > 0 && privacy.noise >= 0, privacy.sampling_rate);
  StepReport report;
  std::vector<std::uint32_t> chosen;
  base::Random draw(privacy.noise_seed, kDrawStream + (static_cast<std::uint64_t>(step_) << 20));
  for (std::uint32_t i = 0; i < examples_.size(); ++i) {
    if (draw.uniform() < privacy.sampling_rate) chosen.push_back(i);
  }
  const bool head_only = settings_.objective == Objective::classification && only_head_trained(network_);
  const auto hidden = head_only ? encode_frozen(chosen) : std::vector<std::vector<float>>();
  private_sum_.assign(static_cast<std::size_t>(network_.parameters().trainable_size()), 0.0f);
  double loss = 0;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    loss += private_gradient(chosen[i], head_only ? std::span<const float>(hidden[i]) : std::span<const float>());
    const double norm = engine::gradient_norm(network_.parameters());
    move_scaled(network_.parameters(), static_cast<float>(std::min(1.0, privacy.clip / std::max(norm, 1e-12))),
                private_sum_);
    report.tokens += static_cast<std::int64_t>(examples_[chosen[i]].tokens());
  }
  // Divided by the number expected, not drawn: how many were drawn is a secret as well.
  const double expected = std::max(1.0, privacy.sampling_rate * static_cast<double>(examples_.size()));
  base::Random noise(privacy.noise_seed, kNoiseStream + (static_cast<std::uint64_t>(step_) << 20));
  std::size_t at = 0;
  for (engine::Parameter& p : network_.parameters().all()) {
    if (p.frozen) continue;
    for (std::int64_t i = 0; i < p.size; ++i) {
      const double noisy = private_sum_[at++] + (privacy.noise > 0 ? privacy.noise * privacy.clip * noise.normal() : 0);
      p.grad[i] = static_cast<float>(noisy / expected);
    }
  }
  report.loss = chosen.empty() ? 0 : loss / static_cast<double>(chosen.size());
  report.grad_norm = engine::gradient_norm(network_.parameters());
  report.lr = settings_.lr * engine::schedule_factor(settings_.schedule, step_, settings_.warmup, settings_.steps);
  optimizer_.step(report.lr, 1);
  report.step = ++step_;
  report.seconds = watch.seconds();
  return report;
}

}  // namespace ballast::lm
