// SPDX-License-Identifier: Apache-2.0
// From documents to stored signals: batches are scored, assessed and written, each in one transaction, and handed on in
// input order. What the store already knows of the same model is not scored again, so a killed scan goes on where it
// stopped.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/ingest/document.h"
#include "ballast/risk/signals.h"
#include "ballast/store/store.h"

namespace ballast::lm {
class TextClassifier;
}

namespace ballast::risk {

/// A model as plain numbers.
struct Scorer {
  std::string model;  // name and content hash
  std::function<std::vector<TextScores>(std::span<const std::string_view>)> score;
  std::function<std::vector<TokenWeight>(std::string_view text, std::size_t kind)> attribute;
};

/// Throws unsupported for a model that has no multi-label head "risk". Heads "severity" and "sentiment" are optional.
Scorer make_scorer(std::shared_ptr<const lm::TextClassifier> classifier);

struct Scanned {
  ingest::Document document;
  DocumentRisk risk;
  bool from_store = false;
};

struct ScanCounts {
  std::int64_t documents = 0, scored = 0, known = 0, signals = 0;
};

struct ScanOptions {
  std::size_t batch_documents = 256;
  std::size_t batch_bytes = std::size_t{4} << 20;
  std::uint64_t seed = 42;
  const WatchList* watch_list = nullptr;  // not owned
};

class Scan {
 public:
  using Sink = std::function<void(const Scanned&)>;
  /// `store` and `options.watch_list` must outlive the scan.
  Scan(store::Store& store, Scorer scorer, ScanOptions options, Sink sink);

  /// Takes a document; a full batch is scored, stored and handed to the sink.
  void add(ingest::Document&& document);
  /// Does what is left of the last batch.
  void finish();
  const ScanCounts& counts() const { return counts_; }

 private:
  void run_batch();
  void score(std::vector<Scanned*>& fresh);

  store::Store& store_;
  Scorer scorer_;
  ScanOptions options_;
  Sink sink_;
  std::vector<ingest::Document> batch_;
  std::size_t batch_bytes_ = 0;
  ScanCounts counts_;
};

/// A document as the store keeps it, and back.
store::DocumentRecord to_record(const ingest::Document& document);
ingest::Document to_document(const store::DocumentRecord& record);

}  // namespace ballast::risk
