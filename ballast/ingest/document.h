// SPDX-License-Identifier: Apache-2.0
// Texts from outside as documents: files, folders and standard input in, `Document` out, bad rows to quarantine.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ballast/ingest/record.h"

namespace ballast::ingest {

/// A text to assess. All offsets into it, anywhere in Ballast, are byte offsets into `text`.
struct Document {
  std::string id;  // the row's `id`, else derived from the text: the same text has the same id wherever it comes from
  std::string source;     // file, or "-"
  std::int64_t line = 0;  // first line of the row, from 1
  std::string title;
  std::string text;  // as decoded, unchanged
  std::string lang;  // as the row says; empty where it does not
  std::string published_at;
  std::vector<std::pair<std::string, std::string>> fields;  // the other columns, in file order
};

struct IngestReport {
  std::int64_t read = 0, accepted = 0, quarantined = 0;
  std::int64_t files = 0,
               files_skipped = 0;  // skipped: in a folder, neither .txt, .csv, .tsv, .jsonl, .ndjson nor .json
  std::map<std::string, std::int64_t> by_reason;  // reasons without their numbers
};

using DocumentSink = std::function<void(Document&&)>;

/// Reads each source (a file, a folder walked in sorted order without hidden files, or "-") and hands over its
/// documents in order. The text is the columns of options.text_columns joined with a newline; by default the column
/// `text`, else `title` and then `body` or `content` where present. Plain text: one document a line, blank lines are
/// skipped.
///
/// A row goes to quarantine when it is malformed, undecodable, without text, or repeats an id of this call with another
/// text. Throws bad_input for an empty file or one without the text column (inside a folder such a file goes to
/// quarantine whole), not_found and io. The caller decides what it means when nothing was accepted.
IngestReport read_documents(const std::vector<std::string>& sources, const ReadOptions& options,
                            const DocumentSink& documents, const QuarantineSink& quarantine);

/// The id of a text that has none: the first 16 hexadecimal digits of its SHA-256. Exact bytes, since offsets into the
/// text hang on the id: texts that differ in white space alone are two documents.
std::string text_id(std::string_view text);

}  // namespace ballast::ingest
