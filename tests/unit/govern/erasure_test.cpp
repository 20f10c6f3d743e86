// SPDX-License-Identifier: Apache-2.0
// A person goes out of every table and every byte of the file; the trail still verifies; the proof can be checked.
#include "ballast/govern/erasure.h"

#include <gtest/gtest.h>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/hash.h"
#include "ballast/govern/audit.h"
#include "ballast/store/work.h"
#include "tests/support/scratch.h"
#include "tests/support/store_url.h"

namespace ballast::govern {
namespace {

constexpr const char* kName = "Wilhelmina Quist";

class ErasureTest : public ::testing::Test {
 protected:
  ErasureTest() : url_(test::store_url(scratch_)), store_(store::Store::open(url_)) {}

  void put_document(const std::string& id, const std::string& text) {
    store::AssessedDocument one;
    one.document = {id, "file.csv", 2, "About " + text, text, "en", "", base::sha256_hex(text), "2026-01-01T00:00:00Z"};
    one.assessment = {id, "risk@1", "neutral", 0.9, 0, 0.9, "{}", "2026-01-01T00:00:00Z"};
    store::SignalRecord signal;
    signal.id = store::signal_id(id, "credit", "risk@1");
    signal.document_id = id;
    signal.risk = "credit";
    signal.entities = R"([{"text":")" + text + R"("}])";
    signal.evidence = R"([{"text":")" + text + R"(","start":0,"end":1,"weight":1.0}])";
    signal.model = "risk@1";
    signal.created_at = "2026-01-01T00:00:00Z";
    one.signals = {signal};
    one.entities = {{text, "person", 0, 1, text}};
    store_.put_assessed({&one, 1});
  }
  void put_decision(const std::string& id, const std::string& inputs) {
    store::DecisionRecord d;
    d.id = id;
    d.kind = "credit";
    d.subject = std::string("application of ") + kName;
    d.inputs = inputs;
    d.inputs_hash = base::sha256_hex(inputs);
    d.result = std::string(R"({"outcome":"approve","reasons":[{"text":")") + kName + R"( pays"}]})";
    d.cost = "{}";
    d.created_at = "2026-01-01T00:00:00Z";
    store_.put_decisions({&d, 1});
  }
  /// On PostgreSQL a copy of all rows is searched, since its files are not ours.
  bool file_holds(const std::string& text) {
    const bool own = url_.starts_with("sqlite:");
    const std::filesystem::path file = own ? url_.substr(7) : (scratch_ / "copy.db").string();
    if (!own) store::Work(store_).backup(file);
    for (const char* end : {"", "-wal", "-shm"}) {
      const std::string path = file.string() + end;
      if (std::filesystem::exists(path) && base::read_file(path).find(text) != std::string::npos) return true;
    }
    return false;
  }

  test::ScratchFolder scratch_;
  std::string url_;
  store::Store store_;
};

TEST_F(ErasureTest, NothingOfThePersonIsLeftAndTheTrailHolds) {
  put_document("d1", std::string("The account of ") + kName + " is frozen");
  put_document("d1", std::string("The account of ") + kName + " is open again");  // the first goes into the past
  put_document("d2", "The bank is fine");
  put_decision("c1", std::string(R"({"name":")") + kName + R"("})");
  put_decision("c2", R"({"name":"somebody else"})");
  ASSERT_TRUE(verify_audit(store_).intact());
  ASSERT_TRUE(file_holds("Quist"));

  const auto key = scratch_.path() / "key";
  make_signing_key(key);
  const Person person({kName});
  const base::Json proof = erase_person(store_, person, "auditor", key);

  EXPECT_FALSE(file_holds("Quist"));
  EXPECT_TRUE(store::Erasure(store_).find(person.rules()).empty());
  const AuditReport report = verify_audit(store_);
  EXPECT_TRUE(report.intact()) << (report.faults.empty() ? "" : report.faults[0].what);
  EXPECT_EQ(store_.find_document("d1")->text, "");
  EXPECT_EQ(store_.find_document("d2")->text, "The bank is fine");
  EXPECT_EQ(store_.find_decision("c1")->inputs, "");
  EXPECT_EQ(store_.find_decision("c1")->subject, "application of [erased]");
  EXPECT_EQ(proof.at("left"), 0);
  EXPECT_TRUE(proof.at("kept").empty());
  EXPECT_EQ(proof.dump().find("Quist"), std::string::npos);

  const ProofCheck check = check_proof(proof, store_);
  EXPECT_TRUE(check.is_signed && check.signature_holds && check.entry_holds);
  base::Json forged = proof;
  forged["erased"] = base::Json::array();
  EXPECT_FALSE(check_proof(forged, store_).signature_holds);
  forged = proof;
  forged["audit_entry"] = 1;
  EXPECT_FALSE(check_proof(forged, store_).entry_holds);
}

TEST_F(ErasureTest, WhatIsNeverChangedIsNamed) {
  store::CaseRecord opened;
  opened.id = "case1";
  opened.kind = "fraud";
  opened.subject = "t1";
  opened.created_at = "2026-01-01T00:00:00Z";
  opened.events = {{1, "open", "me", std::string("called ") + kName, "2026-01-01T00:00:00Z"}};
  store_.open_case(opened);
  put_document("d1", kName);
  const base::Json proof = erase_person(store_, Person({kName}), "me", "");
  ASSERT_EQ(proof.at("kept").size(), 1u);
  EXPECT_EQ(proof.at("kept")[0].at("table"), "case_events");
  EXPECT_EQ(proof.at("left"), 0);
  EXPECT_FALSE(proof.contains("signature"));
  EXPECT_TRUE(verify_audit(store_).intact());
}

TEST_F(ErasureTest, APersonNobodyMentionsLeavesTheStoreAsItWas) {
  put_document("d2", "The bank is fine");
  const auto before = store::Audit(store_).head();
  const base::Json proof = erase_person(store_, Person({"Nobody Here"}), "me", "");
  EXPECT_EQ(proof.at("audit_entry"), 0);
  EXPECT_EQ(store::Audit(store_).head().hash, before.hash);
}

TEST(PersonTest, WholeWordsInAnyCaseAndNumbersWithSpaces) {
  const Person ann({"Ann Lee", "13800138000", "王芳"});
  EXPECT_EQ(ann.without("ANN LEE called; Ann Leeson did not"), "[erased] called; Ann Leeson did not");
  EXPECT_EQ(ann.without("on 138-0013 8000 twice"), "on [erased] twice");
  EXPECT_EQ(ann.without("2138001380001"), "2138001380001");
  EXPECT_EQ(ann.without("客户王芳的账户"), "客户[erased]的账户");
  EXPECT_THROW(Person({"Al"}), base::Error);
  EXPECT_THROW(Person(std::vector<std::string>{}), base::Error);
}

}  // namespace
}  // namespace ballast::govern
