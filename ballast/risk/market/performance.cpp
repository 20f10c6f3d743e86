// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/market/performance.h"

#include <algorithm>
#include <cmath>

#include "ballast/tabular/metrics.h"

namespace ballast::risk {
namespace {

constexpr std::int64_t kBlock = 21;  // sessions drawn together: neighbours are not independent
constexpr double kYear = 252;

Performance performance_of(std::span<const double> net, double traded, double cost) {
  Performance p;
  const auto n = static_cast<double>(net.size());
  double mean = 0, square = 0, value = 1, peak = 1;
  for (const double r : net) {
    mean += r / n;
    value *= 1 + r;
    peak = std::max(peak, value);
    p.max_drawdown = std::max(p.max_drawdown, 1 - value / peak);
  }
  for (const double r : net) square += (r - mean) * (r - mean);
  p.annual_return = value > 0 ? std::pow(value, kYear / n) - 1 : -1;
  p.annual_volatility = n > 1 ? std::sqrt(square / (n - 1) * kYear) : 0;
  p.sharpe = p.annual_volatility > 0 ? mean * kYear / p.annual_volatility : 0;
  p.turnover = traded * kYear / n;
  p.costs = traded * cost;
  return p;
}

using Measure = double (*)(std::span<const SessionForecast* const>);

double measure_matrix(std::span<const SessionForecast* const> s, bool always_up, bool mcc) {
  std::vector<int> truth, said;
  for (const SessionForecast* f : s) {
    truth.push_back(f->ret > 0);
    said.push_back(always_up || f->probability_up > 0.5);
  }
  const auto m = tabular::confusion_matrix(truth, said, 2);
  return mcc ? tabular::matthews_correlation(m) : tabular::accuracy(m);
}

double measure_brier(std::span<const SessionForecast* const> s, bool base_rate) {
  double rate = 0, sum = 0;
  for (const SessionForecast* f : s) rate += f->ret > 0;
  rate /= static_cast<double>(s.size());
  for (const SessionForecast* f : s) sum += std::pow((base_rate ? rate : f->probability_up) - (f->ret > 0 ? 1 : 0), 2);
  return sum / static_cast<double>(s.size());
}

tabular::BootstrapInterval over_blocks(const std::vector<const SessionForecast*>& sessions, Measure measure,
                                       std::uint64_t seed) {
  const auto n = static_cast<std::int64_t>(sessions.size());
  const auto row_measure = [&](std::span<const std::int64_t> blocks) {
    std::vector<const SessionForecast*> drawn;
    for (const std::int64_t b : blocks) {
      for (std::int64_t i = b * kBlock; i < std::min((b + 1) * kBlock, n); ++i) {
        drawn.push_back(sessions[static_cast<std::size_t>(i)]);
      }
    }
    return measure(drawn);
  };
  tabular::BootstrapOptions options;
  options.seed = seed;
  return tabular::bootstrap_interval((n + kBlock - 1) / kBlock, row_measure, options);
}

}  // namespace

void judge(ForecastReport& report, const ForecastOptions& o) {
  std::vector<double> net, held;
  std::vector<const SessionForecast*> judged;
  double traded = 0, position = 0;
  std::int64_t inside = 0;
  for (const SessionForecast& s : report.sessions) {
    traded += std::abs(s.position - position);
    position = s.position;
    net.push_back(s.net);
    held.push_back(s.ret - (held.empty() ? o.cost : 0));
    inside += s.ret >= s.low && s.ret <= s.high;
    if (s.interval[0] > 0 || s.interval[1] < 1) judged.push_back(&s);
  }
  report.advised = performance_of(net, traded, o.cost);
  report.buy_and_hold = performance_of(held, 1, o.cost);
  report.interval_coverage = static_cast<double>(inside) / static_cast<double>(report.sessions.size());
  report.judged = static_cast<std::int64_t>(judged.size());
  if (judged.empty()) return;
  using Sessions = std::span<const SessionForecast* const>;
  report.accuracy = over_blocks(
      judged, [](Sessions s) { return measure_matrix(s, false, false); }, o.seed);
  report.accuracy_always_up = over_blocks(
      judged, [](Sessions s) { return measure_matrix(s, true, false); }, o.seed);
  report.mcc = over_blocks(
      judged, [](Sessions s) { return measure_matrix(s, false, true); }, o.seed);
  report.brier = over_blocks(
      judged, [](Sessions s) { return measure_brier(s, false); }, o.seed);
  report.brier_base_rate = over_blocks(
      judged, [](Sessions s) { return measure_brier(s, true); }, o.seed);
}

}  // namespace ballast::risk
