// SPDX-License-Identifier: Apache-2.0
// `ballast operations losses`: the register of operational losses: import, list, summary.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/json.h"
#include "ballast/risk/credit_terms.h"
#include "ballast/risk/operations_losses.h"
#include "ballast/tabular/metrics.h"
#include "masking.h"
#include "operations_register.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;
using store::LossEventRecord;

struct ImportArguments {
  std::vector<std::string> files;
  bool strict = false;
};
struct ViewArguments {
  std::string data, type, from, to;
};

void put_aside_rows(store::Store& store, const SetAside& aside) {
  std::vector<store::QuarantineRecord> rows;
  const std::string now = base::utc_now();
  for (const ingest::Quarantined& q : aside.rows()) rows.push_back(quarantine_record(q, now));
  store.put_quarantine(rows);
}

void run_import(const ImportArguments& a, const Common& common) {
  SetAside aside(common, a.strict, true);
  std::vector<LossEventRecord> losses;
  for (const std::string& file : a.files) {
    for (LossEventRecord& loss : read_register(file, aside)) losses.push_back(std::move(loss));
  }
  store::Store store = store::Store::open(common.store);
  std::map<std::string, LossEventRecord> there;
  for (LossEventRecord& loss : store.losses()) there.emplace(loss.id, std::move(loss));
  const std::vector<store::Put> answers = store.put_losses(losses);
  put_aside_rows(store, aside);
  std::int64_t added = 0, unchanged = 0;
  Json differing = Json::array();
  for (std::size_t i = 0; i < losses.size(); ++i) {
    if (answers[i] == store::Put::added) {
      ++added;
      there.emplace(losses[i].id, losses[i]);
      continue;
    }
    ++unchanged;
    if (risk::same_loss(there.at(losses[i].id), losses[i])) continue;
    differing.push_back(losses[i].id);
    say(common, fmt::format("{} is in the register with other values, which stay", losses[i].id));
  }
  if (!common.json) {
    fmt::print("{} new, {} there before ({} with other values, left as they were), {} set aside\n", added, unchanged,
               differing.size(), aside.count());
    return;
  }
  Json rows = Json::array();
  for (const ingest::Quarantined& q : aside.rows()) {
    rows.push_back({{"source", q.source}, {"row", q.line}, {"column", q.column}, {"reason", q.reason}});
  }
  fmt::print("{}\n", base::dump_json(
                         {{"new", added}, {"unchanged", unchanged}, {"differing", differing}, {"set_aside", rows}}));
}

std::vector<LossEventRecord> chosen_operations_losses(const ViewArguments& a, const Common& common) {
  if (!a.type.empty()) {
    try {
      risk::check_event_type(a.type, "");
    } catch (const std::invalid_argument& e) {
      throw Error(ErrorCode::usage, std::string("--") + e.what());
    }
  }
  std::vector<LossEventRecord> losses = register_of(a.data, false, common);
  const std::int64_t from = a.from.empty() ? -1000000 : date_option(a.from, "--from");
  const std::int64_t to = a.to.empty() ? 10000000 : date_option(a.to, "--to");
  std::erase_if(losses, [&](const LossEventRecord& loss) {
    const std::int64_t day = risk::day_number(loss.occurred_on, "date");
    return (!a.type.empty() && loss.type != a.type) || day < from || day > to;
  });
  return losses;
}

void run_list_operations_losses(const ViewArguments& a, const Common& common) {
  for (const LossEventRecord& loss : chosen_operations_losses(a, common)) {
    if (common.json) {
      fmt::print("{}\n", base::dump_json({{"id", loss.id},
                                          {"date", loss.occurred_on},
                                          {"type", loss.type},
                                          {"category", loss.category},
                                          {"amount", loss.amount},
                                          {"recovery", loss.recovery},
                                          {"currency", loss.currency},
                                          {"description", loss.description}}));
    } else {
      fmt::print("{:<12} {:<10} {:<17} {:>16} {:>14} {}  {}\n", loss.id, loss.occurred_on.substr(0, 10), loss.type,
                 loss.amount, loss.recovery, loss.currency, loss.description);
    }
  }
}

/// Losses that are added up together: one type, year and currency.
struct OperationsLossesCell {
  std::vector<double> amounts;
  double recovered = 0;
};
using CellKey = std::tuple<std::string, std::string, std::string>;  // type, year ("" for all years), currency

Json cell_json(const CellKey& key, OperationsLossesCell cell) {
  std::sort(cell.amounts.begin(), cell.amounts.end());
  double gross = 0;
  for (const double x : cell.amounts) gross += x;
  const auto& [type, year, currency] = key;
  return {{"type", type},
          {"year", year.empty() ? Json() : Json(std::stoi(year))},
          {"currency", currency},
          {"events", cell.amounts.size()},
          {"gross", risk::money(gross)},
          {"net", risk::money(gross - cell.recovered)},
          {"mean", risk::money(gross / static_cast<double>(cell.amounts.size()))},
          {"median", risk::money(tabular::quantile(cell.amounts, 0.5))},
          {"largest", risk::money(cell.amounts.back())}};
}

void run_summary(const ViewArguments& a, const Common& common) {
  const std::vector<LossEventRecord> losses = chosen_operations_losses(a, common);
  if (losses.empty())
    throw Error(ErrorCode::bad_input, "no loss event matches", a.data.empty() ? common.store : a.data);
  std::map<CellKey, OperationsLossesCell> cells;
  for (const LossEventRecord& loss : losses) {
    for (const std::string& year : {std::string(), loss.occurred_on.substr(0, 4)}) {
      OperationsLossesCell& cell = cells[{loss.type, year, loss.currency}];
      cell.amounts.push_back(amount_of(loss.amount));
      cell.recovered += amount_of(loss.recovery);
    }
  }
  Json rows = Json::array();
  for (const std::string& type : risk::basel_event_types()) {
    for (const auto& [key, cell] : cells) {
      if (std::get<0>(key) == type) rows.push_back(cell_json(key, cell));
    }
  }
  if (common.json) {
    fmt::print("{}\n", base::dump_json({{"events", losses.size()}, {"summary", rows}}));
    return;
  }
  fmt::print("{:<17} {:>5} {:>7} {:>16} {:>16} {:>14} {:>14} {:>14}\n", "type", "year", "events", "gross", "net",
             "mean", "median", "largest");
  for (const Json& r : rows) {
    fmt::print("{:<17} {:>5} {:>7} {:>16} {:>16} {:>14} {:>14} {:>14} {}\n", r["type"].get<std::string>(),
               r["year"].is_null() ? "all" : std::to_string(r["year"].get<int>()), r["events"].get<std::int64_t>(),
               r["gross"].get<std::string>(), r["net"].get<std::string>(), r["mean"].get<std::string>(),
               r["median"].get<std::string>(), r["largest"].get<std::string>(), r["currency"].get<std::string>());
  }
}

void add_view(CLI::App& losses, Common& common, const std::string& name, const std::string& about,
              void (*run)(const ViewArguments&, const Common&)) {
  CLI::App* verb = losses.add_subcommand(name, about);
  const auto a = std::make_shared<ViewArguments>();
  verb->add_option("--data", a->data, "A register file instead of the store");
  verb->add_option("--type", a->type, "One Basel level-1 type only");
  verb->add_option("--from", a->from, "First day, YYYY-MM-DD");
  verb->add_option("--to", a->to, "Last day, YYYY-MM-DD");
  add_common(*verb, common, "ballast operations losses " + name + " --type external_fraud --json");
  verb->callback([a, &common, run] { run(*a, common); });
}

}  // namespace

void add_operations_losses(CLI::App& desk, Common& common) {
  CLI::App* losses = desk.add_subcommand("losses", "The register of operational losses");
  losses->require_subcommand(1);
  CLI::App* verb = losses->add_subcommand("import", "Check rows and add them to the register");
  const auto a = std::make_shared<ImportArguments>();
  verb->add_option("files", a->files,
                   "CSV or JSON with id, date, type, category, amount, recovery, currency, description")
      ->required();
  verb->add_flag("--strict", a->strict, "Stop at the first row that cannot be used");
  add_common(*verb, common, "ballast operations losses import register.csv");
  verb->callback([a, &common] { run_import(*a, common); });
  add_view(*losses, common, "list", "The events, by date", run_list_operations_losses);
  add_view(*losses, common, "summary", "Frequency and severity by type and year", run_summary);
}

}  // namespace ballast::apps
