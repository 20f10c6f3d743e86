// SPDX-License-Identifier: Apache-2.0
// From documents to stored signals: batches are scored, assessed and written, each in one transaction, and handed on in
// input order. One batch is being written while the next is scored; there are never more than these two. What the store
// already knows of the same model is not scored again, so a killed scan goes on where it stopped.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ballast/ingest/document.h"
#include "ballast/risk/signals.h"
#include "ballast/store/store.h"

namespace ballast::lm {
class TextClassifier;
}

namespace ballast::risk {

/// A model as plain numbers. A text's scores and token weights do not depend on the texts beside it.
struct Scorer {
  std::string model;  // name and content hash
  std::function<std::vector<TextScores>(std::span<const std::string_view>)> score;
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

  /// Takes a document. A full batch is scored while the one before it is stored, which is then handed to the sink.
  /// Between calls nobody uses the store.
  void add(ingest::Document&& document);
  /// Does what is left: on return everything has been stored and handed on.
  void finish();
  const ScanCounts& counts() const { return counts_; }

 private:
  /// A batch with its documents' places in the order of their texts' lengths, those that are to be scored.
  struct Batch {
    std::vector<Scanned> scanned;
    std::vector<std::size_t> fresh;
    std::vector<store::AssessedDocument> records;        // of the fresh ones
    std::unordered_map<std::string, std::size_t> first;  // where a document comes the first time
  };
  void run_batch();
  void find_known(Batch& batch);
  void score(Batch& batch);
  void store_scored();
  void hand_on();

  store::Store& store_;
  Scorer scorer_;
  ScanOptions options_;
  Sink sink_;
  std::vector<ingest::Document> batch_;
  std::size_t batch_bytes_ = 0;
  Batch scored_;  // waits to be stored
  ScanCounts counts_;
};

/// A document as the store keeps it, and back.
store::DocumentRecord to_record(const ingest::Document& document);
ingest::Document to_document(const store::DocumentRecord& record);

}  // namespace ballast::risk
