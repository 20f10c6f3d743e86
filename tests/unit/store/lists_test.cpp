// SPDX-License-Identifier: Apache-2.0
// Pages, filters, and what was known at a moment.
#include "ballast/store/lists.h"

#include <gmock/gmock.h>

#include <set>

#include "ballast/base/error.h"
#include "ballast/store/accounts.h"
#include "tests/support/store_url.h"

namespace ballast::store {
namespace {

using ::testing::ElementsAre;

AssessedDocument assessed(const std::string& id, const std::string& text, double probability, int severity,
                          const std::string& at) {
  AssessedDocument d;
  d.document = {id, "f", 1, "title " + id, text, "en", "", "h:" + text, at};
  d.assessment = {id, "m", "negative", 0.9, severity, 0.8, "{}", at};
  d.signals = {{"s" + id, id, "credit", probability, 0.1, 0.9, "", "[]", "[]", "m", 1, at}};
  d.entities = {{"Acme", "company", 0, 4, "Acme Ltd"}, {"$1", "money", 5, 7, "$1"}};
  return d;
}

Store seven_documents() {
  Store store = Store::open(test::store_url());
  std::vector<AssessedDocument> all;
  for (int i = 0; i < 7; ++i) {
    // Probabilities that only their seventeenth digit tells apart must neither be lost nor listed twice.
    all.push_back(assessed("d" + std::to_string(i), "text", i < 2 ? 0.1 + 0.2 : 0.3 + i * 0.1, i % 4,
                           "2026-01-0" + std::to_string(1 + i / 2) + "T00:00:00.000Z"));
  }
  store.put_assessed(all);
  return store;
}

TEST(Lists, PagesHoldEverySignalOnceInEveryOrder) {
  Store store = seven_documents();
  Lists lists(store);
  for (const auto order : {SignalOrder::newest, SignalOrder::probability, SignalOrder::severity}) {
    SignalFilter filter;
    filter.order = order;
    std::set<std::string> seen;
    std::vector<ListedSignal> all;
    Page page{2, "", ""};
    do {
      const auto listed = lists.signals(filter, page);
      for (const auto& s : listed.items) {
        EXPECT_TRUE(seen.insert(s.signal.id).second) << s.signal.id;
        all.push_back(s);
      }
      page.cursor = listed.next;
    } while (!page.cursor.empty());
    ASSERT_EQ(seen.size(), 7u);
    for (std::size_t i = 1; i < all.size(); ++i) {
      if (order == SignalOrder::newest) {
        EXPECT_GE(all[i - 1].signal.created_at, all[i].signal.created_at);
      }
      if (order == SignalOrder::probability) {
        EXPECT_GE(all[i - 1].signal.probability, all[i].signal.probability);
      }
      if (order == SignalOrder::severity) {
        EXPECT_GE(all[i - 1].severity, all[i].severity);
      }
    }
  }
  EXPECT_EQ(lists.signals({}, {1, "", ""}).items[0].document.title, "title d6");
  EXPECT_THROW(lists.signals({}, {1, "nonsense", ""}), base::Error);
}

TEST(Lists, FiltersNarrow) {
  Store store = seven_documents();
  Lists lists(store);
  SignalFilter filter;
  filter.min_severity = 2;
  EXPECT_EQ(lists.signals(filter, {}).items.size(), 3u);
  filter = {};
  filter.risks = {"market"};
  EXPECT_EQ(lists.signals(filter, {}).items.size(), 0u);
  filter.risks = {"market", "credit"};
  filter.entity = "acme ltd";
  EXPECT_EQ(lists.signals(filter, {}).items.size(), 7u);
  filter.span = {"2026-01-02", "2026-01-03"};
  EXPECT_EQ(lists.signals(filter, {}).items.size(), 2u);
  const auto entities = lists.entities({}, {});
  ASSERT_EQ(entities.items.size(), 1u) << "money is no entity to watch";
  EXPECT_EQ(entities.items[0].signals, 7);
  EXPECT_EQ(entities.items[0].risks.at("credit"), 7);
  EXPECT_EQ(entities.items[0].max_severity, 3);
}

TEST(Lists, WhatWasReplacedIsStillKnownOfThen) {
  Store store = Store::open(test::store_url());
  const std::string then = "2026-01-01T12:00:00.000Z";
  store.put_assessed(std::vector{assessed("a", "first", 0.7, 1, "2026-01-01T00:00:00.000Z")});
  auto second = assessed("a", "second", 0.1 + 0.2, 3, "2026-02-01T00:00:00.000Z");
  store.put_assessed(std::vector{second});
  Lists lists(store);
  const auto now = lists.signals({}, {}), past = lists.signals({}, {50, "", then});
  ASSERT_EQ(now.items.size(), 1u);
  ASSERT_EQ(past.items.size(), 1u);
  EXPECT_EQ(now.items[0].document.text, "second");
  EXPECT_EQ(past.items[0].document.text, "first");
  EXPECT_EQ(past.items[0].signal.probability, 0.7);
  EXPECT_EQ(past.items[0].severity, 1);
  EXPECT_EQ(lists.documents({}, {50, "", then}).items[0].assessment->severity, 1);
  EXPECT_TRUE(lists.signals({}, {50, "", "2025-12-31T00:00:00.000Z"}).items.empty());
  // The newest is listed the same with and without a moment, to the last bit.
  EXPECT_EQ(lists.signals({}, {50, "", "2100-01-01T00:00:00.000Z"}).items[0].signal.probability, 0.1 + 0.2);
  const auto overview = lists.overview({}, then, 5);
  EXPECT_EQ(overview.severity.at(1), 1);
  EXPECT_EQ(overview.signals, 1);
}

TEST(Lists, TellWhatIsNewSinceAPlace) {
  Store store = Store::open(test::store_url());
  Lists lists(store);
  std::int64_t place = lists.last_row("signals");
  EXPECT_TRUE(lists.ids_since("signals", place, 10).empty());
  store.put_assessed(std::vector{assessed("a", "x", 0.7, 2, "2026-01-01T00:00:00.000Z"),
                                 assessed("b", "y", 0.7, 1, "2026-01-01T00:00:00.000Z")});
  EXPECT_THAT(lists.ids_since("signals", place, 10), ElementsAre("sa", "sb"));
  EXPECT_TRUE(lists.ids_since("signals", place, 10).empty());
  Work work(store);
  EXPECT_THAT(work.signals_without_alert(2, 10), ElementsAre("sa"));
  AlertRecord alert;
  alert.id = "1", alert.subject_id = "sa", alert.status = "open";
  EXPECT_THAT(work.put_alerts({alert, alert}), ElementsAre(Put::added, Put::unchanged));
  EXPECT_TRUE(work.signals_without_alert(2, 10).empty());
  EXPECT_EQ(lists.overview({}, "", 5).alerts_open, 1);
}

TEST(Work, JobsThatWereLeftAreQueuedAgain) {
  Store store = Store::open(test::store_url());
  Work work(store);
  work.put_job({"1", "k", "running", "{}", "", "", "", "ann", "then", "", "2026-01-01"});
  work.put_job({"2", "k", "done", "{}", "", "{}", "", "ann", "then", "then", "2026-01-01"});
  const auto queued = work.resume_jobs();
  ASSERT_EQ(queued.size(), 1u);
  EXPECT_EQ(queued[0].id, "1");
  EXPECT_EQ(work.find_job("1")->status, "queued");
}

TEST(Accounts, SessionsEndWithTheirUser) {
  Store store = Store::open(test::store_url());
  Accounts accounts(store);
  EXPECT_FALSE(accounts.any());
  accounts.add_user({"ann", "viewer", "hash", false, "2026-01-01"});
  EXPECT_TRUE(accounts.any());
  EXPECT_THROW(accounts.add_user({"ann", "viewer", "hash", false, "2026-01-01"}), base::Error);
  accounts.add_session({"t", "ann", "c", "2026-01-01", "2026-01-02"});
  EXPECT_EQ(accounts.find_session("t")->user, "ann");
  accounts.update_user({"ann", "analyst", "hash", false, ""});
  EXPECT_FALSE(accounts.find_session("t"));
  accounts.add_session({"t2", "ann", "c", "2026-01-01", "2026-01-02"});
  accounts.delete_user("ann");
  EXPECT_FALSE(accounts.find_session("t2"));
  EXPECT_FALSE(accounts.any());
}

}  // namespace
}  // namespace ballast::store
