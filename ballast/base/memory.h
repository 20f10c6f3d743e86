// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace ballast::base {

/// Peak resident memory of this process in bytes (getrusage).
std::int64_t peak_memory_bytes();

}  // namespace ballast::base
