// SPDX-License-Identifier: Apache-2.0
// A challenger in shadow, as the service asks it: it answers what the model in charge has answered, and nobody acts on
// it. Which model answers which kind of question only the program knows: so it is the program that brings it.
#pragma once

#include <functional>
#include <string>

#include "ballast/decide/decision.h"

namespace ballast::serve {

struct ShadowModel {
  std::string name, sha256;
  std::string kind;  // of the decisions that it answers too: credit, transaction, customer
  /// Its answer to a decision that is stored: a decision of kind "shadow", signed and not kept yet. Throws what
  /// answering throws. Called from one thread.
  std::function<decide::Decision(const decide::Decision& was)> answer;
};

}  // namespace ballast::serve
