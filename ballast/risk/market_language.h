// SPDX-License-Identifier: Apache-2.0
// A language model of prices: daily returns become symbols by the quantiles of the training days, a causal transformer
// reads the symbols of the last weeks, and what it expects next is a distribution of the next return, from which
// volatility and value at risk follow. It stands beside the methods of market_volatility.h and market_var.h.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ballast/base/progress.h"

namespace ballast::risk {

struct ReturnLanguageOptions {
  int context = 60;  // days that it reads
  double epochs = 20;
  std::uint64_t seed = 42;
  base::ProgressSink progress;
};

class ReturnLanguageModel {
 public:
  /// Learns symbols and sequences from these returns alone. Throws bad_input with fewer than 500.
  static ReturnLanguageModel train(std::span<const double> returns, const ReturnLanguageOptions& options = {});
  ~ReturnLanguageModel();
  ReturnLanguageModel(ReturnLanguageModel&&) noexcept;
  ReturnLanguageModel& operator=(ReturnLanguageModel&&) noexcept;

  /// For each day t in [from, to) the probability of each symbol, from the returns before t only. REQUIRES: from >= 1,
  /// to <= returns.size() + 1.
  std::vector<std::vector<double>> expect(std::span<const double> returns, std::size_t from, std::size_t to) const;

  /// Root of the expected square: each symbol stands for the mean square of its training returns.
  double sigma(std::span<const double> probabilities) const;
  /// The `p`-quantile of the training returns, each weighing as much as its symbol's probability over its symbol's
  /// count.
  double quantile(std::span<const double> probabilities, double p) const;

  /// The share of that weight on training returns above `value`.
  double probability_above(std::span<const double> probabilities, double value) const;

  /// Writes the transformer and returns.json to an existing folder.
  void save(const std::string& folder) const;

 private:
  struct State;
  explicit ReturnLanguageModel(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace ballast::risk
