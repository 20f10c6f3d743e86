// SPDX-License-Identifier: Apache-2.0
// Which instruction sets the kernels use. BALLAST_ISA (scalar, avx2, avx512, avx512_bf16) caps the level, so that every
// path can be tested on one machine.
#pragma once

#include <string>

namespace ballast::engine {

/// The level in use, stored with every decision: "avx512_bf16", "avx512", "avx2" or "scalar".
std::string isa_name();

/// True where bf16 dot products run in hardware at the level in use.
bool has_bf16_kernel();

/// True where products of bytes are summed by one instruction at the level in use; the bits are the same without.
bool has_vnni_kernel();

/// Caps the level from now on, as BALLAST_ISA does at start. "" removes the cap. Throws usage for an unknown name.
/// Not while other threads compute.
void cap_isa(const std::string& level);

}  // namespace ballast::engine
