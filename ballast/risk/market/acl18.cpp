// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

#include "ballast/base/error.h"
#include "ballast/risk/market/cells.h"
#include "ballast/risk/market_direction.h"
#include "ballast/tabular/metrics.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;
namespace fs = std::filesystem;

constexpr double kUp = 0.0055, kDown = -0.005;
constexpr std::size_t kHistory = 21;  // closes that the longest momentum needs
constexpr int kTweetDays = 5;

struct Quote {
  Day day;
  double open = 0, high = 0, low = 0, close = 0, adjusted = 0;
};
using Quotes = std::map<std::string, std::vector<Quote>>;
using Tweets = std::map<std::string, std::map<Day, std::string>>;

[[noreturn]] void refuse(const ingest::Record& row, const std::string& column, const std::string& why) {
  throw Error(ErrorCode::bad_input, why + ": \"" + row.text(column).value_or("") + "\"",
              row.source + ":" + std::to_string(row.line) + ", column " + column);
}

double required_number(const ingest::Record& row, const std::string& column) {
  const auto value = number(row.text(column).value_or(""));
  if (!value) refuse(row, column, "not a finite number");
  return *value;
}

Day required_day(const ingest::Record& row, const std::string& column) {
  const auto day = parse_day(row.text(column).value_or(""));
  if (!day) refuse(row, column, "not a date (expected YYYY-MM-DD)");
  return *day;
}

/// Files of one kind below a folder by stock symbol, in order of their names.
std::map<std::string, std::string> files_of(const fs::path& folder, const std::string& ending) {
  if (!fs::is_directory(folder)) throw Error(ErrorCode::not_found, "is no folder", folder.string());
  std::map<std::string, std::string> out;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    const auto at = name.find(ending);
    if (at != std::string::npos) out[name.substr(0, at)] = entry.path().string();
  }
  return out;
}

Quotes read_quotes(const fs::path& folder) {
  Quotes out;
  for (const auto& [stock, file] : files_of(folder, ".csv")) {
    auto reader = ingest::RecordReader::open(file);
    for (const char* column : {"date", "open", "high", "low", "close", "adj_close"}) {
      reader.require_column(column, "the protocol");
    }
    auto& quotes = out[stock];
    for (ingest::Record row; reader.next(row);) {
      if (!number(row.text("close").value_or(""))) continue;  // the source writes "null" on days without trading
      quotes.push_back({required_day(row, "date"), required_number(row, "open"), required_number(row, "high"),
                        required_number(row, "low"), required_number(row, "close"), required_number(row, "adj_close")});
    }
    std::sort(quotes.begin(), quotes.end(), [](const Quote& a, const Quote& b) { return a.day < b.day; });
  }
  return out;
}

Tweets read_tweets(const fs::path& folder) {
  Tweets out;
  for (const auto& [stock, file] : files_of(folder, ".jsonl")) {
    auto reader = ingest::RecordReader::open(file);
    auto& by_day = out[stock];
    for (ingest::Record row; reader.next(row);) {
      std::string& text = by_day[required_day(row, "date")];
      if (!text.empty()) text += ' ';
      text += row.text("text").value_or("");
    }
  }
  return out;
}

/// The mean return of all stocks on each day.
std::map<Day, double> market_returns(const Quotes& quotes) {
  std::map<Day, std::pair<double, double>> sums;
  for (const auto& [stock, rows] : quotes) {
    for (std::size_t i = 1; i < rows.size(); ++i) {
      auto& [sum, count] = sums[rows[i].day];
      sum += rows[i].adjusted / rows[i - 1].adjusted - 1;
      ++count;
    }
  }
  std::map<Day, double> out;
  for (const auto& [day, s] : sums) out[day] = s.first / s.second;
  return out;
}

double deviation(std::span<const double> x) {
  double mean = 0, square = 0;
  for (const double v : x) mean += v / static_cast<double>(x.size());
  for (const double v : x) square += (v - mean) * (v - mean);
  return std::sqrt(square / static_cast<double>(x.size()));
}

const std::vector<std::string> kNames = {"return_5",    "return_4",    "return_3",     "return_2",   "return_1",
                                         "open",        "high",        "low",          "momentum_5", "momentum_10",
                                         "momentum_20", "deviation_5", "deviation_20", "market_5",   "market_4",
                                         "market_3",    "market_2",    "market_1"};

/// Features from the 21 sessions that end before the day asked for.
std::vector<double> features_of(std::span<const Quote> w, const std::map<Day, double>& market) {
  std::vector<double> returns;
  for (std::size_t i = 1; i < w.size(); ++i) returns.push_back(w[i].adjusted / w[i - 1].adjusted - 1);
  const std::span<const double> r(returns);
  const Quote& last = w.back();
  std::vector<double> f(r.end() - 5, r.end());
  for (const double price : {last.open, last.high, last.low}) f.push_back(price / last.close - 1);
  for (const std::size_t k : {5u, 10u, 20u}) f.push_back(last.adjusted / w[w.size() - 1 - k].adjusted - 1);
  f.push_back(deviation(r.last(5)));
  f.push_back(deviation(r));
  for (const Quote& q : w.last(5)) {
    const auto m = market.find(q.day);
    f.push_back(m != market.end() ? m->second : 0);
  }
  return f;
}

StockDay example_of(const ingest::Record& row) {
  StockDay e;
  e.stock = row.text("stock").value_or("");
  e.day = required_day(row, "date");
  e.movement = required_number(row, "movement");
  const std::string label = row.text("label").value_or(""), split = row.text("split").value_or("");
  if (label != "0" && label != "1") refuse(row, "label", "expected 0 or 1");
  e.up = label == "1";
  if (e.up ? e.movement < kUp : e.movement > kDown) refuse(row, "label", "the label does not follow from the movement");
  const Day dev = *parse_day("2015-08-01"), test = *parse_day("2015-10-01");
  e.part = e.day < dev ? Part::train : e.day < test ? Part::dev : Part::test;
  const bool within = e.day >= *parse_day("2014-01-01") && e.day < *parse_day("2016-01-01");
  constexpr const char* kParts[] = {"train", "dev", "test"};
  if (!within || split != kParts[static_cast<int>(e.part)])
    refuse(row, "split", "the split does not follow from the date");
  return e;
}

std::string tweets_before(const Tweets& tweets, const StockDay& e) {
  const auto stock = tweets.find(e.stock);
  if (stock == tweets.end()) return "";
  std::string out;
  for (int k = 1; k <= kTweetDays; ++k) {
    const auto day = stock->second.find(e.day - std::chrono::days(k));
    if (day == stock->second.end()) continue;
    if (!out.empty()) out += ' ';
    out += day->second;
  }
  return out;
}

/// Adds a stock's sessions from the one that has enough history to the end of the protocol.
void add_sessions(StockSessions& out, std::span<const Quote> all, const std::map<Day, double>& market,
                  const std::map<Day, std::string>* tweets) {
  const Day end = *parse_day("2016-01-01");
  for (std::size_t i = kHistory - 1; i < all.size() && all[i].day < end; ++i) {
    const auto f = features_of(all.subspan(i + 1 - kHistory, kHistory), market);
    out.features.values.insert(out.features.values.end(), f.begin(), f.end());
    std::string text;
    const Day next = i + 1 < all.size() ? all[i + 1].day : all[i].day + std::chrono::days(1);
    for (Day day = all[i].day; tweets != nullptr && day < next; day += std::chrono::days(1)) {
      const auto found = tweets->find(day);
      if (found == tweets->end()) continue;
      if (!text.empty()) text += ' ';
      text += found->second;
    }
    out.tweets.push_back(std::move(text));
  }
  out.features.rows = static_cast<std::int64_t>(out.tweets.size());
  out.offsets.push_back(out.features.rows);
}

}  // namespace

DirectionData read_acl18(const std::string& folder) {
  const fs::path root(folder);
  const Quotes quotes = read_quotes(root / "prices");
  const Tweets tweets = read_tweets(root / "tweets");
  const auto market = market_returns(quotes);
  auto reader = ingest::RecordReader::open((root / "examples.csv").string());
  for (const char* column : {"stock", "date", "movement", "label", "split"})
    reader.require_column(column, "the protocol");
  DirectionData data;
  data.names = kNames;
  data.sessions.offsets = {0};
  data.sessions.features.cols = static_cast<std::int64_t>(kNames.size());
  std::map<std::string, std::int64_t> first_row;
  for (const auto& [stock, all] : quotes) {
    first_row[stock] = data.sessions.offsets.back();
    const auto texts = tweets.find(stock);
    add_sessions(data.sessions, all, market, texts != tweets.end() ? &texts->second : nullptr);
  }
  for (ingest::Record row; reader.next(row);) {
    StockDay e = example_of(row);
    ++data.read[static_cast<int>(e.part)];
    const auto stock = quotes.find(e.stock);
    if (stock == quotes.end()) refuse(row, "stock", "there are no prices for the stock");
    const auto& all = stock->second;
    const auto end = std::lower_bound(all.begin(), all.end(), e.day, [](const Quote& q, Day d) { return q.day < d; });
    const auto before = static_cast<std::size_t>(end - all.begin());
    if (before < kHistory) {
      ++data.without_history;
      continue;
    }
    e.tweets = tweets_before(tweets, e);
    e.session = first_row.at(e.stock) + static_cast<std::int64_t>(before - kHistory);
    const auto f = data.sessions.features.row(e.session);
    data.features.values.insert(data.features.values.end(), f.begin(), f.end());
    data.days.push_back(std::move(e));
  }
  data.features.rows = static_cast<std::int64_t>(data.days.size());
  data.features.cols = static_cast<std::int64_t>(kNames.size());
  return data;
}

DirectionScores score_directions(std::span<const StockDay> days, std::span<const std::uint8_t> said, Part part,
                                 std::uint64_t seed) {
  std::map<Day, std::vector<std::size_t>> by_day;
  DirectionScores out;
  for (std::size_t i = 0; i < days.size(); ++i) {
    if (days[i].part != part) continue;
    by_day[days[i].day].push_back(i);
    ++out.rows;
  }
  std::vector<std::vector<std::size_t>> blocks;
  for (auto& [day, rows] : by_day) blocks.push_back(std::move(rows));
  const auto measure = [&](double (*score)(const tabular::ConfusionMatrix&)) {
    return [&blocks, days, said, score](std::span<const std::int64_t> drawn) {
      tabular::ConfusionMatrix m{2, std::vector<std::int64_t>(4, 0)};
      for (const std::int64_t b : drawn) {
        for (const std::size_t i : blocks[static_cast<std::size_t>(b)])
          ++m.counts[(days[i].up ? 2u : 0u) + (said[i] ? 1u : 0u)];
      }
      return score(m);
    };
  };
  tabular::BootstrapOptions options;
  options.seed = seed;
  const auto count = static_cast<std::int64_t>(blocks.size());
  out.accuracy = tabular::bootstrap_interval(count, measure(tabular::accuracy), options);
  out.mcc = tabular::bootstrap_interval(count, measure(tabular::matthews_correlation), options);
  return out;
}

}  // namespace ballast::risk
