// SPDX-License-Identifier: Apache-2.0
// Optimal binning: a column is cut into a few groups whose default rates rise or fall steadily, so that weight of
// evidence is a plain table. WoE = ln(share of goods / share of bads), information value = Σ (share of goods − share of
// bads) · WoE (Siddiqi 2006, "Credit Risk Scorecards"). "Bad" is the class that the truth marks with 1.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ballast/tabular/table.h"

namespace ballast::tabular {

struct BinningOptions {
  int prebins = 24;         // equal-mass cells that bins are made of
  int max_bins = 7;         // without the one for missing values
  double min_share = 0.04;  // of the rows with a value, a bin
  bool monotone = true;     // default rates of neighbouring bins rise, or fall, throughout
};

struct Bin {
  double low = 0, high = 0;         // numeric: low <= x < high; the ends are −inf and inf
  std::vector<std::string> levels;  // categorical
  bool missing = false;             // the bin of missing values
  double goods = 0, bads = 0;       // weighted counts
  double woe = 0;

  double rows() const { return goods + bads; }
  double bad_rate() const { return rows() > 0 ? bads / rows() : 0; }
};

struct ColumnBinning {
  std::string column;
  ColumnKind kind = ColumnKind::numeric;
  std::vector<Bin> bins;
  double iv = 0;
  int trend = 0;  // +1: the default rate rises with the number, −1: it falls, 0: one bin, or categorical

  /// The bin of a cell; −1 where the training rows had nothing like it (a level that is new, a first missing value).
  int bin_of(const Column& column, std::int64_t row) const;
  /// WoE of each row; 0, that is no evidence, outside all bins. The column's levels may be other ones than in training.
  std::vector<double> woe(const Column& column) const;

  base::Json to_json() const;
  static ColumnBinning from_json(const base::Json& json, const std::string& where);
};

/// The bins with the highest information value that the options allow, by dynamic programming over the cells. Counts
/// are smoothed by half a row, so that WoE is finite. Missing values have a bin of their own. `weights` may be empty.
ColumnBinning bin_column(const Column& column, std::span<const std::uint8_t> truth,
                         std::span<const double> weights = {}, const BinningOptions& options = {});

}  // namespace ballast::tabular
