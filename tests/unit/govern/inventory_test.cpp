// SPDX-License-Identifier: Apache-2.0
#include "ballast/govern/inventory.h"

#include <gmock/gmock.h>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/hash.h"
#include "tests/support/scratch.h"

namespace ballast::govern {
namespace {

using ::testing::HasSubstr;

constexpr const char* kCustomers =
    R"({"champion":"boosted","training":{"label":"churn","seed":7},
        "candidates":[{"name":"logistic","auc":{"value":0.7},"brier":0.2},
                      {"name":"boosted","auc":{"value":0.83},"brier":0.11,"bins":[1,2]}]})";

class Inventory : public ::testing::Test {
 protected:
  Inventory() {
    std::filesystem::create_directories(folder_ / "m");
    base::write_file_atomic(folder_ / "m" / "customers.json", kCustomers);
  }
  std::string why_refused(const PromotionRequest& request) {
    try {
      promotion_decision(identify_model(folder_ / "m"), request);
    } catch (const base::Error& e) {
      return e.what();
    }
    return "";
  }
  test::ScratchFolder folder_;
};

TEST_F(Inventory, SaysWhatAFolderHolds) {
  const ModelFacts facts = identify_model(folder_ / "m");
  EXPECT_EQ(facts.kind, "customers");
  EXPECT_EQ(facts.name, "m");
  EXPECT_EQ(facts.purpose, "customers.churn");
  EXPECT_EQ(facts.hash, base::sha256_hex(kCustomers));
  EXPECT_EQ(facts.figures.at("auc.value"), 0.83);  // the champion's, not the first one's
  EXPECT_EQ(facts.figures.count("bins"), 0u);
  EXPECT_THROW(identify_model(folder_ / "nothing"), base::Error);
  EXPECT_THROW(identify_model(folder_.path()), base::Error);  // a folder without a model
}

TEST_F(Inventory, OneFileMayBeAModel) {
  base::write_file_atomic(folder_ / "x.gguf", "GGUF");
  const ModelFacts facts = identify_model(folder_ / "x.gguf");
  EXPECT_EQ(facts.kind, "language");
  EXPECT_EQ(facts.hash, base::sha256_hex("GGUF"));
  EXPECT_EQ(parts_of(facts.folder).size(), 1u);
}

TEST_F(Inventory, ALimitIsAFigureASignAndANumber) {
  EXPECT_EQ(limit_text(parse_limit("auc>=0.75")), "auc>=0.75");
  EXPECT_FALSE(parse_limit("brier<=0.2").at_least);
  for (const char* wrong : {"", "auc", "auc>0.7", ">=1", "auc>=", "auc>=x", "auc>=0.7x", "auc>=inf"}) {
    EXPECT_THROW(parse_limit(wrong), base::Error) << wrong;
  }
}

TEST_F(Inventory, APromotionKeepsItsLimitsOrIsRefused) {
  PromotionRequest request;
  request.limits = {parse_limit("auc.value>=0.8"), parse_limit("brier<=0.15")};
  const decide::Decision d = promotion_decision(identify_model(folder_ / "m"), request);
  EXPECT_EQ(d.subject, "customers.churn");
  EXPECT_EQ(d.seed, 7u);
  EXPECT_EQ(d.reasons.size(), 2u);
  request.limits.push_back(parse_limit("brier<=0.1"));
  EXPECT_THAT(why_refused(request), HasSubstr("breaches its limit brier<=0.1: its brier is 0.11"));
  request.limits = {parse_limit("accuracy>=0.9")};
  EXPECT_THAT(why_refused(request), HasSubstr("no figure \"accuracy\""));
  EXPECT_THAT(why_refused(request), HasSubstr("there are: auc.value, brier"));
}

TEST_F(Inventory, EvidenceWithAGateIsObeyed) {
  base::write_file_atomic(folder_ / "round.json", R"({"gate":{"passes":false,"reason":"no gain"}})");
  PromotionRequest request;
  request.evidence = {read_evidence(folder_ / "round.json")};
  EXPECT_THAT(why_refused(request), HasSubstr("speaks against the model: no gain"));
  base::write_file_atomic(folder_ / "plain.json", R"({"auc":0.8})");
  request.evidence = {read_evidence(folder_ / "plain.json")};
  EXPECT_EQ(why_refused(request), "");
}

TEST_F(Inventory, APromotionRepeatsUnlessTheFilesChanged) {
  PromotionRequest request;
  request.limits = {parse_limit("auc.value>=0.8")};
  request.at = "2026-11-22T00:00:00Z";
  decide::Decision d = promotion_decision(identify_model(folder_ / "m"), request);
  decide::seal(d);
  decide::Decision again = replay_promotion(d);
  decide::seal(again);
  EXPECT_TRUE(decide::differences(d, again).empty());
  base::write_file_atomic(folder_ / "m" / "customers.json", std::string(kCustomers) + " ");
  again = replay_promotion(d);
  decide::seal(again);
  EXPECT_EQ(decide::differences(d, again).front().field, "model_hash");
}

}  // namespace
}  // namespace ballast::govern
