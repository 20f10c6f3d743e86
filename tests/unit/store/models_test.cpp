// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "ballast/base/error.h"
#include "ballast/store/audit.h"
#include "ballast/store/work.h"

namespace ballast::store {
namespace {

using ::testing::ElementsAre;

ModelRecord model_called(const std::string& hash, const std::string& purpose, const std::string& role) {
  ModelRecord m;
  m.hash = hash, m.name = "name of " + hash, m.kind = "credit", m.purpose = purpose, m.role = role;
  m.limits = m.evidence = "[]";
  m.registered_by = "ann", m.registered_at = "2026-11-22T00:00:00Z";
  return m;
}

DecisionRecord promotion_called(const std::string& id) {
  return {id, "promotion", "credit", "{}", "hash", "m", "a", "", "b", "avx2", 42, "{}", "{}", "2026-11-22T00:00:02Z"};
}

class ModelInventory : public ::testing::Test {
 protected:
  std::vector<std::string> roles() {
    std::vector<std::string> out;
    for (const ModelRecord& m : work_.models()) out.push_back(m.hash + " " + m.role);
    return out;
  }
  Store store_ = Store::open("sqlite::memory:");
  Work work_{store_};
};

TEST_F(ModelInventory, OneModelIsInChargeOfAPurpose) {
  work_.put_model(model_called("a", "credit", "candidate"), "model.register");
  work_.promote_model(model_called("a", "credit", "champion"), promotion_called("d1"));
  work_.promote_model(model_called("b", "credit", "champion"), promotion_called("d2"));
  work_.promote_model(model_called("c", "fraud", "champion"), promotion_called("d3"));
  EXPECT_THAT(roles(), ElementsAre("b champion", "a former", "c champion"));
  EXPECT_TRUE(store_.find_decision("d2").has_value());
  EXPECT_EQ(work_.find_model("a")->registered_by, "ann");
  EXPECT_FALSE(work_.find_model("z").has_value());
}

TEST_F(ModelInventory, TheDatabaseItselfRefusesASecondOneInCharge) {
  work_.put_model(model_called("a", "credit", "champion"), "model.register");
  EXPECT_THROW(work_.put_model(model_called("b", "credit", "champion"), "model.register"), base::Error);
  EXPECT_THAT(roles(), ElementsAre("a champion"));
}

TEST_F(ModelInventory, EveryStepIsEnteredInTheSameTransaction) {
  work_.put_model(model_called("a", "credit", "champion"), "model.register");
  work_.promote_model(model_called("b", "credit", "champion"), promotion_called("d1"));
  std::vector<std::string> actions;
  for (const AuditEntry& e : Audit(store_).entries(0, 10)) actions.push_back(e.action + " " + e.subject);
  EXPECT_THAT(actions, ElementsAre("model.register a", "decide d1", "model.replace a", "model.promote b"));
}

}  // namespace
}  // namespace ballast::store
