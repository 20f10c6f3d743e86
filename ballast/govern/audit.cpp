// SPDX-License-Identifier: Apache-2.0
#include "ballast/govern/audit.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/govern/audit_archive.h"
#include "ballast/govern/trail/known_records.h"
#include "ballast/govern/trail/signing.h"

namespace ballast::govern {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;
using store::AuditBase;
using store::AuditedRows;
using store::AuditEntry;

std::string checkpoint_text(const Checkpoint& c) {
  return fmt::format("ballast audit checkpoint\n{}\n{}\n{}\n", c.number, c.hash, c.at);
}

/// Follows the chain and remembers what each record's last entry says.
class Verifier {
 public:
  Verifier(std::span<const Checkpoint> checkpoints, std::span<const AuditArchive> archives) : archives_(archives) {
    for (const Checkpoint& c : checkpoints) wanted_[c.number];
  }

  /// The archives first, where they are at hand; then what the store begins with has to be what they end with.
  void begin(const AuditBase& base) {
    for (const AuditArchive& archive : archives_) {
      for (const AuditEntry& e : archive.entries) entry(e);
    }
    base_ = base;
    report_.archived = base.number;
    if (!archives_.empty()) {
      if (last_.first != base.number || last_.second != base.hash) {
        fault(base.number, fmt::format("the archives end at entry {}, but the store goes on after entry {}",
                                       last_.first, base.number));
      }
      if (known_.state() != base.state) {
        fault(base.number, "what the store says of the archived entries is not what the archives say");
      }
      report_.entries = 0;  // those of the store are counted
    }
    last_ = {base.number, base.hash};
    named_.clear();
    known_ = KnownRecords();
    known_.restore(base);
    if (const auto found = wanted_.find(base.number); found != wanted_.end()) found->second = base.hash;
  }

  void entry(const AuditEntry& e) {
    ++report_.entries;
    if (e.number != last_.first + 1) {
      fault(e.number,
            fmt::format("entry {} follows entry {}: what lay between is gone or out of order", e.number, last_.first));
    } else if (e.previous != last_.second) {
      fault(e.number,
            fmt::format("entry {} ({} {}) does not continue the entry before it", e.number, e.action, e.subject));
    }
    if (store::entry_hash(e) != e.hash) {
      fault(e.number, fmt::format("entry {} ({} {}) was changed: its hash is another", e.number, e.action, e.subject));
    }
    last_ = {e.number, e.hash};
    if (const auto found = wanted_.find(e.number); found != wanted_.end()) found->second = e.hash;
    if (e.action == "audit.archive") named_ = e.details;
    try {
      known_.apply(e);
    } catch (const Error& error) {
      fault(e.number, error.what());
    }
  }

  void seen(const AuditedRows& rows) {
    ++report_.records;
    const auto said = known_.take({rows.table, rows.key});
    if (!said) {
      fault(0, fmt::format("{} {} is in the store without an entry", rows.table, rows.key));
    } else if (said->hash != rows.hash) {
      fault(said->number, fmt::format("{} {} is not what entry {} recorded", rows.table, rows.key, said->number));
    }
  }

  void damaged(const std::string& what) { fault(0, what); }

  AuditReport finish(std::span<const Checkpoint> checkpoints, const std::optional<std::string>& public_key) {
    check_base();
    for (const auto& [record, said] : known_.all()) {
      fault(said.number, fmt::format("{} {}, recorded by entry {}, is gone", record.first, record.second, said.number));
    }
    for (const Checkpoint& c : checkpoints) check(c, public_key);
    report_.head = last_.second;
    return std::move(report_);
  }

 private:
  /// The entry about the last archive binds what the store says it begins with.
  void check_base() {
    if (base_.number == 0 && named_.empty()) return;
    const Json named = Json::parse(named_, nullptr, false);
    const Json now = {
        {"through", base_.number}, {"hash", base_.hash}, {"sha256", base_.sha256}, {"state", store::state_hash(base_)}};
    if (named != now) {
      fault(base_.number,
            fmt::format("the store begins after entry {}, and no entry about an archive says so", base_.number));
    }
  }

  void check(const Checkpoint& c, const std::optional<std::string>& public_key) {
    const std::string name = fmt::format("checkpoint of {} (entry {})", c.at, c.number);
    const std::string& here = wanted_[c.number];
    if (public_key && c.public_key != *public_key) {
      fault(0, name + ": signed with another key");
    } else if (!signature_holds({c.public_key, c.signature}, checkpoint_text(c))) {
      fault(0, name + ": the signature does not hold");
    } else if (here.empty() && c.number < base_.number) {
      ++report_.checkpoints_archived;  // only the archive holds that entry
    } else if (here.empty()) {
      fault(0, fmt::format("{}: the trail ends at entry {}: it was cut off", name, last_.first));
    } else if (here != c.hash) {
      fault(c.number, name + ": the trail holds another entry there: it was rewritten");
    }
  }

  void fault(std::int64_t number, std::string what) { report_.faults.push_back({number, std::move(what)}); }

  AuditReport report_;
  std::span<const AuditArchive> archives_;
  AuditBase base_;
  std::string named_;  // details of the last entry about an archive
  std::pair<std::int64_t, std::string> last_ = {0, store::first_previous()};
  KnownRecords known_;
  std::map<std::int64_t, std::string> wanted_;  // hashes at the checkpoints' numbers
};

}  // namespace

Json to_json(const Checkpoint& c) {
  return {
      {"number", c.number}, {"hash", c.hash}, {"at", c.at}, {"public_key", c.public_key}, {"signature", c.signature}};
}

Checkpoint checkpoint_from(const Json& json, const std::string& where) {
  return {base::json_field<std::int64_t>(json, "number", where), base::json_field<std::string>(json, "hash", where),
          base::json_field<std::string>(json, "at", where), base::json_field<std::string>(json, "public_key", where),
          base::json_field<std::string>(json, "signature", where)};
}

Checkpoint sign_checkpoint(store::Store& store, const std::filesystem::path& key_file) {
  public_key_of(key_file);  // a wrong key is the first thing to say
  const AuditEntry head = store::Audit(store).head();
  if (head.number == 0) throw Error(ErrorCode::bad_input, "the audit trail is empty: there is nothing to sign");
  return sign_entry(head, key_file);
}

Checkpoint sign_entry(const AuditEntry& entry, const std::filesystem::path& key_file) {
  Checkpoint c{entry.number, entry.hash, base::utc_now(), "", ""};
  const Signature signature = sign_text(checkpoint_text(c), key_file);
  c.public_key = signature.public_key;
  c.signature = signature.signature;
  return c;
}

bool holds(const Checkpoint& c) {
  return signature_holds({c.public_key, c.signature}, checkpoint_text(c));
}

AuditReport verify_audit(store::Store& store, std::span<const Checkpoint> checkpoints,
                         const std::optional<std::string>& public_key, std::span<const AuditArchive> archives) {
  Verifier verifier(checkpoints, archives);
  store::Audit(store).read_all(
      [&](const AuditBase& base) { verifier.begin(base); }, [&](const AuditEntry& e) { verifier.entry(e); },
      [&](const AuditedRows& rows) { verifier.seen(rows); }, [&](const std::string& what) { verifier.damaged(what); });
  return verifier.finish(checkpoints, public_key);
}

}  // namespace ballast::govern
