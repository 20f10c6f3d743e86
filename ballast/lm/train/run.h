// SPDX-License-Identifier: Apache-2.0
// A whole training run around Trainer: evaluation, early stopping, checkpoints, clean stop on Ctrl-C.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "ballast/base/progress.h"
#include "ballast/lm/train/trainer.h"

namespace ballast::lm {

struct RunOptions {
  std::filesystem::path state_folder;  // where the resumable state goes; empty: none
  bool resume = false;
  std::int64_t stop_at = 0;          // end after this step, although the schedule goes on; 0: at its end
  std::int64_t save_every = 0;       // steps; 0: only when interrupted
  std::int64_t evaluate_every = 0;   // steps; 0: never
  std::int64_t patience = 0;         // evaluations without improvement before stopping; 0: never stop early
  std::function<double()> evaluate;  // lower is better
  std::function<void(const StepReport&)> on_step;
  std::function<void(std::int64_t step, double value)> on_evaluation;
  base::ProgressSink progress;  // may throw cancelled: the run then ends as after Ctrl-C
};

struct RunReport {
  std::int64_t steps = 0, best_step = 0;
  double first_loss = 0, last_loss = 0;  // means over the first and last tenth of the steps run here
  double best_value = 0;                 // of evaluate
  double tokens_per_second = 0;
  bool stopped_early = false;
};

/// Runs to the end; the network then holds the best parameters evaluated (the last ones without evaluation). Throws
/// cancelled after Ctrl-C, with the state saved.
RunReport run_training(Trainer& trainer, Network& network, const RunOptions& options);

}  // namespace ballast::lm
