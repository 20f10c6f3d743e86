// SPDX-License-Identifier: Apache-2.0
// Work on one thread, by choice: loops so small that waking other threads costs more than they save.
#pragma once

namespace ballast::base {

/// While one lives, parallel loops that its thread starts run on that thread alone. Results are the same: work is cut
/// by size, never by thread count (parallel.h). Scopes nest.
class SerialScope {
 public:
  SerialScope();
  ~SerialScope();
  SerialScope(const SerialScope&) = delete;
  SerialScope& operator=(const SerialScope&) = delete;
};

}  // namespace ballast::base
