// SPDX-License-Identifier: Apache-2.0
#include "ballast/engine/block_panels.h"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>

#include "ballast/base/error.h"
#include "tests/support/engine.h"

namespace ballast::engine {
namespace {

/// n rows of k/32 random blocks with scales near 0.001.
std::vector<std::byte> random_blocks(std::int64_t k, std::int64_t n, Precision p) {
  base::Random random(31);
  const auto block = static_cast<std::size_t>(ByteLayout(k, p).block_bytes());
  std::vector<std::byte> blocks(static_cast<std::size_t>(n * k / 32) * block);
  for (std::byte& b : blocks) b = static_cast<std::byte>(random.below(256));
  for (std::size_t i = 1; i < blocks.size(); i += block) blocks[i] = std::byte{0x14};
  return blocks;
}

std::vector<float> product_with(const PackedMatrix& b, const std::vector<float>& a, std::int64_t m) {
  std::vector<float> c(static_cast<std::size_t>(m * b.n()));
  gemm(m, {a.data(), b.k()}, b, c.data(), b.n(), false);
  return c;
}

class BorrowedBlocks : public test::IsaLevel {};
INSTANTIATE_TEST_SUITE_P(Level, BorrowedBlocks, test::all_levels(), test::level_name);

TEST_P(BorrowedBlocks, EveryLevelMakesThePanelsOfThePlainOne) {
  constexpr std::int64_t kDepth = 96, kColumns = 32 * 2 + 21;
  for (const Precision p : {Precision::q8, Precision::q4}) {
    const auto blocks = random_blocks(kDepth, kColumns, p);
    const PackedMatrix here = pack_blocks(blocks, kDepth, kColumns, p);
    cap_isa("scalar");
    const PackedMatrix plain = pack_blocks(blocks, kDepth, kColumns, p);
    cap_isa(GetParam());
    EXPECT_EQ(std::memcmp(here.panels(), plain.panels(), quantised_bytes(kDepth, kColumns, p)), 0);
  }
}

// Before and after the panels are laid out for good: 50 products are more than any matrix waits.
TEST_P(BorrowedBlocks, ProductsAreThoseOfThePanelsAtAnyTime) {
  constexpr std::int64_t kDepth = 32 * 40, kColumns = 70;
  for (const Precision p : {Precision::q8, Precision::q4}) {
    const auto blocks = random_blocks(kDepth, kColumns, p);
    const PackedMatrix packed = pack_blocks(blocks, kDepth, kColumns, p);
    const PackedMatrix borrowed = borrow_blocks({blocks, nullptr, "a file"}, kDepth, kColumns, p);
    EXPECT_EQ(borrowed.blocks()->ready(), nullptr);
    for (int i = 0; i < 50; ++i) {
      const std::int64_t m = std::int64_t{i} % 3 == 0 ? 140 : 1 + i % 9;
      const std::vector<float> a = test::normals(m * kDepth, static_cast<std::uint64_t>(i));
      ASSERT_TRUE(test::same_bits(product_with(borrowed, a, m), product_with(packed, a, m))) << i;
    }
    EXPECT_NE(borrowed.blocks()->ready(), nullptr);
  }
}

TEST(BorrowedBlocks, SeveralThreadsMayUseOneMatrix) {
  constexpr std::int64_t kDepth = 256, kColumns = 96, kRowsHere = 3;
  const auto blocks = random_blocks(kDepth, kColumns, Precision::q8);
  const std::vector<float> a = test::normals(kRowsHere * kDepth, 5);
  const std::vector<float> expected = product_with(pack_blocks(blocks, kDepth, kColumns, Precision::q8), a, kRowsHere);
  const PackedMatrix borrowed = borrow_blocks({blocks, nullptr, "a file"}, kDepth, kColumns, Precision::q8);
  std::atomic<int> wrong = 0;
  std::vector<std::thread> users;
  for (int t = 0; t < 4; ++t) {
    users.emplace_back([&] {
      for (int i = 0; i < 20; ++i) wrong += test::same_bits(product_with(borrowed, a, kRowsHere), expected) ? 0 : 1;
    });
  }
  for (std::thread& t : users) t.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_NE(borrowed.blocks()->ready(), nullptr);
}

// Heads of four rows: in the file they alternate between the halves (0 2 1 3 of ours).
TEST(BorrowedBlocks, RowsOfAHeadAreTakenInOrder) {
  const auto blocks = random_blocks(32, 8, Precision::q8);
  std::vector<std::byte> ordered;
  for (const std::ptrdiff_t row : {0, 2, 1, 3, 4, 6, 5, 7}) {
    ordered.insert(ordered.end(), blocks.begin() + row * 34, blocks.begin() + (row + 1) * 34);
  }
  const std::vector<float> a = test::normals(32, 6);
  EXPECT_TRUE(test::same_bits(product_with(borrow_blocks({blocks, nullptr, "a file", 4}, 32, 8, Precision::q8), a, 1),
                              product_with(pack_blocks(ordered, 32, 8, Precision::q8), a, 1)));
}

TEST(BorrowedBlocks, AScaleThatIsNotFiniteIsRefusedByTheProduct) {
  for (const std::size_t column : {0, 47, 49}) {
    auto blocks = random_blocks(64, 50, Precision::q8);
    blocks[column * 68 + 34 + 1] = std::byte{0x7c};  // infinity, in the column's second block
    const PackedMatrix borrowed = borrow_blocks({blocks, nullptr, "a file"}, 64, 50, Precision::q8);
    const std::vector<float> a = test::normals(64, 6);
    try {
      product_with(borrowed, a, 1);
      FAIL() << "was accepted";
    } catch (const base::Error& e) {
      EXPECT_EQ(e.code(), base::ErrorCode::bad_input);
      EXPECT_EQ(e.where(), "a file");
    }
  }
}

}  // namespace
}  // namespace ballast::engine
