// SPDX-License-Identifier: Apache-2.0
#include "ballast/engine/isa.h"

#include <hwy/highway.h>
#include <cstdlib>

#include "ballast/base/error.h"
#include "ballast/engine/kernels/gemm_kernels.h"
#include "ballast/engine/kernels/quantised_kernels.h"

namespace ballast::engine {
namespace {

bool g_dot_products_allowed = true;

struct ApplyEnvironment {
  ApplyEnvironment() {
    if (const char* level = std::getenv("BALLAST_ISA"); level != nullptr && *level != '\0') {
      try {
        cap_isa(level);
      } catch (const base::Error&) {
        // A wrong name must not end the process before main(): the kernels then run at the machine's own level, and
        // isa_name() says which.
      }
    }
  }
};
const ApplyEnvironment g_apply_environment;

}  // namespace

void cap_isa(const std::string& level) {
  constexpr std::int64_t kAbove512 = HWY_AVX3_DL;
  if (level.empty() || level == "avx512_bf16") {
    hwy::DisableTargets(0);
    g_dot_products_allowed = true;
  } else if (level == "avx512") {
    hwy::DisableTargets(0);
    g_dot_products_allowed = false;
  } else if (level == "avx2") {
    hwy::DisableTargets(HWY_AVX3 | kAbove512);
    g_dot_products_allowed = false;
  } else if (level == "scalar") {
    hwy::DisableTargets(HWY_AVX2 | HWY_AVX3 | kAbove512);
    g_dot_products_allowed = false;
  } else {
    throw base::Error(base::ErrorCode::usage, "unknown instruction set \"" + level + "\"", "BALLAST_ISA",
                      "one of scalar, avx2, avx512, avx512_bf16");
  }
  kernels::target_in_use();  // chosen now, by one thread: Highway does so at the next call, by way of the best level
}

bool has_bf16_kernel() {
  static const bool machine_has = kernels::bf16_kernel_compiled() && __builtin_cpu_supports("avx512bf16") &&
                                  __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  return machine_has && g_dot_products_allowed;
}

bool has_vnni_kernel() {
  static const bool machine_has =
      kernels::vnni_kernel_compiled() && __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw");
  return machine_has && g_dot_products_allowed;
}

std::string isa_name() {
  if (has_bf16_kernel()) return "avx512_bf16";
  switch (kernels::target_in_use()) {
    case HWY_AVX3:
      return "avx512";
    case HWY_AVX2:
      return "avx2";
    default:
      return "scalar";
  }
}

}  // namespace ballast::engine
