// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/classifier_spec.h"

#include <algorithm>
#include <cmath>

#include "ballast/base/error.h"
#include "ballast/engine/quantised.h"

namespace ballast::lm {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;
using base::json_field;

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

Json pairs_json(const std::vector<std::array<double, 2>>& pairs) {
  Json list = Json::array();
  for (const auto& p : pairs) list.push_back({p[0], p[1]});
  return list;
}

void check_sizes(const HeadSpec& spec, const std::string& where) {
  const std::size_t n = spec.head.labels.size();
  const auto wrong = [&](const std::string& field) {
    throw Error(ErrorCode::bad_input, "head \"" + spec.head.name + "\": " + field + " does not have one entry a label",
                where);
  };
  if (n == 0) wrong("labels");
  if (spec.head.kind == HeadKind::multilabel && spec.head.thresholds.size() != n) wrong("thresholds");
  if (!spec.platt.empty() && spec.platt.size() != n) wrong("platt");
  if (!spec.bootstrap.empty() && spec.bootstrap.size() != n) wrong("bootstrap");
  if (!(spec.temperature > 0)) wrong("temperature");
  if (!(spec.head.refuse_below >= 0 && spec.head.refuse_below <= 1) ||
      (spec.head.refuse_below > 0 && spec.head.kind == HeadKind::multilabel)) {
    throw Error(ErrorCode::bad_input, "head \"" + spec.head.name + "\": refusal.below is out of place", where,
                "a probability, for a multiclass head");
  }
}

/// Central 90 % of the refits' probabilities, linear between neighbours.
std::array<double, 2> interval_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto at = [&](double p) {
    const double x = p * static_cast<double>(values.size() - 1);
    const auto low = static_cast<std::size_t>(x);
    const std::size_t high = std::min(low + 1, values.size() - 1);
    return values[low] + (x - static_cast<double>(low)) * (values[high] - values[low]);
  };
  return {at(0.05), at(0.95)};
}

}  // namespace

std::vector<Head> ClassifierSpec::plain_heads() const {
  std::vector<Head> plain;
  for (const HeadSpec& spec : heads) plain.push_back(spec.head);
  return plain;
}

std::vector<std::string> ClassifierSpec::output_names() const {
  std::vector<std::string> names;
  for (const HeadSpec& spec : heads) {
    for (const std::string& label : spec.head.labels) {
      names.push_back(heads.size() == 1 ? label : spec.head.name + ":" + label);
    }
  }
  return names;
}

engine::Precision classifier_precision(const std::string& name, ErrorCode code, const std::string& where) {
  for (const engine::Precision p : {engine::Precision::f32, engine::Precision::bf16, engine::Precision::int8}) {
    if (name == engine::precision_name(p)) return p;
  }
  throw Error(code, "unknown precision \"" + name + "\"", where, "f32, bf16 or int8");
}

Json spec_json(const ClassifierSpec& spec) {
  Json json;
  json["format"] = 1;
  json["max_length"] = spec.max_length;
  if (spec.precision != engine::Precision::f32) json["precision"] = engine::precision_name(spec.precision);
  json["heads"] = Json::array();
  for (const HeadSpec& h : spec.heads) {
    Json head;
    head["name"] = h.head.name;
    const bool multilabel = h.head.kind == HeadKind::multilabel;
    head["kind"] = multilabel ? "multilabel" : "multiclass";
    head["labels"] = h.head.labels;
    if (multilabel) head["thresholds"] = h.head.thresholds;
    head["transformer_weight"] = h.transformer_weight;
    head["ngram_weight"] = h.ngram_weight;
    if (!multilabel) head["temperature"] = h.temperature;
    if (h.head.refuse_below > 0) {
      head["refusal"] = {{"below", h.head.refuse_below}, {"known_refused", h.known_refused}};
    }
    if (!h.platt.empty()) head["platt"] = pairs_json(h.platt);
    if (!h.bootstrap.empty()) {
      head["bootstrap"] = Json::array();
      for (const auto& fits : h.bootstrap) head["bootstrap"].push_back(pairs_json(fits));
    }
    json["heads"].push_back(head);
  }
  return json;
}

ClassifierSpec read_spec(const std::filesystem::path& file) {
  const std::string where = file.string();
  const Json json = base::read_json(file);
  if (json_field<int>(json, "format", where) != 1) {
    throw Error(ErrorCode::unsupported, "format is not 1", where, "made by a newer Ballast?");
  }
  using Pairs = std::vector<std::array<double, 2>>;
  ClassifierSpec spec;
  spec.max_length = json_field<std::int64_t>(json, "max_length", where, 0);
  spec.precision =
      classifier_precision(json_field<std::string>(json, "precision", where, "f32"), ErrorCode::bad_input, where);
  for (const Json& h : json_field<std::vector<Json>>(json, "heads", where)) {
    HeadSpec head;
    head.head.name = json_field<std::string>(h, "name", where);
    const auto kind = json_field<std::string>(h, "kind", where);
    if (kind != "multilabel" && kind != "multiclass") {
      throw Error(ErrorCode::bad_input, "kind \"" + kind + "\" is not known", where, "multilabel or multiclass");
    }
    head.head.kind = kind == "multilabel" ? HeadKind::multilabel : HeadKind::multiclass;
    head.head.labels = json_field<std::vector<std::string>>(h, "labels", where);
    head.head.thresholds = json_field<std::vector<double>>(h, "thresholds", where, {});
    head.transformer_weight = json_field<double>(h, "transformer_weight", where, 1.0);
    head.ngram_weight = json_field<double>(h, "ngram_weight", where, 0.0);
    head.temperature = json_field<double>(h, "temperature", where, 1.0);
    const Json refusal = json_field<Json>(h, "refusal", where, Json::object());
    head.head.refuse_below = json_field<double>(refusal, "below", where, 0.0);
    head.known_refused = json_field<double>(refusal, "known_refused", where, 0.0);
    head.platt = json_field<Pairs>(h, "platt", where, {});
    head.bootstrap = json_field<std::vector<Pairs>>(h, "bootstrap", where, {});
    check_sizes(head, where);
    spec.heads.push_back(std::move(head));
  }
  if (spec.heads.empty()) throw Error(ErrorCode::bad_input, "has no head", where);
  return spec;
}

std::size_t likeliest(const HeadPrediction& prediction) {
  const auto& p = prediction.probabilities;
  return static_cast<std::size_t>(std::max_element(p.begin(), p.end()) - p.begin());
}

bool refuses(const Head& head, const HeadPrediction& prediction) {
  return prediction.probabilities[likeliest(prediction)] < head.refuse_below;
}

std::string_view answer(const Head& head, const HeadPrediction& prediction) {
  return refuses(head, prediction) ? kUnknownAnswer : std::string_view(head.labels[likeliest(prediction)]);
}

HeadPrediction predict_head(const HeadSpec& spec, const float* transformer, const float* ngram) {
  const std::size_t n = spec.head.labels.size();
  std::vector<double> score(n);
  for (std::size_t i = 0; i < n; ++i) {
    score[i] = (transformer != nullptr ? spec.transformer_weight * static_cast<double>(transformer[i]) : 0) +
               (ngram != nullptr ? spec.ngram_weight * static_cast<double>(ngram[i]) : 0);
  }
  HeadPrediction out;
  if (spec.head.kind == HeadKind::multiclass) {
    const double top = *std::max_element(score.begin(), score.end());
    double sum = 0;
    for (double& s : score) sum += s = std::exp((s - top) / spec.temperature);
    for (double& s : score) s /= sum;
    out.probabilities = std::move(score);
    return out;
  }
  for (std::size_t i = 0; i < n; ++i) {
    const auto [a, b] = spec.platt.empty() ? std::array<double, 2>{1, 0} : spec.platt[i];
    out.probabilities.push_back(sigmoid(a * score[i] + b));
    if (spec.bootstrap.empty() || spec.bootstrap[i].empty()) continue;
    std::vector<double> values;
    for (const auto& [ra, rb] : spec.bootstrap[i]) values.push_back(sigmoid(ra * score[i] + rb));
    std::array<double, 2> interval = interval_of(std::move(values));
    interval[0] = std::min(interval[0], out.probabilities[i]);
    interval[1] = std::max(interval[1], out.probabilities[i]);
    out.intervals.push_back(interval);
  }
  return out;
}

}  // namespace ballast::lm
