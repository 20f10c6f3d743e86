// SPDX-License-Identifier: Apache-2.0
// Fits and applies encoders.
#include "ballast/tabular/encoding.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "ballast/base/error.h"
#include "ballast/tabular/metrics.h"

namespace ballast::tabular {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

// Codes like 96 and 98 for "refused", or ratios over a near-zero denominator, would otherwise set the scale alone.
constexpr double kTail = 0.005;

void moments(std::span<const double> values, double& mean, double& scale) {
  mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  double square = 0;
  for (const double v : values) square += (v - mean) * (v - mean);
  scale = std::sqrt(square / static_cast<double>(values.size()));
}

void add_numeric(const Column& column, int index, EncodingKind kind, std::vector<Feature>& features) {
  std::vector<double> values;
  for (const double v : column.numbers) {
    if (!std::isnan(v)) values.push_back(v);
  }
  const std::size_t missing = column.numbers.size() - values.size();
  std::sort(values.begin(), values.end());
  const bool constant = values.empty() || values.front() == values.back();
  if (kind == EncodingKind::trees) {
    if (!constant || (missing > 0 && !values.empty())) {
      features.push_back({column.spec.name, index, FeatureKind::number, "", 0, 0, 0, 0, 1});
    }
    return;
  }
  if (!constant) {
    Feature f{column.spec.name,
              index,
              FeatureKind::number,
              "",
              quantile(values, 0.5),
              quantile(values, kTail),
              quantile(values, 1 - kTail),
              0,
              1};
    if (f.low == f.high) f.low = values.front(), f.high = values.back();
    for (double& v : values) v = std::clamp(v, f.low, f.high);
    values.insert(values.end(), missing, f.fill);
    moments(values, f.mean, f.scale);
    features.push_back(f);
  }
  if (missing > 0 && missing < column.numbers.size()) {
    const double share = static_cast<double>(missing) / static_cast<double>(column.numbers.size());
    features.push_back({column.spec.name + " missing", index, FeatureKind::missing, "", 0, 0, 0, share,
                        std::sqrt(share * (1 - share))});
  }
}

void add_levels(const Column& column, int index, EncodingKind kind, const EncodingOptions& options,
                std::vector<Feature>& features) {
  std::vector<std::int64_t> counts(column.spec.levels.size() + 1, 0);  // the last one: no value
  for (const int code : column.codes) {
    if (code != kUnseenCode) ++counts[code == kMissingCode ? counts.size() - 1 : static_cast<std::size_t>(code)];
  }
  std::vector<std::size_t> order(counts.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return counts[a] > counts[b]; });
  if (counts[order[0]] == static_cast<std::int64_t>(column.codes.size())) return;
  const auto rows = static_cast<double>(column.codes.size());
  const auto add = [&](const std::string& name, FeatureKind feature, const std::string& level, std::int64_t count) {
    const double mean = kind == EncodingKind::linear ? static_cast<double>(count) / rows : 0;
    features.push_back({column.spec.name + " = " + name, index, feature, level, 0, 0, 0, mean, 1});
  };
  std::int64_t rare = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::int64_t count = counts[order[i]];
    const bool no_value = order[i] + 1 == counts.size();
    if (count == 0) continue;
    if (count < options.min_frequency || (static_cast<int>(i) >= options.max_levels && !no_value)) {
      rare += count;
    } else {
      const std::string level = no_value ? "" : column.spec.levels[order[i]];
      add(no_value ? "(missing)" : level, FeatureKind::level, level, count);
    }
  }
  if (rare > 0) add("(other)", FeatureKind::other, "", rare);
}

const char* name_of(FeatureKind kind) {
  switch (kind) {
    case FeatureKind::number:
      return "number";
    case FeatureKind::missing:
      return "missing";
    case FeatureKind::level:
      return "level";
    case FeatureKind::other:
      return "other";
  }
  return "number";
}

FeatureKind feature_kind(const std::string& name, const std::string& where) {
  for (const FeatureKind kind : {FeatureKind::number, FeatureKind::missing, FeatureKind::level, FeatureKind::other}) {
    if (name == name_of(kind)) return kind;
  }
  throw Error(ErrorCode::bad_input, "unknown feature kind \"" + name + "\"", where);
}

/// Writes the features [first, last) of one column for all rows.
void encode_numeric(const Column& column, std::span<const Feature> features, EncodingKind kind, std::size_t first,
                    Matrix& out) {
  for (std::size_t f = 0; f < features.size(); ++f) {
    const Feature& feature = features[f];
    for (std::int64_t r = 0; r < out.rows; ++r) {
      double x = column.numbers[static_cast<std::size_t>(r)];
      if (feature.kind == FeatureKind::missing)
        x = std::isnan(x) ? 1 : 0;
      else if (kind == EncodingKind::linear)
        x = std::isnan(x) ? feature.fill : std::clamp(x, feature.low, feature.high);
      out.values[static_cast<std::size_t>(r * out.cols) + first + f] = (x - feature.mean) / feature.scale;
    }
  }
}

void encode_levels(const Column& column, std::span<const Feature> features, std::size_t first, Matrix& out) {
  int other = -1, no_value = -1;
  std::map<std::string, int> by_level;
  for (std::size_t f = 0; f < features.size(); ++f) {
    if (features[f].kind == FeatureKind::other)
      other = static_cast<int>(f);
    else if (features[f].level.empty())
      no_value = static_cast<int>(f);
    else
      by_level[features[f].level] = static_cast<int>(f);
  }
  std::vector<int> hot;
  for (const std::string& level : column.spec.levels) {
    const auto it = by_level.find(level);
    hot.push_back(it == by_level.end() ? other : it->second);
  }
  for (std::int64_t r = 0; r < out.rows; ++r) {
    const int code = column.codes[static_cast<std::size_t>(r)];
    const int on = code == kMissingCode  ? (no_value >= 0 ? no_value : other)
                   : code == kUnseenCode ? other
                                         : hot[static_cast<std::size_t>(code)];
    for (std::size_t f = 0; f < features.size(); ++f) {
      const double x = static_cast<int>(f) == on ? 1 : 0;
      // A level that nothing is known of takes the average of the training rows, so that it adds nothing.
      const double value = on < 0 ? 0 : (x - features[f].mean) / features[f].scale;
      out.values[static_cast<std::size_t>(r * out.cols) + first + f] = value;
    }
  }
}

}  // namespace

Matrix Matrix::take(std::span<const std::int64_t> wanted) const {
  Matrix out{static_cast<std::int64_t>(wanted.size()), cols, {}};
  out.values.reserve(wanted.size() * static_cast<std::size_t>(cols));
  for (const std::int64_t r : wanted) {
    const auto source = row(r);
    out.values.insert(out.values.end(), source.begin(), source.end());
  }
  return out;
}

Encoder Encoder::fit(const Table& table, EncodingKind kind, const EncodingOptions& options) {
  Encoder encoder;
  encoder.kind_ = kind;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    const Column& column = table.columns[c];
    encoder.columns_.push_back(column.spec.name);
    if (column.spec.kind == ColumnKind::numeric)
      add_numeric(column, static_cast<int>(c), kind, encoder.features_);
    else
      add_levels(column, static_cast<int>(c), kind, options, encoder.features_);
  }
  if (encoder.features_.empty()) throw Error(ErrorCode::bad_input, "every input column is constant or empty");
  return encoder;
}

Matrix Encoder::apply(const Table& table) const {
  Matrix out{table.rows(), static_cast<std::int64_t>(features_.size()), {}};
  out.values.assign(static_cast<std::size_t>(out.rows * out.cols), 0);
  for (std::size_t first = 0, last = 0; first < features_.size(); first = last) {
    while (last < features_.size() && features_[last].column == features_[first].column) ++last;
    const std::string& name = columns_[static_cast<std::size_t>(features_[first].column)];
    const Column& column = table.at(name);
    const bool numeric = features_[first].kind == FeatureKind::number || features_[first].kind == FeatureKind::missing;
    if (numeric != (column.spec.kind == ColumnKind::numeric)) {
      throw Error(ErrorCode::bad_input,
                  std::string("is not ") + (numeric ? "numeric" : "categorical") + " as it was in training",
                  "column \"" + name + "\"");
    }
    const std::span<const Feature> features(features_.data() + first, last - first);
    if (numeric)
      encode_numeric(column, features, kind_, first, out);
    else
      encode_levels(column, features, first, out);
  }
  return out;
}

Json Encoder::to_json() const {
  Json json = {{"kind", kind_ == EncodingKind::linear ? "linear" : "trees"}, {"columns", columns_}};
  json["features"] = Json::array();
  for (const Feature& f : features_) {
    json["features"].push_back({{"name", f.name},
                                {"column", f.column},
                                {"kind", name_of(f.kind)},
                                {"level", f.level},
                                {"fill", f.fill},
                                {"low", f.low},
                                {"high", f.high},
                                {"mean", f.mean},
                                {"scale", f.scale}});
  }
  return json;
}

Encoder Encoder::from_json(const Json& json, const std::string& where) {
  Encoder encoder;
  encoder.kind_ =
      base::json_field<std::string>(json, "kind", where) == "linear" ? EncodingKind::linear : EncodingKind::trees;
  encoder.columns_ = base::json_field<std::vector<std::string>>(json, "columns", where);
  for (const Json& one : base::json_field<Json>(json, "features", where)) {
    Feature f;
    f.name = base::json_field<std::string>(one, "name", where);
    f.column = base::json_field<int>(one, "column", where);
    f.kind = feature_kind(base::json_field<std::string>(one, "kind", where), where);
    f.level = base::json_field<std::string>(one, "level", where);
    f.fill = base::json_field<double>(one, "fill", where);
    f.low = base::json_field<double>(one, "low", where);
    f.high = base::json_field<double>(one, "high", where);
    f.mean = base::json_field<double>(one, "mean", where);
    f.scale = base::json_field<double>(one, "scale", where);
    const bool ordered = encoder.features_.empty() || encoder.features_.back().column <= f.column;
    if (f.column < 0 || f.column >= static_cast<int>(encoder.columns_.size()) || !ordered || !(f.scale > 0) ||
        !(f.low <= f.high)) {
      throw Error(ErrorCode::bad_input, "the feature \"" + f.name + "\" is damaged", where);
    }
    encoder.features_.push_back(std::move(f));
  }
  if (encoder.features_.empty()) throw Error(ErrorCode::bad_input, "the encoder has no features", where);
  return encoder;
}

}  // namespace ballast::tabular
