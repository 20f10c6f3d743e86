// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/train/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/interrupt.h"

namespace ballast::lm {
namespace {

std::vector<float> copy_parameters(const Network& network) {
  std::vector<float> values;
  for (const engine::Parameter& p : network.parameters().all()) {
    if (!p.frozen) values.insert(values.end(), p.value, p.value + p.size);
  }
  return values;
}

void restore_parameters(Network& network, const std::vector<float>& values) {
  const float* from = values.data();
  for (engine::Parameter& p : network.parameters().all()) {
    if (p.frozen) continue;
    std::copy_n(from, p.size, p.value);
    from += p.size;
  }
}

void save(const Trainer& trainer, const std::filesystem::path& folder) {
  base::write_directory_atomic(folder, [&](const std::filesystem::path& fresh) { trainer.save_state(fresh); });
}

double mean(std::span<const double> values) {
  return values.empty() ? 0 : std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// `why`: what asked for it; empty: Ctrl-C.
[[noreturn]] void stop(const Trainer& trainer, const RunOptions& options, const std::string& why = {}) {
  std::string hint = "nothing was written";
  if (!options.state_folder.empty()) {
    save(trainer, options.state_folder);
    hint = "the state is saved: repeat the command with --resume";
  }
  throw base::Error(base::ErrorCode::cancelled,
                    fmt::format("stopped after step {}{}{}", trainer.step_count(), why.empty() ? "" : ": ", why), {},
                    hint);
}

/// Whoever watches the run may end it by throwing cancelled: the state is saved first.
void report_progress(const Trainer& trainer, const RunOptions& options, const base::ProgressState& state) {
  try {
    options.progress(state);
  } catch (const base::Error& e) {
    if (e.code() != base::ErrorCode::cancelled) throw;
    stop(trainer, options, e.problem());
  }
}

}  // namespace

RunReport run_training(Trainer& trainer, Network& network, const RunOptions& options) {
  if (options.resume) trainer.load_state(options.state_folder);
  RunReport report;
  const base::Stopwatch watch;
  std::vector<double> losses;
  std::vector<float> best;
  std::int64_t tokens = 0, worse = 0;
  const auto evaluate = [&] {
    const double value = options.evaluate();
    if (options.on_evaluation) options.on_evaluation(trainer.step_count(), value);
    const bool better = best.empty() || value < report.best_value;
    if (better) {
      report.best_value = value;
      report.best_step = trainer.step_count();
      best = copy_parameters(network);
    }
    worse = better ? 0 : worse + 1;
  };
  const auto done = [&] {
    return trainer.finished() || (options.stop_at > 0 && trainer.step_count() >= options.stop_at);
  };
  while (!done() && !report.stopped_early) {
    const StepReport step = trainer.step();
    losses.push_back(step.loss);
    tokens += step.tokens;
    if (options.on_step) options.on_step(step);
    if (options.progress) {
      report_progress(
          trainer, options,
          {"training", step.step, trainer.steps_planned(), "steps",
           fmt::format("loss {:.4f}, {:.0f} tokens/s", step.loss, static_cast<double>(tokens) / watch.seconds()),
           done()});
    }
    if (options.evaluate && options.evaluate_every > 0 && (step.step % options.evaluate_every == 0 || done())) {
      evaluate();
      report.stopped_early = options.patience > 0 && worse >= options.patience;
    }
    if (base::interrupted()) stop(trainer, options);
    if (options.save_every > 0 && step.step % options.save_every == 0 && !options.state_folder.empty()) {
      save(trainer, options.state_folder);
    }
  }
  if (!best.empty()) restore_parameters(network, best);
  const std::size_t tenth = std::max<std::size_t>(1, losses.size() / 10);
  report.steps = trainer.step_count();
  report.first_loss = mean(std::span(losses).first(std::min(tenth, losses.size())));
  report.last_loss = mean(std::span(losses).last(std::min(tenth, losses.size())));
  report.tokens_per_second = static_cast<double>(tokens) / watch.seconds();
  return report;
}

}  // namespace ballast::lm
