// SPDX-License-Identifier: Apache-2.0
#include "ballast/engine/isa.h"

#include <gmock/gmock.h>

#include "ballast/base/error.h"
#include "ballast/engine/gemm.h"
#include "tests/support/engine.h"

namespace ballast::engine {
namespace {

TEST(Isa, EveryMachineHasScalarAndTheCapHolds) {
  cap_isa("scalar");
  EXPECT_EQ(isa_name(), "scalar");
  EXPECT_FALSE(has_bf16_kernel());
  cap_isa("avx2");
  EXPECT_THAT(isa_name(), ::testing::AnyOf("scalar", "avx2"));
  EXPECT_FALSE(has_bf16_kernel());
  cap_isa("avx512");
  EXPECT_THAT(isa_name(), ::testing::AnyOf("scalar", "avx2", "avx512"));
  EXPECT_FALSE(has_bf16_kernel());
  cap_isa("");
  EXPECT_EQ(isa_name(), test::levels_here().back());
}

/// What a product in f32 makes of x² − (x² rounded): zero where it rounds twice, at the scalar level, else what was
/// lost.
float lost_by_rounding() {
  const float x = 1 + 0x1p-12f;
  float c = -(x * x);
  gemm(1, 1, 1, {&x, 1, false}, {&x, 1, false}, &c, 1, true);
  return c;
}

TEST(Isa, AskingForTheLevelDoesNotLiftTheCap) {
  cap_isa("scalar");
  EXPECT_EQ(isa_name(), "scalar");
  EXPECT_EQ(lost_by_rounding(), 0.0f) << "a kernel of another level ran";
  cap_isa("avx2");
  if (isa_name() == "avx2") {
    EXPECT_EQ(lost_by_rounding(), 0x1p-24f);
  }
  cap_isa("");
}

TEST(Isa, UnknownLevelIsAUsageErrorThatNamesTheLevels) {
  const std::string before = isa_name();
  try {
    cap_isa("sse9");
    FAIL() << "an unknown level was taken";
  } catch (const base::Error& e) {
    EXPECT_EQ(e.code(), base::ErrorCode::usage);
    EXPECT_EQ(e.problem(), "unknown instruction set \"sse9\"");
    EXPECT_EQ(e.hint(), "one of scalar, avx2, avx512, avx512_bf16");
  }
  EXPECT_EQ(isa_name(), before);
}

}  // namespace
}  // namespace ballast::engine
