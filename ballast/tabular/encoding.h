// SPDX-License-Identifier: Apache-2.0
// Typed columns → numbers that a model can take: one-hot levels, imputed and standardised numbers, missing-value flags.
// Everything that an encoder knows it learnt from the rows it was fitted on.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ballast/tabular/table.h"

namespace ballast::tabular {

/// Row-major numbers.
struct Matrix {
  std::int64_t rows = 0, cols = 0;
  std::vector<double> values;

  std::span<const double> row(std::int64_t r) const {
    return {values.data() + r * cols, static_cast<std::size_t>(cols)};
  }
  Matrix take(std::span<const std::int64_t> rows) const;
};

enum class EncodingKind {
  linear,  // numbers cut at their 0.5 % and 99.5 % quantiles, medians for missing ones, a flag that says so,
           // standardised; levels one-hot, centred
  trees,   // numbers as they are, NaN for missing; levels one-hot
};

enum class FeatureKind { number, missing, level, other };

/// One number of the encoded row: (x − mean) / scale, where x is the value, or 0/1.
struct Feature {
  std::string name;  // "age", "age missing", "purpose = car"
  int column = 0;    // index into Encoder::columns()
  FeatureKind kind = FeatureKind::number;
  std::string level;                   // kind level; empty for the level "no value"
  double fill = 0, low = 0, high = 0;  // kind number, linear encoding
  double mean = 0, scale = 1;
};

struct EncodingOptions {
  int min_frequency = 5;  // rarer levels share one feature, "other", which unseen levels join
  int max_levels = 50;    // a column's most frequent levels; the rest are rare
};

class Encoder {
 public:
  /// Columns that are constant give no feature. Throws bad_input when none is left.
  static Encoder fit(const Table& table, EncodingKind kind, const EncodingOptions& options = {});
  /// Columns are found by name and levels by their text. Throws not_found where a column is absent.
  Matrix apply(const Table& table) const;

  EncodingKind kind() const { return kind_; }
  const std::vector<Feature>& features() const { return features_; }
  /// Names of the source columns, in the order of the fitted table.
  const std::vector<std::string>& columns() const { return columns_; }

  base::Json to_json() const;
  static Encoder from_json(const base::Json& json, const std::string& where);

 private:
  EncodingKind kind_ = EncodingKind::linear;
  std::vector<std::string> columns_;
  std::vector<Feature> features_;
};

}  // namespace ballast::tabular
