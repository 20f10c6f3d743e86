// SPDX-License-Identifier: Apache-2.0
// Rows and texts for training and evaluation, from files and folders, with what was left out and why.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/ingest/record.h"
#include "ballast/lm/classifier.h"

namespace ballast::apps {

/// Files as given, and those of known kinds below folders, in sorted order. Throws bad_input for a folder without one.
std::vector<std::string> files_below(const std::vector<std::string>& sources);

/// Normalised texts that must not be trained on: case-folded, letters and digits only.
class Exclusion {
 public:
  /// Reads every text, title, and string field of the rows of these files.
  explicit Exclusion(const std::vector<std::string>& files);
  bool contains(const std::string& text) const;
  std::size_t size() const { return forms_.size(); }

 private:
  std::set<std::uint64_t> forms_;
};

/// Where data came from, for the model card: file, SHA-256, rows.
struct ReadSource {
  std::string file, sha256;
  std::int64_t rows = 0;
};

struct ReadSummary {
  std::vector<ReadSource> sources;
  std::int64_t rows = 0, quarantined = 0, excluded = 0;
  std::vector<std::string> reasons;  // the first few quarantined rows, as "file:line: reason"
};
base::Json summary_json(const ReadSummary& summary);

/// Counts a bad row and keeps the first reasons.
ingest::QuarantineSink quarantine_into(ReadSummary& summary);

/// The row's text: these columns (none given: the usual ones) joined with a newline; nothing where it has none of them.
std::optional<std::string> row_text(const ingest::Record& row, const std::vector<std::string>& columns);

/// Running text for language models. Lines whose normalised form is excluded are dropped and counted.
std::vector<std::string> read_corpus(const std::vector<std::string>& sources, const std::string& text_column,
                                     const Exclusion& exclusion, ReadSummary& summary);

/// A question asked of every row: "risks", "severity=severity" …
struct HeadColumn {
  std::string name;    // of the head
  std::string column;  // of the data
  lm::HeadKind kind = lm::HeadKind::multiclass;
};

constexpr int kNoClass = -1;       // the row has no label of this head
constexpr int kUnknownClass = -2;  // the row has a label that the model was never taught

/// Labelled rows. Labels are indices into heads[h].labels; a row without a label of a head has kNoClass (multiclass) or
/// no known targets (multilabel).
struct LabelledRows {
  std::vector<lm::Head> heads;
  std::vector<std::string> ids, texts;
  std::vector<std::int64_t> lines;
  std::vector<std::size_t> texts_number;                     // rows made of the same text have the same number
  std::vector<std::vector<int>> classes;                     // [head][row]; empty for multilabel heads
  std::vector<std::vector<std::vector<std::uint8_t>>> sets;  // [head][row][label]; empty for multiclass heads
  std::size_t size() const { return texts.size(); }
};

struct RowOptions {
  std::vector<std::string> files;
  std::vector<std::string> text_columns;  // joined with a newline; empty: the usual ones
  std::vector<HeadColumn> heads;
  std::string encoding = "auto";
  bool strict = false;
  bool merge_texts = false;     // multilabel: rows of one text are one, with the labels of all
  std::string candidates;       // column of strings: a row for each, asking whether it is among the labels (yes or no)
  bool unknown_labels = false;  // evaluation: classes that the model does not know are kUnknownClass, not an error
};

/// Reads labelled rows. With `known` heads (evaluation), a label that none of them has is an error naming the row;
/// without, labels are collected and sorted. Bad rows go to the summary. Throws bad_input when nothing is left.
LabelledRows read_labelled(const RowOptions& options, const std::vector<lm::Head>& known, const Exclusion* exclusion,
                           ReadSummary& summary);

}  // namespace ballast::apps
