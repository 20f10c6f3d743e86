// SPDX-License-Identifier: Apache-2.0
#include "ballast/govern/ngram_overlap.h"

#include <gmock/gmock.h>

namespace ballast::govern {
namespace {

TEST(NgramOverlap, FindsRunsOfWordsWhateverTheirCaseAndPunctuation) {
  const std::vector<std::string> learnt = {"Nothing here.",
                                           "We expect that net sales will grow by ten percent, again."};
  const std::vector<std::string> judged = {"They say: WE EXPECT that net sales will grow by nine percent",
                                           "We expect that net sales will fall by ten percent", "net sales will grow"};
  const auto shared = shared_runs(learnt, judged);
  ASSERT_EQ(shared.size(), 1u);  // eight words in a row; the second differs at the seventh, the third is too short
  EXPECT_EQ(shared[0].judged, 0u);
  EXPECT_EQ(shared[0].learnt, 1u);
  EXPECT_EQ(shared[0].words, "we expect that net sales will grow by");
  EXPECT_DOUBLE_EQ(shared[0].share, 1.0 / 5);  // twelve words have five runs of eight
  EXPECT_EQ(shared_runs(learnt, judged, 4).size(), 3u);
}

}  // namespace
}  // namespace ballast::govern
