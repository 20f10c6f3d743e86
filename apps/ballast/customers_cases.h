// SPDX-License-Identifier: Apache-2.0
// Customers through a model: what train, score, recommend and replay share.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/decide/decision.h"
#include "ballast/ingest/record.h"
#include "ballast/lm/classifier.h"
#include "ballast/risk/customers.h"

namespace ballast::apps {

/// Leaves out rows whose value of `key` is missing or stood in an earlier row; they go to `sink`. An empty key changes
/// nothing. Throws bad_input where no row has the column.
std::vector<ingest::Record> unique_rows(std::vector<ingest::Record> rows, const std::string& key,
                                        const ingest::QuarantineSink& sink);

/// What a language model says of texts, as numeric columns of the rows: "COLUMN: HEAD LABEL" holds a probability.
class TextColumns {
 public:
  /// An empty folder means the embedded model.
  TextColumns(const std::string& folder, std::vector<std::string> columns);
  /// From the note that a trained model keeps. Throws bad_input where the model there is another one now.
  explicit TextColumns(const base::Json& note, const std::string& where);

  void add_to(std::vector<ingest::Record>& rows) const;
  /// Names of the columns that it makes.
  std::vector<std::string> made() const;
  const std::vector<std::string>& read() const { return columns_; }
  base::Json note() const;

 private:
  std::shared_ptr<const std::vector<std::string>> lengthened(std::vector<std::string> names,
                                                             const std::string& column) const;
  std::string folder_;
  std::vector<std::string> columns_;
  std::shared_ptr<const lm::TextClassifier> model_;
};

struct CustomerCase {
  ingest::Record record;
  risk::CustomerScore score;
};

class CustomerDesk {
 public:
  explicit CustomerDesk(const std::string& model_folder);

  /// Rows that cannot be scored go to `sink`. Throws bad_input where a column is absent or nothing is left.
  std::vector<CustomerCase> run(const std::vector<ingest::Record>& rows, risk::ReasonLanguage language,
                                const ingest::QuarantineSink& sink) const;

  /// The columns that the model reads, texts among them.
  std::vector<std::string> columns() const;
  /// Those columns of a row, as an object.
  base::Json inputs_of(const ingest::Record& record) const;
  /// The record of one score, not yet sealed: kind "customer".
  decide::Decision record_of(const CustomerCase& one, const std::string& subject, risk::ReasonLanguage language) const;

  const std::string& folder() const { return folder_; }
  const std::string& hash() const { return hash_; }
  const risk::CustomerModel& model() const { return model_; }

 private:
  std::string folder_, hash_;
  risk::CustomerModel model_;
  std::unique_ptr<TextColumns> texts_;  // where the model reads a language model's columns
};

/// Fills in what a score says: probability, interval, reasons; base and score go into `outcome`.
void add_score(decide::Decision& decision, const risk::CustomerScore& score);
/// Its inputs' `customer` as a row again.
ingest::Record row_of(const decide::Decision& decision);
/// "row 7", or the key's value.
std::string subject_of(const ingest::Record& record, const std::string& key);
risk::ReasonLanguage language_named(const std::string& name);
const char* name_of(risk::ReasonLanguage language);

/// Makes a decision of kind "customer" again.
decide::Decision replay_customer(const decide::Decision& was);

}  // namespace ballast::apps
