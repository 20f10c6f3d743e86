// SPDX-License-Identifier: Apache-2.0
// Who is advised: answers to an open questionnaire come in, a risk profile with its limits goes out. Every point can be
// looked up, and the lowest of capacity, tolerance and horizon decides.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ballast::decide {

enum class Language { en, zh };

struct Answer {
  std::string key;
  int points = 0;  // 0 to 4
  std::string en, zh;
};
struct Question {
  std::string id, dimension;  // capacity, tolerance, horizon, liquidity
  std::string en, zh;
  std::vector<Answer> answers;
};
const std::vector<Question>& questionnaire();

/// Shares of the highest points, in percent, rounded half-even.
struct ProfileScores {
  int capacity = 0, tolerance = 0, horizon = 0, liquidity = 0;
  int level = 0;  // 1 defensive … 5 dynamic; 0: securities are not advised
};

/// Shares of the portfolio's value; losses are positive.
struct ProfileLimits {
  double volatility = 0;   // a year
  double cvar = 0;         // 95 %, one day
  double crisis_loss = 0;  // worst fall in the crises of 2008 and 2020
  double position = 0;     // largest single one
  double cash = 0;         // least
  std::vector<std::string> excluded;
  std::map<std::string, double> classes;  // largest share of a class
};

struct ClientProfile {
  std::string client;
  std::map<std::string, std::string> answers;
  ProfileScores scores;
  ProfileLimits limits;
  std::string text, hash;  // the file and its SHA-256
};

inline constexpr int kProfileLevels = 5;
/// "defensive", "cautious", "balanced", "growth", "dynamic"; "no securities" for 0.
std::string level_name(int level, Language language);

/// The limits that a level and the need of liquidity give.
ProfileLimits limits_of(const ProfileScores& scores, const std::string& liquidity_answer);

/// TOML with `[client] name`, `[answers]` (every question), and optionally `[limits]` (volatility, cvar, crisis_loss,
/// position, cash, excluded: tighter than those derived, never looser), `[limits.classes]`, and `[scores]`, which must
/// be those that the answers give. Throws bad_input with file, table and field.
ClientProfile parse_profile(std::string_view toml, const std::string& where);

/// The file with scores and limits written out; reads back as the same profile.
std::string profile_toml(const ClientProfile& profile);

/// A file of answers to be filled in, with the questions and their possible answers as comments.
std::string questionnaire_toml(Language language);

}  // namespace ballast::decide
