// SPDX-License-Identifier: Apache-2.0
// Durable memory: documents, what models said of them, signals, and rows that were set aside. Every call that writes is
// one transaction: after a crash it has happened or it has not. Records are plain; their meaning belongs to the rooms
// above.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

namespace ballast::store {

struct DocumentRecord {
  std::string id, source;
  std::int64_t line = 0;
  std::string title, text, lang, published_at;
  std::string content_hash;  // SHA-256 of the text
  std::string created_at;    // RFC 3339; when first stored
};

struct SignalRecord {
  std::string id;  // see signal_id()
  std::string document_id, risk;
  double probability = 0, lo = 0, hi = 0;
  std::string basel;               // empty unless operational
  std::string entities, evidence;  // JSON lists
  std::string model;
  std::uint64_t seed = 0;
  std::string created_at;
};

/// When a risk was seen in a document.
struct SignalTime {
  std::string document_id;
  std::string at;          // RFC 3339: published or, where unsaid, stored
  double probability = 0;  // the highest that any model gave it
};

struct EntityRecord {
  std::string text, kind;
  std::int64_t start = 0, end = 0;  // bytes of the document's text
  std::string canonical;
};

/// What one model said of one document.
struct AssessmentRecord {
  std::string document_id, model, sentiment;
  double sentiment_probability = 0;
  int severity = 0;
  double severity_probability = 0;
  std::string kinds;  // JSON: every risk kind with [probability, lo, hi], listed or not
  std::string created_at;
};

struct AssessedDocument {
  DocumentRecord document;
  AssessmentRecord assessment;
  std::vector<SignalRecord> signals;
  std::vector<EntityRecord> entities;
};

struct QuarantineRecord {
  std::string source;
  std::int64_t line = 0;
  std::string column, reason, excerpt, created_at;
};

/// A verdict as it was given. Its meaning belongs to the room `decide`.
struct DecisionRecord {
  std::string id, kind, subject;
  std::string inputs, inputs_hash;  // JSON in canonical form, and its SHA-256
  std::string model, model_hash, policy_hash, build, isa;
  std::uint64_t seed = 0;
  std::string result;  // JSON: outcome, probability, interval, reasons
  std::string cost;    // JSON
  std::string created_at;
};

/// One operational loss. Amounts are decimal strings.
struct LossEventRecord {
  std::string id, occurred_on, type, category, amount, recovery, currency, description, created_at;
};

/// One step in the life of a case.
struct CaseEventRecord {
  std::int64_t number = 0;  // from 1
  std::string action;       // open, assign, annotate, close, reopen
  std::string actor, note, at;
};

struct CaseRecord {
  std::string id, kind, subject, created_at;
  std::vector<CaseEventRecord> events;
};

enum class Put { added, unchanged, changed };

struct Counts {
  std::int64_t documents = 0, assessments = 0, signals = 0, entities = 0, quarantined = 0;
};

class Store {
 public:
  /// "sqlite:path" (made where absent; ":memory:": a passing one) or "postgresql://user@host:port/database". Throws usage
  /// for other schemes, bad_input where it is no store or was written by a newer Ballast, io otherwise.
  static Store open(const std::string& url);
  ~Store();
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;

  /// In whose name the following calls are entered in the audit trail (audit.h); at first "local:" and the name of the
  /// system's user.
  void act_as(const std::string& actor);

  /// Adds documents. One whose id is there with the same text is left as it is; with another text it is replaced, and
  /// what was said of the old text is deleted. One answer a document.
  std::vector<Put> put_documents(std::span<const DocumentRecord> documents);

  /// Adds documents together with their assessments, signals and entities; what the same model had said before is
  /// replaced.
  void put_assessed(std::span<const AssessedDocument> documents);

  /// Adds rows that were set aside; a row that is there already is left alone.
  void put_quarantine(std::span<const QuarantineRecord> rows);

  /// Those of `document_ids` that `model` has assessed.
  std::unordered_set<std::string> assessed(std::span<const std::string> document_ids, const std::string& model);
  bool has_assessment(const std::string& document_id, const std::string& model);

  /// What `model` said of a document, with signals in descending probability and entities in text order.
  std::optional<AssessedDocument> find_assessed(const std::string& document_id, const std::string& model);

  std::optional<DocumentRecord> find_document(const std::string& id);
  std::optional<SignalRecord> find_signal(const std::string& id);

  /// Up to `limit` documents that `model` has not assessed, in the order in which they were stored, after position
  /// `after` (0: from the start), which is moved on. Empty at the end.
  std::vector<DocumentRecord> unassessed(const std::string& model, std::int64_t limit, std::int64_t& after);
  std::int64_t count_unassessed(const std::string& model);

  /// Adds decisions; one that is there already (the same id) is left as it was. One answer a decision.
  std::vector<Put> put_decisions(std::span<const DecisionRecord> decisions);
  std::optional<DecisionRecord> find_decision(const std::string& id);
  /// The newest first; `kind` empty: all.
  std::vector<DecisionRecord> decisions(const std::string& kind, std::int64_t limit);

  /// Adds loss events; one whose id is there is left as it is. One answer an event.
  std::vector<Put> put_losses(std::span<const LossEventRecord> losses);
  /// All, by date and id.
  std::vector<LossEventRecord> losses();

  /// Adds a case with its first event. Throws bad_input where the id is taken.
  void open_case(const CaseRecord& opened);
  /// Appends to a case and returns it. `check` sees the case as it is and may throw; both happen in one transaction.
  CaseRecord add_case_event(const std::string& id, const CaseEventRecord& event,
                            const std::function<void(const CaseRecord&)>& check);
  /// The oldest first. Cases are never deleted: the database refuses it.
  std::vector<CaseRecord> cases();
  std::optional<CaseRecord> find_case(const std::string& id);

  /// Documents with a listed signal of this risk, each once, the oldest first. With `entity` only those that name it
  /// (by its canonical name or as written, in any case).
  std::vector<SignalTime> signal_times(const std::string& risk, const std::string& entity = {});

  std::vector<QuarantineRecord> quarantine();
  Counts counts();

 private:
  friend class Accounts;  // accounts.h
  friend class Audit;     // audit.h
  friend class Erasure;   // erasure.h
  friend class Lists;     // lists.h
  friend class Work;      // work.h
  struct State;
  explicit Store(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The same signal has the same id in every run: the first 16 hexadecimal digits of SHA-256 over
/// "document_id|risk|model".
std::string signal_id(const std::string& document_id, const std::string& risk, const std::string& model);

}  // namespace ballast::store
