// SPDX-License-Identifier: Apache-2.0
// One artefact from typed columns to a calibrated probability: schema, encoding, model, calibration, and where it came
// from. Read back, it scores a record with the same bits as on the day it was trained.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ballast/tabular/boosted.h"
#include "ballast/tabular/calibration.h"
#include "ballast/tabular/encoding.h"
#include "ballast/tabular/logistic.h"
#include "ballast/tabular/scorecard.h"
#include "ballast/tabular/table.h"

namespace ballast::tabular {

enum class ModelKind { scorecard, logistic, boosted };
const char* model_kind_name(ModelKind kind);
/// Throws usage with the nearest name.
ModelKind model_kind_named(const std::string& name);

struct FitOptions {
  ModelKind kind = ModelKind::boosted;
  EncodingOptions encoding;
  LogisticOptions logistic;
  BoostedOptions boosted;
  ScorecardOptions scorecard;
  std::uint64_t seed = 42;
};

/// Log-odds that each input column adds; base + the row's values = the score (boosted trees: within float rounding).
struct Contributions {
  double base = 0;
  std::vector<std::string> columns;
  Matrix values;  // [rows, columns]
};

/// Platt scaling of the log-odds with its bootstrap fits, from which intervals come.
struct Calibration {
  PlattScaling platt;
  std::vector<PlattScaling> fits;

  double probability(double score) const { return platt(score); }
  /// 90 %.
  std::array<double, 2> interval(double score) const { return platt_interval(fits, score); }
  static Calibration fit(std::span<const double> scores, std::span<const std::uint8_t> truth, std::uint64_t seed);
};

class Pipeline {
 public:
  /// `inputs` are the input columns only. `weights` may be empty. Throws bad_input (one class, fewer rows than features
  /// can be learnt from, nothing but constants).
  static Pipeline fit(const Table& inputs, std::span<const std::uint8_t> truth, std::span<const double> weights,
                      const FitOptions& options);

  ModelKind kind() const { return kind_; }
  /// What a record has to look like: for read_table_as().
  const Schema& schema() const { return schema_; }
  /// Log-odds before calibration; columns are found by name.
  std::vector<double> scores(const Table& table) const;
  /// After calibration, or the plain logistic of the score where none was set.
  std::vector<double> probabilities(const Table& table) const;
  Contributions contributions(const Table& table) const;

  void set_calibration(Calibration calibration) { calibration_ = std::move(calibration); }
  const std::optional<Calibration>& calibration() const { return calibration_; }
  /// Free notes that travel with the artefact: hashes of the data, label, seed.
  base::Json provenance = base::Json::object();

  const Scorecard* scorecard() const { return scorecard_ ? &*scorecard_ : nullptr; }
  const LogisticModel* logistic() const { return logistic_ ? &*logistic_ : nullptr; }
  const BoostedTrees* boosted() const { return boosted_ ? &*boosted_ : nullptr; }

  /// Format version 1. Numbers are written so that they read back bit for bit.
  base::Json to_json() const;
  /// Throws bad_input naming `where` for anything damaged, unsupported for a newer version.
  static Pipeline from_json(const base::Json& json, const std::string& where);
  void save(const std::filesystem::path& file) const;
  static Pipeline load(const std::filesystem::path& file);

 private:
  ModelKind kind_ = ModelKind::boosted;
  Schema schema_;
  std::optional<Encoder> encoder_;
  std::optional<LogisticModel> logistic_;
  std::optional<BoostedTrees> boosted_;
  std::optional<Scorecard> scorecard_;
  std::optional<Calibration> calibration_;
};

/// Each row scored by a pipeline that was fitted without its fold (log-odds, not calibrated).
std::vector<double> cross_fit(const Table& inputs, std::span<const std::uint8_t> truth, std::span<const double> weights,
                              std::span<const int> fold, const FitOptions& options);

/// Probabilities of out-of-fold scores, each row calibrated by the scores of the other folds: what judging needs.
std::vector<double> cross_calibrate(std::span<const double> scores, std::span<const std::uint8_t> truth,
                                    std::span<const int> fold);

/// Columns that number rows rather than describe them: every value different, and dense whole numbers, or a name like
/// "id", "row", "customer_id". Models should not see them.
std::vector<std::string> identifier_columns(const Table& table);

}  // namespace ballast::tabular
