// SPDX-License-Identifier: Apache-2.0
// Does a model give away what it was trained on? The loss-threshold attack (Yeom, Giacomelli, Fredrikson & Jha 2018):
// rows on which the model loses little are taken for training rows.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "ballast/tabular/roc.h"

namespace ballast::govern {

/// What the attack catches while it accuses so small a share of the others wrongly (Carlini et al. 2022 ask for this:
/// an average hides the few who are exposed).
struct CaughtAt {
  double false_share = 0;                   // allowed
  double caught = 0;                        // share of the members
  std::array<double, 2> interval = {0, 0};  // 95 %, Wilson
};

struct MembershipAttack {
  std::int64_t members = 0, others = 0;
  double member_loss = 0, other_loss = 0;  // means
  tabular::AucEstimate auc;                // of "low loss means member"; 0.5: nothing is given away
  double advantage = 0;                    // the largest difference of the two shares caught
  std::vector<CaughtAt> caught;            // at 0.1, 1 and 10 %
};

/// Losses of rows that were trained on and of rows of the same kind that were not. Throws bad_input where one is empty
/// or a loss is no number.
MembershipAttack attack_membership(std::span<const double> members, std::span<const double> others);

}  // namespace ballast::govern
