// SPDX-License-Identifier: Apache-2.0
#include "ballast/govern/membership.h"

#include <gtest/gtest.h>

#include "ballast/base/error.h"

namespace ballast::govern {
namespace {

TEST(MembershipTest, FiguresByHand) {
  // Of the 3 · 2 pairs the member has the lower loss in five: AUC 5/6.
  const double members[] = {0.1, 0.2, 0.6}, others[] = {0.5, 0.9};
  const MembershipAttack attack = attack_membership(members, others);
  EXPECT_NEAR(attack.auc.auc, 5.0 / 6, 1e-12);
  EXPECT_NEAR(attack.advantage, 2.0 / 3, 1e-12);  // at a limit of 0.2: two of three against none
  EXPECT_NEAR(attack.member_loss, 0.3, 1e-12);
  for (const CaughtAt& c : attack.caught) EXPECT_NEAR(c.caught, 2.0 / 3, 1e-12);
}

TEST(MembershipTest, AModelThatTellsNothing) {
  const double same[] = {1, 2, 3, 4};
  const MembershipAttack attack = attack_membership(same, same);
  EXPECT_NEAR(attack.auc.auc, 0.5, 1e-12);
  EXPECT_EQ(attack.advantage, 0);
  EXPECT_THROW(attack_membership(same, {}), base::Error);
}

}  // namespace
}  // namespace ballast::govern
