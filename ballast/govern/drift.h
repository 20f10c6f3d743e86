// SPDX-License-Identifier: Apache-2.0
// Has the world moved away from what a model learnt from? Values of before and of late come in; how far apart they lie,
// with the chance of that where there is a test, goes out. Outcomes, once they arrive, say whether probabilities still
// hold.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ballast/base/json.h"

namespace ballast::govern {

/// Population stability index over the deciles of `reference`: Σ (late − before) · ln(late / before), with half a case
/// added to every bin so that an empty one is no infinity. NaN is a bin of its own. By custom below 0.1 is stable and
/// above 0.25 has shifted (Siddiqi 2006, Credit Risk Scorecards). Throws bad_input where either side is empty.
double stability_index(std::span<const double> reference, std::span<const double> current);
/// The same over categories: counts of each, in the same order.
double stability_index_of_counts(std::span<const std::int64_t> reference, std::span<const std::int64_t> current);

/// The stability index that samples of these sizes from one distribution pass once in a hundred times:
/// (1/n + 1/m) χ²(bins − 1) (Yurdakul 2018, "Statistical properties of the population stability index"), its quantile
/// after Wilson and Hilferty (1931).
double stability_by_chance(std::size_t bins, std::size_t reference, std::size_t current);

struct KsTest {
  double distance = 0;
  double p_value = 1;  // two-sided, Kolmogorov's limit with Stephens' correction (1970)
};
/// Kolmogorov and Smirnov's test of two samples; NaN are left out. Throws bad_input where either side is empty.
KsTest ks_test(std::span<const double> reference, std::span<const double> current);

struct MmdTest {
  double squared = 0;    // unbiased estimate of the squared distance; about 0 where nothing moved, may be below it
  double bandwidth = 0;  // of the Gaussian kernel: the median distance between points
  double p_value = 1;    // share of permutations at least as far apart, the sample itself among them
};
/// Maximum mean discrepancy between two clouds of vectors (Gretton et al. 2012), rows of `width` numbers. Throws
/// bad_input where a side has fewer than two.
MmdTest mmd_test(std::span<const float> reference, std::span<const float> current, std::int64_t width, int permutations,
                 std::uint64_t seed);

/// Do probabilities fit what came of them? Two tests: in the large (are there as many events as foretold), and
/// Spiegelhalter's (1986) of the Brier score (are the high ones too high, the low ones too low). Normal approximations.
struct CalibrationDrift {
  std::int64_t rows = 0;
  double foretold = 0, observed = 0;  // means
  double p_large = 1, p_spiegelhalter = 1;
  double brier = 0, ece = 0, ece_chance_95 = 0;
  double auc = 0;  // NaN with one class only
};
CalibrationDrift calibration_drift(std::span<const double> probabilities, std::span<const std::uint8_t> outcomes,
                                   std::uint64_t seed);

struct DriftLimits {
  double max_psi = 0.25;
  double min_p = 0.01;    // of embeddings and calibration, Holm-corrected within a report
  bool judge_ks = false;  // also KS: with many rows it sees differences that matter to nobody
};

struct DriftFinding {
  std::string what;     // a column, a score, "embedding"
  std::string measure;  // psi, ks, mmd, calibration, spiegelhalter
  double value = 0;     // index, distance, squared distance; calibration: observed − foretold
  std::optional<double> p_value, p_holm;
  bool alert = false;
  double by_chance = 0;  // psi: what small samples reach without any drift; an index below it is no alert
};

struct DriftReport {
  std::int64_t reference_rows = 0, current_rows = 0;
  std::vector<DriftFinding> findings;
  std::vector<CalibrationDrift> calibration;  // at most one

  std::int64_t alerts() const;
};

/// Corrects the p-values over all findings that have one and are judged, and marks what passes a limit.
void judge_drift(DriftReport& report, const DriftLimits& limits);
/// "age: PSI 0.31, above 0.25".
std::string describe(const DriftFinding& finding, const DriftLimits& limits);
base::Json to_json(const DriftReport& report, const DriftLimits& limits);

}  // namespace ballast::govern
