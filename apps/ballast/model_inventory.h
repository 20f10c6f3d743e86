// SPDX-License-Identifier: Apache-2.0
// `ballast model list|register|promote|retire`: the inventory of models.
#pragma once

#include <string>
#include <vector>

#include "ballast/govern/inventory.h"
#include "verb.h"

namespace ballast::apps {

void add_model_list(CLI::App& model, Common& common);
void add_model_register(CLI::App& model, Common& common);
void add_model_promote(CLI::App& model, Common& common);
void add_model_retire(CLI::App& model, Common& common);

/// What register and promote say about a model; what is not said stays as it was.
struct InventoryArguments {
  std::string model, purpose, owner, tier, note;
  std::vector<std::string> limits, evidence;
};
void add_inventory_options(CLI::App& verb, InventoryArguments& arguments);

/// The model's record in the store, or a fresh one, with the arguments put in. Throws usage for a limit that is none.
store::ModelRecord inventory_record(store::Work& work, const govern::ModelFacts& facts,
                                    const InventoryArguments& arguments);

/// Who acts: the system's user, as the audit trail names him.
std::string inventory_actor();

}  // namespace ballast::apps
