// SPDX-License-Identifier: Apache-2.0
// Sums and best paths of a chain against all legal paths written out one by one.
#include "ballast/lm/tagger/chain.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "ballast/base/random.h"

namespace ballast::lm {
namespace {

constexpr int kLabels = 2, kTags = tag_count(kLabels);
constexpr std::size_t kUnits = 4;

struct Path {
  std::vector<int> tags;
  double score = 0;
};

class ChainTest : public ::testing::Test {
 protected:
  ChainTest() {
    base::Random random(3);
    for (std::size_t i = 0; i < kUnits * kTags; ++i) emission_.push_back(random.normal());
    for (int i = 0; i < kTags * kTags; ++i) transition_.push_back(random.normal());
    std::vector<int> tags(kUnits, 0);
    for (int code = 0; code < kTags * kTags * kTags * kTags; ++code) {
      bool fine = true;
      int rest = code, from = -1;
      double score = 0;
      for (std::size_t u = 0; u < kUnits; ++u, rest /= kTags) {
        tags[u] = rest % kTags;
        fine = fine && legal(from, tags[u]);
        score += emission_[u * kTags + static_cast<std::size_t>(tags[u])];
        if (u > 0) score += transition_[static_cast<std::size_t>(from * kTags + tags[u])];
        from = tags[u];
      }
      if (fine) paths_.push_back({tags, score});
    }
  }
  Chain chain() const { return {emission_, transition_, kTags}; }
  double total() const {
    double sum = 0;
    for (const Path& p : paths_) sum += std::exp(p.score);
    return std::log(sum);
  }
  std::vector<double> emission_, transition_;
  std::vector<Path> paths_;
};

TEST_F(ChainTest, SumsRunOverTheLegalPathsAlone) {
  EXPECT_NEAR(chain_sums(chain()).total, total(), 1e-9);
}

TEST_F(ChainTest, SpanProbabilityIsThatOfThePathsWithExactlyThisSpan) {
  const ChainSums sums = chain_sums(chain());
  for (const UnitSpan span : {UnitSpan{0, 1, 0}, UnitSpan{1, 3, 1}, UnitSpan{2, 4, 0}, UnitSpan{0, 4, 1}}) {
    double with = 0;
    for (const Path& p : paths_) {
      for (const UnitSpan& s : spans_of(p.tags)) {
        if (s == span) with += std::exp(p.score);
      }
    }
    EXPECT_NEAR(span_log_probability(chain(), sums, span), std::log(with) - total(), 1e-9) << span.begin;
  }
}

TEST_F(ChainTest, BestPathIsTheBestOfAll) {
  const Path* best = nullptr;
  for (const Path& p : paths_) {
    if (best == nullptr || p.score > best->score) best = &p;
  }
  EXPECT_EQ(best_path(chain()), best->tags);
}

TEST_F(ChainTest, SomePathHoldsASpanEvenWhereNothingIsLikeliest) {
  for (std::size_t u = 0; u < kUnits; ++u) emission_[u * kTags] += 50;
  EXPECT_EQ(best_path(chain()), std::vector<int>(kUnits, 0));
  const Path* best = nullptr;
  for (Path& p : paths_) {
    for (std::size_t u = 0; u < kUnits; ++u) p.score += p.tags[u] == 0 ? 50 : 0;
    if (!spans_of(p.tags).empty() && (best == nullptr || p.score > best->score)) best = &p;
  }
  EXPECT_EQ(best_path(chain(), true), best->tags);
}

TEST(TagsTest, SpansAndTagsAreOneAnother) {
  const std::vector<UnitSpan> spans = {{0, 2, 1}, {2, 3, 1}, {5, 7, 0}};
  EXPECT_EQ(tags_of(spans, 8), (std::vector<int>{3, 4, 3, 0, 0, 1, 2, 0}));
  EXPECT_EQ(spans_of(tags_of(spans, 8)), spans);
  EXPECT_FALSE(legal(-1, inside_tag(0)));
  EXPECT_FALSE(legal(begin_tag(0), inside_tag(1)));
  EXPECT_TRUE(legal(begin_tag(1), begin_tag(1)));
}

}  // namespace
}  // namespace ballast::lm
