// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/market_forecast.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/base/random.h"
#include "tests/support/scratch.h"

namespace ballast::risk {
namespace {

const TradingCalendar& weekdays() {
  static const TradingCalendar kCalendar = TradingCalendar::named("weekdays");
  return kCalendar;
}

/// Prices whose changes follow yesterday's news by `strength` of their volatility.
struct World {
  PriceSeries series;
  News news;
};
World world(int n, double strength, std::uint64_t seed) {
  base::Random random(seed);
  World w;
  w.series.source = "made";
  w.news.names = {"tone"};
  double price = 100, tone = 0;
  Day day = *parse_day("2001-01-01");
  for (int i = 0; i < n; ++i) {
    price *= 1 + 0.01 * (strength * tone + random.normal());
    Bar bar;
    bar.day = day;
    bar.close = price;
    w.series.bars.push_back(bar);
    tone = random.normal();
    const Moment noon = Moment(day) + std::chrono::hours(12);
    w.news.items.push_back({noon, noon, {tone}});
    day = weekdays().session_after(day);
  }
  return w;
}

TEST(Features, HonestOnesPassAndPlantedLeaksAreCaught) {
  const World w = world(300, 0, 1);
  EXPECT_TRUE(find_lookahead(make_features, w.series, w.news, weekdays()).empty());
  const FeatureMaker tomorrow = [](const PriceSeries& s, const News& n, const TradingCalendar& c) {
    FeatureTable t = make_features(s, n, c);
    for (std::size_t row = 0; row < t.bars.size(); ++row) {
      const auto i = static_cast<std::size_t>(t.bars[row]);
      t.values.values[row * t.names.size() + 2] = i + 1 < s.bars.size() ? s.bars[i + 1].close / s.bars[i].close : 1;
    }
    return t;
  };
  const auto leaks = find_lookahead(tomorrow, w.series, w.news, weekdays());
  ASSERT_EQ(leaks.size(), 1u);
  EXPECT_EQ(leaks[0].feature, "change_3");
  // Subtler: scaled by the deviation of the whole series.
  const FeatureMaker whole = [](const PriceSeries& s, const News& n, const TradingCalendar& c) {
    FeatureTable t = make_features(s, n, c);
    const double scale = describe(returns_of(s)).stdev;
    for (std::size_t k = 0; k < t.bars.size(); ++k) t.values.values[k * t.names.size()] *= scale;
    return t;
  };
  EXPECT_EQ(find_lookahead(whole, w.series, w.news, weekdays()).at(0).feature, "change_1");
  // News filed under the day it was printed, though it came after the close.
  World late = w;
  for (NewsItem& item : late.news.items) item.available_at += std::chrono::hours(20);
  EXPECT_TRUE(find_lookahead(make_features, late.series, late.news, weekdays()).empty());
  const FeatureMaker by_date = [](const PriceSeries& s, News n, const TradingCalendar& c) {
    for (NewsItem& item : n.items) item.available_at = item.published_at;
    return make_features(s, n, c);
  };
  const auto dated = find_lookahead(by_date, late.series, late.news, weekdays());
  ASSERT_FALSE(dated.empty());
  EXPECT_EQ(dated[0].feature, "news_1");
}

TEST(Features, NewsAfterTheCloseCountsForTheNextSession) {
  World w = world(100, 0, 2);
  w.news.items.clear();
  const auto nyse = TradingCalendar::named("NYSE");
  const Day day = w.series.bars[80].day;
  w.news.items.push_back({nyse.close_of(day), nyse.close_of(day), {3}});
  const auto table = make_features(w.series, w.news, nyse);
  const auto column =
      static_cast<std::size_t>(std::find(table.names.begin(), table.names.end(), "tone_1") - table.names.begin());
  const auto value = [&](std::int64_t bar) { return table.values.row(bar - 60)[column]; };
  EXPECT_TRUE(std::isnan(value(80)));
  EXPECT_EQ(value(81), 3);
  EXPECT_TRUE(std::isnan(value(82)));
}

ForecastOptions quick() {
  ForecastOptions o;
  o.first_train = 300;
  o.block = 60;
  return o;
}

TEST(WalkForward, FindsWhatIsThereAndOnlyThat) {
  const World strong = world(1100, 0.7, 3), none = world(1100, 0, 4);
  const auto found = walk_forward(strong.series, strong.news, weekdays(), quick());
  EXPECT_GT(found.accuracy.low, 0.6);
  EXPECT_GT(found.mcc.estimate, 0.25);
  EXPECT_GT(found.advised.sharpe, 1.5);
  EXPECT_GT(found.advice[static_cast<int>(Action::buy)], 50);
  EXPECT_GT(found.advice[static_cast<int>(Action::sell)], 50);
  const auto empty = walk_forward(none.series, none.news, weekdays(), quick());
  EXPECT_LT(empty.mcc.low, 0.0);
  EXPECT_GT(empty.advice[static_cast<int>(Action::abstain)], static_cast<std::int64_t>(empty.sessions.size()) / 2);
  EXPECT_NEAR(empty.interval_coverage, 0.9, 0.03);
  for (const auto& s : found.sessions) {
    EXPECT_GE(s.es, s.var);
    EXPECT_LT(s.low, s.high);
  }
  EXPECT_EQ(found.next.day, weekdays().session_after(strong.series.bars.back().day));
}

TEST(WalkForward, SeesOnlyThePastAndNoThreads) {
  World w = world(800, 0.5, 5);
  base::set_threads(1);
  const auto one = walk_forward(w.series, w.news, weekdays(), quick());
  base::set_threads(2);
  const auto two = walk_forward(w.series, w.news, weekdays(), quick());
  ASSERT_EQ(one.sessions.size(), two.sessions.size());
  for (std::size_t i = 0; i < one.sessions.size(); ++i) {
    EXPECT_EQ(one.sessions[i].probability_up, two.sessions[i].probability_up);
    EXPECT_EQ(one.sessions[i].net, two.sessions[i].net);
  }
  EXPECT_EQ(one.accuracy.low, two.accuracy.low);
  World shorter = w;
  shorter.series.bars.resize(750);
  std::erase_if(shorter.news.items, [&](const NewsItem& n) {
    return n.available_at > Moment(w.series.bars[749].day) + std::chrono::days(1);
  });
  const auto earlier = walk_forward(shorter.series, shorter.news, weekdays(), quick());
  for (std::size_t i = 0; i < earlier.sessions.size(); ++i) {
    ASSERT_EQ(earlier.sessions[i].probability_up, one.sessions[i].probability_up);
    ASSERT_EQ(earlier.sessions[i].var, one.sessions[i].var);
    ASSERT_EQ(earlier.sessions[i].position, one.sessions[i].position);
  }
  EXPECT_EQ(earlier.next.probability_up, one.sessions[earlier.sessions.size()].probability_up);
}

TEST(WalkForward, ReasonsAddUpToTheLogOdds) {
  World w = world(900, 0.7, 7);
  w.news.items.back().values = {3};  // known before the last close
  ForecastOptions o = quick();
  o.models = {DirectionModel::logistic, DirectionModel::boosted, DirectionModel::transformer};
  o.block = 150;
  const auto report = walk_forward(w.series, w.news, weekdays(), o);
  ASSERT_EQ(report.next.scores.size(), 3u);
  double sum = report.base;
  for (const ForecastReason& reason : report.reasons) sum += reason.contribution;
  EXPECT_NEAR(sum, report.log_odds, 1e-12);
  EXPECT_NEAR(1 / (1 + std::exp(-report.log_odds)), report.next.probability_up, 1e-12);
  for (std::size_t i = 1; i < report.reasons.size(); ++i) {
    EXPECT_GE(std::abs(report.reasons[i - 1].contribution), std::abs(report.reasons[i].contribution));
  }
  // The world's only cause: the news since the last close.
  EXPECT_EQ(report.reasons.front().feature, "tone_1");
  EXPECT_EQ(report.reasons.front().value, 3);
  EXPECT_GT(report.reasons.front().contribution, 0);
}

TEST(WalkForward, TransformerFindsWhatIsThere) {
  const World w = world(900, 0.7, 3);
  ForecastOptions o = quick();
  o.models = {DirectionModel::transformer};
  o.block = 120;
  base::set_threads(1);
  const auto one = walk_forward(w.series, w.news, weekdays(), o);
  base::set_threads(2);
  const auto two = walk_forward(w.series, w.news, weekdays(), o);
  base::set_threads(0);
  EXPECT_GT(one.mcc.low, 0);
  for (std::size_t i = 0; i < one.sessions.size(); ++i) {
    ASSERT_EQ(one.sessions[i].scores, two.sessions[i].scores);
  }
  World shorter = w;
  shorter.series.bars.resize(850);
  std::erase_if(shorter.news.items, [&](const NewsItem& n) {
    return n.available_at > Moment(w.series.bars[849].day) + std::chrono::days(1);
  });
  const auto earlier = walk_forward(shorter.series, shorter.news, weekdays(), o);
  EXPECT_EQ(earlier.next.scores, one.sessions[earlier.sessions.size()].scores);
}

TEST(WalkForward, RefusesLeaksAndShortSeries) {
  const World w = world(800, 0, 6);
  ForecastOptions o = quick();
  o.features = [](const PriceSeries& s, const News& n, const TradingCalendar& c) {
    FeatureTable t = make_features(s, n, c);
    for (std::size_t k = 0; k < t.bars.size(); ++k) t.values.values[k * t.names.size()] = s.bars.back().close;
    return t;
  };
  try {
    walk_forward(w.series, w.news, weekdays(), o);
    FAIL();
  } catch (const base::Error& e) {
    EXPECT_EQ(e.problem(), "the feature change_1 knows what came later");
  }
  World brief = world(300, 0, 6);
  EXPECT_THROW(walk_forward(brief.series, brief.news, weekdays(), quick()), base::Error);
}

TEST(Advice, PaysCostsKeepsLimitsAndAbstains) {
  ForecastOptions o;
  SessionForecast f;
  f.interval = {0.52, 0.6}, f.var = 0.02, f.expected = 0.001;
  EXPECT_EQ(advise(f, 0, o).action, Action::buy);
  EXPECT_EQ(advise(f, 0, o).position, 1);
  f.var = 0.1;  // twice the limit
  EXPECT_EQ(advise(f, 0, o).position, 0.5);
  f.expected = 0.0004;  // below the cost
  EXPECT_EQ(advise(f, 1, o).action, Action::hold);
  EXPECT_EQ(advise(f, 1, o).position, 0.5);
  f.expected = -0.001;
  EXPECT_EQ(advise(f, 1, o).action, Action::sell);
  EXPECT_EQ(advise(f, 1, o).position, 0);
  o.allow_short = true;
  EXPECT_EQ(advise(f, 1, o).position, -0.5);
  f.interval = {0.49, 0.6};
  EXPECT_EQ(advise(f, 0.3, o).action, Action::abstain);
  EXPECT_EQ(advise(f, 0.3, o).position, 0.3);
}

TEST(News, IsReadWithItsMomentsAndNumbers) {
  const test::ScratchFolder folder;
  const auto path = folder / "news.csv";
  std::ofstream(path) << "published_at,available_at,title,tone,place\n"
                         "2020-03-09T13:30:00Z,,A,0.5,x\n"
                         "2020-03-09T13:30:00+01:00,2020-03-10T00:00:00Z,B,,y\n"
                         "2020-03-09,,C,1,z\n"
                         "2020-03-09T13:30:00Z,2020-03-08T00:00:00Z,D,1,z\n"
                         "2999-03-09T13:30:00Z,,E,1,z\n";
  std::vector<std::string> seen;
  const News news = read_news(path.string(), [&](const ingest::Quarantined& q) {
    seen.push_back(std::to_string(q.line) + " " + q.column + ": " + q.reason);
  });
  EXPECT_EQ(news.names, std::vector<std::string>{"tone"});
  ASSERT_EQ(news.items.size(), 2u);
  EXPECT_EQ(news.items[0].values[0], 0.5);
  EXPECT_TRUE(std::isnan(news.items[1].values[0]));
  EXPECT_EQ(moment_text(news.items[1].available_at), "2020-03-10T00:00:00Z");
  EXPECT_EQ(news.texts, (std::vector<std::string>{"A", "B"}));
  EXPECT_EQ(seen, (std::vector<std::string>{
                      "4 published_at: not a moment (expected RFC 3339 with an offset, as in 2020-03-09T13:30:00Z)",
                      "5 available_at: available before it was published", "6 published_at: lies in the future"}));
}

}  // namespace
}  // namespace ballast::risk
