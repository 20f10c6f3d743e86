// SPDX-License-Identifier: Apache-2.0
// The customers desk: columns and texts of customers in; the probability that one leaves, answers or buys, with
// interval and reasons that add up, out. Texts (feedback, complaints, posts) join as one more column: the log-odds of
// an n-gram model that never saw the row it scores. Offers are in customers_offers.h, complaints in
// customers_complaints.h.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/base/progress.h"
#include "ballast/risk/customers_lift.h"
#include "ballast/risk/reason_words.h"
#include "ballast/tabular/pipeline.h"
#include "ballast/tabular/quality.h"
#include "ballast/tabular/roc.h"

namespace ballast::risk {

/// Customers as typed columns, and beside them what they wrote.
struct CustomerRows {
  tabular::Table table;  // the texts are not among its columns
  std::vector<std::string> text_columns;
  std::vector<std::vector<std::string>> texts;  // [text column][row]; empty where nothing was written
  std::vector<std::string> text_numbers;        // columns of the table that a language model made from the texts

  /// The given rows (from 0, in that order).
  CustomerRows take(std::span<const std::int64_t> rows) const;
};

/// Infers the columns' kinds as tabular::infer_table does and sets the same rows aside; `kept`, where given, takes the
/// positions of the others in `rows`. Throws not_found for a text column that no row has.
CustomerRows read_customers(std::span<const ingest::Record> rows, std::span<const std::string> text_columns,
                            const tabular::TableOptions& options = {}, const ingest::QuarantineSink& quarantine = {},
                            std::vector<std::size_t>* kept = nullptr);

struct CustomerTraining {
  std::string label, positive;    // the label column and the value that means "left", "answered", "bought"
  std::vector<std::string> drop;  // columns that are no inputs, such as what is known only afterwards
  bool accept_leakage = false;    // train although the quality report suspects leakage
  WordsOfColumns words;           // how reasons call the columns
  int folds = 5;
  std::uint64_t seed = 42;
  base::Json data = base::Json::array();         // files and their hashes, for the artefact
  base::Json text_model = base::Json::object();  // the caller's note on a language model whose outputs are columns
};

/// A candidate's figures on predictions made out of fold, each row calibrated by the other folds.
struct CustomerCandidate {
  std::string name;  // "logistic", "boosted"; "logistic + text", "boosted + text" and "text" where texts were given
  tabular::AucEstimate auc;
  double fold_auc = 0, fold_sd = 0;  // mean over the folds, and standard deviation (population)
  double average_precision = 0, brier = 0, log_loss = 0;
  double ece = 0, ece_chance = 0;  // fine where ece <= ece_chance
  double seconds = 0;              // of fitting the folds
  DecileLift lift;
};

/// Two candidates on the same rows, both out of fold: challenger − champion.
struct CandidateDifference {
  std::string champion, challenger;
  tabular::AucComparison auc;               // paired DeLong
  double log_loss = 0, log_loss_error = 0;  // mean difference and its standard error; below 0: the challenger is better
  LiftDifference lift;                      // paired bootstrap
};

/// What every candidate says of the labelled rows, in their order.
struct OutOfFold {
  std::vector<std::uint8_t> truth;
  std::vector<std::string> names;                  // of the candidates
  std::vector<std::vector<double>> probabilities;  // [candidate][row], each row calibrated by the other folds
};

/// Log-odds in millionths: base + all reasons = score holds exactly, and probability = 1 / (1 + exp(−score)).
struct CustomerReason {
  std::string column, value, text;  // a text column's value is the words that weigh most
  std::int64_t micro_points = 0;    // positive raises the probability
};

struct CustomerScore {
  std::int64_t line = 0;
  double probability = 0;
  std::array<double, 2> interval = {0, 0};  // 90 %, bootstrap over the calibration rows
  std::int64_t micro_base = 0, micro_score = 0;
  std::vector<CustomerReason> reasons;  // every input column, the strongest first
  std::vector<std::string> outside;     // numeric columns whose value lies outside what training saw
};

class CustomerModel {
 public:
  /// Logistic regression and boosted trees, with and without the texts where there are any, are compared out of fold;
  /// the one with the least log loss wins, is calibrated on its out-of-fold scores and fitted on all rows. A text's
  /// score always comes from a model that saw neither its row nor the fold that is being judged. Throws bad_input: one
  /// class, too few rows, no input column left, or suspected leakage with the columns named. `out_of_fold`, where
  /// given, takes what the candidates were judged by.
  static CustomerModel train(const CustomerRows& rows, const CustomerTraining& training,
                             const base::ProgressSink& progress = {}, OutOfFold* out_of_fold = nullptr);

  /// Rows as the model needs them; those that it cannot score are set aside. `kept` as above.
  CustomerRows read(std::span<const ingest::Record> rows, const ingest::QuarantineSink& quarantine = {},
                    std::vector<std::size_t>* kept = nullptr) const;
  std::vector<CustomerScore> score(const CustomerRows& customers, ReasonLanguage language = ReasonLanguage::en) const;

  /// The input columns, without those that hold texts.
  const tabular::Schema& schema() const { return schema_; }
  /// Columns of texts that the champion reads; none where the texts brought nothing.
  std::vector<std::string> text_columns() const;
  /// Whether the champion reads columns that a language model made from texts (CustomerRows::text_numbers).
  bool reads_text_numbers() const { return reads_text_numbers_; }
  const std::string& champion() const { return champion_; }
  const std::vector<CustomerCandidate>& candidates() const { return candidates_; }
  /// Boosted trees against logistic regression, and the best with texts against the best without.
  const std::vector<CandidateDifference>& differences() const { return differences_; }
  const std::vector<tabular::Finding>& warnings() const { return warnings_; }
  const CustomerTraining& training() const { return training_; }
  std::int64_t rows() const { return rows_; }
  double positive_rate() const { return positive_rate_; }

  /// `customers.json` and one `text.N.safetensors` a text column, all or nothing. The former holds the hashes of the
  /// latter, so its own hash is the model's.
  void save(const std::filesystem::path& folder) const;
  /// Throws not_found, bad_input or unsupported (a newer version).
  static CustomerModel load(const std::filesystem::path& folder);
  /// What `save` writes, without the fitted parts.
  base::Json report() const;

 private:
  struct TextInput;  // a column of texts and the n-gram model that reads it
  friend class CustomerTrainer;

  CustomerTraining training_;
  struct Range {
    double low = 0, high = 0;
  };

  tabular::Schema schema_;
  std::map<std::string, Range> ranges_;  // of the numeric columns' values in training
  tabular::Pipeline pipeline_;
  std::vector<std::shared_ptr<const TextInput>> texts_;
  std::string champion_;
  std::vector<CustomerCandidate> candidates_;
  std::vector<CandidateDifference> differences_;
  std::vector<tabular::Finding> warnings_;
  bool reads_text_numbers_ = false;
  std::int64_t rows_ = 0;
  double positive_rate_ = 0;
};

/// Whether a folder holds a customer model.
bool is_customer_model(const std::filesystem::path& folder);

/// {"row","probability","interval","base","score","reasons":[{"column","value","text","points"}],"rest"}: the four
/// strongest reasons or all, and what the others add together, so that base + reasons + rest = score; and "outside"
/// where there is such a column.
base::Json to_json(const CustomerScore& score, bool all_reasons);

}  // namespace ballast::risk
