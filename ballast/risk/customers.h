// SPDX-License-Identifier: Apache-2.0
// The customers desk: columns of customers in; the probability that one leaves, answers or buys, with interval and
// reasons that add up, out. Offers of a catalogue are filtered by suitability first and ranked by expected value after.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/base/progress.h"
#include "ballast/tabular/pipeline.h"
#include "ballast/tabular/quality.h"
#include "ballast/tabular/roc.h"

namespace ballast::risk {

struct CustomerTraining {
  std::string label, positive;    // the label column and the value that means "left", "answered", "bought"
  std::vector<std::string> drop;  // columns that are no inputs, such as what is known only afterwards
  bool accept_leakage = false;    // train although the quality report suspects leakage
  int folds = 5;
  std::uint64_t seed = 42;
  base::Json data = base::Json::array();  // files and their hashes, for the artefact
};

/// A candidate's figures on predictions made out of fold, each row calibrated by the other folds.
struct CustomerCandidate {
  std::string name;  // "logistic", "boosted"
  tabular::AucEstimate auc;
  double fold_auc = 0, fold_sd = 0;  // mean over the folds, and standard deviation (population)
  double average_precision = 0, brier = 0, log_loss = 0;
  double ece = 0, ece_chance = 0;  // fine where ece <= ece_chance
  double seconds = 0;              // of fitting the folds
  std::vector<double> lift;        // by tenths of the rows, the most probable first
};

/// Log-odds in millionths: base + all reasons = score holds exactly, and probability = 1 / (1 + exp(−score)).
struct CustomerReason {
  std::string column, value;
  std::int64_t micro_points = 0;  // positive raises the probability
};

struct CustomerScore {
  std::int64_t line = 0;
  double probability = 0;
  std::array<double, 2> interval = {0, 0};  // 90 %, bootstrap over the calibration rows
  std::int64_t micro_base = 0, micro_score = 0;
  std::vector<CustomerReason> reasons;  // every input column, the strongest first
};

class CustomerModel {
 public:
  /// Logistic regression and boosted trees are compared out of fold; the one with the least log loss wins, is
  /// calibrated on its out-of-fold scores and fitted on all rows. Throws bad_input: one class, no input column left, or
  /// suspected leakage with the columns named.
  static CustomerModel train(const tabular::Table& table, const CustomerTraining& training,
                             const base::ProgressSink& progress = {});
  std::vector<CustomerScore> score(const tabular::Table& customers) const;

  const tabular::Schema& schema() const { return pipeline_.schema(); }
  const std::string& champion() const { return champion_; }
  const std::vector<CustomerCandidate>& candidates() const { return candidates_; }
  const std::vector<tabular::Finding>& warnings() const { return warnings_; }

  /// `customers.json`, all or nothing.
  void save(const std::filesystem::path& folder) const;
  /// Throws not_found, bad_input or unsupported (a newer version).
  static CustomerModel load(const std::filesystem::path& folder);

 private:
  tabular::Pipeline pipeline_;
  std::string champion_;
  std::vector<CustomerCandidate> candidates_;
  std::vector<tabular::Finding> warnings_;
};

base::Json to_json(const CustomerCandidate& candidate);
/// {"row","probability","interval","base","score","reasons":[{"column","value","points"}]}.
base::Json to_json(const CustomerScore& score);

/// Share of positives in each tenth of the rows by falling score, over their share in all rows: what a campaign gains
/// against choosing at random, whose lift is 1. Rows of equal score stay in file order. Throws bad_input without
/// positives or with fewer than ten rows.
std::vector<double> lift_by_decile(std::span<const double> scores, std::span<const std::uint8_t> truth);

/// A condition on one column of the customer.
struct SuitabilityRule {
  std::string column;
  std::string test;                 // "=", "!=", "<", "<=", ">", ">=", "in", "not in"
  std::vector<std::string> values;  // one, or any number for the last two
};

struct Offer {
  std::string product;
  double value = 0;   // what an accepted offer earns
  double cost = 0;    // of making it
  std::string model;  // folder of the model of its acceptance; empty: the one that is given to all
  std::vector<SuitabilityRule> suitability;  // all must hold
};

/// [[offer]] tables of a TOML file: product, value, cost, model and suitability = [{column, test, value}]. Throws
/// not_found, io or bad_input naming file and line.
std::vector<Offer> read_offers(const std::string& file);

/// The text of a customer's column; nothing where it is absent or missing.
using CustomerColumn = std::function<std::optional<std::string>(const std::string& column)>;

/// True where every rule holds. A missing value, or text where a number is compared, is never suitable: what is not
/// known about a customer cannot show that an offer suits.
bool suitable(const Offer& offer, const CustomerColumn& customer);

struct Recommendation {
  std::size_t offer = 0;  // index into the catalogue
  double probability = 0, expected_value = 0;
};

/// Suitable offers with a positive expected value = probability · value − cost, the highest first (equal ones in the
/// catalogue's order). `probabilities` are of acceptance, one an offer.
std::vector<Recommendation> recommend(std::span<const Offer> offers, std::span<const double> probabilities,
                                      const CustomerColumn& customer);

}  // namespace ballast::risk
