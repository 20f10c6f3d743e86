// SPDX-License-Identifier: Apache-2.0
#include "ballast/serve/live/feeder.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/hash.h"
#include "ballast/serve/api/records.h"
#include "ballast/serve/live/webhooks.h"
#include "ballast/store/lists.h"

namespace ballast::serve {
namespace {

// Asking whether anything has changed costs microseconds: often enough for an alert within a tenth of a second.
constexpr std::chrono::milliseconds kLook{10}, kPause{1000};
constexpr std::int64_t kAtOnce = 200;
constexpr std::size_t kTitleBytes = 160;

std::string title_of(const store::ListedSignal& s) {
  std::string words = s.document.title.empty() ? s.document.text : s.document.title;
  if (words.size() > kTitleBytes) {
    std::size_t end = kTitleBytes;
    while ((static_cast<unsigned char>(words[end]) & 0xc0) == 0x80) --end;  // not inside a character
    words = words.substr(0, end) + "…";
  }
  return s.signal.risk + ": " + words;
}

}  // namespace

Feeder::Feeder(App& app) : app_(app) {
  // Before anybody can ask: what is stored from now on is new.
  auto store = std::make_unique<store::Store>(store::Store::open(app_.stores.url()));
  store::Lists lists(*store);
  places_ = {lists.last_row("signals"), lists.last_row("alerts"), lists.last_row("case_events"),
             lists.last_row("decisions")};
  thread_ = std::thread([this, store = std::move(store)]() mutable { run(std::move(store)); });
}

Feeder::~Feeder() {
  stopping_ = true;
  thread_.join();
}

void Feeder::run(std::unique_ptr<store::Store> store) {
  while (!stopping_) {
    try {
      if (!store) store = std::make_unique<store::Store>(store::Store::open(app_.stores.url()));
      follow(*store);
    } catch (const std::exception& e) {
      // A database that went away may come back; nothing is lost, since places_ stay.
      app_.log("error", "feeder", {{"what", e.what()}});
      store.reset();
      for (auto waited = kLook; waited < kPause && !stopping_; waited += kLook) std::this_thread::sleep_for(kLook);
    }
  }
}

void Feeder::follow(store::Store& store) {
  store::Lists lists(store);
  raise_alerts(store);  // for what came while no service ran
  std::int64_t version = -1;
  bool first = true;
  while (!stopping_) {
    const std::int64_t now = lists.data_version();
    if (!first && now == version) {
      std::this_thread::sleep_for(kLook);
      continue;
    }
    first = look(store);
    version = now;
  }
}

void Feeder::tell(store::Store& store, const std::string& topic, const std::string& event, const std::string& key,
                  const base::Json& data) {
  app_.hub.publish(topic, event, data);
  app_.webhooks->enqueue(store, topic, event, key, data);
}

bool Feeder::look(store::Store& store) {
  bool more = false;
  // A store that was put back from a copy may end before the place that was reached.
  store::Lists lists(store);
  for (const auto& [table, place] : {std::pair{"signals", &places_.signals},
                                     {"alerts", &places_.alerts},
                                     {"case_events", &places_.cases},
                                     {"decisions", &places_.decisions}}) {
    *place = std::min(*place, lists.last_row(table));
  }
  tell_signals(store, more);
  tell_others(store, more);
  return more;
}

void Feeder::tell_signals(store::Store& store, bool& more) {
  store::Lists lists(store);
  const auto ids = lists.ids_since("signals", places_.signals, kAtOnce);
  if (ids.empty()) return;
  more = more || static_cast<std::int64_t>(ids.size()) == kAtOnce;
  for (const std::string& id : ids) {
    store::SignalFilter filter;
    filter.id = id;
    for (const auto& signal : lists.signals(filter, {1, "", ""}).items) {
      tell(store, "signals", "signal", id, to_json(signal));
      app_.metrics.add("ballast_signals_total", "Signals found", 1, {"risk", signal.signal.risk});
    }
  }
  raise_alerts(store);
}

void Feeder::raise_alerts(store::Store& store) {
  if (app_.options.alert_severity > 3) return;
  store::Lists lists(store);
  store::Work work(store);
  while (!stopping_) {
    std::vector<store::AlertRecord> alerts;
    const auto ids = work.signals_without_alert(app_.options.alert_severity, kAtOnce);
    for (const std::string& id : ids) {
      store::SignalFilter filter;
      filter.id = id;
      for (const auto& s : lists.signals(filter, {1, "", ""}).items) {
        alerts.push_back({base::sha256_hex("alert|" + id).substr(0, 16), "signal", s.severity, title_of(s), id,
                          s.document.id, "open", "", "", "", "", base::utc_now()});
      }
    }
    if (alerts.empty()) return;
    work.put_alerts(alerts);
  }
}

void Feeder::tell_others(store::Store& store, bool& more) {
  store::Lists lists(store);
  store::Work work(store);
  const auto ids_of = [&](const char* table, std::int64_t& place) {
    auto ids = lists.ids_since(table, place, kAtOnce);
    more = more || static_cast<std::int64_t>(ids.size()) == kAtOnce;
    return ids;
  };
  for (const std::string& id : ids_of("alerts", places_.alerts)) {
    if (const auto alert = work.find_alert(id)) tell(store, "alerts", "alert", id, to_json(*alert));
  }
  for (const std::string& id : ids_of("case_events", places_.cases)) {
    if (const auto found = store.find_case(id)) {
      tell(store, "cases", "case", id + "|" + std::to_string(found->events.size()), risk::to_json(*found));
    }
  }
  for (const std::string& id : ids_of("decisions", places_.decisions)) {
    if (const auto found = store.find_decision(id)) {
      tell(store, "decisions", "decision", id, to_json({*found, {}}));
    }
  }
}

}  // namespace ballast::serve
