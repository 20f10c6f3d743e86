// SPDX-License-Identifier: Apache-2.0
#include "ballast/ingest/tail.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "tests/support/errors.h"
#include "tests/support/scratch.h"

namespace ballast::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

void append(const std::filesystem::path& file, const std::string& text) {
  std::ofstream(file, std::ios::app) << text;
}
void replace(const std::filesystem::path& file, const std::string& text) {
  std::ofstream(file, std::ios::trunc) << text;
}

std::vector<std::string> lines_of(Tail& tail) {
  std::vector<std::string> lines;
  const TailSink sink = [&](const TailedLine& l) { lines.push_back(std::to_string(l.line) + " " + l.text); };
  while (tail.poll(sink)) {
  }
  return lines;
}

TEST(Tail, CompleteLinesOnly) {
  const test::ScratchFolder scratch;
  const auto log = scratch / "a.log";
  Tail tail({log.string()});
  EXPECT_THAT(lines_of(tail), IsEmpty());  // it does not exist yet
  append(log, "one\r\ntwo\nthr");
  EXPECT_THAT(lines_of(tail), ElementsAre("1 one", "2 two"));
  append(log, "ee\n");
  EXPECT_THAT(lines_of(tail), ElementsAre("3 three"));
  append(log, "last");
  EXPECT_THAT(lines_of(tail), IsEmpty());
  std::vector<std::string> rest;
  tail.finish([&](const TailedLine& l) { rest.push_back(l.text); });
  EXPECT_THAT(rest, ElementsAre("last"));
}

TEST(Tail, RotationLosesNothing) {
  const test::ScratchFolder scratch;
  const auto log = scratch / "a.log";
  std::vector<std::string> notes;
  append(log, "one\n");
  Tail tail({log.string()}, nullptr, [&](const std::string& note) { notes.push_back(note); });
  EXPECT_THAT(lines_of(tail), ElementsAre("1 one"));
  append(log, "two\nhalf");
  std::filesystem::rename(log, scratch / "a.log.1");
  append(scratch / "a.log.1", " a line\n");
  append(log, "three\n");
  EXPECT_THAT(lines_of(tail), ElementsAre("2 two", "3 half a line", "1 three"));
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_THAT(notes[0], HasSubstr("was rotated"));
}

TEST(Tail, TruncationStartsAgain) {
  const test::ScratchFolder scratch;
  const auto log = scratch / "a.log";
  append(log, "one\ntwo\n");
  Tail tail({log.string()});
  EXPECT_EQ(lines_of(tail).size(), 2u);
  replace(log, "new\n");
  EXPECT_THAT(lines_of(tail), ElementsAre("1 new"));
  // Cut short and grown again beyond the old size between two looks: the first bytes tell.
  replace(log, "other\nlines\nand more\n");
  EXPECT_THAT(lines_of(tail), ElementsAre("1 other", "2 lines", "3 and more"));
}

TEST(Tail, GoesOnFromItsState) {
  const test::ScratchFolder scratch;
  const auto log = scratch / "a.log";
  append(log, "one\ntwo\npart");
  base::Json state;
  {
    Tail tail({log.string()});
    EXPECT_EQ(lines_of(tail).size(), 2u);
    state = tail.state();
  }
  append(log, " three\nfour\n");
  std::filesystem::rename(log, scratch / "a.log.1");  // rotated while nobody watched
  append(log, "five\n");
  Tail again({log.string()}, state);
  EXPECT_THAT(lines_of(again), ElementsAre("3 part three", "4 four", "1 five"));
  Tail once_more({log.string()}, again.state());
  EXPECT_THAT(lines_of(once_more), IsEmpty());
}

TEST(Tail, FolderReadsEachFileOnce) {
  const test::ScratchFolder scratch;
  append(scratch / "a.log", "one\n");
  append(scratch / ".hidden", "no\n");
  append(scratch / "old.gz", "no\n");
  Tail tail({scratch.path().string()});
  EXPECT_THAT(lines_of(tail), ElementsAre("1 one"));
  append(scratch / "b.log", "two\n");
  EXPECT_THAT(lines_of(tail), ElementsAre("1 two"));
  std::filesystem::rename(scratch / "a.log", scratch / "a.log.1");
  append(scratch / "a.log", "three\n");
  EXPECT_THAT(lines_of(tail), ElementsAre("1 three"));  // and not a.log.1 again
  Tail again({scratch.path().string()}, tail.state());
  EXPECT_THAT(lines_of(again), IsEmpty());
}

TEST(Tail, LongLinesAreCut) {
  const test::ScratchFolder scratch;
  const auto log = scratch / "a.log";
  append(log, std::string(3 << 20, 'x') + "\nshort\n");
  Tail tail({log.string()});
  std::vector<TailedLine> lines;
  while (tail.poll([&](const TailedLine& l) { lines.push_back(l); })) {
  }
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_TRUE(lines[0].cut);
  EXPECT_EQ(lines[0].text.size(), std::size_t{1} << 20);
  EXPECT_EQ(lines[1].text, "short");
  EXPECT_EQ(lines[1].line, 2);
}

TEST(Tail, Errors) {
  const test::ScratchFolder scratch;
  EXPECT_THAT(test::problem_of([&] { Tail({(scratch / "no" / "a.log").string()}); }), HasSubstr("neither"));
  EXPECT_THAT(test::problem_of([&] { Tail({(scratch / "a.log.gz").string()}); }), HasSubstr("packed"));
  append(scratch / "a.log", "one\n");
  const base::Json damaged = {{"files", {{(scratch / "a.log").string(), {{"offset", "x"}}}}}};
  EXPECT_THAT(test::problem_of([&] { Tail({(scratch / "a.log").string()}, damaged); }), HasSubstr("offset"));
}

}  // namespace
}  // namespace ballast::ingest
