// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "ballast/risk/market_forecast.h"
#include "ballast/risk/market_volatility.h"

namespace ballast::risk {
namespace {

constexpr std::int64_t kFirstBar = 60;  // the longest look back
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kDecay = 0.94;

/// News of one session: how many, and the mean of each value.
struct SessionNews {
  double count = 0;
  std::vector<double> sum, known;
};

std::map<Day, SessionNews> by_session(const News& news, const TradingCalendar& calendar) {
  std::map<Day, SessionNews> out;
  for (const NewsItem& item : news.items) {
    SessionNews& session = out[calendar.session_of(item.available_at)];
    session.sum.resize(news.names.size());
    session.known.resize(news.names.size());
    ++session.count;
    for (std::size_t v = 0; v < item.values.size(); ++v) {
      if (!std::isfinite(item.values[v])) continue;
      session.sum[v] += item.values[v];
      ++session.known[v];
    }
  }
  return out;
}

/// Sums over the sessions in (after, until].
SessionNews news_between(const std::map<Day, SessionNews>& sessions, Day after, Day until, std::size_t names) {
  SessionNews total{0, std::vector<double>(names), std::vector<double>(names)};
  for (auto s = sessions.upper_bound(after); s != sessions.end() && s->first <= until; ++s) {
    total.count += s->second.count;
    for (std::size_t v = 0; v < names; ++v) {
      total.sum[v] += s->second.sum[v];
      total.known[v] += s->second.known[v];
    }
  }
  return total;
}

class RowMaker {
 public:
  RowMaker(const PriceSeries& series, const News& news, const TradingCalendar& calendar)
      : bars_(series.bars),
        names_(news.names),
        changes_(returns_of(series).values),
        sessions_(by_session(news, calendar)) {
    for (const double v : ewma_variances(changes_, kDecay)) sigma_.push_back(std::max(std::sqrt(v), 1e-6));
    with_range_ = std::any_of(bars_.begin(), bars_.end(), [](const Bar& b) { return std::isfinite(b.high - b.low); });
    with_volume_ = std::any_of(bars_.begin(), bars_.end(), [](const Bar& b) { return std::isfinite(b.volume); });
    with_news_ = !news.items.empty();
  }

  /// Values of the decision at the close of bar i; fills names() the first time.
  std::vector<double> row(std::size_t i) {
    values_.clear();
    const double sigma = sigma_[i];  // changes_[i − 1] is the change into bar i, so [i] forecasts the next
    for (std::size_t lag = 0; lag < 5; ++lag) {
      add(fmt::format("change_{}", lag + 1), changes_[i - 1 - lag] / sigma);
    }
    for (const std::size_t days : {5u, 20u, 60u}) {
      double sum = 0, square = 0;
      for (std::size_t k = 0; k < days; ++k) sum += changes_[i - 1 - k], square += std::pow(changes_[i - 1 - k], 2);
      const auto n = static_cast<double>(days);
      add(fmt::format("momentum_{}", days), sum / (sigma * std::sqrt(n)));
      add(fmt::format("volatility_{}", days), std::log(std::max(std::sqrt(square / n), 1e-6) / sigma));
    }
    add("volatility", std::log(sigma));
    if (with_range_) {
      const Bar& b = bars_[i];
      add("range", (b.high - b.low) / (b.close * sigma));
      add("close_in_range", b.high > b.low ? (b.close - b.low) / (b.high - b.low) : kNaN);
    }
    if (with_volume_) add("volume", volume(i));
    if (with_news_) add_news(i);
    first_ = false;
    return values_;
  }
  const std::vector<std::string>& names() const { return columns_; }

 private:
  void add(const std::string& name, double value) {
    if (first_) columns_.push_back(name);
    values_.push_back(std::isfinite(value) ? value : kNaN);
  }
  double volume(std::size_t i) const {
    double mean = 0;
    for (std::size_t k = 1; k <= 20; ++k) mean += bars_[i - k].volume / 20;
    return bars_[i].volume > 0 && mean > 0 ? std::log(bars_[i].volume / mean) : kNaN;
  }
  void add_news(std::size_t i) {
    for (const std::size_t sessions : {1u, 5u}) {
      const auto total = news_between(sessions_, bars_[i - sessions].day, bars_[i].day, names_.size());
      add(fmt::format("news_{}", sessions), std::log1p(total.count));
      for (std::size_t v = 0; v < names_.size(); ++v) {
        add(fmt::format("{}_{}", names_[v], sessions), total.known[v] > 0 ? total.sum[v] / total.known[v] : kNaN);
      }
    }
  }

  const std::vector<Bar>& bars_;
  const std::vector<std::string>& names_;
  std::vector<double> changes_, sigma_, values_;
  std::map<Day, SessionNews> sessions_;
  std::vector<std::string> columns_;
  bool with_range_ = false, with_volume_ = false, with_news_ = false, first_ = true;
};

bool same(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b));
}

}  // namespace

FeatureTable make_features(const PriceSeries& series, const News& news, const TradingCalendar& calendar) {
  FeatureTable table;
  RowMaker maker(series, news, calendar);
  for (std::int64_t i = kFirstBar; i < static_cast<std::int64_t>(series.bars.size()); ++i) {
    const auto row = maker.row(static_cast<std::size_t>(i));
    table.bars.push_back(i);
    table.values.values.insert(table.values.values.end(), row.begin(), row.end());
  }
  table.names = maker.names();
  table.values.rows = static_cast<std::int64_t>(table.bars.size());
  table.values.cols = static_cast<std::int64_t>(table.names.size());
  return table;
}

std::vector<Leak> find_lookahead(const FeatureMaker& maker, const PriceSeries& series, const News& news,
                                 const TradingCalendar& calendar, int samples) {
  const FeatureTable full = maker(series, news, calendar);
  const auto rows = static_cast<std::int64_t>(full.bars.size());
  std::vector<Leak> leaks;
  std::vector<std::uint8_t> found(full.names.size(), 0);
  for (std::int64_t s = 1; s <= samples && rows > 1; ++s) {
    const std::int64_t at = std::clamp<std::int64_t>(s * rows / (samples + 1), 0, rows - 2);
    const std::int64_t bar = full.bars[static_cast<std::size_t>(at)];
    PriceSeries known = series;
    known.bars.resize(static_cast<std::size_t>(bar) + 1);
    const Day day = known.bars.back().day;
    News heard = news;
    std::erase_if(heard.items, [&](const NewsItem& n) { return n.available_at >= calendar.close_of(day); });
    const FeatureTable then = maker(known, heard, calendar);
    const auto row = std::find(then.bars.begin(), then.bars.end(), bar) - then.bars.begin();
    for (std::size_t f = 0; f < full.names.size(); ++f) {
      const auto other = std::find(then.names.begin(), then.names.end(), full.names[f]) - then.names.begin();
      if (found[f] != 0) continue;
      const bool there = row < then.values.rows && other < then.values.cols;
      const double now = full.values.row(at)[f];
      const double was = there ? then.values.row(row)[static_cast<std::size_t>(other)] : kNaN;
      // Before its first item of news a feature of news is absent there and empty or zero here.
      if (same(now, was) || (!there && (now == 0 || std::isnan(now)))) continue;
      found[f] = 1;
      leaks.push_back({full.names[f], day});
    }
  }
  return leaks;
}

}  // namespace ballast::risk
