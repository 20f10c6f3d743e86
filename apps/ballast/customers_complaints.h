// SPDX-License-Identifier: Apache-2.0
// Complaints through the language models: what `customers complaints` and replay share.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/decide/decision.h"
#include "ballast/ingest/record.h"
#include "ballast/lm/classifier.h"
#include "ballast/risk/customers_complaints.h"
#include "ballast/risk/reason_words.h"

namespace ballast::apps {

/// A question that a model answers about a complaint, such as "product".
struct ComplaintTopic {
  std::string question, answer;
  double probability = 0;
};

struct ComplaintCase {
  ingest::Record record;
  std::string text;
  std::vector<ComplaintTopic> topics;
  std::string sentiment;  // empty where the risk model does not say
  double sentiment_probability = 0;
  std::vector<double> severity;  // probabilities of 0, 1, 2, 3; may be empty
  risk::ComplaintUrgency urgency;
};

class ComplaintDesk {
 public:
  /// `topic_model` is a text classifier that `ballast train` made, empty: no topics. `risk_model` gives sentiment and
  /// severity; empty: the embedded one.
  ComplaintDesk(const std::string& topic_model, const std::string& risk_model);

  /// Rows without text in the columns go to `sink`. Throws bad_input where a column is absent or nothing is left.
  std::vector<ComplaintCase> run(const std::vector<ingest::Record>& rows, const std::vector<std::string>& text_columns,
                                 const ingest::QuarantineSink& sink) const;

  base::Json outcome_of(const ComplaintCase& one, risk::ReasonLanguage language) const;
  /// The record of one verdict, not yet sealed: kind "complaint"; its probability is that of the first topic.
  decide::Decision record_of(const ComplaintCase& one, const std::string& subject, risk::ReasonLanguage language) const;

 private:
  std::string topic_folder_, risk_folder_;
  std::unique_ptr<lm::TextClassifier> topics_, risk_;
};

/// Makes a decision of kind "complaint" again.
decide::Decision replay_complaint(const decide::Decision& was);

}  // namespace ballast::apps
