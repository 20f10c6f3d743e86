// SPDX-License-Identifier: Apache-2.0
// What a store holds, page by page: filters in, records in a stated order out, with a cursor for the next page. A
// moment in the past may be named: then what was known at that moment is listed, also where it was replaced since.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ballast/store/store.h"
#include "ballast/store/work.h"

namespace ballast::store {

/// Which part of a list. `as_of` is RFC 3339; empty: now. A cursor is Listed::next of the page before.
struct Page {
  std::int64_t limit = 50;
  std::string cursor, as_of;
};

template <class Item>
struct Listed {
  std::vector<Item> items;
  std::string next;  // empty at the end
};

/// Moments that bound what is listed (half-open); empty: unbounded. A document's moment is when it was published or,
/// where that is unsaid, stored.
struct Span {
  std::string from, to;
};

struct DocumentFilter {
  std::string words;  // somewhere in title or text, in any case
  std::string lang, source, sentiment, id;
  int min_severity = -1;
  Span span;
};
struct ListedDocument {
  DocumentRecord document;
  std::optional<AssessmentRecord> assessment;  // the newest, whichever model's
};

enum class SignalOrder { newest, probability, severity };
struct SignalFilter {
  std::vector<std::string> risks;  // empty: all
  double min_probability = 0;
  int min_severity = 0;
  std::string words, entity, document_id, id;
  Span span;
  SignalOrder order = SignalOrder::newest;
};
struct ListedSignal {
  SignalRecord signal;
  DocumentRecord document;
  std::string sentiment;
  int severity = 0;
  double severity_probability = 0;
  std::optional<FeedbackRecord> feedback;  // the last word on it
};

struct EntityFilter {
  std::string words, name, kind;
  Span span;
};
struct ListedEntity {
  std::string name, kind, last_seen;
  std::int64_t documents = 0, signals = 0;
  int max_severity = 0;
  std::map<std::string, std::int64_t> risks;
};

struct DecisionFilter {
  std::vector<std::string> kinds;  // empty: all
  std::string subject, model;
  std::string outcome;  // as text, or the member "outcome" of an outcome that is an object
  Span span;            // of created_at
};
struct ListedDecision {
  DecisionRecord decision;
  std::optional<OverrideRecord> override;  // the newest
};

/// Signals counted for a picture: by period and by entity.
struct RiskCount {
  std::string key, risk;  // key: a day YYYY-MM-DD, or an entity
  std::int64_t signals = 0;
  double max_probability = 0;
  int max_severity = 0;
};
struct Overview {
  std::int64_t documents = 0, assessed = 0, signals = 0, alerts_open = 0, cases_open = 0, decisions = 0,
               quarantined = 0;
  std::map<int, std::int64_t> severity;
  std::map<std::string, std::int64_t> sentiment;
  std::map<std::string, std::int64_t> documents_by_day;
  std::vector<RiskCount> by_day, by_entity;
  std::string first_day;  // of the oldest document; empty without any
};

class Lists {
 public:
  /// `store` must outlive it.
  explicit Lists(Store& store) : store_(store) {}

  /// Throws usage for a cursor that is none of this list.
  Listed<ListedDocument> documents(const DocumentFilter& filter, const Page& page);
  Listed<ListedSignal> signals(const SignalFilter& filter, const Page& page);
  /// Most signals first.
  Listed<ListedEntity> entities(const EntityFilter& filter, const Page& page);
  Listed<ListedDecision> decisions(const DecisionFilter& filter, const Page& page);
  Listed<AlertRecord> alerts(const std::string& status, int min_severity, const Page& page);
  Listed<CaseRecord> cases(const std::string& kind, const Page& page);
  Listed<LossEventRecord> losses(const std::string& type, const Page& page);
  Listed<QuarantineRecord> quarantine(const Page& page);
  Listed<FeedbackRecord> feedback(const std::string& subject_kind, const std::string& verdict, const Page& page);
  Listed<OverrideRecord> overrides(const std::string& status, const Page& page);
  Listed<JobRecord> jobs(const std::string& status, const Page& page);

  /// What a model said of documents, the newest first.
  std::vector<AssessmentRecord> assessments(const std::string& model, std::int64_t limit);
  std::optional<OverrideRecord> last_override(const std::string& decision_id);
  std::vector<EntityRecord> entities_of(const std::string& document_id);
  /// The newest decision about each subject of one kind.
  std::vector<DecisionRecord> newest_by_subject(const std::string& kind);
  Overview overview(const Span& span, const std::string& as_of, std::int64_t entities);

  /// A number that moves whenever another connection has written.
  std::int64_t data_version();
  /// The place after the last row of "signals", "alerts", "decisions" or "case_events", and ids of what came after a
  /// place (which is moved on), in order. A case is named once for each of its steps.
  std::int64_t last_row(const std::string& table);
  std::vector<std::string> ids_since(const std::string& table, std::int64_t& row, std::int64_t limit);

 private:
  Store& store_;
};

}  // namespace ballast::store
