// SPDX-License-Identifier: Apache-2.0
// Customers through a catalogue of offers: what recommend, backtest and replay share.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ballast/decide/decision.h"
#include "ballast/risk/customers_offers.h"
#include "customers_cases.h"

namespace ballast::apps {

/// The columns of a row as suitability rules read them: without the white space around a value.
risk::CustomerColumn column_reader(const ingest::Record& record);

/// Throws bad_input where a rule names a column that no row has, with the nearest that one has.
void require_rule_columns(const std::vector<risk::Offer>& offers, const std::vector<ingest::Record>& rows,
                          const std::string& where);

struct OfferCase {
  ingest::Record record;
  std::vector<risk::CustomerScore> scores;  // one a model
  risk::Recommendations recommendations;
};

class OfferDesk {
 public:
  /// `text` is the catalogue as it stands in the file `name`. A model's folder is relative to that file; `model` serves
  /// the offers that name none.
  OfferDesk(const std::string& text, const std::string& name, const std::string& model, std::size_t most);
  /// The same from what a decision recorded: the folder of each product's model.
  OfferDesk(const std::string& text, const std::string& name, const std::map<std::string, std::string>& folders,
            std::size_t most);

  /// Rows that a model cannot score go to `sink`. Throws bad_input where a column is absent or nothing is left.
  std::vector<OfferCase> run(std::vector<ingest::Record> rows, risk::ReasonLanguage language,
                             const ingest::QuarantineSink& sink) const;

  /// The offers made with their reasons, and those left out with the reason why.
  base::Json outcome_of(const OfferCase& one, risk::ReasonLanguage language, bool all_reasons) const;
  /// The record of one verdict, not yet sealed: kind "offer". Probability, interval and reasons are the first offer's.
  decide::Decision record_of(const OfferCase& one, const std::string& subject, risk::ReasonLanguage language) const;

  const std::vector<risk::Offer>& offers() const { return offers_; }
  const risk::CustomerScore& score_of(const OfferCase& one, std::size_t offer) const;

 private:
  void open_models(const std::vector<std::string>& folders);

  std::string text_, name_;
  std::vector<risk::Offer> offers_;
  std::vector<std::unique_ptr<CustomerDesk>> models_;
  std::vector<std::size_t> model_of_;  // index into models_, one an offer
  std::size_t most_ = 0;
};

/// Makes a decision of kind "offer" again.
decide::Decision replay_offer(const decide::Decision& was);

}  // namespace ballast::apps
