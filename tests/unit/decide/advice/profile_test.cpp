// SPDX-License-Identifier: Apache-2.0
// Answers to a profile by hand, and everything that a profile file may get wrong.
#include "ballast/decide/profile.h"

#include <gtest/gtest.h>

#include "tests/support/errors.h"

namespace ballast::decide {
namespace {

constexpr const char* kAnswers =
    "[client]\nname = \"A \\\"quoted\\\" name\"\n[answers]\nincome = \"secure\"\nshare = \"half\"\nreserve = \"year\"\n"
    "duties = \"some\"\nloss = \"large\"\nfall = \"hold\"\nexperience = \"shares\"\nyears = \"ten\"\ncash = "
    "\"tenth\"\n";

std::string with(const std::string& from, const std::string& to) {
  std::string text = kAnswers;
  text.replace(text.find(from), from.size(), to);
  return text;
}

std::string problem(const std::string& text) {
  return test::problem_of([&] { parse_profile(text, "p.toml"); });
}

TEST(Profile, ScoresByHand) {
  const ClientProfile p = parse_profile(kAnswers, "p.toml");
  EXPECT_EQ(p.client, "A \"quoted\" name");
  EXPECT_EQ(p.scores.capacity, 69);   // 4 + 2 + 3 + 2 of 16
  EXPECT_EQ(p.scores.tolerance, 75);  // 3 + 3 + 3 of 12
  EXPECT_EQ(p.scores.horizon, 75);    // 3 of 4
  EXPECT_EQ(p.scores.liquidity, 75);  // 3 of 4
  EXPECT_EQ(p.scores.level, 4);       // the lowest, 69, lies in 60 … 79
  EXPECT_DOUBLE_EQ(p.limits.volatility, 0.16);
  EXPECT_DOUBLE_EQ(p.limits.cash, 0.1);
  EXPECT_EQ(level_name(p.scores.level, Language::en), "growth");
  EXPECT_EQ(level_name(p.scores.level, Language::zh), "成长型");
}

TEST(Profile, TheLowestScoreDecidesAndSomeAnswersForbid) {
  EXPECT_EQ(parse_profile(with("years = \"ten\"", "years = \"three\""), "p").scores.level, 2);  // 25
  EXPECT_EQ(parse_profile(with("years = \"ten\"", "years = \"year\""), "p").scores.level, 0);
  const ClientProfile none = parse_profile(with("loss = \"large\"", "loss = \"none\""), "p");
  EXPECT_EQ(none.scores.level, 0);
  EXPECT_DOUBLE_EQ(none.limits.cash, 1);
  EXPECT_DOUBLE_EQ(none.limits.position, 0);
}

TEST(Profile, EveryLevelAllowsMoreThanTheOneBelow) {
  for (int level = 1; level < kProfileLevels; ++level) {
    const ProfileLimits low = limits_of({0, 0, 0, 0, level}, "none"), high = limits_of({0, 0, 0, 0, level + 1}, "none");
    EXPECT_LT(low.volatility, high.volatility);
    EXPECT_LT(low.cvar, high.cvar);
    EXPECT_LT(low.crisis_loss, high.crisis_loss);
    EXPECT_LT(low.position, high.position);
  }
}

TEST(Profile, WrittenFileReadsBackTheSame) {
  const ClientProfile p = parse_profile(
      std::string(kAnswers) + "[limits]\nposition = 0.1\nexcluded = [\"XOM\"]\n[limits.classes]\nbank = 0.2\n", "p");
  const std::string text = profile_toml(p);
  const ClientProfile again = parse_profile(text, "again");
  EXPECT_EQ(again.client, p.client);
  EXPECT_EQ(again.answers, p.answers);
  EXPECT_EQ(again.scores.level, p.scores.level);
  EXPECT_EQ(again.limits.excluded, std::vector<std::string>{"XOM"});
  EXPECT_DOUBLE_EQ(again.limits.position, 0.1);
  EXPECT_DOUBLE_EQ(again.limits.classes.at("bank"), 0.2);
  EXPECT_EQ(profile_toml(again), text);
}

TEST(Profile, NamesWhatIsWrong) {
  EXPECT_EQ(problem(with("fall = \"hold\"", "fall = \"cry\"")),
            "p.toml, answers: answer \"cry\" to \"fall\" is unknown (one of sell, reduce, hold, buy)");
  EXPECT_EQ(problem(with("fall = \"hold\"", "")),
            "p.toml, answers: field \"fall\" is missing (one of sell, reduce, hold, buy)");
  EXPECT_EQ(problem(with("fall = \"hold\"", "fall = 3")),
            "p.toml, answers: field \"fall\" must be text (one of sell, reduce, hold, buy)");
  EXPECT_EQ(problem(with("fall = ", "falls = ")),
            "p.toml, answers: question \"falls\" is unknown (the nearest is fall)");
  EXPECT_EQ(problem(std::string(kAnswers) + "[limit]\n"), "p.toml: field \"limit\" is unknown (the nearest is limits)");
  EXPECT_EQ(
      problem(std::string(kAnswers) + "[limits]\nvolatility = 0.2\n"),
      "p.toml, limits: field \"volatility\" is looser than the profile allows, 0.16 (limits may be tightened only)");
  EXPECT_EQ(problem(std::string(kAnswers) + "[limits]\ncash = 0.05\n"),
            "p.toml, limits: field \"cash\" is looser than the profile allows, 0.1 (limits may be tightened only)");
  EXPECT_EQ(problem(std::string(kAnswers) + "[limits]\nexcluded = \"XOM\"\n"),
            "p.toml, limits: field \"excluded\" must be a list of instruments");
  EXPECT_EQ(problem(std::string(kAnswers) + "[scores]\ncapacity = 90\n"),
            "p.toml, scores: field \"capacity\" is not what the answers give, 69 (score the answers again with `advise "
            "questionnaire --answers`)");
  EXPECT_EQ(problem(""), "p.toml: [client] is missing (`advise questionnaire` prints a file to fill in)");
  EXPECT_NE(problem("[client\n").find("p.toml:1"), std::string::npos);
}

TEST(Questionnaire, HasBothLanguagesAndDistinctKeys) {
  for (const Question& q : questionnaire()) {
    EXPECT_FALSE(q.en.empty() || q.zh.empty()) << q.id;
    EXPECT_GE(q.answers.size(), 3u) << q.id;
    EXPECT_EQ(q.answers.front().points, 0) << q.id;
    EXPECT_EQ(q.answers.back().points, 4) << q.id;
    for (const Answer& a : q.answers) EXPECT_FALSE(a.key.empty() || a.en.empty() || a.zh.empty()) << q.id;
  }
  // The printed file is complete: with the answers filled in it is a profile.
  EXPECT_EQ(problem(questionnaire_toml(Language::zh)),
            "p.toml, client: field \"name\" is empty (the client's name or number)");
}

}  // namespace
}  // namespace ballast::decide
