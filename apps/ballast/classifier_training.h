// SPDX-License-Identifier: Apache-2.0
// Training of both branches of a classifier, on all rows or on folds: what `train` and `compare` share.
#pragma once

#include <utility>
#include <vector>

#include "ballast/lm/ngram/model.h"
#include "classifier_fit.h"
#include "train.h"

namespace ballast::apps {

/// The questions that --head, or --task with --label-column, ask of every row.
std::vector<HeadColumn> head_columns_of(const TrainOptions& options);

/// Classes and targets of the rows go into their token sequences.
void set_labels(const LabelledRows& rows, std::vector<lm::Example>& examples);

/// The n-gram branch trained on the chosen rows.
lm::NgramModel train_ngrams(const TrainOptions& options, const LabelledRows& rows,
                            const std::vector<std::size_t>& chosen);

class ClassifierTraining {
 public:
  /// All arguments must outlive it. `examples` are the rows' token sequences, labels set.
  ClassifierTraining(const TrainOptions& options, const Common& common, const LabelledRows& rows,
                     const std::vector<lm::Example>& examples);

  /// Out-of-fold logits of either branch, [rows, outputs].
  std::vector<float> cross_fit_transformer(int folds);
  std::vector<float> cross_fit_ngrams(int folds) const;
  std::size_t outputs() const { return names_.output_names().size(); }

  /// The transformer trained on the chosen rows, and how that went.
  std::pair<lm::LoadedModel, lm::RunReport> train_transformer(const std::vector<std::size_t>& chosen, bool final_run);
  const lm::TrainSettings& settings() const { return settings_; }

 private:
  struct Fold {
    std::vector<std::size_t> seen, held;
  };
  std::vector<Fold> folds(int count) const;

  const TrainOptions& o_;
  const Common& common_;
  const LabelledRows& rows_;
  const std::vector<lm::Example>& examples_;
  lm::ClassifierSpec names_;
  lm::TrainSettings settings_;
};

}  // namespace ballast::apps
