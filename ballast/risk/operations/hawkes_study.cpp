// SPDX-License-Identifier: Apache-2.0
// Simulated histories through the fit: do the 90 % intervals cover 90 %?
#include <array>
#include <atomic>
#include <boost/math/distributions/beta.hpp>
#include <cmath>

#include "ballast/base/error.h"
#include "ballast/base/interrupt.h"
#include "ballast/base/parallel.h"
#include "ballast/risk/operations_events.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t kQuantities = 4;

struct Replication {
  bool used = false, identified = false;
  double events = 0;
  std::array<double, kQuantities> truth{}, estimate{};
  std::array<bool, kQuantities> covered{};
};

Replication replicate(const HawkesParameters& truth, double days, double horizon, base::Random random) {
  Replication r;
  const EventHistory history = simulate_hawkes(truth, days, random);
  r.events = static_cast<double>(history.times.size());
  if (history.times.size() < 10) return r;
  const HawkesFit fit = fit_hawkes(history);
  const std::array<Estimate, kQuantities> estimates = {fit.mu, fit.branching, fit.decay,
                                                       event_probability(fit, history, horizon)};
  r.used = true;
  r.identified = fit.identified;
  r.truth = {truth.mu, truth.branching, truth.decay, event_probability(truth, history, horizon)};
  for (std::size_t q = 0; q < kQuantities; ++q) {
    r.estimate[q] = estimates[q].value;
    r.covered[q] = estimates[q].low <= r.truth[q] && r.truth[q] <= estimates[q].high;
  }
  return r;
}

Estimate share_of(std::int64_t covered, std::int64_t all) {
  const auto k = static_cast<double>(covered), n = static_cast<double>(all);
  using boost::math::beta_distribution;
  return {k / n, k > 0 ? boost::math::quantile(beta_distribution<>(k, n - k + 1), 0.05) : 0,
          k < n ? boost::math::quantile(beta_distribution<>(k + 1, n - k), 0.95) : 1};
}

}  // namespace

HawkesStudy study_hawkes(const HawkesParameters& truth, double days, double horizon_days, std::int64_t replications,
                         std::uint64_t seed, const base::ProgressSink& progress) {
  if (replications < 1 || !(horizon_days > 0)) {
    throw Error(ErrorCode::usage, "needs at least one replication and a positive horizon", "simulated study");
  }
  std::vector<Replication> all(static_cast<std::size_t>(replications));
  std::atomic<std::int64_t> done = 0;
  base::parallel_for(replications, [&](std::int64_t i) {
    if (base::interrupted()) throw Error(ErrorCode::cancelled, "stopped");
    all[static_cast<std::size_t>(i)] =
        replicate(truth, days, horizon_days, base::Random(seed, static_cast<std::uint64_t>(i)));
    const std::int64_t finished = ++done;
    if (progress && base::thread_index() == 0) progress({"simulating", finished, replications, "histories", "", false});
  });
  if (progress) progress({"simulating", replications, replications, "histories", "", true});
  HawkesStudy study;
  const char* const names[] = {"mu", "branching", "decay", "event_probability"};
  for (const char* name : names) study.quantities.push_back({name, 0, 0, 0, 0, {}});
  for (const Replication& r : all) {
    study.replications += r.used;
    study.too_few += !r.used;
    study.identified += r.identified;
    study.mean_events += r.events / static_cast<double>(replications);
  }
  if (study.replications == 0) {
    throw Error(ErrorCode::bad_input, "every simulated history has fewer than 10 events", "simulated study",
                "observe more days");
  }
  const auto n = static_cast<double>(study.replications);
  for (const Replication& r : all) {
    for (std::size_t q = 0; r.used && q < kQuantities; ++q) {
      Coverage& c = study.quantities[q];
      c.truth += r.truth[q] / n;
      c.mean_estimate += r.estimate[q] / n;
      c.root_mean_square_error += (r.estimate[q] - r.truth[q]) * (r.estimate[q] - r.truth[q]) / n;
      c.covered += r.covered[q];
    }
  }
  for (Coverage& c : study.quantities) {
    c.root_mean_square_error = std::sqrt(c.root_mean_square_error);
    c.share = share_of(c.covered, study.replications);
  }
  return study;
}

}  // namespace ballast::risk
