// SPDX-License-Identifier: Apache-2.0
// How a series model learns: windows of rows in, the weights of the best epoch left in the network.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ballast/engine/optimizer.h"
#include "ballast/lm/arch/gpt2.h"
#include "ballast/lm/series_model.h"

namespace ballast::lm {

/// What is known before the network says anything: the columns' scales and the base answers.
struct SeriesScaling {
  std::vector<float> mean, scale;
  double log_odds = 0, log_variance = 0;

  /// From the rows that learn. Throws bad_input unless rises and falls are among them.
  static SeriesScaling of(const SeriesTable& table, const SeriesTargets& targets);
  /// Row `row` of the table in units of the scale, within ±5, to out[columns].
  void write(const SeriesTable& table, std::int64_t row, float* out) const;
};

/// Windows of rows packed for the network, ending at the network's last position.
class SeriesBatch {
 public:
  SeriesBatch(const SeriesTable& table, const SeriesScaling& scaling, std::int64_t window)
      : table_(table), scaling_(scaling), window_(window) {}

  void clear();
  /// Adds rows [begin, end), at most `window`; the last `asked` of them are asked for.
  void add(std::int64_t begin, std::int64_t end, std::int64_t asked);
  std::int64_t windows() const { return tokens_.sequences(); }
  /// Rows of the table that are asked for, in order.
  std::span<const std::int64_t> asked() const { return asked_; }

  /// [asked, 2]: log-odds and log-variance, the bases included. The batch must live until backward().
  engine::Value run(engine::Tape& tape, Gpt2& network) const;

 private:
  const SeriesTable& table_;
  const SeriesScaling& scaling_;
  std::int64_t window_;
  text::TokenBatch tokens_;
  std::vector<std::int64_t> rows_, asked_;  // of the table
  std::vector<std::int32_t> asked_rows_;    // of the batch
};

std::vector<SeriesAnswer> series_answers(Gpt2& network, const SeriesScaling& scaling, const SeriesTable& table,
                                         std::span<const std::int64_t> rows, std::int64_t window);

class SeriesTrainer {
 public:
  /// All must outlive the trainer.
  SeriesTrainer(Gpt2& network, const SeriesScaling& scaling, const SeriesTable& table, const SeriesTargets& targets,
                const SeriesOptions& options);
  SeriesTraining run();

  /// Weighted loss of a batch's rows that learn, divided by `count`; in training the gradients are left in the network.
  double loss(engine::Tape& tape, const SeriesBatch& batch, double count);

 private:
  struct Window {
    std::int64_t begin, end, asked;
  };
  /// Windows whose later halves hold rows of this use.
  std::vector<Window> windows(SeriesUse use, std::int64_t shift) const;
  void epoch(int number);
  double judge();
  double weighted(double direction, double variance) const;

  Gpt2& network_;
  const SeriesScaling& scaling_;
  const SeriesTable& table_;
  const SeriesTargets& targets_;
  const SeriesOptions& options_;
  std::int64_t steps_planned_ = 0, step_ = 0;
  engine::AdamW optimizer_;
  engine::Arena arena_;
};

}  // namespace ballast::lm
