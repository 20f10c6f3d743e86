// SPDX-License-Identifier: Apache-2.0
#include "ballast/govern/drift.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "ballast/base/error.h"
#include "ballast/tabular/metrics.h"
#include "ballast/tabular/roc.h"
#include "ballast/tabular/significance.h"

namespace ballast::govern {
namespace {

using base::Json;

constexpr std::size_t kDeciles = 10;
constexpr double kHalfACase = 0.5;

void need_both(std::size_t reference, std::size_t current) {
  if (reference == 0 || current == 0) {
    throw base::Error(base::ErrorCode::bad_input, "there is nothing to compare: one side has no rows");
  }
}

std::vector<double> without_nan(std::span<const double> values) {
  std::vector<double> kept;
  for (const double v : values) {
    if (!std::isnan(v)) kept.push_back(v);
  }
  std::sort(kept.begin(), kept.end());
  return kept;
}

double two_sided(double z) {
  return 2 * tabular::normal_probability(-std::abs(z));
}

}  // namespace

double stability_index_of_counts(std::span<const std::int64_t> reference, std::span<const std::int64_t> current) {
  double before = 0, late = 0;
  for (const std::int64_t n : reference) before += static_cast<double>(n) + kHalfACase;
  for (const std::int64_t n : current) late += static_cast<double>(n) + kHalfACase;
  double index = 0;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    const double expected = (static_cast<double>(reference[i]) + kHalfACase) / before;
    const double actual = (static_cast<double>(current[i]) + kHalfACase) / late;
    index += (actual - expected) * std::log(actual / expected);
  }
  return index;
}

double stability_index(std::span<const double> reference, std::span<const double> current) {
  need_both(reference.size(), current.size());
  const std::vector<double> before = without_nan(reference);
  std::vector<double> edges;
  for (std::size_t i = 1; i < kDeciles && !before.empty(); ++i) edges.push_back(before[i * before.size() / kDeciles]);
  const auto any_nan = [](std::span<const double> values) {
    return std::any_of(values.begin(), values.end(), [](double v) { return std::isnan(v); });
  };
  const std::size_t bins = kDeciles + (any_nan(reference) || any_nan(current) ? 1 : 0);
  const auto counts_of = [&](std::span<const double> values) {
    std::vector<std::int64_t> counts(bins, 0);
    for (const double v : values) {
      const auto bin = std::isnan(v)
                           ? kDeciles
                           : static_cast<std::size_t>(std::upper_bound(edges.begin(), edges.end(), v) - edges.begin());
      ++counts[bin];
    }
    return counts;
  };
  return stability_index_of_counts(counts_of(reference), counts_of(current));
}

double stability_by_chance(std::size_t bins, std::size_t reference, std::size_t current) {
  need_both(reference, current);
  if (bins < 2) return 0;
  const double k = static_cast<double>(bins - 1), c = 2 / (9 * k);
  const double chi = k * std::pow(1 - c + tabular::normal_quantile(0.99) * std::sqrt(c), 3);
  return chi * (1 / static_cast<double>(reference) + 1 / static_cast<double>(current));
}

KsTest ks_test(std::span<const double> reference, std::span<const double> current) {
  const std::vector<double> a = without_nan(reference), b = without_nan(current);
  need_both(a.size(), b.size());
  const double n = static_cast<double>(a.size()), m = static_cast<double>(b.size());
  KsTest test;
  std::size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    const double value = std::min(a[i], b[j]);
    while (i < a.size() && a[i] <= value) ++i;
    while (j < b.size() && b[j] <= value) ++j;
    test.distance = std::max(test.distance, std::abs(static_cast<double>(i) / n - static_cast<double>(j) / m));
  }
  const double root = std::sqrt(n * m / (n + m));
  const double lambda = (root + 0.12 + 0.11 / root) * test.distance;
  if (lambda < 0.2) return test;  // the series does not converge there, and its value is 1
  double sum = 0;
  for (int k = 1; k <= 100; ++k) sum += (k % 2 == 1 ? 2 : -2) * std::exp(-2.0 * k * k * lambda * lambda);
  test.p_value = std::clamp(sum, 0.0, 1.0);
  return test;
}

CalibrationDrift calibration_drift(std::span<const double> p, std::span<const std::uint8_t> outcomes,
                                   std::uint64_t seed) {
  if (p.empty() || p.size() != outcomes.size()) {
    throw base::Error(base::ErrorCode::bad_input, "there are no outcomes to hold the probabilities against");
  }
  CalibrationDrift drift;
  drift.rows = static_cast<std::int64_t>(p.size());
  double events = 0, sum = 0, variance = 0, weighted = 0, weighted_variance = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    const double y = outcomes[i], v = p[i] * (1 - p[i]), w = 1 - 2 * p[i];
    events += y, sum += p[i], variance += v;
    weighted += (y - p[i]) * w, weighted_variance += w * w * v;
  }
  const double n = static_cast<double>(p.size());
  drift.foretold = sum / n;
  drift.observed = events / n;
  if (variance > 0) drift.p_large = two_sided((events - sum) / std::sqrt(variance));
  if (weighted_variance > 0) drift.p_spiegelhalter = two_sided(weighted / std::sqrt(weighted_variance));
  const tabular::CalibrationReport report = tabular::calibration_report(p, outcomes, seed);
  drift.brier = tabular::brier_score(p, outcomes);
  drift.ece = report.ece;
  drift.ece_chance_95 = report.chance_95;
  drift.auc = events > 0 && events < n ? tabular::auc(p, outcomes) : std::numeric_limits<double>::quiet_NaN();
  return drift;
}

std::int64_t DriftReport::alerts() const {
  return std::count_if(findings.begin(), findings.end(), [](const DriftFinding& f) { return f.alert; });
}

void judge_drift(DriftReport& report, const DriftLimits& limits) {
  std::vector<double> p;
  for (const DriftFinding& f : report.findings) {
    const bool judged = f.p_value && (f.measure != "ks" || limits.judge_ks);
    p.push_back(judged ? *f.p_value : std::numeric_limits<double>::quiet_NaN());
  }
  const std::vector<double> holm = tabular::holm_adjusted(p);
  for (std::size_t i = 0; i < report.findings.size(); ++i) {
    DriftFinding& f = report.findings[i];
    if (!std::isnan(holm[i])) f.p_holm = holm[i];
    f.alert =
        f.measure == "psi" ? f.value > std::max(limits.max_psi, f.by_chance) : f.p_holm && *f.p_holm < limits.min_p;
  }
}

std::string describe(const DriftFinding& f, const DriftLimits& limits) {
  std::string text;
  if (f.measure == "psi") {
    text = fmt::format("{}: PSI {:.3f}", f.what, f.value);
    if (f.alert) {
      text += fmt::format(", above {}", limits.max_psi);
    } else if (f.value > limits.max_psi) {
      text += fmt::format(", above {}, but so few rows reach {:.3f} by chance", limits.max_psi, f.by_chance);
    }
    return text;
  }
  const char* name = f.measure == "ks"            ? "KS distance"
                     : f.measure == "mmd"         ? "squared MMD"
                     : f.measure == "calibration" ? "observed less foretold"
                                                  : "Spiegelhalter's z, Brier less its expectation";
  text = fmt::format("{}: {} {:+.4f}, p {:.3g}", f.what, name, f.value, f.p_value.value_or(1));
  if (f.alert) text += fmt::format(" ({:.3g} after Holm), below {}", *f.p_holm, limits.min_p);
  return text;
}

Json to_json(const DriftReport& report, const DriftLimits& limits) {
  const auto number = [](double v) { return std::isfinite(v) ? Json(v) : Json(); };
  Json findings = Json::array();
  for (const DriftFinding& f : report.findings) {
    findings.push_back({{"what", f.what},
                        {"measure", f.measure},
                        {"value", f.value},
                        {"by_chance", f.measure == "psi" ? Json(f.by_chance) : Json()},
                        {"p_value", f.p_value ? Json(*f.p_value) : Json()},
                        {"p_holm", f.p_holm ? Json(*f.p_holm) : Json()},
                        {"alert", f.alert}});
  }
  Json calibration;
  for (const CalibrationDrift& c : report.calibration) {
    calibration = {{"rows", c.rows},         {"foretold", c.foretold},
                   {"observed", c.observed}, {"p_large", c.p_large},
                   {"brier", c.brier},       {"p_spiegelhalter", c.p_spiegelhalter},
                   {"ece", c.ece},           {"ece_chance_95", c.ece_chance_95},
                   {"auc", number(c.auc)}};
  }
  return {{"reference_rows", report.reference_rows},
          {"current_rows", report.current_rows},
          {"limits", {{"max_psi", limits.max_psi}, {"min_p", limits.min_p}, {"judge_ks", limits.judge_ks}}},
          {"alerts", report.alerts()},
          {"findings", findings},
          {"calibration", calibration}};
}

}  // namespace ballast::govern
