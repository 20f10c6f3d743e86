// SPDX-License-Identifier: Apache-2.0
#include "ballast/store/store.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "tests/support/scratch.h"
#include "tests/support/store_url.h"

namespace ballast::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

constexpr const char* kModel = "model@1";

DocumentRecord document(const std::string& id, const std::string& text) {
  return {id, "feed.csv", 5'000'000'000, "title", text, "zh", "2026-01-02", "hash of " + text, "2026-11-22T00:00:00Z"};
}

AssessedDocument assessed(const std::string& id, const std::string& model = kModel) {
  AssessedDocument a;
  a.document = document(id, "公司违约 " + id);
  a.assessment = {id, model, "negative", 0.75, 2, 0.5, "{\"credit\":[0.9,0.8,0.95]}", "2026-11-22T00:00:01Z"};
  for (const std::string risk : {"credit", "liquidity"}) {
    a.signals.push_back({signal_id(id, risk, model), id, risk, risk == "credit" ? 0.9 : 0.6, 0.5, 0.95, "", "[]",
                         "[{\"start\":0}]", model, 18446744073709551615u, "2026-11-22T00:00:01Z"});
  }
  a.entities.push_back({"公司", "organisation", 0, 6, "公司"});
  return a;
}

std::string error_of(const std::string& url, base::ErrorCode expected) {
  try {
    Store::open(url);
  } catch (const base::Error& e) {
    EXPECT_EQ(e.code(), expected);
    return e.problem();
  }
  return "";
}

TEST(Store, KeepsWhatItIsGiven) {
  const test::ScratchFolder folder;
  const std::string url = test::store_url(folder);
  const AssessedDocument given = assessed("d1");
  {
    Store store = Store::open(url);
    store.put_assessed({&given, 1});
  }
  Store store = Store::open(url);
  const auto found = store.find_assessed("d1", kModel);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->document.text, "公司违约 d1");
  EXPECT_EQ(found->document.line, 5'000'000'000);
  EXPECT_EQ(found->assessment.severity, 2);
  EXPECT_EQ(found->assessment.sentiment_probability, 0.75);
  EXPECT_EQ(found->assessment.kinds, given.assessment.kinds);
  ASSERT_EQ(found->signals.size(), 2u);
  EXPECT_EQ(found->signals[0].risk, "credit");
  EXPECT_EQ(found->signals[0].seed, 18446744073709551615u);
  EXPECT_EQ(found->signals[0].evidence, "[{\"start\":0}]");
  ASSERT_EQ(found->entities.size(), 1u);
  EXPECT_EQ(found->entities[0].end, 6);
  EXPECT_EQ(store.find_signal(found->signals[1].id)->risk, "liquidity");
  EXPECT_FALSE(store.find_signal("absent"));
  EXPECT_FALSE(store.find_assessed("d1", "other"));
}

TEST(Store, WritingAgainChangesNothing) {
  Store store = Store::open(test::store_url());
  const std::vector<AssessedDocument> twice = {assessed("d1"), assessed("d2"), assessed("d1")};
  store.put_assessed(twice);
  store.put_assessed(twice);
  const Counts counts = store.counts();
  EXPECT_EQ(counts.documents, 2);
  EXPECT_EQ(counts.assessments, 2);
  EXPECT_EQ(counts.signals, 4);
  EXPECT_EQ(counts.entities, 2);
  const AssessedDocument challenger = assessed("d1", "model@2");
  store.put_assessed({&challenger, 1});
  EXPECT_EQ(store.counts().signals, 6);
}

TEST(Store, ANewTextForgetsWhatWasSaidOfTheOldOne) {
  Store store = Store::open(test::store_url());
  const std::vector<AssessedDocument> both = {assessed("d1"), assessed("d2")};
  store.put_assessed(both);
  const std::vector<DocumentRecord> documents = {document("d1", "new text"), both[1].document, document("d3", "x")};
  EXPECT_THAT(store.put_documents(documents), ElementsAre(Put::changed, Put::unchanged, Put::added));
  EXPECT_EQ(store.find_document("d1")->text, "new text");
  EXPECT_EQ(store.counts().signals, 2);
  EXPECT_EQ(store.counts().entities, 1);
  EXPECT_EQ(store.counts().assessments, 1);
}

TEST(Store, TellsWhatIsStillToAssess) {
  Store store = Store::open(test::store_url());
  std::vector<DocumentRecord> documents;
  for (int i = 0; i < 5; ++i) documents.push_back(document("d" + std::to_string(i), "t"));
  store.put_documents(documents);
  AssessedDocument done = assessed("d2");
  done.document = documents[2];
  store.put_assessed({&done, 1});
  EXPECT_EQ(store.count_unassessed(kModel), 4);
  EXPECT_EQ(store.count_unassessed("other"), 5);
  const std::vector<std::string> ids = {"d1", "d2", "nobody"};
  EXPECT_THAT(store.assessed(ids, kModel), UnorderedElementsAre("d2"));
  EXPECT_TRUE(store.has_assessment("d2", kModel));
  std::vector<std::string> seen;
  std::int64_t after = 0;
  for (auto batch = store.unassessed(kModel, 2, after); !batch.empty(); batch = store.unassessed(kModel, 2, after)) {
    EXPECT_LE(batch.size(), 2u);
    for (const auto& d : batch) seen.push_back(d.id);
  }
  EXPECT_THAT(seen, ElementsAre("d0", "d1", "d3", "d4"));
}

TEST(Store, AFailedBatchLeavesNothing) {
  Store store = Store::open(test::store_url());
  std::vector<AssessedDocument> batch = {assessed("d1"), assessed("d2")};
  batch[1].signals[1].risk = "credit";  // the same risk twice
  EXPECT_THROW(store.put_assessed(batch), base::Error);
  EXPECT_EQ(store.counts().documents, 0);
  EXPECT_EQ(store.counts().signals, 0);
  batch[1] = assessed("d2");
  store.put_assessed(batch);
  EXPECT_EQ(store.counts().documents, 2);
}

TEST(Store, QuarantineRowsAreKeptOnce) {
  Store store = Store::open(test::store_url());
  const std::vector<QuarantineRecord> rows = {{"a.csv", 3, "text", "empty text", "", "t"},
                                              {"a.csv", 4, "", "has 1", "x", "t"}};
  store.put_quarantine(rows);
  store.put_quarantine(rows);
  const auto found = store.quarantine();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].line, 3);
  EXPECT_EQ(found[0].column, "text");
  EXPECT_EQ(found[1].reason, "has 1");
}

// The writer is killed at any moment, again and again; each run goes on where the store says. At the end there is
// everything once, and at no time is there a document without its signals.
TEST(Store, KilledWritersLeaveNeitherGapsNorDuplicates) {
  const test::ScratchFolder folder;
  const std::string url = test::store_url(folder);
  constexpr int kDocuments = 1200, kBatch = 40;
  int kills = 0;
  for (int round = 0; round < 60; ++round) {
    const pid_t child = ::fork();
    if (child == 0) {
      Store store = Store::open(url);
      for (int from = 0; from < kDocuments; from += kBatch) {
        std::vector<AssessedDocument> batch;
        for (int i = from; i < from + kBatch; ++i) {
          if (!store.has_assessment(std::to_string(i), kModel)) batch.push_back(assessed(std::to_string(i)));
        }
        if (!batch.empty()) store.put_assessed(batch);
      }
      ::_exit(0);
    }
    const bool last = round == 59;
    if (!last) ::usleep(static_cast<useconds_t>(3000 + 1700 * (round % 13)));
    if (!last) ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    kills += WIFSIGNALED(status);
    const Counts counts = Store::open(url).counts();
    ASSERT_EQ(counts.documents, counts.assessments);
    ASSERT_EQ(counts.signals, 2 * counts.documents);
    ASSERT_EQ(counts.entities, counts.documents);
    ASSERT_EQ(counts.documents % kBatch, 0);
  }
  EXPECT_EQ(Store::open(url).counts().documents, kDocuments);
  EXPECT_GT(kills, 3);
}

TEST(Store, WhatIsNotADatabaseIsRefused) {
  BALLAST_SQLITE_ONLY();
  const test::ScratchFolder folder;
  base::write_file_atomic(folder / "notes.txt",
                          "this is not a database, but it is long enough to be mistaken for one\n");
  EXPECT_EQ(error_of("sqlite:" + (folder / "notes.txt").string(), base::ErrorCode::bad_input),
            "not a database, or a damaged one");
  EXPECT_EQ(base::read_file(folder / "notes.txt").substr(0, 19), "this is not a datab");
  EXPECT_EQ(error_of("sqlite:" + (folder / "absent/a.db").string(), base::ErrorCode::io),
            "the folder of the store does not exist");
  EXPECT_EQ(error_of("sqlite:" + folder.path().string(), base::ErrorCode::io), "cannot open the store");
  EXPECT_THAT(error_of("postgresql://ann:secret@127.0.0.1:1/db", base::ErrorCode::io), HasSubstr("connect"));
  EXPECT_EQ(error_of("mysql:x", base::ErrorCode::usage), "not a store");
}

TEST(Store, TwoWritersWaitForEachOther) {
  const test::ScratchFolder folder;
  const std::string url = test::store_url(folder);
  std::vector<pid_t> children;
  for (int writer = 0; writer < 2; ++writer) {
    const pid_t child = ::fork();
    if (child == 0) {
      int failed = 0;
      try {
        Store store = Store::open(url);
        for (int i = 0; i < 50; ++i) {
          const AssessedDocument a = assessed(std::to_string(writer) + "-" + std::to_string(i));
          store.put_assessed({&a, 1});
        }
      } catch (const base::Error&) {
        failed = 1;
      }
      ::_exit(failed);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(Store::open(url).counts().documents, 100);
}

TEST(Store, SignalIdsAreStable) {
  EXPECT_EQ(signal_id("d1", "credit", "m"), signal_id("d1", "credit", "m"));
  EXPECT_EQ(signal_id("d1", "credit", "m").size(), 16u);
  EXPECT_NE(signal_id("d1", "credit", "m"), signal_id("d1", "market", "m"));
}

}  // namespace
}  // namespace ballast::store
