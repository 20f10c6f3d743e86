// SPDX-License-Identifier: Apache-2.0
// What makes a decision repeatable: who made it (program, instruction set) and, for each kind of decision, the function
// that makes it again.
#pragma once

#include <functional>
#include <string>

#include "ballast/decide/decision.h"

namespace ballast::apps {

/// "0.1.0+" and the first twelve hexadecimal digits of the program's own SHA-256.
std::string build_name();

/// Fills in build, isa and peak memory.
void sign(decide::Decision& decision);

/// Makes a decision of one kind again, from its inputs, model, policy and seed.
using Replay = std::function<decide::Decision(const decide::Decision& was)>;

/// Each desk names its kinds here, in its own file; replay and explain look them up.
void add_replay(const std::string& kind, Replay replay);
/// Throws unsupported for a kind that nobody has added.
const Replay& replay_of(const std::string& kind);

}  // namespace ballast::apps
