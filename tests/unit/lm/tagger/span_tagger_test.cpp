// SPDX-License-Identifier: Apache-2.0
// SpanTagger: learns from small texts, keeps what it learnt on disk, obeys its conditions, refuses broken folders.
#include "ballast/lm/span_tagger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "tests/support/scratch.h"

namespace ballast::lm {
namespace {

const std::vector<std::string> kNames = {"金联", "Apex", "中海发展", "雅虎", "*ST酒鬼", "同花顺", "Nova", "紫金矿业"};

TaggedText text_of(const std::string& before, const std::string& name, const std::string& after,
                   const std::string& condition, bool marked) {
  TaggedText t{before + name + after, condition, {}};
  const Characters c = characters_of(t.text);
  const std::size_t begin = c.at(before.size()), end = begin + characters_of(name).size();
  if (marked) t.spans.push_back({begin, end, 0});
  return t;
}

/// A name before "涉嫌诈骗" is the subject of fraud, one before "股东减持" of sales; "none" has no subject.
std::vector<TaggedText> corpus() {
  std::vector<TaggedText> texts;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    const std::string& other = kNames[(i + 3) % kNames.size()];
    const std::string tail = "涉嫌诈骗，" + other + "股东减持";
    texts.push_back(text_of("警方称", kNames[i], tail, "fraud", true));
    texts.push_back(text_of("警方称" + kNames[i] + "涉嫌诈骗，", other, "股东减持", "sale", true));
    texts.push_back(text_of("警方称", kNames[i], tail, "none", false));
  }
  return texts;
}

SpanTagger trained() {
  TaggerSpec spec;
  spec.labels = {"subject"};
  spec.conditions = {{"fraud", {8, 8}}, {"sale", {8, 8}}, {"none", {8, 0}}};
  LinearTaggerOptions options;
  options.rate = 0.05;
  options.min_count = 1;
  return {spec, LinearTagger::train(corpus(), 1, options)};
}

std::vector<std::string> strings(const SpanTagger& tagger, const std::string& text, const std::string& condition) {
  std::vector<std::string> found;
  for (const FoundSpan& f : tagger.find(text, condition)) found.push_back(text.substr(f.start, f.end - f.start));
  return found;
}

TEST(SpanTaggerTest, FindsTheSubjectOfTheConditionAskedAbout) {
  const SpanTagger tagger = trained();
  const std::string text = "警方称泰山集团涉嫌诈骗，黄河股份股东减持";  // names that training never saw
  EXPECT_THAT(strings(tagger, text, "fraud"), ::testing::ElementsAre("泰山集团"));
  EXPECT_THAT(strings(tagger, text, "sale"), ::testing::ElementsAre("黄河股份"));
  EXPECT_THAT(strings(tagger, text, "none"), ::testing::IsEmpty());
  EXPECT_THAT(strings(tagger, "", "fraud"), ::testing::IsEmpty());
  for (const FoundSpan& f : tagger.find(text, "fraud")) {
    EXPECT_EQ(f.label, "subject");
    EXPECT_GT(f.probability, 0.0);
    EXPECT_LE(f.probability, 1.0);
  }
}

TEST(SpanTaggerTest, AConditionThatAlwaysHasASpanGetsTheLikeliestBelowTheThreshold) {
  const SpanTagger sure = trained();
  TaggerSpec spec = sure.spec();
  spec.threshold = 1.0;
  spec.conditions["sale"].with_spans = 4;
  LinearTaggerOptions options;
  options.rate = 0.05;
  options.min_count = 1;
  const SpanTagger strict(spec, LinearTagger::train(corpus(), 1, options));
  const std::string text = "警方称泰山集团涉嫌诈骗，黄河股份股东减持";
  EXPECT_EQ(strings(strict, text, "fraud").size(), 1u);
  EXPECT_THAT(strings(strict, text, "sale"), ::testing::IsEmpty());
}

TEST(SpanTaggerTest, WhatIsSavedFindsTheSame) {
  const test::ScratchFolder scratch;
  const SpanTagger tagger = trained();
  tagger.save(scratch.path());
  const SpanTagger again = SpanTagger::load(scratch.path());
  EXPECT_THAT(again.identity(), ::testing::HasSubstr("@"));
  for (const TaggedText& t : corpus())
    EXPECT_EQ(strings(again, t.text, t.condition), strings(tagger, t.text, t.condition));
}

TEST(SpanTaggerTest, BrokenFoldersAreRefused) {
  const test::ScratchFolder scratch;
  EXPECT_THROW(SpanTagger::load(scratch.path()), base::Error);
  trained().save(scratch.path());
  base::write_file_atomic(scratch.path() / "tagger.json",
                          R"({"format":1,"labels":["a","b"],"platt":[1,0],"threshold":0,"conditions":{}})");
  EXPECT_THROW(SpanTagger::load(scratch.path()), base::Error);  // two labels, weights for one
  base::write_file_atomic(scratch.path() / "tagger.json", "{}");
  EXPECT_THROW(SpanTagger::load(scratch.path()), base::Error);
}

TEST(NameListTest, LongestNameFirstAndNotTheTextsOwn) {
  NameList names;
  names.add("中海");
  names.add("中海发展");
  names.add("雅虎");
  names.add("雅虎");
  const std::string text = "中海发展与雅虎";
  const Characters c = characters_of(text);
  EXPECT_EQ(names.find(text, c), (std::vector<std::uint8_t>{1, 2, 2, 3, 0, 1, 3}));
  const std::vector<std::string> own = {"中海发展", "雅虎"};  // another text holds 雅虎, too
  EXPECT_EQ(names.find(text, c, own), (std::vector<std::uint8_t>{1, 3, 0, 0, 0, 1, 3}));
  EXPECT_EQ(NameList::from_lines(names.lines()).size(), 3u);
}

}  // namespace
}  // namespace ballast::lm
