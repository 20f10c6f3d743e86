// SPDX-License-Identifier: Apache-2.0
// A decision as the store keeps it, for writes that keep more than the decision.
#pragma once

#include "ballast/decide/decision.h"
#include "ballast/store/store.h"

namespace ballast::decide {

/// Seals the decision; what comes back is what keep() would store.
store::DecisionRecord sealed_record(Decision& decision);

}  // namespace ballast::decide
