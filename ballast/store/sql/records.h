// SPDX-License-Identifier: Apache-2.0
// Rows of the tables as records, and back. Statements are prepared once and run for each record.
#pragma once

#include <soci/soci.h>

#include <string>

#include "ballast/store/store.h"

namespace ballast::store {

/// Columns of a document, in the order of bind_document.
inline constexpr const char* kDocumentColumns =
    "id, source, line, title, text, lang, published_at, content_hash, created_at";
inline constexpr const char* kSignalColumns =
    "id, document_id, risk, probability, lo, hi, basel, entities, evidence, model, seed, created_at";

DocumentRecord to_document(const soci::row& row, std::size_t first = 0);
SignalRecord to_signal(const soci::row& row);
EntityRecord to_entity(const soci::row& row);
AssessmentRecord to_assessment(const soci::row& row);

/// Inserts one kind of record again and again.
class DocumentWriter {
 public:
  explicit DocumentWriter(soci::session& sql);
  Put write(const DocumentRecord& document);

 private:
  soci::session& sql_;
  std::string id_, stored_hash_;
  soci::indicator found_ = soci::i_null;
  DocumentRecord row_;
  soci::statement find_, insert_, update_;
};

class AssessmentWriter {
 public:
  explicit AssessmentWriter(soci::session& sql);
  /// Replaces what the model had said of the document.
  void write(const AssessedDocument& document);

 private:
  std::string id_, model_;
  AssessmentRecord assessment_;
  SignalRecord signal_;
  std::int64_t seed_ = 0;
  EntityRecord entity_;
  soci::statement clear_assessment_, clear_signals_, clear_entities_, add_assessment_, add_signal_, add_entity_;
};

}  // namespace ballast::store
