// SPDX-License-Identifier: Apache-2.0
#include "ballast/text/tokenize/token_ids.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ballast/base/error.h"
#include "ballast/text/tokenize/merge_list.h"

namespace ballast::text {
namespace {

std::vector<std::string> numbered_tokens(int count) {
  std::vector<std::string> tokens;
  for (int i = 0; i < count; ++i) tokens.push_back("token " + std::to_string(i));
  return tokens;
}

TEST(TokenIds, FindsWhatWasStoredAndNothingElse) {
  const std::vector<std::string> tokens = numbered_tokens(5000);
  for (const std::size_t expected : {std::size_t{0}, tokens.size()}) {  // growing, and made large enough
    TokenIds ids(expected);
    for (std::size_t i = 0; i < tokens.size(); ++i) ASSERT_TRUE(ids.insert(tokens[i], static_cast<std::int32_t>(i)));
    for (std::size_t i = 0; i < tokens.size(); ++i) ASSERT_EQ(ids.find(tokens[i]), static_cast<std::int32_t>(i));
    EXPECT_FALSE(ids.find("token 5000"));
    EXPECT_FALSE(ids.find("token"));
    EXPECT_FALSE(ids.contains(""));
  }
}

TEST(TokenIds, KeepsTheFirstId) {
  TokenIds ids;
  EXPECT_TRUE(ids.insert("", 7));
  EXPECT_FALSE(ids.insert("", 8));
  EXPECT_EQ(ids.find(""), 7);
}

TEST(TokenIds, FindsManyAsItFindsOne) {
  const std::vector<std::string> tokens = numbered_tokens(300);
  TokenIds ids;
  for (std::size_t i = 0; i < tokens.size(); i += 2) ids.insert(tokens[i], static_cast<std::int32_t>(i));
  for (const std::size_t count : {0, 1, 31, 32, 33, 300}) {
    const std::vector<std::string_view> asked(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(count));
    std::vector<std::optional<std::int32_t>> found(count, -5);
    ids.find_all(asked, found);
    for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(found[i], ids.find(asked[i])) << i;
  }
}

TEST(MergeList, PartsLieSideBySide) {
  MergeList merges;
  merges.push_back("a", "bc");
  merges.push_back("", "d");
  merges.push_back("银", "行");
  ASSERT_EQ(merges.size(), 3u);
  EXPECT_EQ(merges[0].left, "a");
  EXPECT_EQ(merges[0].right, "bc");
  EXPECT_EQ(merges[0].made(), "abc");
  EXPECT_EQ(merges[1].left, "");
  EXPECT_EQ(merges[1].made(), "d");
  EXPECT_EQ(merges[2].made(), "银行");
}

}  // namespace
}  // namespace ballast::text
