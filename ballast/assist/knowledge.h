// SPDX-License-Identifier: Apache-2.0
// A knowledge base: what an assistant may answer from. Files (Markdown, text, HTML, PDF, CSV of questions and answers)
// in, passages with a place to point at out.
//
// Documents are data. Sentences that read like instructions to a machine ("ignore all previous instructions") are
// barred: they are never quoted and never indexed, and each is set aside with its place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/ingest/record.h"
#include "ballast/text/preprocess.h"

namespace ballast::assist {

/// A stretch of one source that answers something.
struct Passage {
  std::string source;     // file name relative to its folder: "cards.md"
  std::string anchor;     // "lost-or-stolen-card", "page 3", "row 7"
  std::string heading;    // "Cards > Lost or stolen card"; of a FAQ row the question
  std::string text;       // exact bytes [begin, end) of the source's text
  std::size_t begin = 0;  // of the file (Markdown, text), of the text in it (HTML, PDF), of the answer (CSV)
  std::size_t end = 0;
  std::string language;               // "en", "zh", "mixed", "other"
  std::vector<text::Span> sentences;  // of `text`, those that may be quoted, in order

  /// "cards.md#lost-or-stolen-card".
  std::string place() const { return source + "#" + anchor; }
};

struct KnowledgeBase {
  std::vector<Passage> passages;
  std::vector<ingest::Quarantined> set_aside;  // files, rows and sentences that are not used, and why
  std::int64_t files = 0, hidden = 0;          // hidden: parts that a reader of the page would not see
  std::string hash;                            // SHA-256 over all passages: the same hash gives the same answers
};

struct KnowledgeFile {
  std::string name, bytes;
};

/// Reads files and folders (walked in sorted order, without hidden files). A file that cannot be used is set aside.
/// Throws not_found, and bad_input where no passage is left.
KnowledgeBase read_knowledge(const std::vector<std::string>& sources);

/// The same for files in memory: Markdown and CSV.
KnowledgeBase read_knowledge_files(const std::vector<KnowledgeFile>& files);

/// The knowledge base that comes with the program: an invented bank, in English and Chinese.
const std::vector<KnowledgeFile>& default_knowledge();

/// Whether a sentence reads like an instruction to a machine rather than like something to know, English or Chinese.
/// Used on documents and on questions.
bool reads_like_an_instruction(std::string_view sentence);

}  // namespace ballast::assist
