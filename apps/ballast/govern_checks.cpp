// SPDX-License-Identifier: Apache-2.0
// `ballast govern checks`: are the rows fit to learn from and to judge by? Contamination, look-ahead, duplicates and
// age; a failing exit code where something is found.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <unordered_map>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/hash.h"
#include "ballast/govern/ngram_overlap.h"
#include "ballast/govern/split_checks.h"
#include "ballast/risk/market_calendar.h"
#include "compare.h"
#include "govern.h"
#include "replay.h"
#include "table_reading.h"
#include "training_data.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

struct CheckArguments {
  CompareArguments rows;  // data, test, text_columns, group, time, available
  double max_age_days = 0, max_shared = 0;
  std::string now;
};

/// What was found, each with a sentence.
struct CheckFindings {
  std::vector<std::string> checked;
  std::vector<std::pair<std::string, std::string>> found;
};

std::string content_of_row(const ingest::Record& row, const std::vector<std::string>& text_columns) {
  if (!text_columns.empty()) return row_text(row, text_columns).value_or("");
  std::string all;
  for (const std::string& column : row.columns()) all += row.text(column).value_or("") + '\x1f';
  return all;
}

std::string place_of_govern_checks(const ingest::Record& row) {
  return fmt::format("{}:{}", std::filesystem::path(row.source).filename().string(), row.line);
}

/// Rows of one side that say the same as an earlier one.
void find_duplicates(const std::string& side, const std::vector<ingest::Record>& rows,
                     const std::vector<std::string>& contents, bool texts, CheckFindings& out) {
  out.checked.push_back("duplicates in " + side);
  std::unordered_map<std::string, std::size_t> seen;
  std::int64_t count = 0;
  std::string first;
  for (std::size_t i = 0; i < contents.size(); ++i) {
    const auto [at, fresh] = seen.try_emplace(texts ? govern::normal_form(contents[i]) : contents[i], i);
    if (fresh) continue;
    if (count++ == 0) {
      first = place_of_govern_checks(rows[i]) + " = " + place_of_govern_checks(rows[at->second]);
    }
  }
  if (count > 0)
    out.found.emplace_back("duplicates",
                           fmt::format("{} rows of {} repeat an earlier one (the first: {})", count, side, first));
}

void find_shared_runs(const std::vector<std::string>& learnt, const std::vector<std::string>& judged,
                      const CompareSide& judged_side, double most, CheckFindings& out) {
  out.checked.emplace_back("8-gram contamination");
  const auto shared = govern::shared_runs(learnt, judged);
  const double share =
      static_cast<double>(shared.size()) / static_cast<double>(std::max<std::size_t>(1, judged.size()));
  if (share <= most || shared.empty()) return;
  const auto& worst =
      *std::max_element(shared.begin(), shared.end(), [](const auto& a, const auto& b) { return a.share < b.share; });
  const ingest::Record& row = judged_side.rows[worst.judged];
  out.found.emplace_back(
      "8-gram contamination",
      fmt::format("{} of {} judged texts ({:.1f} %) share a run of eight words with a training text (the most: {},"
                  " \"{}\")",
                  shared.size(), judged.size(), 100 * share, place_of_govern_checks(row), worst.words));
}

void find_age(const govern::SplitRows& rows, const CheckArguments& a, const std::string& now, CheckFindings& out) {
  if (a.max_age_days <= 0) return;
  if (rows.times.empty()) throw Error(ErrorCode::usage, "needs --time-column", "--max-age-days");
  out.checked.emplace_back("freshness");
  const auto moment = risk::parse_moment(now);
  if (!moment) throw Error(ErrorCode::usage, "\"" + now + "\" is no RFC 3339 moment", "--now");
  const double newest = *std::max_element(rows.times.begin(), rows.times.end());
  const double days = (static_cast<double>(moment->time_since_epoch().count()) - newest) / 86400;
  if (days > a.max_age_days) {
    out.found.emplace_back("freshness",
                           fmt::format("the newest row is {:.1f} days old, more than {}", days, a.max_age_days));
  }
}

CheckFindings run_all_checks(const CheckArguments& a, const std::string& now, const Common& common) {
  CheckFindings out;
  std::vector<std::string> required = a.rows.text_columns;
  for (const std::string& column : {a.rows.group, a.rows.time, a.rows.available}) required.push_back(column);
  const CompareSide learnt = read_side(a.rows.data, required, "--data", common);
  CompareSide judged;
  if (!a.rows.test.empty()) judged = read_side(a.rows.test, required, "--test", common);
  const bool texts = !a.rows.text_columns.empty();
  std::vector<std::string> learnt_contents, judged_contents;
  govern::SplitRows rows;
  for (const ingest::Record& row : learnt.rows) {
    add_split_row(row, govern::kTrainOnly, a.rows, rows);
    learnt_contents.push_back(content_of_row(row, a.rows.text_columns));
  }
  for (const ingest::Record& row : judged.rows) {
    add_split_row(row, 0, a.rows, rows);
    judged_contents.push_back(content_of_row(row, a.rows.text_columns));
  }
  rows.contents = learnt_contents;
  rows.contents.insert(rows.contents.end(), judged_contents.begin(), judged_contents.end());
  rows.is_text = texts;
  find_duplicates("the training rows", learnt.rows, learnt_contents, texts, out);
  if (!judged.rows.empty()) {
    find_duplicates("the judged rows", judged.rows, judged_contents, texts, out);
    const govern::SplitReport report = govern::check_split(rows);
    out.checked.insert(out.checked.end(), report.checked.begin(), report.checked.end());
    for (const govern::SplitFinding& f : report.findings) {
      const std::string text = govern::describe(f, rows), name = f.check + ": ";
      out.found.emplace_back(f.check, text.starts_with(name) ? text.substr(name.size()) : text);
    }
    if (texts) find_shared_runs(learnt_contents, judged_contents, judged, a.max_shared, out);
  }
  find_age(rows, a, now, out);
  return out;
}

Json pinned_sources(const std::vector<std::string>& sources) {
  Json json = Json::array();
  if (sources.empty()) return json;
  for (const std::string& file : files_below(sources)) {
    json.push_back({{"file", std::filesystem::weakly_canonical(file).string()}, {"sha256", base::sha256_file(file)}});
  }
  return json;
}

Json checks_json(const CheckArguments& a) {
  return {{"data", pinned_sources(a.rows.data)},
          {"test", pinned_sources(a.rows.test)},
          {"text_columns", a.rows.text_columns},
          {"group", a.rows.group},
          {"time", a.rows.time},
          {"available", a.rows.available},
          {"max_age_days", a.max_age_days},
          {"max_shared", a.max_shared},
          {"now", a.now}};
}

/// Throws bad_input where a file is not the one that was checked.
CheckArguments checks_of(const Json& json, const std::string& where) {
  const auto text = [&](const char* field) { return base::json_field<std::string>(json, field, where); };
  const auto files = [&](const char* field) {
    std::vector<std::string> names;
    for (const Json& f : base::json_field<Json>(json, field, where)) {
      names.push_back(f.at("file").get<std::string>());
      if (base::sha256_file(names.back()) != f.at("sha256").get<std::string>())
        throw Error(ErrorCode::bad_input, "is not the file that was checked: its SHA-256 is another", names.back());
    }
    return names;
  };
  CheckArguments a;
  a.rows.data = files("data"), a.rows.test = files("test");
  a.rows.text_columns = base::json_field<std::vector<std::string>>(json, "text_columns", where);
  a.rows.group = text("group"), a.rows.time = text("time"), a.rows.available = text("available");
  a.max_age_days = base::json_field<double>(json, "max_age_days", where);
  a.max_shared = base::json_field<double>(json, "max_shared", where);
  a.now = text("now");
  return a;
}

decide::Decision checks_decision(const Json& inputs, const CheckFindings& f) {
  decide::Decision d;
  d.kind = "checks";
  d.subject = std::filesystem::path(inputs.at("data").front().at("file").get<std::string>()).filename().string();
  d.inputs = inputs;
  d.seed = 0;  // nothing is drawn
  Json found = Json::array();
  for (const auto& [check, text] : f.found) {
    found.push_back({{"check", check}, {"text", text}});
    d.reasons.push_back({check, text, 0});
  }
  d.outcome = {{"checked", f.checked}, {"findings", found}};
  return d;
}

decide::Decision replay_checks(const decide::Decision& was) {
  const CheckArguments a = checks_of(was.inputs, "decision " + was.id);
  Common quiet;
  quiet.quiet = true;
  return checks_decision(was.inputs, run_all_checks(a, a.now, quiet));
}

void run_govern_checks(CheckArguments a, const Common& common) {
  if (a.now.empty()) a.now = base::utc_now();
  const base::Stopwatch watch;
  const CheckFindings f = run_all_checks(a, a.now, common);
  decide::Decision d = checks_decision(checks_json(a), f);
  d.cost.seconds = watch.seconds();
  sign(d);
  store::Store store = store::Store::open(common.store);
  decide::keep(store, std::span(&d, 1));
  if (common.json) {
    Json json = d.outcome;
    json["data"] = file_hashes(files_below(a.rows.data));
    json["test"] = a.rows.test.empty() ? Json::array() : file_hashes(files_below(a.rows.test));
    json["at"] = a.now;
    json["decision_id"] = d.id;
    fmt::print("{}\n", base::dump_json(json));
  } else {
    fmt::print("checked: {}\n", fmt::join(f.checked, ", "));
    for (const auto& [check, text] : f.found) fmt::print("{}: {}\n", check, text);
    fmt::print("{}decision {}\n", f.found.empty() ? "nothing found; " : "", d.id);
  }
  std::fflush(stdout);
  if (f.found.empty()) return;
  throw Error(ErrorCode::bad_input,
              fmt::format("{} check(s) found something, the first: {}", f.found.size(), f.found.front().second),
              a.rows.data.front());
}

}  // namespace

void add_govern_checks(CLI::App& govern, Common& common) {
  CLI::App* verb =
      govern.add_subcommand("checks", "Contamination, look-ahead, duplicates and age of data; fails where found");
  const auto a = std::make_shared<CheckArguments>();
  verb->add_option("--data", a->rows.data, "Training rows: CSV or JSONL files, folders")->required();
  verb->add_option("--test", a->rows.test, "Rows to be judged by: nothing of them may be in training");
  verb->add_option("--text-column", a->rows.text_columns, "Rows are texts in these columns (default: tables)");
  verb->add_option("--group-column", a->rows.group, "Customer, company, thread: none may be on both sides");
  verb->add_option("--time-column", a->rows.time, "When: training must not be later than what is judged");
  verb->add_option("--available-column", a->rows.available, "When the last input was known: not after --time-column");
  verb->add_option("--max-age-days", a->max_age_days, "The newest row may be so old; 0: any age")
      ->check(CLI::NonNegativeNumber);
  verb->add_option("--max-shared", a->max_shared, "Share of judged texts that may share eight words in a row")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  verb->add_option("--now", a->now, "The moment that age is counted to (RFC 3339; default: now)");
  add_common(*verb, common, "ballast govern checks --data train.csv --test dev.csv --text-column text");
  verb->callback([a, &common] { run_govern_checks(*a, common); });
  add_replay("checks", replay_checks);
}

}  // namespace ballast::apps
