// SPDX-License-Identifier: Apache-2.0
// The credit desk: application columns in; probability of default with interval, grade and reasons that add up out.
// Traditional candidates (scorecard, logistic regression, boosted trees), a stack of them, and on demand a language
// model over the application as text and a stack with it are compared on predictions made out of fold; the champion is
// chosen by a stated rule. Notes are read by an n-gram model into one number that stands beside the columns.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/base/progress.h"
#include "ballast/risk/credit_fairness.h"
#include "ballast/risk/credit_text.h"
#include "ballast/risk/reason_words.h"
#include "ballast/tabular/metrics.h"
#include "ballast/tabular/pipeline.h"
#include "ballast/tabular/quality.h"
#include "ballast/tabular/roc.h"
#include "ballast/tabular/score_calibration.h"

namespace ballast::risk {

/// A PD band: the grade of those at or below `pd`.
struct GradeBand {
  std::string grade;
  double pd = 1;
};
/// A to G at 1, 2, 5, 10, 20, 40 and 100 %.
std::vector<GradeBand> default_grades();
const std::string& grade_of(double pd, std::span<const GradeBand> bands);

struct CreditTraining {
  std::string label, bad;                      // the label column and the value that means default
  std::vector<std::string> protected_columns;  // audited, not inputs
  std::vector<std::string> allowed_columns;    // protected, yet inputs: the user said so
  std::vector<std::string> drop;               // neither
  std::optional<FairnessLimit> fairness;       // what `model promote` enforces
  std::optional<double> cut_off;               // approve at or below this PD; default: the default rate of the data
  bool reweigh = false;                        // mitigation: Kamiran & Calders weights over the protected groups
  double fairness_penalty = 0;                 // mitigation: see tabular::GroupPenalty; logistic regression then wins
  bool prefer_simple = false;                  // see CreditModel::train
  bool accept_leakage = false;                 // train although the quality report suspects leakage
  WordsOfColumns words;
  tabular::CalibrationMethod calibration = tabular::CalibrationMethod::platt;
  std::vector<std::string> text_columns;   // free text: each becomes one number, read by an n-gram model
  std::vector<std::string> trend_columns;  // inputs that join_trend() added: their lift is measured
  std::string trend_key, as_of;            // the columns of applications that the join used
  bool language_model = false;             // candidates "language" and "stack_language" (slow); see readers
  int folds = 5;
  std::vector<int> fold;  // of each row of the table; empty: stratified by the seed
  std::uint64_t seed = 42;
  base::Json data = base::Json::array();  // files and their hashes, for the artefact
};

/// What reads texts in training; the defaults are those of credit_text.h.
struct CreditReaders {
  ReaderTrainer language_model = language_model_trainer();
  ReaderTrainer notes = ngram_trainer();
};

/// A candidate's figures on out-of-fold predictions, each row calibrated by the other folds.
struct CreditCandidate {
  std::string name;  // "scorecard", "logistic", "boosted", "stack", "language", "stack_language"
  tabular::AucEstimate auc;
  double fold_auc = 0, fold_sd = 0;  // mean over the folds, and standard deviation (population)
  double ks = 0, brier = 0, average_precision = 0, log_loss = 0;
  double mcc = 0;                             // of declining above the cut-off
  double ece = 0, ece_chance = 0;             // fine where ece <= ece_chance
  std::vector<tabular::CalibrationBin> bins;  // reliability: ten of equal mass
  double seconds = 0;                         // of fitting the folds; 0 for stacks, which fit only their weights
  double fold_brier_sd = 0;                   // standard deviation of the folds' Brier scores (population)
  // Against the champion: challenger − champion.
  double difference = 0, p_value = 1;          // AUC, paired DeLong
  double loss_difference = 0, loss_error = 0;  // log loss and its standard error
};

/// What columns bring: out-of-fold scores of one kind of model with them and without them, on the same folds.
struct CreditLift {
  std::vector<std::string> columns;
  std::string model;           // "logistic" or "boosted"
  tabular::AucComparison auc;  // champion: without, challenger: with; the difference is the lift
  double log_loss_difference = 0, log_loss_error = 0;  // with − without, after calibration; negative is better
};

/// One scored application. All figures in log-odds of default have six decimals, and base + all points = score holds
/// exactly in decimals; pd = 1 / (1 + exp(−score)).
struct CreditReason {
  std::string code;  // the column
  std::string text;
  std::int64_t micro_points = 0;  // millionths of log-odds; positive is adverse
  double points() const { return static_cast<double>(micro_points) / 1e6; }
};

struct CreditScore {
  std::int64_t line = 0;
  double pd = 0;
  std::array<double, 2> interval = {0, 0};  // 90 %, bootstrap over the calibration rows
  std::string grade;
  std::int64_t micro_base = 0, micro_score = 0;
  std::vector<CreditReason> reasons;  // every input column, the most adverse first
  std::vector<std::string> unseen;    // categorical columns whose value training never saw
};

/// Applications that can be scored, and where they stood among the rows given.
struct ReadApplications {
  tabular::Table table;
  std::vector<std::size_t> kept;
};

class CreditModel {
 public:
  /// The champion has the least log loss out of fold (calibrated by the other folds). With `prefer_simple` it is the
  /// simplest candidate, in the order scorecard, logistic, boosted, stack, language, stack_language, whose loss is
  /// within one standard error of the least one (the rule of Breiman et al. 1984). Throws bad_input: one class, too few
  /// rows, no input column left, or suspected leakage with the columns named.
  static CreditModel train(const tabular::Table& table, const CreditTraining& training,
                           const base::ProgressSink& progress = {}, const CreditReaders& readers = {});

  /// The inputs. A text column stands as the number that its text is read into.
  const tabular::Schema& schema() const { return schema_; }
  /// Rows to columns. What cannot be scored goes to `quarantine`, in row order, with column and reason: no number where
  /// one is needed, missing where training had none missing, a level that training never saw (unless `allow_unseen`),
  /// a number out of range (negative where training had none, or farther outside the training rows' range than that
  /// range is wide). Throws bad_input where a column is absent or no row is left.
  ReadApplications read(std::span<const ingest::Record> rows, bool allow_unseen = false,
                        const ingest::QuarantineSink& quarantine = {}) const;
  /// `applications` as read() gives them, or rows of the training table's form without text columns.
  std::vector<CreditScore> score(const tabular::Table& applications,
                                 ReasonLanguage language = ReasonLanguage::en) const;

  const std::string& champion() const { return champion_; }
  const std::vector<CreditCandidate>& candidates() const { return candidates_; }
  const std::vector<CreditLift>& lifts() const { return lifts_; }
  /// The scorecard, which is kept whatever won: it is the traditional method. Null where there is none.
  const tabular::Pipeline* scorecard() const { return card_ ? &*card_ : nullptr; }
  const std::vector<FairnessAudit>& fairness() const { return fairness_; }
  const std::optional<FairnessLimit>& fairness_limit() const { return training_.fairness; }
  const CreditTraining& training() const { return training_; }
  double cut_off() const { return cut_off_; }
  /// A cut-off for everybody that would keep the fairness limit; nothing where there is none, or no limit.
  const std::optional<double>& fair_cut_off() const { return fair_cut_off_; }
  const std::vector<tabular::Finding>& warnings() const { return warnings_; }
  std::int64_t rows() const { return rows_; }
  double default_rate() const { return default_rate_; }

  /// `credit.json`, `scorecard.sql`, `scorecard.pmml`, a model card and a folder a text reader (its files' hashes are
  /// in credit.json) in `folder`, all or nothing.
  void save(const std::filesystem::path& folder) const;
  /// Throws not_found, bad_input or unsupported (a newer version).
  static CreditModel load(const std::filesystem::path& folder);
  base::Json to_json() const;
  /// `folder`: where the text readers lie; a model without any does not need it.
  static CreditModel from_json(const base::Json& json, const std::string& where,
                               const std::filesystem::path& folder = {});
  /// A model card (Mitchell et al. 2019) in Markdown.
  std::string card() const;

 private:
  struct Part {  // score = Σ weight · part's score + offset; one of the two is there
    double weight = 1;
    std::optional<tabular::Pipeline> pipeline;
    std::shared_ptr<const LanguagePart> language;
    std::vector<double> scores(const tabular::Table& table) const;
    tabular::Contributions contributions(const tabular::Table& table) const;
  };
  struct Notes {  // a text column
    std::string column;
    std::shared_ptr<const ApplicationReader> reader;
  };
  struct Range {  // of a numeric column's training rows
    double low = 0, high = 0;
  };
  friend class CreditTrainer;
  /// What contributions are multiplied by, so that they add up after calibration: the calibration's slope, or for a
  /// curve its mean slope between base and score.
  double slope_between(double base, double raw) const;
  std::string unusable(const tabular::Column& column, std::int64_t row, bool allow_unseen) const;

  CreditTraining training_;
  tabular::Schema schema_;
  std::map<std::string, Range> ranges_;
  std::vector<Part> parts_;
  std::vector<Notes> notes_;
  double offset_ = 0;
  tabular::ScoreCalibration calibration_;
  std::optional<tabular::Pipeline> card_;
  std::string champion_;
  std::vector<CreditCandidate> candidates_;
  std::vector<CreditLift> lifts_;
  std::vector<FairnessAudit> fairness_;
  std::vector<tabular::Finding> warnings_;
  std::vector<GradeBand> grades_;
  double cut_off_ = 0, default_rate_ = 0;
  std::optional<double> fair_cut_off_;
  std::int64_t rows_ = 0;
};

/// Whether a folder holds a credit model.
bool is_credit_model(const std::filesystem::path& folder);

/// Throws bad_input naming group, measure and amount where the model breaches its own fairness limit: what
/// `model promote` asks. A model without a limit passes.
void check_promotion(const CreditModel& model);

/// {"pd","interval","grade","base","score","reasons":[{"code","text","points"}]} with at most four adverse reasons, or
/// all of them. `row` is the line of the application in its file, as everywhere from 1 with the header.
base::Json to_json(const CreditScore& score, bool all_reasons);

/// Columns whose names say that a law may protect them: sex, gender, race, religion, marital status, nationality …
std::vector<std::string> protected_by_name(const tabular::Table& table);

}  // namespace ballast::risk
