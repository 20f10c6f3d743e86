// SPDX-License-Identifier: Apache-2.0
// The migration that brings the inventory of models and what is left of an audit trail whose first part was archived.
#pragma once

#include <vector>

namespace ballast::store {

/// Written once and never changed: stores in the field have been through it.
std::vector<const char*> governance_tables();

}  // namespace ballast::store
