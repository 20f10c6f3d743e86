// SPDX-License-Identifier: Apache-2.0
// Labelled customers from files: what train and backtest share.
#pragma once

#include <string>
#include <vector>

#include "ballast/risk/customers.h"
#include "table_reading.h"
#include "verb.h"

namespace ballast::apps {

struct CustomerTrainArguments {
  std::vector<std::string> data, drop, categorical, texts;
  std::string label, positive, key, words, text_model;
  bool use_text_model = false, accept_leakage = false, strict = false;
  int folds = 5;
};

void add_training_options(CLI::App& verb, CustomerTrainArguments& a);

struct CustomerTrainingSet {
  std::vector<ingest::Record> records;  // one a row
  risk::CustomerRows rows;
  risk::CustomerTraining training;
};

/// Rows with a label, a key of their own where one is named, and cells that fit.
CustomerTrainingSet read_training_set(const CustomerTrainArguments& a, const Common& common, RowQuarantine& quarantine);

/// "boosted against logistic: AUC +0.0123 [0.0100, 0.0146] (DeLong p 1e-20), …".
std::string sentence(const risk::CandidateDifference& difference);

}  // namespace ballast::apps
