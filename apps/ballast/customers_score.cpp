// SPDX-License-Identifier: Apache-2.0
// ballast customers score: probabilities with reasons, each stored before it is shown.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "ballast/base/clock.h"
#include "ballast/base/parallel.h"
#include "customers.h"
#include "customers_cases.h"
#include "replay.h"
#include "table_reading.h"

namespace ballast::apps {
namespace {

using base::Json;

struct CustomersScoreScoreArguments {
  std::string model, key, language = "en";
  std::vector<std::string> data;
  bool all_reasons = false, strict = false;
};

void print_customers_score(const CustomerCase& one, const std::string& subject, const CustomersScoreScoreArguments& a) {
  fmt::print("{}: {:.4f} [{:.4f}, {:.4f}]\n", subject, one.score.probability, one.score.interval[0],
             one.score.interval[1]);
  for (const std::string& column : one.score.outside) {
    fmt::print("  {}{}\n", column, a.language == "zh" ? "超出训练数据的范围" : " lies outside what training saw");
  }
  const Json json = risk::to_json(one.score, a.all_reasons);
  for (const Json& reason : json["reasons"]) {
    fmt::print("  {:+.4f}  {}\n", reason["points"].get<double>(), reason["text"].get<std::string>());
  }
}

void run_customers_score(const CustomersScoreScoreArguments& a, const Common& common) {
  base::set_threads(common.threads);
  const base::Stopwatch watch;
  const CustomerDesk desk(a.model);
  RowQuarantine quarantine(common);
  const auto rows = unique_rows(read_rows(a.data, quarantine.sink()), a.key, quarantine.sink());
  const auto language = language_named(a.language);
  const std::vector<CustomerCase> cases = desk.run(rows, language, quarantine.sink());
  quarantine.finish(a.strict);
  std::vector<decide::Decision> decisions;
  for (const CustomerCase& one : cases) {
    decisions.push_back(desk.record_of(one, subject_of(one.record, a.key), language));
    decisions.back().cost.seconds = watch.seconds() / static_cast<double>(cases.size());
    sign(decisions.back());
  }
  store::Store store = store::Store::open(common.store);
  decide::keep(store, decisions);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (!common.json) {
      print_customers_score(cases[i], decisions[i].subject, a);
      continue;
    }
    Json json = risk::to_json(cases[i].score, a.all_reasons);
    if (!a.key.empty()) json["key"] = decisions[i].subject;
    json["decision_id"] = decisions[i].id;
    print_line(base::dump_json(json));
  }
}

}  // namespace

void add_customers_score(CLI::App& customers, Common& common) {
  CLI::App* verb = customers.add_subcommand("score", "Probability, interval and reasons of each customer");
  const auto a = std::make_shared<CustomersScoreScoreArguments>();
  verb->add_option("--model", a->model, "Folder of the model")->required();
  verb->add_option("--data", a->data, "CSV or JSONL files of customers, - for standard input")->required();
  verb->add_option("--key", a->key, "Column that names a customer: later rows of one are set aside");
  verb->add_option("--lang", a->language, "Language of the reasons")
      ->check(CLI::IsMember({"en", "zh"}))
      ->capture_default_str();
  verb->add_flag("--all-reasons", a->all_reasons, "Every contribution, not only the four strongest");
  verb->add_flag("--strict", a->strict, "Rows that cannot be scored are an error");
  add_common(*verb, common, "ballast customers score --model models/churn --data customers.csv --json");
  verb->callback([a, &common] { run_customers_score(*a, common); });
}

}  // namespace ballast::apps
