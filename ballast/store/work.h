// SPDX-License-Identifier: Apache-2.0
// What people and the service do with what was found: alerts, feedback, overrides of decisions by two people, the
// inventory of models, long jobs, requests that must not happen twice, webhooks, and copies of the store itself.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ballast/store/store.h"

namespace ballast::store {

struct AlertRecord {
  std::string id, kind;  // signal, log, transaction, credit
  int severity = 0;
  std::string title, subject_id, document_id;
  std::string status;  // open, acknowledged, closed
  std::string case_id, acknowledged_by, acknowledged_at, note, created_at;
};

struct FeedbackRecord {
  std::string id, subject_kind, subject_id;  // signal, decision or answer
  std::string verdict;                       // accept, correct, reject
  std::string risk;                          // what it should have been; may be empty
  int severity = -1;                         // the same; -1: not said
  std::string note, actor, created_at;
};

struct OverrideRecord {
  std::string id, decision_id, outcome, reason;
  std::string status;  // proposed, approved, refused
  std::string proposed_by, decided_by, decided_at, note, created_at;
};

/// A model that somebody answers for. The room `govern` gives the words their meaning.
struct ModelRecord {
  std::string hash;                         // what decisions name as their model's hash; the key
  std::string name, kind, purpose, folder;  // purpose: what one model is in charge of
  std::string role;                         // candidate, challenger, champion, former, retired
  std::string owner, tier, note;
  std::string limits, evidence;  // JSON lists
  std::string registered_by, registered_at, promoted_by, promoted_at, decision_id, retired_by, retired_at;
};

struct JobRecord {
  std::string id, kind;
  std::string status;                     // queued, running, done, failed, cancelled
  std::string request, progress, result;  // JSON; empty: none
  std::string error;                      // JSON of a problem; empty: none
  std::string created_by, started_at, finished_at, created_at;
};

/// An answer that was given to a request with a key of its own.
struct StoredAnswer {
  std::string request_hash;
  int status = 0;
  std::string content_type, body;
};

struct WebhookRecord {
  std::string id, url, topics, secret, created_at;  // topics: with commas between them
};

struct DeliveryRecord {
  std::string id, webhook_id, event;
  std::string status;  // waiting, delivered, failed
  std::int64_t attempts = 0;
  std::string next_at, error, created_at;
};

class Work {
 public:
  /// `store` must outlive it.
  explicit Work(Store& store) : store_(store) {}

  /// Adds alerts that are not there; says which were added.
  std::vector<Put> put_alerts(const std::vector<AlertRecord>& alerts);
  std::optional<AlertRecord> find_alert(const std::string& id);
  /// Changes status, case, who and when. Throws not_found.
  void update_alert(const AlertRecord& alert);
  /// Signals of documents with at least this severity that have no alert yet.
  std::vector<std::string> signals_without_alert(int min_severity, std::int64_t limit);

  void put_feedback(const FeedbackRecord& feedback);
  std::optional<FeedbackRecord> last_feedback(const std::string& subject_kind, const std::string& subject_id);

  void put_override(const OverrideRecord& proposed);
  std::optional<OverrideRecord> find_override(const std::string& id);
  /// Settles a proposed override; `check` sees it as it is and may throw. One transaction. Throws not_found.
  OverrideRecord settle_override(const OverrideRecord& settled,
                                 const std::function<void(const OverrideRecord&)>& check);

  /// Adds a model or replaces what is said of it; `action` is what the audit trail calls that.
  void put_model(const ModelRecord& model, const std::string& action);
  /// Keeps the decision and puts the model in charge of its purpose; who was so far is "former" from then on. One
  /// transaction.
  void promote_model(const ModelRecord& promoted, const DecisionRecord& decision);
  std::optional<ModelRecord> find_model(const std::string& hash);
  /// By purpose; the one in charge first, then challengers, candidates, former and retired ones by name.
  std::vector<ModelRecord> models();

  void put_job(const JobRecord& job);  // adds or replaces
  std::optional<JobRecord> find_job(const std::string& id);
  /// Jobs that a process left behind: those "running" become "queued". All that are queued, the oldest first.
  std::vector<JobRecord> resume_jobs();

  std::optional<StoredAnswer> find_answer(const std::string& principal, const std::string& key);
  /// Keeps an answer, and drops those older than `keep_since`.
  void put_answer(const std::string& principal, const std::string& key, const StoredAnswer& answer,
                  const std::string& now, const std::string& keep_since);

  void put_webhook(const WebhookRecord& webhook);
  bool delete_webhook(const std::string& id);
  std::vector<WebhookRecord> webhooks();
  void put_deliveries(const std::vector<DeliveryRecord>& deliveries);
  void update_delivery(const DeliveryRecord& delivery);
  /// Those waiting whose time has come.
  std::vector<DeliveryRecord> due_deliveries(const std::string& now, std::int64_t limit);

  /// Whether the database still answers: a server may have been restarted since.
  bool connected();

  /// Copies the store to a file, as it is at one moment, while others read and write. All or nothing. Throws io.
  void backup(const std::filesystem::path& file);
  /// Makes this store what a copy holds, in one transaction; other connections see it at their next query. Throws
  /// not_found, or bad_input where the file is no whole copy of a store or was written by a newer Ballast.
  void restore(const std::filesystem::path& file);

 private:
  Store& store_;
};

}  // namespace ballast::store
