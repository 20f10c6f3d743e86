// SPDX-License-Identifier: Apache-2.0
// Bootstrap intervals (Efron 1979, percentile method): a measure computed again on rows drawn with replacement says how
// far it would move on other data of the same kind. Deterministic for a seed at any thread count.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace ballast::tabular {

struct BootstrapOptions {
  int replicates = 1000;
  double level = 0.95;
  std::uint64_t seed = 42;
};

struct BootstrapInterval {
  double estimate = 0;  // on the rows as they are
  double low = 0, high = 0;
  int replicates = 0;  // those in which the measure was defined (finite)
};

/// A measure of some rows (numbers from 0, possibly repeated). Called from several threads at once.
using RowMeasure = std::function<double(std::span<const std::int64_t> rows)>;

/// NaN bounds where no replicate is defined. Throws bad_input when there are no rows.
BootstrapInterval bootstrap_interval(std::int64_t rows, const RowMeasure& measure,
                                     const BootstrapOptions& options = {});

struct PairedBootstrap {
  BootstrapInterval difference;  // challenger − champion
  double better = 0;             // share of replicates in which the challenger is strictly ahead
  double p_value = 1;            // two-sided: twice the smaller share of replicates on either side of 0, ties on both
};

/// Both models are measured on the same drawn rows, so that what makes a draw hard cancels out.
PairedBootstrap bootstrap_difference(std::int64_t rows, const RowMeasure& champion, const RowMeasure& challenger,
                                     const BootstrapOptions& options = {});

/// A RowMeasure from a measure of (truth, prediction) spans, each with `truth_width` or `prediction_width` numbers a
/// row. The spans must outlive the result.
template <class T, class P, class Measure>
RowMeasure measure_rows(std::span<const T> truth, std::span<const P> prediction, Measure measure,
                        std::int64_t truth_width = 1, std::int64_t prediction_width = 1) {
  return [=](std::span<const std::int64_t> rows) {
    std::vector<T> t;
    std::vector<P> p;
    for (const auto r : rows) {
      const auto tr = truth.begin() + r * truth_width;
      const auto pr = prediction.begin() + r * prediction_width;
      t.insert(t.end(), tr, tr + truth_width);
      p.insert(p.end(), pr, pr + prediction_width);
    }
    return static_cast<double>(measure(std::span<const T>(t), std::span<const P>(p)));
  };
}

}  // namespace ballast::tabular
