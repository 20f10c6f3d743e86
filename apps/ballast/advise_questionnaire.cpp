// SPDX-License-Identifier: Apache-2.0
// ballast advise questionnaire: prints the questions, asks them on a terminal, or scores a file of answers.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "advise.h"
#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/decide/profile.h"
#include "verb.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;
using decide::Language;

struct QuestionnaireArguments {
  std::string answers, output, language = "en";
  bool ask = false;
};

Json questions_json() {
  Json out = Json::array();
  for (const decide::Question& q : decide::questionnaire()) {
    Json answers = Json::array();
    for (const decide::Answer& a : q.answers)
      answers.push_back({{"key", a.key}, {"points", a.points}, {"en", a.en}, {"zh", a.zh}});
    out.push_back({{"id", q.id}, {"dimension", q.dimension}, {"en", q.en}, {"zh", q.zh}, {"answers", answers}});
  }
  return out;
}

std::string read_line(const std::string& prompt) {
  std::cerr << prompt << std::flush;
  std::string line;
  if (!std::getline(std::cin, line)) throw Error(ErrorCode::bad_input, "the answers end too early", "standard input");
  return line;
}

/// The answers as TOML; a number or the key of an answer will do.
std::string ask_all(Language language) {
  const bool zh = language == Language::zh;
  std::string name;
  while (name.empty() || name.find_first_of("\"\\") != std::string::npos) {
    name = read_line(zh ? "姓名或编号：" : "Name or number: ");
  }
  std::string toml = fmt::format("[client]\nname = \"{}\"\n[answers]\n", name);
  for (const decide::Question& q : decide::questionnaire()) {
    std::cerr << "\n" << (zh ? q.zh : q.en) << "\n";
    for (std::size_t i = 0; i < q.answers.size(); ++i)
      std::cerr << fmt::format("  {}  {}\n", i + 1, zh ? q.answers[i].zh : q.answers[i].en);
    for (std::string key; key.empty();) {
      const std::string line = read_line("> ");
      for (std::size_t i = 0; i < q.answers.size(); ++i)
        if (line == std::to_string(i + 1) || line == q.answers[i].key) key = q.answers[i].key;
      if (!key.empty()) toml += fmt::format("{} = \"{}\"\n", q.id, key);
    }
  }
  return toml;
}

void run_advise_questionnaire(const QuestionnaireArguments& a, const Common& common) {
  const Language language = a.language == "zh" ? Language::zh : Language::en;
  if (a.answers.empty() && !a.ask) {
    const std::string text =
        common.json ? base::dump_json(questions_json()) + "\n" : decide::questionnaire_toml(language);
    if (a.output.empty()) {
      fmt::print("{}", text);
    } else {
      base::write_file_atomic(a.output, text);
    }
    return;
  }
  const decide::ClientProfile profile = a.ask ? decide::parse_profile(ask_all(language), "the answers")
                                              : decide::parse_profile(base::read_file(a.answers), a.answers);
  if (!a.output.empty()) base::write_file_atomic(a.output, decide::profile_toml(profile));
  if (common.json) {
    const auto& s = profile.scores;
    fmt::print("{}\n", base::dump_json({{"client", profile.client},
                                        {"capacity", s.capacity},
                                        {"tolerance", s.tolerance},
                                        {"horizon", s.horizon},
                                        {"liquidity", s.liquidity},
                                        {"level", s.level},
                                        {"name", decide::level_name(s.level, language)}}));
  } else if (a.output.empty()) {
    fmt::print("{}", decide::profile_toml(profile));
  } else {
    say(common, fmt::format("{}: level {} of {}, {}", profile.client, profile.scores.level, decide::kProfileLevels,
                            decide::level_name(profile.scores.level, language)));
  }
}

}  // namespace

void add_advise_questionnaire(CLI::App& advise, Common& common) {
  CLI::App* verb = advise.add_subcommand(
      "questionnaire", "Prints the questions as a file to fill in; with --answers scores it into a profile");
  const auto a = std::make_shared<QuestionnaireArguments>();
  verb->add_option("--answers", a->answers, "TOML with [client] and [answers]");
  verb->add_flag("--ask", a->ask, "Asks on the terminal");
  verb->add_option("--output", a->output, "File to write (default: standard output)");
  verb->add_option("--language", a->language)->check(CLI::IsMember({"en", "zh"}))->capture_default_str();
  add_common(*verb, common, "ballast advise questionnaire --answers answers.toml --output profile.toml");
  verb->callback([a, &common] { run_advise_questionnaire(*a, common); });
}

}  // namespace ballast::apps
