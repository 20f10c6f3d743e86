// SPDX-License-Identifier: Apache-2.0
#include "ballast/govern/audit_archive.h"

#include <gmock/gmock.h>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/hash.h"
#include "tests/support/database.h"
#include "tests/support/scratch.h"
#include "tests/support/store_url.h"

namespace ballast::govern {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kForever = "9999-01-01";

void put_text(store::Store& store, const std::string& id, const std::string& text) {
  store.put_documents(std::vector<store::DocumentRecord>{
      {id, "feed.csv", 1, "title", text, "en", "2026-01-02", base::sha256_hex(text), "2026-11-22T00:00:00Z"}});
}

class AuditArchives : public ::testing::Test {
 protected:
  AuditArchives() : url_(test::store_url(folder_)), store_(store::Store::open(url_)) {
    public_key_ = make_signing_key(folder_ / "key");
    for (int i = 0; i < 10; ++i) put_text(store_, "d" + std::to_string(i), "text " + std::to_string(i));
  }

  AuditArchive archive_now(const std::string& name) {
    return archive_audit(store_, kForever, folder_ / name, folder_ / "key");
  }
  std::vector<std::string> faults(const std::vector<AuditArchive>& archives = {},
                                  const std::vector<Checkpoint>& checkpoints = {}) {
    std::vector<std::string> words;
    for (const AuditFault& f : verify_audit(store_, checkpoints, public_key_, archives).faults) words.push_back(f.what);
    return words;
  }
  void run_past_triggers(const std::string& sql) { EXPECT_EQ(test::Database(url_).run_past_triggers(sql), ""); }

  test::ScratchFolder folder_;
  std::string url_;
  store::Store store_;
  std::string public_key_;
};

TEST_F(AuditArchives, TheChainGoesOnAndVerifiesWithAndWithoutThem) {
  const Checkpoint early = sign_checkpoint(store_, folder_ / "key");
  archive_now("1.jsonl");
  put_text(store_, "d3", "another text");  // a row that the archive speaks of changes
  put_text(store_, "e", "new");
  EXPECT_EQ(store::Audit(store_).head().number, 13);  // ten archived, the entry about that, two more
  EXPECT_THAT(faults(), IsEmpty());
  archive_now("2.jsonl");
  put_text(store_, "f", "newer");
  EXPECT_THAT(faults(), IsEmpty());
  std::vector<AuditArchive> archives = {read_archive(folder_ / "1.jsonl", public_key_),
                                        read_archive(folder_ / "2.jsonl", public_key_)};
  EXPECT_EQ(archives[0].entries.size(), 10u);
  EXPECT_THAT(faults(archives, {early}), IsEmpty());
  const AuditReport without = verify_audit(store_, std::vector{early}, public_key_);
  EXPECT_TRUE(without.intact());
  EXPECT_EQ(without.checkpoints_archived, 1);
  EXPECT_EQ(without.archived, 13);
  archives.erase(archives.begin());
  EXPECT_THAT(faults(archives), Contains(HasSubstr("entry 11 follows entry 0")));
}

TEST_F(AuditArchives, OnlyWhatIsOldEnoughGoes) {
  EXPECT_THROW(archive_audit(store_, "2000-01-01", folder_ / "old.jsonl", folder_ / "key"), base::Error);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "old.jsonl"));
  const std::string border = store::Audit(store_).entries(6, 1).front().at;
  const AuditArchive archive = archive_audit(store_, border, folder_ / "1.jsonl", folder_ / "key");
  for (const store::AuditEntry& e : archive.entries) EXPECT_LT(e.at, border);
  EXPECT_THAT(faults(), IsEmpty());
  EXPECT_THROW(archive_audit(store_, kForever, folder_ / "1.jsonl", folder_ / "key"), base::Error);  // is there already
}

TEST_F(AuditArchives, ARowThatOnlyTheArchiveSpeaksOfIsStillGuarded) {
  archive_now("1.jsonl");
  run_past_triggers("update documents set title = 'x' where id = 'd4'");
  EXPECT_THAT(faults(), Contains(HasSubstr("documents [\"d4\"] is not what entry 5 recorded")));
  run_past_triggers("delete from documents where id = 'd4'");
  EXPECT_THAT(faults(), Contains(HasSubstr("recorded by entry 5, is gone")));
}

TEST_F(AuditArchives, WhatTheStoreSaysItBeginsWithCannotBeChanged) {
  archive_now("1.jsonl");
  run_past_triggers("update audit_state set hash = 'x' where key like '%d4%'");
  EXPECT_THAT(faults(), Contains(HasSubstr("no entry about an archive says so")));
}

TEST_F(AuditArchives, ABeginningThatWasCutOffIsNoArchive) {
  run_past_triggers("delete from audit where number <= 4");
  EXPECT_THAT(faults(), Contains(HasSubstr("entry 5 follows entry 0")));
  EXPECT_THROW(archive_now("1.jsonl"), base::Error);  // a trail that does not verify is not archived
}

TEST_F(AuditArchives, AChangedOrCutArchiveIsRefused) {
  archive_now("1.jsonl");
  const std::string text = base::read_file(folder_ / "1.jsonl");
  std::string changed = text;
  changed[changed.find("ingest")] = 'x';
  base::write_file_atomic(folder_ / "changed.jsonl", changed);
  EXPECT_THROW(read_archive(folder_ / "changed.jsonl"), base::Error);
  base::write_file_atomic(folder_ / "cut.jsonl", text.substr(0, text.size() / 2));
  EXPECT_THROW(read_archive(folder_ / "cut.jsonl"), base::Error);
  base::write_file_atomic(folder_ / "empty.jsonl", "");
  EXPECT_THROW(read_archive(folder_ / "empty.jsonl"), base::Error);
  EXPECT_THROW(read_archive(folder_ / "1.jsonl", make_signing_key(folder_ / "other")), base::Error);
}

}  // namespace
}  // namespace ballast::govern
