// SPDX-License-Identifier: Apache-2.0
#include "ballast/tabular/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/base/random.h"
#include "ballast/tabular/metrics.h"

namespace ballast::tabular {
namespace {

/// Every row once, then the draws of each replicate. Replicate b draws from a stream of its own.
std::vector<double> replicate(std::int64_t rows, const RowMeasure& measure, const BootstrapOptions& options) {
  if (rows <= 0) throw base::Error(base::ErrorCode::bad_input, "no rows to draw from", "bootstrap", "at least one row");
  BALLAST_CHECK(options.replicates > 0 && options.level > 0 && options.level < 1, options.replicates);
  std::vector<double> values(static_cast<std::size_t>(options.replicates) + 1);
  base::parallel_for(static_cast<std::int64_t>(values.size()), [&](std::int64_t b) {
    std::vector<std::int64_t> drawn(static_cast<std::size_t>(rows));
    if (b == 0) {
      std::iota(drawn.begin(), drawn.end(), std::int64_t{0});
    } else {
      base::Random random(options.seed, static_cast<std::uint64_t>(b));
      for (auto& r : drawn) r = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(rows)));
    }
    values[static_cast<std::size_t>(b)] = measure(drawn);
  });
  return values;
}

/// `values[0]` is the estimate, the rest are replicates.
BootstrapInterval interval_of(std::vector<double> values, double level) {
  BootstrapInterval out;
  out.estimate = values.front();
  values.erase(values.begin());
  std::erase_if(values, [](double v) { return !std::isfinite(v); });
  out.replicates = static_cast<int>(values.size());
  out.low = out.high = std::numeric_limits<double>::quiet_NaN();
  if (values.empty()) return out;
  std::sort(values.begin(), values.end());
  out.low = quantile(values, (1 - level) / 2);
  out.high = quantile(values, (1 + level) / 2);
  return out;
}

}  // namespace

BootstrapInterval bootstrap_interval(std::int64_t rows, const RowMeasure& measure, const BootstrapOptions& options) {
  return interval_of(replicate(rows, measure, options), options.level);
}

PairedBootstrap bootstrap_difference(std::int64_t rows, const RowMeasure& champion, const RowMeasure& challenger,
                                     const BootstrapOptions& options) {
  const auto values = replicate(
      rows, [&](std::span<const std::int64_t> drawn) { return challenger(drawn) - champion(drawn); }, options);
  PairedBootstrap out;
  out.difference = interval_of(values, options.level);
  const auto ahead = std::count_if(values.begin() + 1, values.end(), [](double d) { return d > 0; });
  if (out.difference.replicates > 0) out.better = static_cast<double>(ahead) / out.difference.replicates;
  const auto behind = std::count_if(values.begin() + 1, values.end(), [](double d) { return d < 0; });
  const auto fewer = out.difference.replicates - std::max(ahead, behind);  // those that do not point the common way
  // The estimate itself counts as one more draw, so that p is never 0 (Davison & Hinkley 1997, 4.2.3).
  out.p_value = std::min(1.0, 2 * static_cast<double>(fewer + 1) / (out.difference.replicates + 1));
  return out;
}

}  // namespace ballast::tabular
