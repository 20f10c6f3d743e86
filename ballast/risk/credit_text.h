// SPDX-License-Identifier: Apache-2.0
// Applications as text. A row of columns is written out as words, one segment a column, and a reader (a language model,
// or anything that gives numbers for texts) says the log-odds of default. The desk knows readers by their numbers
// alone, so that it can be tested with no model at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/base/progress.h"
#include "ballast/risk/reason_words.h"
#include "ballast/tabular/pipeline.h"
#include "ballast/tabular/table.h"

namespace ballast::risk {

/// Gives a text's log-odds of default. A text's score must not depend on the other texts.
class ApplicationReader {
 public:
  virtual ~ApplicationReader() = default;
  virtual std::vector<double> scores(std::span<const std::string> texts) const = 0;
  /// Into an existing folder.
  virtual void save(const std::filesystem::path& folder) const = 0;
  /// Texts of training that were longer than it can read.
  virtual std::int64_t truncated() const { return 0; }
};

/// What a reader learns from. The first `plain` texts are applications as they are; the rest are the same ones with
/// segments left out.
struct ReaderExamples {
  std::vector<std::string> texts;
  std::vector<std::uint8_t> bad;
  std::size_t plain = 0;
  std::uint64_t seed = 42;
};

using ReaderTrainer = std::function<std::shared_ptr<const ApplicationReader>(const ReaderExamples&)>;

/// Transformer and n-grams (lm::TextScorer), from scratch or fine-tuned from the model in a folder.
ReaderTrainer language_model_trainer(const std::filesystem::path& model = {}, const base::ProgressSink& progress = {});
/// N-grams alone: for notes and statements.
ReaderTrainer ngram_trainer();
/// A folder that one of the two saved.
std::shared_ptr<const ApplicationReader> load_reader(const std::filesystem::path& folder);

/// The serialisation: "NAME: VALUE", segments joined by "; ", in column order. NAME is the English words of the column.
/// A number is written as the tenth of the training rows that it falls into, "q0" to "q9" (equal numbers share a
/// tenth); a level as it stands; a missing value as "not stated"; a level that training never saw as "other".
class ApplicationText {
 public:
  ApplicationText() = default;
  static ApplicationText fit(const tabular::Table& inputs, const WordsOfColumns& words);

  std::vector<std::string> segments(const tabular::Table& table, std::int64_t row) const;
  /// The segments whose flag is set; all where `keep` is empty.
  static std::string join(std::span<const std::string> segments, std::span<const std::uint8_t> keep = {});
  const std::vector<std::string>& columns() const { return columns_; }

  base::Json to_json() const;
  static ApplicationText from_json(const base::Json& json, const std::string& where);

 private:
  std::vector<std::string> columns_, names_;
  std::vector<std::vector<double>> cuts_;  // numeric columns: upper ends of the tenths but the last
};

/// A reader of whole applications with reasons by column.
struct LanguagePart {
  ApplicationText text;
  std::shared_ptr<const ApplicationReader> reader;
  std::uint64_t seed = 42;

  /// Trains on the table's rows: each as it is and in further copies with random segments left out (so that the reader
  /// has seen what explaining shows it), as many as make about 20,000 texts.
  static LanguagePart fit(const tabular::Table& inputs, std::span<const std::uint8_t> bad, const WordsOfColumns& words,
                          std::uint64_t seed, const ReaderTrainer& trainer);

  std::vector<double> scores(const tabular::Table& table) const;
  /// Shapley values over the segments, estimated from three orders of the columns and their reverses (Castro et al.
  /// 2009; antithetic pairs), the same for every row. What a column adds is the change of the score when its segment
  /// joins those before it; each order's changes add up to score − base exactly, so their mean does. The base is the
  /// score of an application that says nothing.
  tabular::Contributions contributions(const tabular::Table& table) const;
};

}  // namespace ballast::risk
