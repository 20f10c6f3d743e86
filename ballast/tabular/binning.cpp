// SPDX-License-Identifier: Apache-2.0
// Cells, then the best way to join neighbours.
#include "ballast/tabular/binning.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "ballast/base/error.h"

namespace ballast::tabular {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kHalf = 0.5;  // the smoothing of counts

struct Counts {
  double goods = 0, bads = 0;
  void add(std::uint8_t truth, double weight) { (truth != 0 ? bads : goods) += weight; }
  Counts operator+(const Counts& o) const { return {goods + o.goods, bads + o.bads}; }
  Counts operator-(const Counts& o) const { return {goods - o.goods, bads - o.bads}; }
  double rows() const { return goods + bads; }
};

/// A cell is the least that a bin can be: a range of numbers, or one level.
struct Prebin {
  double low = 0;  // numeric: its least value
  std::vector<int> levels;
  Counts counts;
};

double woe_of(const Counts& bin, const Counts& all) {
  return std::log((bin.goods + kHalf) / (all.goods + kHalf)) - std::log((bin.bads + kHalf) / (all.bads + kHalf));
}

double value_of(const Counts& bin, const Counts& all) {
  return (bin.goods / all.goods - bin.bads / all.bads) * woe_of(bin, all);
}

double rate(const Counts& c) {
  return (c.bads + kHalf) / (c.rows() + 2 * kHalf);
}

struct Cut {
  std::vector<std::size_t> ends;  // one past the last cell of each bin
  double iv = -kInfinity;
};

/// Dynamic programming: best[b][j][i] is the most that bins ending at cell i can hold, of which the last, number b,
/// begins at cell j. direction 0 allows any order of rates.
Cut best_cut(const std::vector<Prebin>& cells, const Counts& all, int direction, double min_rows, int max_bins) {
  const std::size_t n = cells.size();
  std::vector<Counts> sums(n + 1);
  for (std::size_t i = 0; i < n; ++i) sums[i + 1] = sums[i] + cells[i].counts;
  const auto layers = static_cast<std::size_t>(max_bins);
  struct State {
    double iv = -kInfinity;
    std::size_t before = 0;  // where the bin before the last begins
  };
  std::vector<State> best(layers * (n + 1) * (n + 1));
  const auto at = [&](std::size_t b, std::size_t j, std::size_t i) -> State& {
    return best[(b * (n + 1) + j) * (n + 1) + i];
  };
  Cut cut;
  std::size_t last_b = 0, last_j = 0;
  for (std::size_t b = 0; b < layers; ++b) {
    for (std::size_t i = 1; i <= n; ++i) {
      for (std::size_t j = b == 0 ? 0 : 1; j < (b == 0 ? 1 : i); ++j) {
        const Counts mine = sums[i] - sums[j];
        if (mine.rows() < min_rows && !(b == 0 && i == n)) continue;
        State& state = at(b, j, i);
        if (b == 0) {
          state.iv = value_of(mine, all);
        } else {
          for (std::size_t h = b == 1 ? 0 : 1; h < (b == 1 ? 1 : j); ++h) {
            const State& previous = at(b - 1, h, j);
            if (previous.iv == -kInfinity) continue;
            const double step = rate(mine) - rate(sums[j] - sums[h]);
            if (direction != 0 && !(step * direction > 0)) continue;
            const double iv = previous.iv + value_of(mine, all);
            if (iv > state.iv) state.iv = iv, state.before = h;
          }
        }
        // A further bin has to bring something, or the shorter cut stands.
        if (i == n && state.iv > cut.iv + 1e-4) cut.iv = state.iv, last_b = b, last_j = j;
      }
    }
  }
  cut.ends = {n};
  for (std::size_t b = last_b, i = n, j = last_j; b > 0; --b) {
    const std::size_t h = at(b, j, i).before;
    cut.ends.push_back(j);
    i = j, j = h;
  }
  std::reverse(cut.ends.begin(), cut.ends.end());
  return cut;
}

std::vector<Prebin> numeric_cells(const Column& column, std::span<const std::uint8_t> truth,
                                  std::span<const double> weights, int prebins) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < column.numbers.size(); ++i) {
    if (!std::isnan(column.numbers[i])) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return column.numbers[a] < column.numbers[b]; });
  std::vector<Prebin> cells;
  std::size_t next = 0;  // rows that begin the next cell at the earliest
  const auto mass = [&](std::size_t cell) { return cell * order.size() / static_cast<std::size_t>(prebins); };
  for (std::size_t k = 0; k < order.size(); ++k) {
    const double x = column.numbers[order[k]];
    const bool fresh = k == 0 || x != column.numbers[order[k - 1]];
    if (cells.empty() || (fresh && k >= next)) {
      cells.push_back({x, {}, {}});
      std::size_t cell = static_cast<std::size_t>(prebins) * k / order.size() + 1;
      next = std::max(mass(cell), k + 1);
    }
    cells.back().counts.add(truth[order[k]], weights.empty() ? 1 : weights[order[k]]);
  }
  return cells;
}

/// One cell a level by rising default rate; those too rare to say much are one cell, which the last of them shares.
std::vector<Prebin> level_cells(const Column& column, std::span<const std::uint8_t> truth,
                                std::span<const double> weights, double min_rows) {
  std::vector<Prebin> levels(column.spec.levels.size());
  for (std::size_t l = 0; l < levels.size(); ++l) levels[l].levels = {static_cast<int>(l)};
  for (std::size_t i = 0; i < column.codes.size(); ++i) {
    if (column.codes[i] >= 0) {
      levels[static_cast<std::size_t>(column.codes[i])].counts.add(truth[i], weights.empty() ? 1 : weights[i]);
    }
  }
  std::vector<Prebin> cells;
  Prebin rare;
  for (Prebin& level : levels) {
    if (level.counts.rows() <= 0) continue;
    if (level.counts.rows() < min_rows) {
      rare.levels.push_back(level.levels[0]);
      rare.counts = rare.counts + level.counts;
    } else {
      cells.push_back(std::move(level));
    }
  }
  if (!rare.levels.empty()) cells.push_back(std::move(rare));
  std::stable_sort(cells.begin(), cells.end(),
                   [](const Prebin& a, const Prebin& b) { return rate(a.counts) < rate(b.counts); });
  // Too many levels for the cube of the programme: neighbours in rate are joined first.
  constexpr std::size_t kMost = 40;
  while (cells.size() > kMost) {
    std::size_t least = 1;
    for (std::size_t i = 2; i < cells.size(); ++i) {
      if (rate(cells[i].counts) - rate(cells[i - 1].counts) <
          rate(cells[least].counts) - rate(cells[least - 1].counts)) {
        least = i;
      }
    }
    cells[least - 1].levels.insert(cells[least - 1].levels.end(), cells[least].levels.begin(),
                                   cells[least].levels.end());
    cells[least - 1].counts = cells[least - 1].counts + cells[least].counts;
    cells.erase(cells.begin() + static_cast<std::ptrdiff_t>(least));
  }
  return cells;
}

Json number_or_null(double x) {
  return std::isinf(x) ? Json() : Json(x);
}

void finish(ColumnBinning& binning, const Counts& all) {
  for (Bin& bin : binning.bins) {
    const Counts counts{bin.goods, bin.bads};
    bin.woe = woe_of(counts, all);
    binning.iv += value_of(counts, all);
  }
}

}  // namespace

ColumnBinning bin_column(const Column& column, std::span<const std::uint8_t> truth, std::span<const double> weights,
                         const BinningOptions& options) {
  BALLAST_CHECK(options.prebins >= 2 && options.max_bins >= 1, options.prebins);
  ColumnBinning binning{column.spec.name, column.spec.kind, {}, 0, 0};
  Counts all, missing;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const double w = weights.empty() ? 1 : weights[i];
    all.add(truth[i], w);
    if (column.missing(static_cast<std::int64_t>(i))) missing.add(truth[i], w);
  }
  if (!(all.goods > 0) || !(all.bads > 0)) throw Error(ErrorCode::bad_input, "two classes are needed to learn from");
  const bool numeric = column.spec.kind == ColumnKind::numeric;
  const double min_rows = std::max(2.0, options.min_share * (all - missing).rows());
  const std::vector<Prebin> cells = numeric ? numeric_cells(column, truth, weights, options.prebins)
                                            : level_cells(column, truth, weights, std::max(5.0, min_rows / 4));
  if (!cells.empty()) {
    Cut cut;
    int trend = 0;
    if (numeric && options.monotone) {
      const Cut up = best_cut(cells, all, 1, min_rows, options.max_bins);
      const Cut down = best_cut(cells, all, -1, min_rows, options.max_bins);
      trend = up.iv >= down.iv ? 1 : -1;
      cut = trend > 0 ? up : down;
    } else {
      cut = best_cut(cells, all, 0, min_rows, options.max_bins);
    }
    binning.trend = cut.ends.size() > 1 ? trend : 0;
    std::size_t begin = 0;
    for (const std::size_t end : cut.ends) {
      Bin bin;
      bin.low = begin == 0 ? -kInfinity : cells[begin].low;
      bin.high = end == cells.size() ? kInfinity : cells[end].low;
      for (std::size_t c = begin; c < end; ++c) {
        bin.goods += cells[c].counts.goods;
        bin.bads += cells[c].counts.bads;
        for (const int level : cells[c].levels)
          bin.levels.push_back(column.spec.levels[static_cast<std::size_t>(level)]);
      }
      std::sort(bin.levels.begin(), bin.levels.end());
      binning.bins.push_back(std::move(bin));
      begin = end;
    }
  }
  if (missing.rows() > 0) binning.bins.push_back({0, 0, {}, true, missing.goods, missing.bads, 0});
  finish(binning, all);
  return binning;
}

int ColumnBinning::bin_of(const Column& cells, std::int64_t row) const {
  const bool missing = cells.missing(row);
  const auto at = static_cast<std::size_t>(row);
  const bool unseen = kind == ColumnKind::categorical && !missing && cells.codes[at] == kUnseenCode;
  for (std::size_t b = 0; b < bins.size() && !unseen; ++b) {
    const Bin& bin = bins[b];
    if (bin.missing != missing) continue;
    if (missing) return static_cast<int>(b);
    if (kind == ColumnKind::numeric) {
      if (cells.numbers[at] >= bin.low && cells.numbers[at] < bin.high) return static_cast<int>(b);
    } else {
      const std::string& level = cells.spec.levels[static_cast<std::size_t>(cells.codes[at])];
      if (std::binary_search(bin.levels.begin(), bin.levels.end(), level)) return static_cast<int>(b);
    }
  }
  return -1;
}

std::vector<double> ColumnBinning::woe(const Column& cells) const {
  if (cells.spec.kind != kind) throw Error(ErrorCode::bad_input, "is not of the kind it was in training", column);
  const auto rows = static_cast<std::int64_t>(std::max(cells.numbers.size(), cells.codes.size()));
  std::vector<double> out;
  for (std::int64_t r = 0; r < rows; ++r) {
    const int bin = bin_of(cells, r);
    out.push_back(bin < 0 ? 0 : bins[static_cast<std::size_t>(bin)].woe);
  }
  return out;
}

Json ColumnBinning::to_json() const {
  Json json = {{"column", column},
               {"kind", kind == ColumnKind::numeric ? "numeric" : "categorical"},
               {"iv", iv},
               {"trend", trend}};
  json["bins"] = Json::array();
  for (const Bin& bin : bins) {
    Json one = Json::object();
    if (bin.missing)
      one["missing"] = true;
    else if (kind == ColumnKind::numeric)
      one["low"] = number_or_null(bin.low), one["high"] = number_or_null(bin.high);
    else
      one["levels"] = bin.levels;
    one["goods"] = bin.goods;
    one["bads"] = bin.bads;
    one["woe"] = bin.woe;
    json["bins"].push_back(std::move(one));
  }
  return json;
}

ColumnBinning ColumnBinning::from_json(const Json& json, const std::string& where) {
  ColumnBinning binning;
  binning.column = base::json_field<std::string>(json, "column", where);
  binning.kind =
      base::json_field<std::string>(json, "kind", where) == "numeric" ? ColumnKind::numeric : ColumnKind::categorical;
  binning.iv = base::json_field<double>(json, "iv", where);
  binning.trend = base::json_field<int>(json, "trend", where);
  for (const Json& one : base::json_field<Json>(json, "bins", where)) {
    Bin bin;
    bin.missing = base::json_field<bool>(one, "missing", where, false);
    if (!bin.missing && binning.kind == ColumnKind::numeric) {
      bin.low = base::json_field<double>(one, "low", where, -kInfinity);
      bin.high = base::json_field<double>(one, "high", where, kInfinity);
    } else if (!bin.missing) {
      bin.levels = base::json_field<std::vector<std::string>>(one, "levels", where);
    }
    bin.goods = base::json_field<double>(one, "goods", where);
    bin.bads = base::json_field<double>(one, "bads", where);
    bin.woe = base::json_field<double>(one, "woe", where);
    binning.bins.push_back(std::move(bin));
  }
  return binning;
}

}  // namespace ballast::tabular
