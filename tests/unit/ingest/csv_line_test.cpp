// SPDX-License-Identifier: Apache-2.0
#include "ballast/ingest/csv_line.h"

#include <gmock/gmock.h>

namespace ballast::ingest {
namespace {

using ::testing::ElementsAre;

TEST(CsvLine, Fields) {
  const auto fields = [](const char* line) { return split_csv_line(line, ',').value(); };
  EXPECT_THAT(fields("a,b,c"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(fields("a,,"), ElementsAre("a", "", ""));
  EXPECT_THAT(fields(""), ElementsAre(""));
  EXPECT_THAT(fields("\"a,b\",\"say \"\"no\"\"\",\"\""), ElementsAre("a,b", "say \"no\"", ""));
  EXPECT_THAT(fields("a \"quoted\" word,2"), ElementsAre("a \"quoted\" word", "2"));
  EXPECT_FALSE(split_csv_line("\"open,2", ','));
  EXPECT_FALSE(split_csv_line("\"a\"b,2", ','));
  EXPECT_EQ(csv_delimiter("a;b;\"c,d,e,f\""), ';');
  EXPECT_EQ(csv_delimiter("alone"), ',');
}

}  // namespace
}  // namespace ballast::ingest
