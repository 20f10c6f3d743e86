// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/operations_log_windows.h"

#include <gmock/gmock.h>

#include "ballast/base/random.h"
#include "tests/support/errors.h"
#include "tests/support/scratch.h"

namespace ballast::risk {
namespace {

using ::testing::HasSubstr;

TEST(LogWindows, LabelAndHeaderAreCutOff) {
  LogWindowOptions options;
  options.label_field = 1;
  const LabelledLine normal = cut_log_line("- 2024-05-01 10:00:01 INFO job 7 started", options);
  EXPECT_EQ(normal.content, "job 7 started");
  EXPECT_FALSE(normal.alert);
  EXPECT_TRUE(cut_log_line("KERNDTLB 2024-05-01 10:00:01 FATAL data TLB error", options).alert);
  options.label_field = 3;
  options.whole_lines = true;
  const LabelledLine third = cut_log_line("a b bad rest of it", options);
  EXPECT_EQ(third.content, "a b rest of it");
  EXPECT_TRUE(third.alert);
  EXPECT_THAT(test::problem_of([&] { cut_log_line("a b", options); }), HasSubstr("has no field 3"));
}

TEST(LogWindows, NewMessagesAreStrangeAndTheModelReadsBack) {
  base::Random random(3);
  std::vector<LabelledLine> lines;
  for (int i = 0; i < 600; ++i) {
    const int n = static_cast<int>(random.below(90)) + 10;
    const char* kinds[] = {"job {} started", "read {} bytes", "cache miss for key {}"};
    std::string text = kinds[random.below(3)];
    text.replace(text.find("{}"), 2, std::to_string(n));
    lines.push_back({text, false});
  }
  lines[5] = {"kernel panic", true};  // its window teaches nothing
  LogWindowOptions options;
  options.window = 6;
  SessionOptions sessions;
  sessions.epochs = 2;
  sessions.width = 16;
  sessions.layers = 1;
  const LogWindowModel model = LogWindowModel::train(lines, options, sessions);
  EXPECT_EQ(model.normal_windows(), 99);
  EXPECT_EQ(model.alert_windows(), 1);
  EXPECT_EQ(model.event_of("job 99 started"), model.event_of("job 11 started"));
  EXPECT_EQ(model.event_of("an unheard of message"), "0");
  const test::ScratchFolder scratch;
  model.save(scratch / "m");
  const LogWindowModel again = LogWindowModel::load(scratch / "m");
  Session usual, strange;
  for (int i = 0; i < 6; ++i) usual.push_back(model.event_of(lines[static_cast<std::size_t>(i) + 60].content));
  strange = usual;
  strange[3] = "0";
  const auto a = model.sessions().score(std::vector<Session>{usual, strange});
  const auto b = again.sessions().score(std::vector<Session>{usual, strange});
  EXPECT_EQ(a[0].score, b[0].score);
  EXPECT_EQ(a[1].score, b[1].score);
  EXPECT_GT(a[1].score, a[0].score);
  EXPECT_EQ(a[1].step, 4);
  EXPECT_THAT(again.template_of("0"), HasSubstr("no template"));
}

TEST(LogWindows, TooLittle) {
  const std::vector<LabelledLine> lines(50, {"the same", false});
  EXPECT_THAT(test::problem_of([&] { LogWindowModel::train(lines, {}); }), HasSubstr("distinct sessions are too few"));
  EXPECT_THAT(test::problem_of([&] { LogWindowModel::train(std::span(lines).subspan(0, 3), {}); }),
              HasSubstr("no normal window"));
  EXPECT_THAT(test::problem_of([] { LogWindowModel::load("nowhere"); }), HasSubstr("holds no model of log windows"));
}

}  // namespace
}  // namespace ballast::risk
