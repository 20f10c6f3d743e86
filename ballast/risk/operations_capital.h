// SPDX-License-Identifier: Apache-2.0
// Loss-distribution capital of an institution: the losses of each event type in, the loss of a year at a level out,
// with the error of the simulation and, larger, that of the few losses it was learnt from.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ballast/base/progress.h"
#include "ballast/risk/operations_losses.h"

namespace ballast::risk {

/// Losses of one type over the observed time. Amounts are positive, one for each time.
struct LossHistory {
  std::string type;
  EventHistory history;
  std::vector<double> amounts;
};

/// Events a year; negative binomial where the counts of quarters are overdispersed (with four quarters at least). The
/// quarters of a year are taken as independent, so the yearly size is four times the quarterly one.
Frequency fit_frequency(const EventHistory& history);

struct CapitalSettings {
  std::int64_t years = 200000;  // simulated
  double level = 0.999;
  std::int64_t resamples = 40;  // of the losses, for the interval of the parameters; 0: none
  std::uint64_t seed = 42;
};

struct TypeCapital {
  std::string type;
  std::int64_t losses = 0;
  Frequency frequency;
  SeverityFit severity;
  bool pooled = false;  // fewer than 10 losses of its own: the severity is that of all types together
  AnnualLoss loss;
  std::array<double, 2> interval{};  // 90 %, of the quantile, parameters drawn anew; both 0 without resamples
};

struct LossDistributionCapital {
  std::vector<TypeCapital> types;  // those with a loss, in Basel order
  AnnualLoss total;                // types independent of each other
  std::array<double, 2> interval{};
  double comonotonic = 0;          // sum of the types' quantiles: all bad years at once
  std::vector<std::string> notes;  // what to be careful about
};

/// Parametric bootstrap: each resample draws a number of losses from the frequency, so many losses from those observed,
/// fits again and simulates 20 years beyond the level. The same bits at any thread count. Throws bad_input with fewer
/// than 10 losses in all, usage for settings that leave fewer than 20 years beyond the level.
LossDistributionCapital loss_distribution_capital(std::span<const LossHistory> histories,
                                                  const CapitalSettings& settings,
                                                  const base::ProgressSink& progress = {});

}  // namespace ballast::risk
