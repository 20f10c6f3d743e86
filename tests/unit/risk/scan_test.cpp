// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/scan.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

#include "ballast/base/json.h"
#include "ballast/base/parallel.h"
#include "tests/support/scratch.h"

namespace ballast::risk {
namespace {

using ::testing::ElementsAre;

constexpr const char* kKinds[] = {"market", "credit", "operational", "liquidity", "policy", "business"};

/// A scorer of one word: "违约" is credit, "outage" operational.
Scorer word_scorer(std::atomic<int>* scored = nullptr, const std::string& model = "words@1") {
  Scorer scorer;
  scorer.model = model;
  scorer.score = [scored](std::span<const std::string_view> texts) {
    std::vector<TextScores> all;
    for (const auto text : texts) {
      TextScores scores;
      for (const std::string kind : kKinds) {
        const bool hit = (kind == "credit" && text.find("违约") != text.npos) ||
                         (kind == "operational" && text.find("outage") != text.npos);
        const double p = hit ? 0.9 : 0.1;
        scores.kinds.push_back({kind, p, 0.5, {p - 0.05, p + 0.05}});
        const std::string_view word = kind == "credit" ? "违约" : "outage";
        if (hit) scores.kinds.back().weights = {{text.find(word), text.find(word) + word.size(), 1.0}};
      }
      scores.severity = {0.1, 0.2, 0.6, 0.1};
      scores.sentiment = {0.7, 0.2, 0.1};
      all.push_back(scores);
      if (scored != nullptr) ++*scored;
    }
    return all;
  };
  return scorer;
}

ingest::Document document(int i) {
  ingest::Document d;
  d.id = "d" + std::to_string(i);
  d.source = "feed.csv";
  d.line = i + 2;
  d.text = (i % 3 == 0   ? "公司违约 "
            : i % 3 == 1 ? "An outage at $ACM "
                         : "Calm ") +
           std::string(static_cast<std::size_t>(i * 37 % 50), 'x');
  return d;
}

std::vector<std::string> run(store::Store& store, int from, int to, const Scorer& scorer, bool all = false,
                             ScanCounts* counts = nullptr) {
  std::vector<std::string> rows;
  ScanOptions options;
  options.batch_documents = 7;
  Scan scan(store, scorer, options, [&](const Scanned& s) { rows.push_back(to_json_row(s.risk, all)); });
  for (int i = from; i < to; ++i) scan.add(document(i));
  scan.finish();
  if (counts != nullptr) *counts = scan.counts();
  return rows;
}

TEST(Scan, ADocumentIngestedBeforeKeepsItsLanguageOnRescan) {
  auto store = store::Store::open("sqlite::memory:");
  const std::vector<store::DocumentRecord> ingested{to_record(document(0)), to_record(document(1))};
  store.put_documents(ingested);
  const auto first = run(store, 0, 2, word_scorer());
  EXPECT_EQ(run(store, 0, 2, word_scorer()), first);
  EXPECT_NE(first[1].find("\"lang\":\"en\""), std::string::npos) << first[1];
}

TEST(Scan, RowsHaveTheFieldsOfTheContract) {
  auto store = store::Store::open("sqlite::memory:");
  const auto rows = run(store, 0, 2, word_scorer());
  ASSERT_EQ(rows.size(), 2u);
  const auto row = base::parse_json(rows[1], "row");
  EXPECT_EQ(row.at("document_id"), "d1");
  EXPECT_EQ(row.at("lang"), "en");
  EXPECT_EQ(row.at("sentiment"), "negative");
  EXPECT_EQ(row.at("severity"), 2);
  ASSERT_EQ(row.at("signals").size(), 1u);
  const auto& signal = row.at("signals")[0];
  std::vector<std::string> keys;
  for (const auto& item : signal.items()) keys.push_back(item.key());
  EXPECT_THAT(keys, ElementsAre("id", "document_id", "risk", "probability", "interval", "basel", "entities", "evidence",
                                "model", "created_at"));
  EXPECT_EQ(signal.at("risk"), "operational");
  EXPECT_EQ(signal.at("basel"), "systems");
  EXPECT_EQ(signal.at("entities")[0].at("canonical"), "ACM");
  EXPECT_EQ(signal.at("evidence")[0].at("start"), 3);
  EXPECT_EQ(signal.at("evidence")[0].at("end"), 9);
  const auto chinese = base::parse_json(rows[0], "row");
  EXPECT_EQ(chinese.at("signals")[0].at("evidence")[0].at("start"), 6);
  EXPECT_EQ(chinese.at("signals")[0].at("evidence")[0].at("text"), "违约");
}

TEST(Scan, KeepsInputOrderAndDoesNotScoreTwice) {
  auto store = store::Store::open("sqlite::memory:");
  std::atomic<int> scored = 0;
  const auto rows = run(store, 0, 40, word_scorer(&scored), true);
  ASSERT_EQ(rows.size(), 40u);
  for (int i = 0; i < 40; ++i) {
    EXPECT_EQ(base::parse_json(rows[static_cast<std::size_t>(i)], "row").at("document_id"), document(i).id);
  }
  EXPECT_EQ(scored, 40);
  ScanCounts counts;
  EXPECT_EQ(run(store, 0, 40, word_scorer(&scored), true, &counts), rows);  // from the store, the same bytes
  EXPECT_EQ(scored, 40);
  EXPECT_EQ(counts.known, 40);
  EXPECT_EQ(counts.scored, 0);
  run(store, 0, 40, word_scorer(&scored, "words@2"));
  EXPECT_EQ(scored, 80);
}

TEST(Scan, AllListsEveryKind) {
  auto store = store::Store::open("sqlite::memory:");
  const auto row = base::parse_json(run(store, 2, 3, word_scorer(), true).at(0), "row");
  EXPECT_EQ(row.at("signals").size(), 6u);
  EXPECT_TRUE(row.at("signals")[0].at("evidence").empty());
  const auto short_row = base::parse_json(run(store, 2, 3, word_scorer(), false).at(0), "row");
  EXPECT_TRUE(short_row.at("signals").empty());
}

TEST(Scan, ADocumentTwiceInABatchIsScoredOnce) {
  auto store = store::Store::open("sqlite::memory:");
  std::atomic<int> scored = 0;
  int rows = 0;
  Scan scan(store, word_scorer(&scored), {}, [&](const Scanned&) { ++rows; });
  scan.add(document(0));
  scan.add(document(0));
  scan.finish();
  EXPECT_EQ(rows, 2);
  EXPECT_EQ(scored, 1);
  EXPECT_EQ(store.counts().signals, 1);
}

// One batch is being stored while the next is scored: a document of both is known all the same, and a new text is not.
TEST(Scan, ADocumentOfTheBatchBeforeIsKnown) {
  auto store = store::Store::open("sqlite::memory:");
  std::atomic<int> scored = 0;
  std::vector<bool> from_store;
  ScanOptions options;
  options.batch_documents = 1;
  Scan scan(store, word_scorer(&scored), options, [&](const Scanned& s) { from_store.push_back(s.from_store); });
  ingest::Document changed = document(0);
  changed.text = "An outage";
  scan.add(document(0));
  scan.add(document(0));
  scan.add(std::move(changed));
  scan.finish();
  EXPECT_THAT(from_store, ElementsAre(false, true, false));
  EXPECT_EQ(scored, 2);
  EXPECT_EQ(store.find_document("d0")->text, "An outage");
  EXPECT_EQ(store.counts().signals, 1);
}

TEST(Scan, WhatWasScoredBeforeAFailureIsStored) {
  auto store = store::Store::open("sqlite::memory:");
  Scorer scorer = word_scorer();
  scorer.score = [score = scorer.score](std::span<const std::string_view> texts) {
    if (texts[0].starts_with("Calm")) throw std::runtime_error("broken");
    return score(texts);
  };
  ScanOptions options;
  options.batch_documents = 1;
  int rows = 0;
  Scan scan(store, scorer, options, [&](const Scanned&) { ++rows; });
  scan.add(document(0));
  scan.add(document(1));
  EXPECT_THROW(scan.add(document(2)), std::runtime_error);
  EXPECT_EQ(rows, 1);
  EXPECT_EQ(store.counts().assessments, 2);
}

TEST(Scan, AChangedTextIsScoredAgain) {
  auto store = store::Store::open("sqlite::memory:");
  run(store, 0, 1, word_scorer());
  std::atomic<int> scored = 0;
  Scan scan(store, word_scorer(&scored), {}, [](const Scanned&) {});
  ingest::Document d = document(0);
  d.text = "all calm now";
  scan.add(std::move(d));
  scan.finish();
  EXPECT_EQ(scored, 1);
  EXPECT_EQ(store.counts().signals, 0);
  EXPECT_EQ(store.find_document("d0")->text, "all calm now");
}

// Killed at any moment and run again until it gets through: the rows and the signals are those of a run that was left
// alone.
TEST(Scan, KilledAndRerunGivesNeitherGapsNorDuplicates) {
  const test::ScratchFolder folder;
  const std::string url = "sqlite:" + (folder / "a.db").string();
  constexpr int kDocuments = 600;
  int kills = 0;
  for (int round = 0; round < 12; ++round) {
    const pid_t child = ::fork();
    if (child == 0) {
      base::set_threads(1);  // the thread pool does not survive a fork
      auto store = store::Store::open(url);
      run(store, 0, kDocuments, word_scorer());
      ::_exit(0);
    }
    ::usleep(static_cast<useconds_t>(4000 + 3000 * round));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    kills += WIFSIGNALED(status);
  }
  EXPECT_GT(kills, 2);
  auto store = store::Store::open(url);
  EXPECT_EQ(run(store, 0, kDocuments, word_scorer()).size(), static_cast<std::size_t>(kDocuments));
  const auto counts = store.counts();
  EXPECT_EQ(counts.documents, kDocuments);
  EXPECT_EQ(counts.assessments, kDocuments);
  EXPECT_EQ(counts.signals, 400);
  EXPECT_EQ(counts.entities, 200);
}

}  // namespace
}  // namespace ballast::risk
