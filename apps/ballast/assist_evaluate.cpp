// SPDX-License-Identifier: Apache-2.0
// `ballast assist --evaluate` and `--fit`: what the assistant does with questions whose right treatment is known.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <sstream>

#include "assist.h"
#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/tabular/bootstrap.h"
#include "ballast/tabular/logistic.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

struct Marked {
  std::string language, expected, question;
};

struct AssistEvaluateJudged {
  std::string language, expected;
  assist::Answer answer;
  bool first = false, among_five = false;  // the expected passage was found
  bool right = false;
};

std::vector<Marked> read_questions(const std::string& path) {
  std::istringstream lines(base::read_file(path));
  std::vector<Marked> out;
  std::int64_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.empty()) continue;
    const std::size_t one = line.find('\t'), two = one == std::string::npos ? one : line.find('\t', one + 1);
    if (two == std::string::npos) {
      throw Error(ErrorCode::bad_input, "has fewer than three columns", fmt::format("{}:{}", path, number),
                  "expected: language, what is expected, question, separated by tabs");
    }
    out.push_back({line.substr(0, one), line.substr(one + 1, two - one - 1), line.substr(two + 1)});
  }
  if (out.empty()) throw Error(ErrorCode::bad_input, "holds no question", path);
  return out;
}

bool is_passage(const std::string& expected) {
  return expected.find('#') != std::string::npos;
}

AssistEvaluateJudged judge(const Marked& m, const assist::Assistant& assistant) {
  AssistEvaluateJudged j{m.language, m.expected, assistant.answer({m.question, "", ""})};
  const auto& passages = assistant.knowledge().passages;
  for (std::size_t i = 0; i < j.answer.hits.size(); ++i) {
    const bool here = passages[j.answer.hits[i].passage].place() == m.expected;
    j.first = j.first || (here && i == 0);
    j.among_five = j.among_five || here;
  }
  const assist::Outcome o = j.answer.outcome;
  if (m.expected == "UNKNOWN") {
    j.right = o == assist::Outcome::unknown;
  } else if (m.expected == "PERSON") {
    j.right = o == assist::Outcome::handed_over;
  } else if (m.expected == "REFUSE") {
    j.right = o == assist::Outcome::refused;
  } else {
    j.right = o == assist::Outcome::answered && j.first;
  }
  return j;
}

struct Measure {
  std::string name, language;
  std::vector<std::uint8_t> hits;
};

Json measure_json(const Measure& m, std::uint64_t seed) {
  const tabular::RowMeasure share = [&](std::span<const std::int64_t> rows) {
    double sum = 0;
    for (const auto r : rows) sum += m.hits[static_cast<std::size_t>(r)];
    return sum / static_cast<double>(rows.size());
  };
  tabular::BootstrapOptions options;
  options.seed = seed;
  const auto i = tabular::bootstrap_interval(static_cast<std::int64_t>(m.hits.size()), share, options);
  return {{"measure", m.name},
          {"language", m.language},
          {"questions", m.hits.size()},
          {"value", i.estimate},
          {"interval", {i.low, i.high}}};
}

void add(std::vector<Measure>& all, const std::string& name, const std::string& language, bool hit) {
  for (const std::string& l : {language, std::string("all")}) {
    auto found =
        std::find_if(all.begin(), all.end(), [&](const Measure& m) { return m.name == name && m.language == l; });
    if (found == all.end()) found = all.insert(all.end(), {name, l, {}});
    found->hits.push_back(hit ? 1 : 0);
  }
}

std::vector<Measure> measures_of(const std::vector<AssistEvaluateJudged>& judged) {
  std::vector<Measure> all;
  for (const AssistEvaluateJudged& j : judged) {
    const assist::Outcome o = j.answer.outcome;
    if (is_passage(j.expected)) {
      add(all, "recall@1", j.language, j.first);
      add(all, "recall@5", j.language, j.among_five);
      add(all, "answered from the right passage", j.language, j.right);
      add(all, "answered from a wrong passage", j.language, o == assist::Outcome::answered && !j.first);
    } else {
      const std::string what = j.expected == "UNKNOWN"  ? "said that it does not know"
                               : j.expected == "PERSON" ? "handed over"
                                                        : "refused";
      add(all, what, j.language, j.right);
      if (j.expected == "UNKNOWN")
        add(all, "answered what it does not know", j.language, o == assist::Outcome::answered);
    }
    add(all, "treated rightly", j.language, j.right);
  }
  return all;
}

/// Whether the best passage answers, from the confidence's features: all questions but those that never are looked up.
void fit_confidence(const std::vector<Marked>& marked, const assist::Assistant& assistant) {
  std::vector<std::vector<double>> rows;
  std::vector<std::uint8_t> truth;
  for (const Marked& m : marked) {
    if (m.expected == "REFUSE") continue;
    const AssistEvaluateJudged j = judge(m, assistant);
    if (j.answer.features.empty()) continue;
    rows.push_back(j.answer.features);
    truth.push_back(j.first ? 1 : 0);
  }
  tabular::Matrix matrix;
  matrix.rows = static_cast<std::int64_t>(rows.size());
  matrix.cols = static_cast<std::int64_t>(rows.front().size());
  for (const auto& r : rows) matrix.values.insert(matrix.values.end(), r.begin(), r.end());
  const tabular::LogisticModel model = tabular::fit_logistic_cv(matrix, truth, {});
  fmt::print("{}\n", base::dump_json({{"intercept", model.intercept},
                                      {"weights", model.coefficients},
                                      {"c", model.c},
                                      {"questions", rows.size()}}));
}

}  // namespace

void evaluate_answers(const std::string& path, const assist::Assistant& assistant, bool fit, const Common& common) {
  const std::vector<Marked> marked = read_questions(path);
  if (fit) return fit_confidence(marked, assistant);
  std::vector<AssistEvaluateJudged> judged;
  for (const Marked& m : marked) judged.push_back(judge(m, assistant));
  Json rows = Json::array();
  for (const Measure& m : measures_of(judged)) rows.push_back(measure_json(m, common.seed));
  Json wrong = Json::array();
  for (std::size_t i = 0; i < judged.size(); ++i) {
    if (judged[i].right) continue;
    const auto& a = judged[i].answer;
    wrong.push_back({{"question", marked[i].question},
                     {"expected", marked[i].expected},
                     {"outcome", assist::outcome_name(a.outcome)},
                     {"place", a.hits.empty() ? "" : assistant.knowledge().passages[a.hits.front().passage].place()},
                     {"confidence", a.confidence}});
  }
  if (common.json) {
    fmt::print("{}\n", base::dump_json({{"questions", marked.size()}, {"measures", rows}, {"wrong", wrong}}));
    return;
  }
  for (const Json& r : rows) {
    fmt::print("{:<32} {:<4} {:>5}  {:.3f} [{:.3f}, {:.3f}]\n", r["measure"].get<std::string>(),
               r["language"].get<std::string>(), r["questions"].get<int>(), r["value"].get<double>(),
               r["interval"][0].get<double>(), r["interval"][1].get<double>());
  }
  for (const Json& w : wrong) {
    say(common, fmt::format("wrong: {} (expected {}; {} {} {:.2f})", w["question"].get<std::string>(),
                            w["expected"].get<std::string>(), w["outcome"].get<std::string>(),
                            w["place"].get<std::string>(), w["confidence"].get<double>()));
  }
}

}  // namespace ballast::apps
