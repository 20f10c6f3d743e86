// SPDX-License-Identifier: Apache-2.0
// Transaction fraud: columns of transactions in; a calibrated probability with interval, reasons that add up and an
// action out. Logistic regression, the traditional method, and boosted trees are compared out of fold (walking forward
// in time where the transactions have one); the threshold minimises a stated cost.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/base/progress.h"
#include "ballast/ingest/record.h"
#include "ballast/tabular/bootstrap.h"
#include "ballast/tabular/pipeline.h"
#include "ballast/tabular/quality.h"
#include "ballast/tabular/roc.h"

namespace ballast::risk {

/// Columns that say which transaction it is and are no inputs. Empty: there is none.
struct TransactionColumns {
  std::string id, time, group;  // group: the card or customer
};

/// What an alert and a missed fraud cost, in one currency.
struct FraudCosts {
  double investigation = 10;  // one transaction looked at
  double missed = 100;        // one fraud let through, where no column has its amount
  std::string amount_column;  // a fraud let through costs its amount
  double false_block = 0;     // one honest transaction blocked; 0: the model alone never blocks
};

/// [cost] with investigation, missed, amount_column, false_block. Throws bad_input naming the field.
FraudCosts parse_fraud_costs(std::string_view toml, const std::string& where);

/// Seconds since 1970 of "2018-07-25 00:00:29", RFC 3339 or a bare date, or the number itself; nothing for anything
/// else, impossible dates among it.
std::optional<double> transaction_time(std::string_view text);

/// Sets aside transactions that cannot be true: a key that was there among the last million at least, a time that is
/// missing, impossible or more than a day after `now`, a negative or missing amount.
class TransactionGuard {
 public:
  /// `now` in seconds since 1970.
  TransactionGuard(TransactionColumns columns, std::string amount_column, double now);
  /// Why the row cannot be used; nothing where it can. A usable row's key counts as seen from then on.
  std::optional<ingest::Quarantined> check(const ingest::Record& row);

 private:
  TransactionColumns columns_;
  std::string amount_column_;
  double now_;
  std::unordered_set<std::string> keys_, older_keys_;  // the newer ones become the older ones when they are many
};

/// One threshold on the probability: transactions at or above it are looked at.
struct CostPoint {
  double threshold = 0;
  std::int64_t alerts = 0, caught = 0, missed = 0;
  double cost = 0;  // alerts · investigation + what the missed frauds cost
};

struct CostCurve {
  std::vector<CostPoint> points;  // from no alert to all, spaced evenly in the logarithm of the alerts
  CostPoint best;                 // least cost; among equals the fewest alerts
  double pass_all = 0, review_all = 0;
  std::optional<double> block;  // at or above it blocking costs less than looking, by the stated cost of a false block
};
/// `losses`: what each transaction costs where it is a missed fraud. Throws bad_input without a fraud.
CostCurve cost_curve(std::span<const double> probabilities, std::span<const std::uint8_t> truth,
                     std::span<const double> losses, const FraudCosts& costs);
CostPoint cost_at(double threshold, std::span<const double> probabilities, std::span<const std::uint8_t> truth,
                  std::span<const double> losses, const FraudCosts& costs);

struct CardPrecision {
  int k = 100;
  double mean = 0;  // over the days
  std::vector<double> days;
};
/// Of the k groups (cards) with the highest probability of a day, the share that had a fraud that day; a group that was
/// so found is left out on later days. As in "Reproducible Machine Learning for Credit Card Fraud Detection" (Le Borgne
/// et al. 2022), chapter 4. `day` numbers days.
CardPrecision card_precision(std::span<const double> probabilities, std::span<const std::uint8_t> truth,
                             std::span<const std::int64_t> group, std::span<const std::int64_t> day, int k);

/// How good are probabilities against what happened? Intervals are 95 %: AUC by DeLong, the others by bootstrap.
struct FraudFigures {
  std::int64_t rows = 0, frauds = 0;
  tabular::AucEstimate auc;
  tabular::BootstrapInterval average_precision, mcc;        // MCC at the threshold
  double brier = 0, log_loss = 0, ece = 0, ece_chance = 0;  // calibration is fine where ece <= ece_chance
  CostPoint at_threshold;
  double pass_all = 0, review_all = 0;
  std::optional<CardPrecision> cards;
};
FraudFigures fraud_figures(std::span<const double> probabilities, std::span<const std::uint8_t> truth,
                           std::span<const double> losses, const FraudCosts& costs, double threshold,
                           std::uint64_t seed);
base::Json to_json(const FraudFigures& figures);
base::Json to_json(const CostPoint& point);

struct FraudTraining {
  std::string label, fraud;  // the label column and the value that means fraud
  TransactionColumns columns;
  std::vector<std::string> drop;  // no inputs, such as what is known only afterwards
  FraudCosts costs;
  std::string only;                // "logistic" or "boosted": no other candidate
  bool library_defaults = false;   // no search: C = 1; 100 trees of depth 6, learning rate 0.3 (XGBoost's own)
  bool accept_leakage = false;     // train although the quality report suspects leakage
  int folds = 5, top_cards = 100;  // top_cards: k of card precision
  double embargo = 0;              // seconds between learning and predicting rows; with a time column
  std::uint64_t seed = 42;
  base::Json data = base::Json::array();  // files and their hashes, for the artefact
};

/// A candidate's figures on predictions made out of fold, each row calibrated by the other (in time: earlier) folds, at
/// the threshold of least cost on these predictions.
struct FraudCandidate {
  std::string name;  // "logistic", "boosted"
  FraudFigures figures;
  double fold_ap = 0, fold_ap_sd = 0;  // average precision: mean over the judged folds, standard deviation (population)
  double fold_auc = 0, fold_auc_sd = 0;
  double seconds = 0;  // of fitting the folds
};

/// Log-odds in millionths: base + all reasons = score holds exactly, and probability = 1 / (1 + exp(−score)).
struct FraudReason {
  std::string code, text;         // the column; what it says
  std::int64_t micro_points = 0;  // positive speaks for fraud
};

struct FraudScore {
  std::int64_t line = 0;
  double probability = 0;
  std::array<double, 2> interval = {0, 0};  // 90 %, bootstrap over the calibration rows
  std::string action = "pass";              // pass, review, block: the model's own
  std::int64_t micro_base = 0, micro_score = 0;
  std::vector<FraudReason> reasons;  // every input, the gravest first; filled by explain()
};

class FraudModel {
 public:
  /// The candidate with the highest average precision out of fold wins, is calibrated on its out-of-fold scores and
  /// fitted on all rows. The columns of `training.columns` in the table: time as seconds, group as text. Throws
  /// bad_input: one class, no input column left, or suspected leakage with the columns named.
  static FraudModel train(const tabular::Table& table, const FraudTraining& training,
                          const base::ProgressSink& progress = {});

  const tabular::Schema& schema() const { return pipeline_.schema(); }
  /// Without reasons, which cost more than the score.
  std::vector<FraudScore> score(const tabular::Table& transactions) const;
  /// Adds base and reasons to the scores of these rows.
  void explain(const tabular::Table& transactions, std::span<FraudScore> scores, bool chinese = false) const;

  const std::string& champion() const { return champion_; }
  const std::vector<FraudCandidate>& candidates() const { return candidates_; }
  const std::vector<tabular::Finding>& warnings() const { return warnings_; }
  const FraudTraining& training() const { return training_; }
  const CostCurve& curve() const { return curve_; }
  double threshold() const { return curve_.best.threshold; }
  std::int64_t rows() const { return rows_; }
  std::int64_t frauds() const { return frauds_; }

  /// `fraud.json`, a model card and, where `rules` is not empty, `rules.toml` with that text; all or nothing.
  void save(const std::filesystem::path& folder, const std::string& rules = {}) const;
  /// Throws not_found, bad_input or unsupported (a newer version).
  static FraudModel load(const std::filesystem::path& folder);
  base::Json to_json() const;
  std::string card() const;

 private:
  friend class FraudTrainer;
  FraudTraining training_;
  tabular::Pipeline pipeline_;
  std::string champion_;
  std::vector<FraudCandidate> candidates_;
  std::vector<tabular::Finding> warnings_;
  CostCurve curve_;
  std::int64_t rows_ = 0, frauds_ = 0;
};

/// Rules that are saved with a model, in its folder.
inline constexpr const char* kFraudRulesFile = "rules.toml";

/// Whether a folder holds a fraud model.
bool is_fraud_model(const std::filesystem::path& folder);

/// {"row","probability","interval","base","score","reasons":[{"code","text","points"}],"rest"}: the (at most) four
/// gravest reasons and the sum of the others, or all of them and a rest of 0; base + points + rest = score.
base::Json to_json(const FraudScore& score, bool all_reasons);

}  // namespace ballast::risk
