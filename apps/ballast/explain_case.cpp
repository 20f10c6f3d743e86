// SPDX-License-Identifier: Apache-2.0
// ballast explain case: an application's outcome by what would have changed it, and by training cases like it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/parallel.h"
#include "ballast/decide/counterfactual.h"
#include "explain_case.h"
#include "table_reading.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

struct OneCaseArguments {
  std::string model, policy;
  std::vector<std::string> data;
  std::int64_t row = 0;
  CaseOptions options;
};

/// Whether the files are those that the model learnt from, by their hashes.
bool same_training_data(const std::vector<std::string>& files, const risk::CreditModel& model) {
  std::vector<std::string> known, given;
  for (const Json& one : model.training().data) known.push_back(one.at("sha256").get<std::string>());
  for (const Json& one : file_hashes(files)) given.push_back(one.at("sha256").get<std::string>());
  return std::all_of(given.begin(), given.end(), [&](const std::string& hash) {
    return std::find(known.begin(), known.end(), hash) != known.end();
  });
}

Json found_json(const decide::CounterfactualSearch& search, const risk::WordsOfColumns& words,
                risk::ReasonLanguage language) {
  Json list = Json::array();
  for (const decide::Counterfactual& c : search.found) {
    Json changes = Json::array();
    for (const decide::ColumnChange& change : c.changes) {
      changes.push_back({{"column", change.column}, {"from", change.from}, {"to", change.to}});
    }
    list.push_back({{"changes", changes},
                    {"effort", c.effort},
                    {"pd", c.pd},
                    {"outcome", c.outcome},
                    {"text", decide::describe(c, words, language)}});
  }
  return {{"outcome", search.outcome},
          {"pd", search.pd},
          {"approved", search.approved},
          {"scored", search.scored},
          {"found", list}};
}

void print_search(const decide::CounterfactualSearch& search, const risk::WordsOfColumns& words, bool zh) {
  if (search.approved) {
    fmt::print("{}\n", zh ? "已经批准，无需改变" : "it is approved: nothing has to change");
    return;
  }
  if (search.found.empty()) {
    fmt::print("{}\n",
               zh ? fmt::format("在允许的改变中没有能获批准的（试过 {} 种）", search.scored)
                  : fmt::format("no change that the rules allow would have it approved ({} tried)", search.scored));
  }
  for (const decide::Counterfactual& c : search.found) {
    fmt::print("{}\n", decide::describe(c, words, zh ? risk::ReasonLanguage::zh : risk::ReasonLanguage::en));
  }
}

Json near_json(const std::vector<decide::NearCase>& near) {
  Json list = Json::array();
  for (const decide::NearCase& one : near) {
    list.push_back({{"line", one.line},
                    {"distance", one.distance},
                    {"pd", one.pd},
                    {"label", one.label},
                    {"different", one.different}});
  }
  return list;
}

void print_near(const std::vector<decide::NearCase>& near, const risk::CreditModel& model, bool zh) {
  for (const decide::NearCase& one : near) {
    std::vector<std::string> columns;
    for (const std::string& column : one.different) {
      const risk::ColumnWords words = risk::words_of(column, model.training().words);
      columns.push_back(zh ? words.zh : words.en);
    }
    if (zh) {
      fmt::print("相似案例：训练数据第 {} 行，违约概率 {:.4f}，实际结果 {}，距离 {:.3f}；主要不同：{}\n", one.line,
                 one.pd, one.label, one.distance, fmt::join(columns, "、"));
    } else {
      fmt::print("training case on line {}: PD {:.4f}, it ended \"{}\"; distance {:.3f}, differs most in {}\n",
                 one.line, one.pd, one.label, one.distance,
                 columns.empty() ? "nothing" : fmt::format("{}", fmt::join(columns, ", ")));
    }
  }
}

void run_case(const OneCaseArguments& a, const Common& common) {
  base::set_threads(common.threads);
  const decide::CreditDesk desk(a.model, a.policy.empty() ? "" : base::read_file(a.policy), a.policy);
  RowQuarantine quarantine(common);
  const std::vector<ingest::Record> rows = read_rows(a.data, quarantine.sink());
  const auto at = std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.line == a.row; });
  if (at == rows.end()) {
    throw Error(ErrorCode::not_found, fmt::format("has no usable row on line {}", a.row), a.data.front(),
                "lines count from 1 with the header, as `credit score` prints them");
  }
  explain_application(desk, *at, a.options, common);
}

}  // namespace

void add_case_options(CLI::App& verb, CaseOptions& options) {
  verb.add_option("--changes", options.changes,
                  "TOML file of what an applicant can change: [change.COLUMN] direction, limit, step, or to");
  verb.add_option("--training", options.training, "The files that the model was trained on: shows the nearest cases");
  verb.add_option("--near", options.near, "So many cases")->check(CLI::Range(1, 100))->capture_default_str();
}

void explain_application(const decide::CreditDesk& desk, const ingest::Record& application, const CaseOptions& options,
                         const Common& common) {
  if (options.changes.empty() && options.training.empty()) {
    throw Error(ErrorCode::usage, "needs --changes, --training or both", "explain");
  }
  const bool zh = options.language == "zh";
  const auto language = zh ? risk::ReasonLanguage::zh : risk::ReasonLanguage::en;
  const risk::CreditModel& model = desk.model();
  Json json = Json::object();
  if (!options.changes.empty()) {
    const auto rules = decide::parse_change_rules(base::read_file(options.changes), options.changes);
    const decide::CounterfactualSearch search = decide::find_counterfactuals(desk, application, rules);
    json["counterfactuals"] = found_json(search, model.training().words, language);
    if (!common.json) print_search(search, model.training().words, zh);
  }
  if (!options.training.empty()) {
    const bool same = same_training_data(options.training, model);
    if (!same) say(common, "these are not the files that the model was trained on");
    RowQuarantine quarantine(common);
    const auto near = decide::nearest_cases(desk, application, read_rows(options.training, quarantine.sink()),
                                            static_cast<std::size_t>(options.near));
    json["nearest"] = near_json(near);
    json["training_data_is_the_models"] = same;
    if (!common.json) print_near(near, model, zh);
  }
  if (common.json) print_line(base::dump_json(json));
}

void add_explain_case(CLI::App& explain, Common& common) {
  auto* verb =
      explain.add_subcommand("case", "An application: what would have changed the outcome, and training cases like it");
  const auto a = std::make_shared<OneCaseArguments>();
  verb->add_option("--model", a->model, "Folder of a credit model")->required();
  verb->add_option("--data", a->data, "The file with the application")->required();
  verb->add_option("--row", a->row, "Its line, from 1 with the header")->required();
  verb->add_option("--policy", a->policy, "The credit policy that decides (default: PD at or below the cut-off)");
  verb->add_option("--language,--lang", a->options.language, "en or zh")->check(CLI::IsMember({"en", "zh"}));
  add_case_options(*verb, a->options);
  add_common(*verb, common, "ballast explain case --model models/german --data new.csv --row 2 --changes changes.toml");
  verb->callback([a, &common] { run_case(*a, common); });
}

}  // namespace ballast::apps
