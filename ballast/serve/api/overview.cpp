// SPDX-License-Identifier: Apache-2.0
// The picture of the whole: counts, risks over time, a heat map, the newest that matters most.
#include <fmt/format.h>

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/risk/market.h"
#include "ballast/serve/api/listing.h"
#include "ballast/serve/app.h"
#include "ballast/serve/http/problem.h"

namespace ballast::serve {
namespace {

using namespace schema;
using std::chrono::days;

constexpr const char* kRisks[] = {"market", "credit", "operational", "liquidity", "policy", "business"};
constexpr std::int64_t kMostBuckets = 1000;
constexpr std::int64_t kNewest = 10;

risk::Day start_of(risk::Day day, const std::string& bucket) {
  using namespace std::chrono;
  if (bucket == "week") return day - (weekday(day) - Monday);
  if (bucket == "month") {
    const year_month_day ymd{day};
    return sys_days(ymd.year() / ymd.month() / 1);
  }
  return day;
}

risk::Day after(risk::Day start, const std::string& bucket) {
  using namespace std::chrono;
  if (bucket == "day") return start + days(1);
  if (bucket == "week") return start + days(7);
  const year_month_day ymd{start};
  return sys_days((ymd.year() / ymd.month() + months(1)) / 1);
}

struct Bucket {
  std::int64_t documents = 0;
  std::map<std::string, std::int64_t> signals;
};

Json series_json(const store::Overview& o, risk::Day from, risk::Day to, const std::string& bucket) {
  std::map<risk::Day, Bucket> buckets;
  std::int64_t count = 0;
  for (risk::Day at = start_of(from, bucket); at <= to; at = after(at, bucket)) {
    if (++count > kMostBuckets) throw Problem(400, "more than 1000 periods", "query.bucket", "week or month");
    buckets[at];
  }
  const auto bucket_of = [&](const std::string& day) -> Bucket* {
    const auto parsed = risk::parse_day(day);
    if (!parsed) return nullptr;  // a source may write dates in words
    const auto found = buckets.find(start_of(*parsed, bucket));
    return found == buckets.end() ? nullptr : &found->second;
  };
  for (const auto& [day, n] : o.documents_by_day) {
    if (Bucket* b = bucket_of(day)) b->documents += n;
  }
  for (const store::RiskCount& c : o.by_day) {
    if (Bucket* b = bucket_of(c.key)) b->signals[c.risk] += c.signals;
  }
  Json series = Json::array();
  for (const auto& [day, b] : buckets) {
    Json counts = Json::object();
    for (const char* risk : kRisks) counts[risk] = b.signals.contains(risk) ? b.signals.at(risk) : 0;
    series.push_back({{"bucket", risk::day_text(day)}, {"documents", b.documents}, {"counts", counts}});
  }
  return series;
}

Json heat_json(const store::Overview& o) {
  Json entities = Json::array(), cells = Json::array();
  for (const store::RiskCount& c : o.by_entity) {
    if (entities.empty() || entities.back() != c.key) entities.push_back(c.key);
    cells.push_back({{"entity", c.key},
                     {"risk", c.risk},
                     {"signals", c.signals},
                     {"max_probability", c.max_probability},
                     {"max_severity", c.max_severity}});
  }
  return {{"entities", entities}, {"cells", cells}};
}

Json named_counts(const std::map<int, std::int64_t>& severity) {
  Json json = Json::object();
  const char* const names[] = {"none", "watch", "material", "critical"};
  for (int i = 0; i < 4; ++i) json[names[i]] = severity.contains(i) ? severity.at(i) : 0;
  return json;
}

/// A picture that was drawn a second ago is shown again: every open dashboard asks for it, and it reads the whole
/// store.
class LatePictures {
 public:
  std::optional<Response> find(const std::string& target) {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    std::erase_if(pictures_, [&](const auto& one) { return now - one.second.first > std::chrono::seconds(1); });
    const auto found = pictures_.find(target);
    return found == pictures_.end() ? std::nullopt : std::optional(found->second.second);
  }
  void keep(const std::string& target, const Response& picture) {
    const std::lock_guard lock(mutex_);
    if (pictures_.size() < kMostPictures) pictures_[target] = {std::chrono::steady_clock::now(), picture};
  }

 private:
  static constexpr std::size_t kMostPictures = 64;
  std::mutex mutex_;
  std::map<std::string, std::pair<std::chrono::steady_clock::time_point, Response>> pictures_;
};

Response overview(App& app, const Request& request) {
  const auto store = app.stores.lend();
  store::Lists lists(*store);
  const std::string as_of = as_of_of(request);
  const store::Span span = span_of(request);
  const auto o = lists.overview(span, as_of, static_cast<std::int64_t>(number_asked(request, "entities", 12)));
  const std::string today = (as_of.empty() ? base::utc_now() : as_of).substr(0, 10);
  const std::string to_text = span.to.empty() ? today : span.to.substr(0, 10);
  const risk::Day to = risk::parse_day(to_text).value();
  const auto oldest = risk::parse_day(o.first_day);
  const risk::Day from = !span.from.empty() ? risk::parse_day(span.from.substr(0, 10)).value()
                         : oldest           ? std::min(*oldest, to)
                                            : to;
  std::string bucket = request.asked("bucket", "");
  if (bucket.empty()) bucket = to - from <= days(62) ? "day" : to - from <= days(730) ? "week" : "month";
  store::SignalFilter newest;
  newest.min_severity = 3;
  newest.span = span;
  Json critical = Json::array();
  for (const auto& signal : lists.signals(newest, {kNewest, "", as_of}).items) critical.push_back(to_json(signal));
  Json sentiment = Json::object();
  for (const char* name : {"negative", "neutral", "positive"}) {
    sentiment[name] = o.sentiment.contains(name) ? o.sentiment.at(name) : 0;
  }
  return json_response({{"from", risk::day_text(from)},
                        {"to", risk::day_text(to)},
                        {"bucket", bucket},
                        {"counts",
                         {{"documents", o.documents},
                          {"assessed", o.assessed},
                          {"signals", o.signals},
                          {"alerts_open", o.alerts_open},
                          {"cases_open", o.cases_open},
                          {"decisions", o.decisions},
                          {"quarantined", o.quarantined}}},
                        {"risks", kRisks},
                        {"series", series_json(o, from, to, bucket)},
                        {"severity", named_counts(o.severity)},
                        {"sentiment", sentiment},
                        {"heat", heat_json(o)},
                        {"newest_critical", critical}});
}

}  // namespace

void add_overview(App& app) {
  app.routes.add({Method::get,
                  "/v1/overview",
                  Role::viewer,
                  Lane::quick,
                  "overview",
                  "The picture of the whole",
                  {{"from", text(40), "published or stored; the oldest document where absent"},
                   {"to", text(40), "today where absent"},
                   {"bucket", word({"day", "week", "month"}), "by the length of time where absent"},
                   {"entities", integer(1, 100), "of the heat map; 12 where absent"},
                   {"as_of", text(40), "what was known then"}},
                  {},
                  open_object({{"from", text()},
                               {"to", text()},
                               {"bucket", text()},
                               {"counts", map_of(integer())},
                               {"risks", array(text())},
                               {"series", array(any())},
                               {"severity", map_of(integer())},
                               {"sentiment", map_of(integer())},
                               {"heat", any()},
                               {"newest_critical", array(ref("Signal"))}}),
                  200,
                  "application/json",
                  [&app, late = std::make_shared<LatePictures>()](Request& r) {
                    if (auto picture = late->find(r.target)) return *picture;
                    const Response drawn = overview(app, r);
                    late->keep(r.target, drawn);
                    return drawn;
                  },
                  {}});
}

}  // namespace ballast::serve
