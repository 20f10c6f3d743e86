// SPDX-License-Identifier: Apache-2.0
// A challenger beside the model in charge: its answers to the same cases, which nobody acts on.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "ballast/decide/decision.h"
#include "ballast/serve/shadow.h"
#include "verb.h"

namespace ballast::apps {

struct Shadows {
  std::vector<decide::Decision> made;  // kind "shadow", signed; not kept yet
  std::int64_t otherwise = 0;          // of these: with another probability than the model in charge gave
  std::int64_t refused = 0, erased = 0;
};

/// The challenger's answers to decisions of its desk; those it cannot answer are counted, the first is said. Throws
/// unsupported where the model takes no such decisions.
Shadows shadow_decisions(std::span<const decide::Decision> decisions, const std::string& challenger,
                         const Common& common);

/// Challengers for the service. Throws what opening a model throws, and unsupported where the service takes no
/// decisions of the model's kind.
std::vector<serve::ShadowModel> open_shadows(const std::vector<std::string>& folders);

}  // namespace ballast::apps
