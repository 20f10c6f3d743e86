// SPDX-License-Identifier: Apache-2.0
// Ctrl-C: long loops ask interrupted() between steps and leave a resumable state behind.
#pragma once

namespace ballast::base {

/// Installs handlers for SIGINT and SIGTERM that set the flag; a second signal ends the process at once.
void watch_interrupts();
bool interrupted();

}  // namespace ballast::base
