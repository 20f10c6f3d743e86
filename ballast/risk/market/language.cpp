// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <filesystem>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/json.h"
#include "ballast/lm/sequence_model.h"
#include "ballast/risk/market_language.h"
#include "ballast/tabular/metrics.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t kFewestReturns = 500;
/// Symbols end at these quantiles of the training returns: finer in the tails, where the risk is.
constexpr double kEdges[] = {0.01, 0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.975, 0.99};
constexpr std::size_t kSymbols = std::size(kEdges) + 1;
constexpr std::size_t kDaysAtOnce = 256;  // bounds the memory of one call

}  // namespace

struct ReturnLanguageModel::State {
  std::vector<double> edges;                            // rising
  std::vector<double> mean_squares;                     // a symbol
  std::vector<std::pair<double, std::int32_t>> ranked;  // training returns and their symbols, ascending
  std::vector<std::int64_t> counts;                     // a symbol
  std::size_t context = 0;
  std::unique_ptr<lm::SequenceModel> model;

  std::int32_t symbol(double value) const {
    return static_cast<std::int32_t>(std::lower_bound(edges.begin(), edges.end(), value) - edges.begin());
  }

  void learn_symbols(std::span<const double> returns) {
    std::vector<double> sorted(returns.begin(), returns.end());
    std::sort(sorted.begin(), sorted.end());
    for (const double p : kEdges) edges.push_back(tabular::quantile(sorted, p));
    mean_squares.assign(kSymbols, 0);
    counts.assign(kSymbols, 0);
    for (const double value : sorted) {
      const std::int32_t s = symbol(value);
      ranked.emplace_back(value, s);
      mean_squares[static_cast<std::size_t>(s)] += value * value;
      ++counts[static_cast<std::size_t>(s)];
    }
    for (std::size_t s = 0; s < kSymbols; ++s) {
      if (counts[s] > 0) mean_squares[s] /= static_cast<double>(counts[s]);
    }
  }
};

ReturnLanguageModel::ReturnLanguageModel(std::unique_ptr<State> state) : state_(std::move(state)) {}
ReturnLanguageModel::~ReturnLanguageModel() = default;
ReturnLanguageModel::ReturnLanguageModel(ReturnLanguageModel&&) noexcept = default;
ReturnLanguageModel& ReturnLanguageModel::operator=(ReturnLanguageModel&&) noexcept = default;

ReturnLanguageModel ReturnLanguageModel::train(std::span<const double> returns, const ReturnLanguageOptions& o) {
  if (returns.size() < kFewestReturns) {
    throw Error(ErrorCode::bad_input,
                std::to_string(returns.size()) + " returns are too few to learn from, at least " +
                    std::to_string(kFewestReturns) + " are needed",
                "language model of returns");
  }
  BALLAST_CHECK(o.context > 0, o.context);
  auto state = std::make_unique<State>();
  state->context = static_cast<std::size_t>(o.context);
  state->learn_symbols(returns);
  // Windows that overlap by half, so that every day is read with at least half a context before it.
  std::vector<std::vector<std::int32_t>> windows;
  const std::size_t length = state->context + 1;
  for (std::size_t from = 0; from + length <= returns.size(); from += length / 2) {
    auto& window = windows.emplace_back();
    for (std::size_t i = from; i < from + length; ++i) window.push_back(state->symbol(returns[i]));
  }
  lm::SequenceModelOptions options;
  options.width = 32;
  options.layers = 2;
  options.positions = static_cast<std::int64_t>(length) + 2;
  options.epochs = o.epochs;
  options.seed = o.seed;
  options.progress = o.progress;
  state->model = std::make_unique<lm::SequenceModel>(
      lm::SequenceModel::train(windows, static_cast<std::int32_t>(kSymbols), options));
  return ReturnLanguageModel(std::move(state));
}

std::vector<std::vector<double>> ReturnLanguageModel::expect(std::span<const double> returns, std::size_t from,
                                                             std::size_t to) const {
  BALLAST_CHECK(from >= 1 && to <= returns.size() + 1, to);
  std::vector<std::vector<double>> out;
  for (std::size_t begin = from; begin < to; begin += kDaysAtOnce) {
    const std::size_t end = std::min(to, begin + kDaysAtOnce);
    // The model tells how likely a given next symbol is: ask for each.
    std::vector<std::vector<std::int32_t>> questions;
    for (std::size_t t = begin; t < end; ++t) {
      std::vector<std::int32_t> past;
      for (std::size_t i = t - std::min(t, state_->context); i < t; ++i) past.push_back(state_->symbol(returns[i]));
      for (std::size_t s = 0; s < kSymbols; ++s) {
        questions.push_back(past);
        questions.back().push_back(static_cast<std::int32_t>(s));
      }
    }
    const auto answers = state_->model->surprise(questions);
    for (std::size_t q = 0; q < questions.size(); q += kSymbols) {
      std::vector<double> p;
      double sum = 0;
      for (std::size_t s = 0; s < kSymbols; ++s) {
        p.push_back(std::exp(-static_cast<double>(answers[q + s].nats[questions[q].size() - 1])));
        sum += p.back();
      }
      for (double& x : p) x /= sum;  // the end of the sequence, which days never reach, had a share as well
      out.push_back(std::move(p));
    }
  }
  return out;
}

double ReturnLanguageModel::sigma(std::span<const double> probabilities) const {
  double sum = 0;
  for (std::size_t s = 0; s < kSymbols; ++s) sum += probabilities[s] * state_->mean_squares[s];
  return std::max(1e-6, std::sqrt(sum));
}

double ReturnLanguageModel::quantile(std::span<const double> probabilities, double p) const {
  double reached = 0;
  for (const auto& [value, symbol] : state_->ranked) {
    const auto s = static_cast<std::size_t>(symbol);
    reached += probabilities[s] / static_cast<double>(state_->counts[s]);
    if (reached >= p) return value;
  }
  return state_->ranked.back().first;
}

double ReturnLanguageModel::probability_above(std::span<const double> probabilities, double value) const {
  double sum = 0, all = 0;
  for (const auto& [x, symbol] : state_->ranked) {
    const auto s = static_cast<std::size_t>(symbol);
    const double weight = probabilities[s] / static_cast<double>(state_->counts[s]);
    all += weight;
    if (x > value) sum += weight;
  }
  return sum / all;
}

void ReturnLanguageModel::save(const std::string& folder) const {
  state_->model->save(folder);
  const base::Json json = {{"format", "ballast-return-language-1"},
                           {"context", state_->context},
                           {"edges", state_->edges},
                           {"mean_squares", state_->mean_squares}};
  base::write_file_atomic(std::filesystem::path(folder) / "returns.json", json.dump(1) + "\n");
}

}  // namespace ballast::risk
