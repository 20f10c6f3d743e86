// SPDX-License-Identifier: Apache-2.0
// A pipeline as JSON and back.
#include <fmt/format.h>

#include <cmath>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/tabular/pipeline.h"

namespace ballast::tabular {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr int kVersion = 1;
constexpr const char* kFormat = "ballast.tabular.pipeline";

Json calibration_json(const Calibration& calibration) {
  Json json = {{"method", "platt"}, {"a", calibration.platt.a}, {"b", calibration.platt.b}, {"fits", Json::array()}};
  for (const PlattScaling& fit : calibration.fits) json["fits"].push_back({fit.a, fit.b});
  return json;
}

Calibration read_calibration(const Json& json, const std::string& where) {
  Calibration calibration;
  calibration.platt.a = base::json_field<double>(json, "a", where);
  calibration.platt.b = base::json_field<double>(json, "b", where);
  for (const auto& [a, b] : base::json_field<std::vector<std::array<double, 2>>>(json, "fits", where)) {
    calibration.fits.push_back({a, b});
  }
  return calibration;
}

}  // namespace

Json Pipeline::to_json() const {
  Json json = {{"format", kFormat}, {"version", kVersion}, {"kind", model_kind_name(kind_)}};
  json["provenance"] = provenance;
  json["schema"] = schema_.to_json();
  if (encoder_) json["encoder"] = encoder_->to_json();
  if (logistic_) {
    json["model"] = {
        {"intercept", logistic_->intercept}, {"coefficients", logistic_->coefficients}, {"c", logistic_->c}};
  } else {
    json["model"] = boosted_ ? boosted_->to_json() : scorecard_->to_json();
  }
  json["calibration"] = calibration_ ? calibration_json(*calibration_) : Json();
  return json;
}

Pipeline Pipeline::from_json(const Json& json, const std::string& where) {
  if (base::json_field<std::string>(json, "format", where) != kFormat) {
    throw Error(ErrorCode::bad_input, "is not a tabular pipeline", where);
  }
  const int version = base::json_field<int>(json, "version", where);
  if (version != kVersion) {
    throw Error(ErrorCode::unsupported, fmt::format("has version {}, this build reads {}", version, kVersion), where);
  }
  Pipeline pipeline;
  const auto kind = base::json_field<std::string>(json, "kind", where);
  if (kind != "scorecard" && kind != "logistic" && kind != "boosted") {
    throw Error(ErrorCode::bad_input, "unknown model kind \"" + kind + "\"", where);
  }
  pipeline.kind_ = model_kind_named(kind);
  pipeline.provenance = base::json_field<Json>(json, "provenance", where);
  pipeline.schema_ = Schema::from_json(base::json_field<Json>(json, "schema", where), where);
  const Json model = base::json_field<Json>(json, "model", where);
  if (pipeline.kind_ == ModelKind::scorecard) {
    pipeline.scorecard_ = Scorecard::from_json(model, where);
    for (const Characteristic& c : pipeline.scorecard_->characteristics) {
      if (pipeline.schema_.find(c.binning.column) == nullptr) {
        throw Error(ErrorCode::bad_input, "the schema lacks the column \"" + c.binning.column + "\"", where);
      }
    }
  } else {
    pipeline.encoder_ = Encoder::from_json(base::json_field<Json>(json, "encoder", where), where);
    for (const std::string& column : pipeline.encoder_->columns()) {
      if (pipeline.schema_.find(column) == nullptr) {
        throw Error(ErrorCode::bad_input, "the schema lacks the column \"" + column + "\"", where);
      }
    }
    std::size_t features = pipeline.encoder_->features().size();
    if (pipeline.kind_ == ModelKind::logistic) {
      pipeline.logistic_ = LogisticModel{base::json_field<double>(model, "intercept", where),
                                         base::json_field<std::vector<double>>(model, "coefficients", where),
                                         base::json_field<double>(model, "c", where)};
      if (pipeline.logistic_->coefficients.size() != features) {
        throw Error(ErrorCode::bad_input, "the coefficients do not fit the features", where);
      }
    } else {
      if (base::json_field<std::size_t>(model, "features", where) != features) {
        throw Error(ErrorCode::bad_input, "the trees do not fit the features", where);
      }
      pipeline.boosted_ = BoostedTrees::from_json(model, where);
    }
  }
  const Json calibration = base::json_field<Json>(json, "calibration", where);
  if (!calibration.is_null()) pipeline.calibration_ = read_calibration(calibration, where);
  return pipeline;
}

void Pipeline::save(const std::filesystem::path& file) const {
  base::write_file_atomic(file, base::dump_json(to_json()) + "\n");
}

Pipeline Pipeline::load(const std::filesystem::path& file) {
  return from_json(base::read_json(file), file.string());
}

}  // namespace ballast::tabular
