// SPDX-License-Identifier: Apache-2.0
// Prices for the commands of `forecast`, with what was set aside, and the JSON of their tests.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>

#include "ballast/base/error.h"
#include "forecast.h"
#include "replay.h"
#include "verb.h"

namespace ballast::apps {
namespace {

constexpr std::size_t kShownRows = 20;

}  // namespace

void add_price_options(CLI::App& verb, PriceArguments& arguments) {
  verb.add_option("--prices", arguments.files, "CSV with a date column and prices (also JSONL, gzipped)");
  verb.add_option("--column", arguments.column, "The column with the price (default: close, or the only one)");
  verb.add_option("--actions", arguments.actions,
                  "CSV of splits and dividends (date, kind, value) to adjust raw prices");
  verb.add_flag("--allow-negative", arguments.allow_negative, "Keep prices of zero and below, and use differences");
  verb.add_flag("--strict", arguments.strict, "A row that cannot be used is an error");
  verb.add_option("--encoding", arguments.encoding, "Of the file")->capture_default_str();
}

ingest::QuarantineSink Quarantine::sink() {
  return [this](const ingest::Quarantined& q) {
    ++count;
    source = q.source;
    if (first.size() < kShownRows) first.push_back({{"line", q.line}, {"column", q.column}, {"reason", q.reason}});
  };
}

base::Json Quarantine::json() const {
  return {{"count", count}, {"rows", first}};
}

risk::PriceSeries read_series(const PriceArguments& arguments, const std::string& file, const std::string& column,
                              const Common& common, Quarantine& quarantine) {
  risk::PriceOptions options;
  options.column = column;
  options.allow_negative = arguments.allow_negative;
  options.encoding = arguments.encoding;
  risk::PriceSeries series = risk::read_prices(file, options, quarantine.sink());
  if (!arguments.actions.empty()) {
    const auto actions = risk::read_actions(arguments.actions, quarantine.sink());
    risk::adjust_for_actions(series, actions);
  }
  if (quarantine.count > 0) {
    const base::Json& row = quarantine.first.front();
    const std::string where = fmt::format("{}:{}{}", quarantine.source, row["line"].get<std::int64_t>(),
                                          row["column"] == "" ? "" : ", column " + row["column"].get<std::string>());
    if (arguments.strict) {
      throw base::Error(base::ErrorCode::bad_input, row["reason"].get<std::string>(), where,
                        fmt::format("--strict accepts no bad row, there are {}", quarantine.count));
    }
    say(common, fmt::format("{} of {} rows set aside, the first at {}: {}", quarantine.count, series.rows, where,
                            row["reason"].get<std::string>()));
  }
  const auto& bars = series.bars;
  if (bars.size() > 1 &&
      std::all_of(bars.begin(), bars.end(), [&](const auto& b) { return b.close == bars[0].close; })) {
    throw base::Error(base::ErrorCode::bad_input, "the price never changes: there is nothing to forecast",
                      file + ", column " + series.column);
  }
  for (const risk::Gap& gap : series.gaps) {
    say(common, fmt::format("{}: no price between {} and {}", file, risk::day_text(gap.from), risk::day_text(gap.to)));
  }
  return series;
}

void keep_decision(decide::Decision& decision, const Common& common) {
  sign(decision);
  store::Store store = store::Store::open(common.store);
  decide::keep(store, {&decision, 1});
}

}  // namespace ballast::apps
