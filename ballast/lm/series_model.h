// SPDX-License-Identifier: Apache-2.0
// A small causal transformer over rows of plain numbers, such as what is known of a market after each session: will the
// next change be a rise, and how large a spread must be expected? Each row is a weighted sum of one "word" a column, so
// that the network is GPT-2's (pre-norm, learned positions). Hides the network, the trainer and the engine.
// Bit-identical for the same seed and data at any thread count.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "ballast/base/progress.h"

namespace ballast::lm {

/// Rows of one or more series end to end. NaN: not known, read as the column's mean.
struct SeriesTable {
  std::int64_t columns = 0;
  std::vector<float> values;          // [rows, columns]; within a series time goes up
  std::vector<std::int64_t> offsets;  // first row of each series, then the number of rows
  std::int64_t rows() const { return offsets.empty() ? 0 : offsets.back(); }
};

enum class SeriesUse : std::uint8_t {
  none,   // what came after the row is not known, or not to be used; the row itself may still be read as an earlier one
  learn,  // fitted
  judge   // decides when to stop
};

/// What came after each row of a table.
struct SeriesTargets {
  std::vector<SeriesUse> use;
  std::vector<std::uint8_t> up;  // 1: a rise
  std::vector<float> move;       // the change in units of a scale known at the row; NaN where there is none
};

struct SeriesOptions {
  std::int64_t window = 20;  // rows that an answer is made from: its own and those before
  std::int64_t width = 32, layers = 2, heads = 4;
  double dropout = 0.1, lr = 1e-3, weight_decay = 0.05;
  int epochs = 20;                                   // at most
  int patience = 4;                                  // epochs without a gain on the rows that judge
  std::int64_t batch = 64;                           // windows a step
  double direction_weight = 1, variance_weight = 0;  // of the two losses; at least one is positive
  std::uint64_t seed = 42;
  base::ProgressSink progress;
};

struct SeriesAnswer {
  double log_odds = 0;      // of a rise
  double log_variance = 0;  // of the change in units of its scale
};

/// How training went. The base is what no row is needed for: the share of rises and the mean square of moves.
struct SeriesTraining {
  double base_log_odds = 0;
  int epochs = 0, best_epoch = 0;        // 0: nothing that was learned beat the base on the rows that judge
  double base_loss = 0, best_loss = 0;   // weighted, on those rows
  std::int64_t learned = 0, judged = 0;  // rows
};

class SeriesModel {
 public:
  /// Rows that learn are cut into overlapping windows whose later half is asked for; the weights of the epoch with the
  /// least loss on the rows that judge are kept. Columns are brought to mean 0 and deviation 1 over the rows that
  /// learn, and to within 5. Throws bad_input unless both rises and falls are learned from and some rows judge, usage
  /// for options that cannot be.
  static SeriesModel train(const SeriesTable& table, const SeriesTargets& targets, const SeriesOptions& options = {});
  /// A folder that save() wrote. Throws not_found or bad_input.
  static SeriesModel load(const std::filesystem::path& folder);
  ~SeriesModel();
  SeriesModel(SeriesModel&&) noexcept;
  SeriesModel& operator=(SeriesModel&&) noexcept;

  /// Writes the network in Hugging Face layout and series.json to an existing folder.
  void save(const std::filesystem::path& folder) const;

  const SeriesTraining& training() const;
  std::int64_t parameters() const;

  /// One answer for each of `rows`, from the last `window` rows of its series up to and with it; it does not depend on
  /// the others. Throws bad_input where the table has other columns than the training's.
  std::vector<SeriesAnswer> answer(const SeriesTable& table, std::span<const std::int64_t> rows) const;

 private:
  struct State;
  explicit SeriesModel(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace ballast::lm
