// SPDX-License-Identifier: Apache-2.0
// The migration that brings what a service needs: accounts, alerts, feedback, overrides, jobs, and the past of
// documents and signals, so that a store can say what was known on a day.
#pragma once

#include <vector>

namespace ballast::store {

/// Written once and never changed: stores in the field have been through it.
std::vector<const char*> service_tables();

}  // namespace ballast::store
