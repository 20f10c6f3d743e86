// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "ballast/base/error.h"
#include "ballast/base/interrupt.h"
#include "ballast/risk/operations/annual_loss.h"
#include "ballast/risk/operations_capital.h"
#include "ballast/tabular/metrics.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;

constexpr double kYear = 365.25;
constexpr std::size_t kFewestLosses = 10;
constexpr double kYearsBeyond = 20;  // of a resample's simulation

struct Simulated {
  std::vector<double> quantiles;  // of each type
  double total = 0;
};

/// Simulates every type on a stream of its own and adds the years up.
std::vector<double> add_years(const std::vector<TypeCapital>& types, std::int64_t years, double level,
                              std::uint64_t seed, std::vector<AnnualLoss>& each) {
  std::vector<double> total(static_cast<std::size_t>(years), 0);
  for (std::size_t i = 0; i < types.size(); ++i) {
    const TypeCapital& t = types[i];
    std::vector<double> one = simulate_years(t.frequency, t.severity, years, base::random_bits(seed, i));
    for (std::size_t y = 0; y < one.size(); ++y) total[y] += one[y];
    each.push_back(summarise_years(std::move(one), level));
  }
  return total;
}

std::vector<double> resampled(const std::vector<double>& amounts, std::int64_t count, base::Random& random) {
  std::vector<double> out;
  for (std::int64_t i = 0; i < count; ++i) out.push_back(amounts[random.below(amounts.size())]);
  return out;
}

/// One more world that could have been observed, fitted and simulated as the first.
Simulated resample(const std::vector<TypeCapital>& types, std::span<const LossHistory* const> histories,
                   const std::vector<double>& pooled, const CapitalSettings& settings, std::int64_t number) {
  base::Random random(settings.seed ^ 0x9a11ull, static_cast<std::uint64_t>(number));
  std::vector<TypeCapital> world = types;
  const SeverityFit together = fit_severity(resampled(pooled, static_cast<std::int64_t>(pooled.size()), random));
  for (std::size_t i = 0; i < world.size(); ++i) {
    const double years = histories[i]->history.days / kYear;
    const Frequency& f = types[i].frequency;
    const double count = count_of_time(f.mean * years, f.size * years, random);
    world[i].frequency.mean =
        std::max(count, 0.5) / years;  // half an event stands for none, as in a continuity correction
    const bool own = !types[i].pooled && count >= static_cast<double>(kFewestLosses);
    world[i].severity =
        own ? fit_severity(resampled(histories[i]->amounts, static_cast<std::int64_t>(count), random)) : together;
  }
  Simulated out;
  const auto years = static_cast<std::int64_t>(std::ceil(kYearsBeyond / (1 - settings.level) - 1e-6));
  std::vector<AnnualLoss> each;
  out.total =
      summarise_years(add_years(world, std::max<std::int64_t>(years, 1000), settings.level,
                                base::random_bits(settings.seed, 1000 + static_cast<std::uint64_t>(number)), each),
                      settings.level)
          .quantile;
  for (const AnnualLoss& a : each) out.quantiles.push_back(a.quantile);
  return out;
}

std::array<double, 2> interval_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {tabular::quantile(values, 0.05), tabular::quantile(values, 0.95)};
}

void add_intervals(std::span<const LossHistory* const> histories, const std::vector<double>& pooled,
                   const CapitalSettings& settings, const base::ProgressSink& progress, LossDistributionCapital& out) {
  std::vector<double> totals;
  std::vector<std::vector<double>> each(out.types.size());
  for (std::int64_t r = 0; r < settings.resamples; ++r) {
    if (base::interrupted()) throw Error(ErrorCode::cancelled, "stopped");
    const Simulated world = resample(out.types, histories, pooled, settings, r);
    totals.push_back(world.total);
    for (std::size_t i = 0; i < each.size(); ++i) each[i].push_back(world.quantiles[i]);
    if (progress)
      progress({"resampling losses", r + 1, settings.resamples, "resamples", "", r + 1 == settings.resamples});
  }
  if (totals.empty()) return;
  out.interval = interval_of(std::move(totals));
  for (std::size_t i = 0; i < each.size(); ++i) out.types[i].interval = interval_of(std::move(each[i]));
}

TypeCapital model_of(const LossHistory& h, const SeverityFit& together) {
  TypeCapital t;
  t.type = h.type;
  t.losses = static_cast<std::int64_t>(h.amounts.size());
  t.frequency = fit_frequency(h.history);
  t.pooled = h.amounts.size() < kFewestLosses;
  t.severity = t.pooled ? together : fit_severity(h.amounts);
  return t;
}

}  // namespace

Frequency fit_frequency(const EventHistory& history) {
  Frequency f;
  f.mean = static_cast<double>(history.times.size()) / history.days * kYear;
  f.size = std::numeric_limits<double>::infinity();
  if (history.days < kYear || history.times.empty()) return f;
  try {
    const NegativeBinomialFit fit = fit_negative_binomial(history, kYear / 4);
    // Half of 2.706, as for the regression: the size is at the edge of its range.
    if (fit.log_likelihood - fit.poisson_log_likelihood > 1.353) f.size = 4 * fit.size;
  } catch (const Error&) {
    // No event in the whole quarters: nothing to tell from a Poisson distribution.
  }
  return f;
}

LossDistributionCapital loss_distribution_capital(std::span<const LossHistory> histories,
                                                  const CapitalSettings& settings, const base::ProgressSink& progress) {
  std::vector<const LossHistory*> used;
  std::vector<double> pooled;
  for (const LossHistory& h : histories) {
    BALLAST_CHECK(h.amounts.size() == h.history.times.size(), h.amounts.size());
    if (h.amounts.empty()) continue;
    used.push_back(&h);
    pooled.insert(pooled.end(), h.amounts.begin(), h.amounts.end());
  }
  LossDistributionCapital out;
  const SeverityFit together = fit_severity(pooled);
  for (const LossHistory* h : used) {
    out.types.push_back(model_of(*h, together));
    TypeCapital& t = out.types.back();
    check_simulation(t.frequency, settings.years, settings.level);
    if (t.pooled)
      out.notes.push_back(fmt::format("{} has only {} losses: its severity is that of all types", t.type, t.losses));
    if (std::isfinite(t.severity.threshold) && t.severity.shape >= 1) {
      out.notes.push_back(
          fmt::format("{}: the tail has shape {:.2f}, so no finite mean; its figures depend on a few losses", t.type,
                      t.severity.shape));
    }
  }
  std::vector<AnnualLoss> each;
  out.total =
      summarise_years(add_years(out.types, settings.years, settings.level, settings.seed, each), settings.level);
  for (std::size_t i = 0; i < each.size(); ++i) {
    out.types[i].loss = each[i];
    out.comonotonic += each[i].quantile;
  }
  add_intervals(used, pooled, settings, progress, out);
  return out;
}

}  // namespace ballast::risk
