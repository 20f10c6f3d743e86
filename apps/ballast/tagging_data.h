// SPDX-License-Identifier: Apache-2.0
// Texts with spans for training and judging taggers.
#pragma once

#include <string>
#include <vector>

#include "ballast/lm/span_tagger.h"
#include "training_data.h"

namespace ballast::apps {

struct SpanRowOptions {
  std::vector<std::string> files, text_columns;
  std::string span_column;       // strings to find; empty: column "entities" with start, end (UTF-8 bytes), label
  std::string condition_column;  // may be empty
  std::string encoding = "auto";
  bool strict = false;
};

/// Rows of one text and condition are one: their spans together.
struct SpanRows {
  std::vector<std::string> labels;
  std::vector<std::string> ids;       // of the first row
  std::vector<lm::TaggedText> texts;  // spans in characters, longest first where strings overlap, in text order
  std::vector<std::vector<std::string>> strings;  // what is to be found, as span_string() has it, each once
  std::vector<std::size_t> text_number;           // rows of the same text have the same number
  std::size_t distinct_texts = 0;
};

/// With `labels` (evaluation) spans of others are an error; without, labels are collected. Rows whose spans do not lie
/// in their text are set aside. Throws bad_input when nothing is left.
SpanRows read_spans(const SpanRowOptions& options, const std::vector<std::string>& labels, const Exclusion* exclusion,
                    ReadSummary& summary);

/// A span's label and string as one value to compare: exact match is equality.
std::string span_string(std::string_view label, std::string_view string);

/// Precision, recall and F1 of found against true strings (micro: all rows together), with an interval from drawing
/// texts, and F1 for each condition.
base::Json score_spans(const SpanRows& rows, const std::vector<std::vector<std::string>>& found, std::uint64_t seed,
                       bool intervals = true);

/// The distinct strings that a tagger finds in a text.
std::vector<std::string> found_strings(const lm::SpanTagger& tagger, const lm::TaggedText& text);

/// score_spans() of what a tagger finds in every row (`intervals` false: the measures alone).
base::Json score_found(const lm::SpanTagger& tagger, const SpanRows& rows, std::uint64_t seed, bool intervals);

}  // namespace ballast::apps
