// SPDX-License-Identifier: Apache-2.0
// ballast customers recommend: suitable offers by expected value for each customer, each verdict stored before it is
// shown.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "ballast/base/clock.h"
#include "ballast/base/files.h"
#include "ballast/base/parallel.h"
#include "customers.h"
#include "customers_offers.h"
#include "replay.h"
#include "table_reading.h"

namespace ballast::apps {
namespace {

using base::Json;

struct RecommendArguments {
  std::string offers, model, key, language = "en";
  std::vector<std::string> data;
  std::size_t most = 3;
  bool all_reasons = false, strict = false;
};

void print_customers_recommend(const Json& outcome, const std::string& subject) {
  fmt::print("{}\n", subject);
  for (const Json& offer : outcome["offers"]) {
    fmt::print("  offer {}: probability {:.4f} [{:.4f}, {:.4f}], expected value {:.2f}\n",
               offer["product"].get<std::string>(), offer["probability"].get<double>(),
               offer["interval"][0].get<double>(), offer["interval"][1].get<double>(),
               offer["expected_value"].get<double>());
    for (const Json& reason : offer["reasons"]) {
      fmt::print("    {:+.4f}  {}\n", reason["points"].get<double>(), reason["text"].get<std::string>());
    }
  }
  for (const Json& out : outcome["left_out"]) {
    fmt::print("  not {}: {}\n", out["product"].get<std::string>(), out["why"].get<std::string>());
  }
}

void print_counts(const std::vector<OfferCase>& cases, const OfferDesk& desk, const Common& common) {
  std::vector<std::int64_t> made(desk.offers().size(), 0), unsuitable(made.size(), 0);
  for (const OfferCase& one : cases) {
    for (const auto& r : one.recommendations.offers) ++made[r.offer];
    for (const auto& out : one.recommendations.left_out) {
      if (out.kind == risk::LeftOutKind::unsuitable) ++unsuitable[out.offer];
    }
  }
  for (std::size_t i = 0; i < made.size(); ++i) {
    say(common, fmt::format("{}: offered to {} of {} customers, unsuitable for {}", desk.offers()[i].product, made[i],
                            cases.size(), unsuitable[i]));
  }
}

void run_customers_recommend(const RecommendArguments& a, const Common& common) {
  base::set_threads(common.threads);
  const base::Stopwatch watch;
  const OfferDesk desk(base::read_file(a.offers), a.offers, a.model, a.most);
  RowQuarantine quarantine(common);
  auto rows = unique_rows(read_rows(a.data, quarantine.sink()), a.key, quarantine.sink());
  const auto language = language_named(a.language);
  const std::vector<OfferCase> cases = desk.run(std::move(rows), language, quarantine.sink());
  quarantine.finish(a.strict);
  std::vector<decide::Decision> decisions;
  for (const OfferCase& one : cases) {
    decisions.push_back(desk.record_of(one, subject_of(one.record, a.key), language));
    decisions.back().cost.seconds = watch.seconds() / static_cast<double>(cases.size());
    sign(decisions.back());
  }
  store::Store store = store::Store::open(common.store);
  decide::keep(store, decisions);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const Json outcome = desk.outcome_of(cases[i], language, a.all_reasons);
    if (!common.json) {
      print_customers_recommend(outcome, decisions[i].subject);
      continue;
    }
    Json json = {{"row", cases[i].record.line}};
    if (!a.key.empty()) json["key"] = decisions[i].subject;
    json.update(outcome);
    json["decision_id"] = decisions[i].id;
    print_line(base::dump_json(json));
  }
  print_counts(cases, desk, common);
}

}  // namespace

void add_customers_recommend(CLI::App& customers, Common& common) {
  CLI::App* verb = customers.add_subcommand("recommend", "Suitable offers by expected value, and why not the others");
  const auto a = std::make_shared<RecommendArguments>();
  verb->add_option("--offers", a->offers, "TOML file of [[offer]] product, value, cost, model, suitability")
      ->required();
  verb->add_option("--data", a->data, "CSV or JSONL files of customers, - for standard input")->required();
  verb->add_option("--model", a->model, "Folder of the model for offers that name none");
  verb->add_option("--most", a->most, "Offers a customer, 0 for all that are worth it")->capture_default_str();
  verb->add_option("--key", a->key, "Column that names a customer: later rows of one are set aside");
  verb->add_option("--lang", a->language, "Language of the reasons")
      ->check(CLI::IsMember({"en", "zh"}))
      ->capture_default_str();
  verb->add_flag("--all-reasons", a->all_reasons, "Every contribution, not only the four strongest");
  verb->add_flag("--strict", a->strict, "Rows that cannot be scored are an error");
  add_common(*verb, common,
             "ballast customers recommend --offers offers.toml --model models/response --data customers.csv --json");
  verb->callback([a, &common] { run_customers_recommend(*a, common); });
}

}  // namespace ballast::apps
