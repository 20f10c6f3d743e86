// SPDX-License-Identifier: Apache-2.0
#include "ballast/govern/audit.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/hash.h"
#include "ballast/base/random.h"
#include "ballast/store/accounts.h"
#include "ballast/store/work.h"
#include "tests/support/database.h"
#include "tests/support/scratch.h"
#include "tests/support/store_url.h"

namespace ballast::govern {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

store::DocumentRecord document(const std::string& id, const std::string& text) {
  return {id, "feed.csv", 7, "title", text, "en", "2026-01-02", base::sha256_hex(text), "2026-11-22T00:00:00Z"};
}

store::AssessedDocument assessed(const std::string& id) {
  store::AssessedDocument a;
  a.document = document(id, "The bank failed, says " + id);
  a.assessment = {id, "m@1", "negative", 0.75, 2, 0.1 + 0.2, "{}", "2026-11-22T00:00:01Z"};
  a.signals.push_back({store::signal_id(id, "credit", "m@1"), id, "credit", 1.0 / 3, 0.5, 0.95, "", "[]", "[]", "m@1",
                       7, "2026-11-22T00:00:01Z"});
  a.entities.push_back({"bank", "organisation", 4, 8, "bank"});
  return a;
}

store::DecisionRecord decision(const std::string& id) {
  const std::string inputs = "{\"row\":\"" + id + "\"}";
  return {id,     "credit", "row " + id, inputs, base::sha256_hex(inputs), "m", "h", "p", "b",
          "avx2", 42,       "{}",        "{}",   "2026-11-22T00:00:02Z"};
}

/// One of everything, several of most.
void fill(store::Store& store) {
  for (int i = 0; i < 20; ++i) {
    const std::string n = std::to_string(i);
    store.put_assessed(std::vector{assessed("d" + n)});
    store.put_decisions(std::vector{decision("v" + n)});
  }
  store.put_documents(std::vector{document("plain", "Nobody has read this yet.")});
  store.put_quarantine(
      std::vector<store::QuarantineRecord>{{"feed.csv", 3, "date", "no date", "x", "2026-11-22T00:00:00Z"}});
  store.put_losses(std::vector<store::LossEventRecord>{
      {"l1", "2026-01-02", "systems", "", "12.50", "0", "EUR", "outage", "2026-11-22T00:00:00Z"}});
  store.open_case(
      {"c1", "fraud", "tx 9", "2026-11-22T00:00:00Z", {{1, "open", "ann", "looks odd", "2026-11-22T00:00:00Z"}}});
  store.add_case_event("c1", {0, "close", "bo", "no fault", "2026-11-23T00:00:00Z"}, [](const store::CaseRecord&) {});
  store::Accounts accounts(store);
  accounts.add_user({"ann", "officer", "hash", false, "2026-11-22T00:00:00Z"});
  accounts.add_key({"k1", "feed", "analyst", "hash", "2026-11-22T00:00:00Z", "", ""});
  store::Work work(store);
  work.put_alerts(std::vector<store::AlertRecord>{
      {"a1", "signal", 2, "credit", "s1", "d1", "open", "", "", "", "", "2026-11-22T00:00:00Z"}});
  work.put_feedback({"f1", "signal", "s1", "correct", "market", 1, "not credit", "ann", "2026-11-22T00:00:00Z"});
  work.put_model({"h1", "german", "credit", "credit", "/m", "champion", "ann", "1", "", "[]", "[]", "ann",
                  "2026-11-22T00:00:00Z", "ann", "2026-11-22T00:00:00Z", "v1", "", ""},
                 "model.register");
  work.put_override({"o1", "v1", "decline", "income", "proposed", "ann", "", "", "", "2026-11-22T00:00:00Z"});
}

class AuditTrail : public ::testing::Test {
 protected:
  AuditTrail() : url_(test::store_url(folder_)), store_(store::Store::open(url_)) { fill(store_); }

  std::vector<std::string> faults() {
    std::vector<std::string> words;
    for (const AuditFault& f : verify_audit(store_).faults) words.push_back(f.what);
    return words;
  }
  std::vector<std::string> faults_after(const std::string& sql) {
    EXPECT_EQ(test::Database(url_).run_past_triggers(sql), "");
    return faults();
  }

  test::ScratchFolder folder_;
  std::string url_;
  store::Store store_;
};

TEST_F(AuditTrail, EverythingRecordedIsEnteredAndHolds) {
  const AuditReport report = verify_audit(store_);
  EXPECT_THAT(faults(), IsEmpty());
  EXPECT_EQ(report.entries, 20 * 3 + 5 + 6);  // document, assessment, decision; the others
  EXPECT_EQ(report.records, 20 * 5 + 6 + 6);
  EXPECT_EQ(report.head, store::Audit(store_).head().hash);
}

TEST_F(AuditTrail, RecordedAgainIsNotEnteredAgain) {
  const auto before = store::Audit(store_).head().number;
  store_.put_decisions(std::vector{decision("v3")});
  store_.put_documents(std::vector{document("plain", "Nobody has read this yet.")});
  EXPECT_EQ(store::Audit(store_).head().number, before);
}

TEST_F(AuditTrail, AChangedDocumentTakesItsAssessmentsAlong) {
  store_.put_documents(std::vector{document("d4", "another text")});
  EXPECT_THAT(faults(), IsEmpty());
  EXPECT_EQ(store::Audit(store_).head().action, "ingest.change");
}

TEST_F(AuditTrail, SaysWhoDidWhat) {
  store_.act_as("key:officer-1");
  store::Audit(store_).append("promote", "models/german", "{\"champion\":true}");
  const store::AuditEntry head = store::Audit(store_).head();
  EXPECT_EQ(head.actor, "key:officer-1");
  EXPECT_EQ(head.subject, "models/german");
  EXPECT_THAT(faults(), IsEmpty());
}

TEST_F(AuditTrail, NamesWhatWasChanged) {
  EXPECT_THAT(faults_after("update decisions set result = '{\"outcome\":\"approve\"}' where id = 'v7'"),
              ElementsAre(HasSubstr("decisions [\"v7\"] is not what entry")));
}

TEST_F(AuditTrail, NamesWhatIsGoneAndWhatCameIn) {
  EXPECT_THAT(faults_after("delete from signals where document_id = 'd2'"),
              ElementsAre(HasSubstr("signals [\"d2\",\"m@1\"], recorded by entry")));
  EXPECT_THAT(
      faults_after("insert into documents select 'new', source, line, title, text, lang, published_at, content_hash,"
                   " created_at from documents where id = 'd1'"),
      ElementsAre(HasSubstr("documents [\"new\"] is in the store without an entry"), HasSubstr("signals [\"d2\"")));
}

TEST_F(AuditTrail, TextsAndInputsAreHeldByTheirHashes) {
  EXPECT_THAT(faults_after("update documents set text = 'The bank thrived' where id = 'd9'"),
              ElementsAre(HasSubstr("documents d9: its text is not what its hash says")));
  EXPECT_THAT(faults_after("update documents set text = '' where id = 'd9'"), IsEmpty());  // erased on request
}

TEST_F(AuditTrail, EntriesChangedRemovedOrReorderedAreNamed) {
  EXPECT_THAT(faults_after("update audit set actor = 'nobody' where number = 5"), ElementsAre(HasSubstr("entry 5 (")));
  test::Database(url_).run_past_triggers(
      "update audit set actor = (select actor from audit where number = 6) where number = 5");
  EXPECT_THAT(faults(), IsEmpty());
  EXPECT_THAT(
      faults_after("update audit set number = -1 where number = 9; update audit set number = 9 where number = 10;"
                   "update audit set number = 10 where number = -1"),
      ::testing::Not(IsEmpty()));
}

TEST_F(AuditTrail, AnEntryThatWasTakenOutIsMissed) {
  EXPECT_THAT(faults_after("delete from audit where number = 30"),
              ::testing::Contains(HasSubstr("entry 31 follows entry 29")));
}

TEST_F(AuditTrail, AMissingTriggerIsNoticed) {
  const bool file = url_.starts_with("sqlite:");
  EXPECT_EQ(test::Database(url_).run(file ? "drop trigger audit_holds" : "drop trigger audit_holds on audit"), "");
  EXPECT_THAT(faults(), ElementsAre(HasSubstr("audit_holds is not declared")));
  if (file) return;
  EXPECT_EQ(test::Database(url_).run("alter table cases disable trigger cases_stay"), "");
  EXPECT_THAT(faults(), ElementsAre(HasSubstr("audit_holds is not"), HasSubstr("cases_stay is not")));
}

TEST_F(AuditTrail, TheDatabaseItselfRefusesChanges) {
  test::Database database(url_);
  EXPECT_THAT(database.run("update audit set actor = 'x'"), HasSubstr("the audit trail is never changed"));
  EXPECT_THAT(database.run("delete from audit"), HasSubstr("the audit trail is never deleted"));
}

TEST_F(AuditTrail, ACheckpointShowsThatTheEndWasCutOff) {
  const std::string open = make_signing_key(folder_ / "key");
  EXPECT_EQ(public_key_of(folder_ / "key"), open);
  const std::vector<Checkpoint> kept = {checkpoint_from(to_json(sign_checkpoint(store_, folder_ / "key")), "")};
  EXPECT_TRUE(verify_audit(store_, kept, open).intact());
  const auto head = std::to_string(store::Audit(store_).head().number);
  test::Database(url_).run_past_triggers("delete from overrides; delete from audit where number = " + head);
  EXPECT_TRUE(verify_audit(store_).intact());  // the chain alone cannot know
  EXPECT_THAT(verify_audit(store_, kept, open).faults.front().what, HasSubstr("it was cut off"));
}

TEST_F(AuditTrail, ACheckpointOfAnotherHandOrAnotherTrailDoesNotCount) {
  const std::string open = make_signing_key(folder_ / "key"), other = make_signing_key(folder_ / "other");
  std::vector<Checkpoint> kept = {sign_checkpoint(store_, folder_ / "other")};
  EXPECT_THAT(verify_audit(store_, kept, open).faults.front().what, HasSubstr("signed with another key"));
  kept = {sign_checkpoint(store_, folder_ / "key")};
  kept.front().number = 3;
  EXPECT_THAT(verify_audit(store_, kept, open).faults.front().what, HasSubstr("the signature does not hold"));
  EXPECT_THROW(make_signing_key(folder_ / "key"), base::Error);
  base::write_file_atomic(folder_ / "junk", "abc");
  EXPECT_THROW(sign_checkpoint(store_, folder_ / "junk"), base::Error);
}

// One byte of one cell, in any row of any table that the trail covers, the trail itself included.
TEST_F(AuditTrail, OneChangedByteAnywhereIsNoticed) {
  BALLAST_SQLITE_ONLY();
  base::Random random(42);
  test::Database intruder(url_);
  std::vector<std::pair<std::string, std::string>> cells;  // table, column
  for (const char* table :
       {"documents", "assessments", "signals", "entities", "quarantine", "decisions", "loss_events", "cases",
        "case_events", "users", "api_keys", "alerts", "feedback", "overrides", "models", "audit"}) {
    for (const auto& column : intruder.rows(std::string("select name from pragma_table_info('") + table + "')")) {
      if (column[0] == "last_used_at" || column[0] == "cost" || column[0] == "inputs" || column[0] == "text")
        continue;  // below
      cells.emplace_back(table, column[0]);
    }
  }
  cells.insert(cells.end(),
               {{"documents", "text"}, {"decisions", "inputs"}, {"entities", "text"}, {"decisions", "cost"}});
  intruder.run_past_triggers("pragma foreign_keys = off");
  int changed = 0;
  for (int attempt = 0; changed < 150; ++attempt) {
    ASSERT_LT(attempt, 2000);
    const auto& [table, column] = cells[random.below(cells.size())];
    const auto rows = intruder.rows("select rowid, hex(" + column + "), typeof(" + column + ") from " + table);
    const auto& row = rows[random.below(rows.size())];
    if (row[1].empty()) continue;
    std::string bytes = row[1];
    char& nibble = bytes[2 * random.below(bytes.size() / 2) + 1];
    nibble = nibble == 'F' ? 'E' : 'F';
    const std::string value = row[2] == "text" ? "cast(x'" + bytes + "' as text)" : column + " + 1000";
    const auto sql = [&](const std::string& to) {
      return "update " + table + " set " + column + " = " + to + " where rowid = " + row[0];
    };
    const auto before = intruder.rows("select quote(" + column + ") from " + table + " where rowid = " + row[0]);
    intruder.run_past_triggers(sql(value));
    EXPECT_THAT(faults(), ::testing::Not(IsEmpty())) << table << "." << column << " of row " << row[0];
    intruder.run_past_triggers(sql(before[0][0]));
    ++changed;
    if (HasFailure()) return;
  }
  EXPECT_THAT(faults(), IsEmpty());
}

TEST(AuditAdoption, AStoreFromBeforeTheTrailIsEnteredWhenItIsOpened) {
  const test::ScratchFolder folder;
  const std::string url = test::store_url(folder);
  {
    store::Store store = store::Store::open(url);
    fill(store);
  }
  std::string undo =
      "drop table audit; drop table models; drop table audit_archives; drop table audit_state;"
      " update schema_version set version = 4";
  if (!url.starts_with("sqlite:")) undo += "; drop function audit_stays(); drop function audit_holds()";
  EXPECT_EQ(test::Database(url).run_past_triggers(undo), "");
  store::Store store = store::Store::open(url);
  const AuditReport report = verify_audit(store);
  EXPECT_TRUE(report.intact()) << report.faults.front().what;
  EXPECT_EQ(report.entries, report.records);
  EXPECT_EQ(store::Audit(store).head().action, "adopt");
}

}  // namespace
}  // namespace ballast::govern
