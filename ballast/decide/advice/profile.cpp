// SPDX-License-Identifier: Apache-2.0
#include "ballast/decide/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "ballast/base/error.h"
#include "ballast/base/hash.h"
#include "ballast/ingest/record.h"
#include "ballast/risk/toml_fields.h"

namespace ballast::decide {
namespace {

using base::Error;
using base::ErrorCode;

const toml::table* table_of(const toml::table& file, std::string_view name, const std::string& where) {
  const auto node = file[name];
  if (!node) return nullptr;
  if (const toml::table* table = node.as_table()) return table;
  throw Error(ErrorCode::bad_input, "must be a table", where + ", " + std::string(name));
}

std::string text_field(const toml::table& table, std::string_view key, const std::string& where,
                       const std::string& inside, const std::string& expected) {
  const auto value = table[key].value<std::string>();
  if (value && !value->empty()) return *value;
  const char* problem = value ? "is empty" : table[key] ? "must be text" : "is missing";
  throw Error(ErrorCode::bad_input, fmt::format("field \"{}\" {}", key, problem), where + ", " + inside, expected);
}

std::vector<std::string> keys_of(const Question& question) {
  std::vector<std::string> keys;
  for (const Answer& a : question.answers) keys.push_back(a.key);
  return keys;
}

void read_answers(const toml::table& table, const std::string& where, ClientProfile& profile) {
  std::vector<std::string> ids;
  for (const Question& q : questionnaire()) ids.push_back(q.id);
  for (const auto& [key, value] : table) {
    const std::string name(key.str());
    if (std::find(ids.begin(), ids.end(), name) != ids.end()) continue;
    throw Error(ErrorCode::bad_input, "question \"" + name + "\" is unknown", where + ", answers",
                "the nearest is " + ingest::nearest_name(name, ids));
  }
  for (const Question& q : questionnaire()) {
    const auto keys = keys_of(q);
    const std::string one_of = fmt::format("one of {}", fmt::join(keys, ", "));
    const std::string answer = text_field(table, q.id, where, "answers", one_of);
    if (std::find(keys.begin(), keys.end(), answer) == keys.end()) {
      throw Error(ErrorCode::bad_input, fmt::format("answer \"{}\" to \"{}\" is unknown", answer, q.id),
                  where + ", answers", one_of);
    }
    profile.answers[q.id] = answer;
  }
}

int percent(int points, int most) {
  return static_cast<int>(std::nearbyint(100.0 * points / most));
}

int level_of(int score) {
  return std::min(kProfileLevels, 1 + score / 20);
}

ProfileScores score(const std::map<std::string, std::string>& answers) {
  std::map<std::string, std::array<int, 2>> sums;
  for (const Question& q : questionnaire()) {
    for (const Answer& a : q.answers) {
      if (a.key == answers.at(q.id)) sums[q.dimension][0] += a.points;
    }
    sums[q.dimension][1] += 4;
  }
  const auto of = [&](const char* dimension) { return percent(sums[dimension][0], sums[dimension][1]); };
  ProfileScores s{of("capacity"), of("tolerance"), of("horizon"), of("liquidity"), 0};
  // Money that is needed within a year, or may not shrink, does not belong into securities.
  if (answers.at("years") == "year" || answers.at("loss") == "none") return s;
  s.level = std::min({level_of(s.capacity), level_of(s.tolerance), level_of(s.horizon)});
  return s;
}

void check_scores(const toml::table& table, const ProfileScores& s, const std::string& where) {
  const std::pair<const char*, int> fields[] = {{"capacity", s.capacity},
                                                {"tolerance", s.tolerance},
                                                {"horizon", s.horizon},
                                                {"liquidity", s.liquidity},
                                                {"level", s.level}};
  risk::refuse_unknown(table, {"capacity", "tolerance", "horizon", "liquidity", "level", "name"}, where, "scores");
  for (const auto& [name, value] : fields) {
    const auto given = table[name].value<std::int64_t>();
    if (!table[name] || (given && *given == value)) continue;
    throw Error(ErrorCode::bad_input, fmt::format("field \"{}\" is not what the answers give, {}", name, value),
                where + ", scores", "score the answers again with `advise questionnaire --answers`");
  }
}

/// A limit of the file, which may only be on the safe side of the derived one.
void tighten(const toml::table& table, const char* key, double& limit, bool lower_is_tighter,
             const std::string& where) {
  const double given = risk::number_field(table, key, limit, 0, 1, where, "limits");
  if (lower_is_tighter ? given > limit : given < limit) {
    throw Error(ErrorCode::bad_input, fmt::format("field \"{}\" is looser than the profile allows, {:.6g}", key, limit),
                where + ", limits", "limits may be tightened only");
  }
  limit = given;
}

void read_limits(const toml::table& table, const std::string& where, ProfileLimits& limits) {
  risk::refuse_unknown(table, {"volatility", "cvar", "crisis_loss", "position", "cash", "excluded", "classes"}, where,
                       "limits");
  tighten(table, "volatility", limits.volatility, true, where);
  tighten(table, "cvar", limits.cvar, true, where);
  tighten(table, "crisis_loss", limits.crisis_loss, true, where);
  tighten(table, "position", limits.position, true, where);
  tighten(table, "cash", limits.cash, false, where);
  if (const auto node = table["excluded"]) {
    const toml::array* list = node.as_array();
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
      if (const auto name = list->get(i)->value<std::string>()) limits.excluded.push_back(*name);
    }
    if (list == nullptr || limits.excluded.size() != list->size()) {
      throw Error(ErrorCode::bad_input, "field \"excluded\" must be a list of instruments", where + ", limits");
    }
  }
  if (const toml::table* classes = table_of(table, "classes", where + ", limits")) {
    for (const auto& [key, value] : *classes) {
      limits.classes[std::string(key.str())] =
          risk::number_field(*classes, key.str(), 1, 0, 1, where, "limits.classes");
    }
  }
}

}  // namespace

ClientProfile parse_profile(std::string_view text, const std::string& where) {
  const toml::table file = risk::parse_toml(text, where);
  risk::refuse_unknown(file, {"client", "answers", "scores", "limits"}, where, "");
  ClientProfile profile;
  profile.text = std::string(text);
  profile.hash = base::sha256_hex(text);
  const toml::table* client = table_of(file, "client", where);
  const toml::table* answers = table_of(file, "answers", where);
  if (client == nullptr || answers == nullptr) {
    throw Error(ErrorCode::bad_input, fmt::format("[{}] is missing", client == nullptr ? "client" : "answers"), where,
                "`advise questionnaire` prints a file to fill in");
  }
  risk::refuse_unknown(*client, {"name"}, where, "client");
  profile.client = text_field(*client, "name", where, "client", "the client's name or number");
  read_answers(*answers, where, profile);
  profile.scores = score(profile.answers);
  profile.limits = limits_of(profile.scores, profile.answers.at("cash"));
  if (const toml::table* scores = table_of(file, "scores", where)) check_scores(*scores, profile.scores, where);
  if (const toml::table* limits = table_of(file, "limits", where)) read_limits(*limits, where, profile.limits);
  return profile;
}

std::string profile_toml(const ClientProfile& p) {
  const auto quoted = [](const std::string& s) {
    std::string out(1, '"');
    for (const char c : s) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
    return out;
  };
  std::string out = fmt::format("[client]\nname = {}\n\n[answers]\n", quoted(p.client));
  for (const Question& q : questionnaire()) out += fmt::format("{} = {}\n", q.id, quoted(p.answers.at(q.id)));
  out += fmt::format(
      "\n# Percent of the highest points; the lowest of capacity, tolerance and horizon gives the level (0 to {}).\n"
      "[scores]\ncapacity = {}\ntolerance = {}\nhorizon = {}\nliquidity = {}\nlevel = {}\nname = {}\n",
      kProfileLevels, p.scores.capacity, p.scores.tolerance, p.scores.horizon, p.scores.liquidity, p.scores.level,
      quoted(level_name(p.scores.level, Language::en)));
  out += fmt::format(
      "\n# Shares of the portfolio's value; they may be tightened by hand, never loosened.\n[limits]\n"
      "volatility = {}\ncvar = {}\ncrisis_loss = {}\nposition = {}\ncash = {}\n",
      p.limits.volatility, p.limits.cvar, p.limits.crisis_loss, p.limits.position, p.limits.cash);
  std::vector<std::string> names;
  for (const std::string& name : p.limits.excluded) names.push_back(quoted(name));
  out += fmt::format("excluded = [{}]\n", fmt::join(names, ", "));
  if (!p.limits.classes.empty()) out += "[limits.classes]\n";
  for (const auto& [name, share] : p.limits.classes) out += fmt::format("{} = {}\n", quoted(name), share);
  return out;
}

std::string questionnaire_toml(Language language) {
  const bool zh = language == Language::zh;
  std::string out = "[client]\nname = \"\"\n\n[answers]\n";
  for (const Question& q : questionnaire()) {
    out += fmt::format("# {}\n", zh ? q.zh : q.en);
    for (const Answer& a : q.answers) out += fmt::format("#   {:<12} {}\n", a.key, zh ? a.zh : a.en);
    out += fmt::format("{} = \"\"\n", q.id);
  }
  return out;
}

}  // namespace ballast::decide
