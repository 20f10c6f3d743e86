// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <soci/soci.h>

#include "ballast/base/error.h"
#include "ballast/store/store.h"
#include "tests/support/store_url.h"

namespace ballast::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

CaseRecord fresh_case() {
  return {
      "case-1", "fraud", "card 7", "2026-01-01T00:00:00.000Z", {{1, "open", "ann", "", "2026-01-01T00:00:00.000Z"}}};
}

TEST(OperationsStore, LossesAreKeptOnceInOrderOfTime) {
  Store store = Store::open(test::store_url());
  const LossEventRecord late = {"b", "2025-03-01", "systems", "systems", "10.00", "0", "EUR", "", "now"};
  LossEventRecord early = late;
  early.id = "a";
  early.occurred_on = "2025-01-01";
  EXPECT_THAT(store.put_losses(std::vector{late, early}), ElementsAre(Put::added, Put::added));
  EXPECT_THAT(store.put_losses(std::vector{late}), ElementsAre(Put::unchanged));
  ASSERT_EQ(store.losses().size(), 2u);
  EXPECT_EQ(store.losses()[0].id, "a");
}

TEST(OperationsStore, SignalsHaveTheirTimeOnceADocument) {
  Store store = Store::open(test::store_url());
  const auto document = [](const std::string& id, const std::string& published, const std::string& entity) {
    AssessedDocument d;
    d.document = {id, "f", 1, "", "text " + id, "en", published, "h" + id, "2026-05-01T00:00:00Z"};
    d.assessment = {id, "m", "neutral", 1, 0, 1, "{}", "2026-05-01T00:00:00Z"};
    d.signals = {{"s" + id, id, "liquidity", 0.7, 0.6, 0.8, "", "[]", "[]", "m", 1, "2026-05-01T00:00:00Z"}};
    if (!entity.empty()) d.entities = {{entity, "company", 0, 4, "NN Bank"}};
    return d;
  };
  store.put_assessed(std::vector{document("b", "2026-04-02T00:00:00Z", "NN"), document("a", "", "")});
  AssessedDocument again = document("b", "2026-04-02T00:00:00Z", "NN");
  again.assessment.model = again.signals[0].model = "other";
  again.signals[0].id = "sb2";
  again.signals[0].probability = 0.9;
  store.put_assessed(std::vector{again});
  const auto times = store.signal_times("liquidity");
  ASSERT_EQ(times.size(), 2u);
  EXPECT_EQ(times[0].document_id, "b");
  EXPECT_EQ(times[0].at, "2026-04-02T00:00:00Z");
  EXPECT_EQ(times[0].probability, 0.9);            // of two models, the higher
  EXPECT_EQ(times[1].at, "2026-05-01T00:00:00Z");  // unsaid: when it was stored
  EXPECT_EQ(store.signal_times("credit").size(), 0u);
  ASSERT_EQ(store.signal_times("liquidity", "nn bank").size(), 1u);
  EXPECT_EQ(store.signal_times("liquidity", "nn")[0].document_id, "b");
  EXPECT_EQ(store.signal_times("liquidity", "other bank").size(), 0u);
}

TEST(OperationsStore, CasesGrowAndStay) {
  Store store = Store::open(test::store_url());
  store.open_case(fresh_case());
  EXPECT_THROW(store.open_case(fresh_case()), base::Error);
  const CaseRecord grown = store.add_case_event("case-1", {0, "assign", "ann", "bob", "t"}, [](const CaseRecord&) {});
  ASSERT_EQ(grown.events.size(), 2u);
  EXPECT_EQ(grown.events[1].number, 2);
  EXPECT_EQ(store.cases().size(), 1u);
  // A check that throws leaves the case as it was.
  const auto refuse = [](const CaseRecord&) { throw base::Error(base::ErrorCode::usage, "no"); };
  EXPECT_THROW(store.add_case_event("case-1", {0, "close", "ann", "", "t"}, refuse), base::Error);
  EXPECT_EQ(store.find_case("case-1")->events.size(), 2u);
  EXPECT_THROW(store.add_case_event("case-2", {}, [](const CaseRecord&) {}), base::Error);
  EXPECT_FALSE(store.find_case("case-2"));
}

TEST(OperationsStore, TheDatabaseRefusesToDropOrChangeACase) {
  const test::ScratchFolder folder;
  const std::string url = test::store_url(folder);
  Store::open(url).open_case(fresh_case());
  const bool file = url.starts_with("sqlite:");
  soci::session sql(file ? "sqlite3" : "postgresql", file ? url.substr(7) : url);
  for (const char* statement : {"delete from cases", "update cases set subject = 'x'", "delete from case_events",
                                "update case_events set note = 'x'"}) {
    std::string problem;
    try {
      sql << statement;
    } catch (const soci::soci_error& e) {
      problem = e.what();
    }
    EXPECT_THAT(problem, HasSubstr("cases are never")) << statement;
  }
}

}  // namespace
}  // namespace ballast::store
