// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "ballast/base/error.h"
#include "ballast/risk/market.h"

namespace ballast::risk {

Returns returns_of(const PriceSeries& series) {
  Returns out;
  out.source = series.source + ", column " + series.column;
  out.differences = series.negative_allowed;
  for (std::size_t i = 1; i < series.bars.size(); ++i) {
    const double before = series.bars[i - 1].close, now = series.bars[i].close;
    out.days.push_back(series.bars[i].day);
    out.values.push_back(out.differences ? now - before : now / before - 1);
  }
  return out;
}

ReturnStatistics describe(const Returns& returns) {
  const auto& r = returns.values;
  if (r.size() < 2) {
    throw base::Error(base::ErrorCode::bad_input,
                      "statistics need at least two returns, there are " + std::to_string(r.size()));
  }
  ReturnStatistics s;
  s.count = static_cast<std::int64_t>(r.size());
  const auto n = static_cast<double>(r.size());
  for (const double x : r) s.mean += x / n;
  double m2 = 0, m3 = 0, m4 = 0, lagged = 0, value = 1, peak = 1;
  for (std::size_t i = 0; i < r.size(); ++i) {
    const double d = r[i] - s.mean;
    m2 += d * d, m3 += d * d * d, m4 += d * d * d * d;
    if (i > 0) lagged += d * (r[i - 1] - s.mean);
    value *= 1 + r[i];
    peak = std::max(peak, value);
    s.max_drawdown = std::max(s.max_drawdown, 1 - value / peak);
  }
  if (returns.differences) s.max_drawdown = std::numeric_limits<double>::quiet_NaN();
  s.stdev = std::sqrt(m2 / (n - 1));
  s.annual_volatility = s.stdev * std::sqrt(252.0);
  if (m2 > 0) {
    s.skewness = (m3 / n) / std::pow(m2 / n, 1.5);
    s.excess_kurtosis = (m4 / n) / (m2 / n * m2 / n) - 3;
    s.autocorrelation = lagged / m2;
  }
  const auto [low, high] = std::minmax_element(r.begin(), r.end());
  s.worst = *low;
  s.best = *high;
  return s;
}

}  // namespace ballast::risk
