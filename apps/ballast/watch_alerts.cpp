// SPDX-License-Identifier: Apache-2.0
#include "watch_alerts.h"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/hash.h"
#include "replay.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr const char* kWatchAlertsFormat = "ballast-watch-1";

}  // namespace

std::string alert_id(const std::string& kind, const std::string& model, const ingest::TailedLine& line) {
  const Json what = {kind, model, line.source, line.generation, line.line, base::sha256_hex(line.text)};
  return base::sha256_hex(base::dump_json(what)).substr(0, 16);
}

Outbox::Outbox(const Common& common, std::string state_file, bool open_cases)
    : common_(common), state_file_(std::move(state_file)), open_cases_(open_cases) {}

Json Outbox::resume() {
  if (state_file_.empty() || !std::filesystem::exists(state_file_)) return nullptr;
  Json state = base::read_json(state_file_);
  if (base::json_field<std::string>(state, "format", state_file_) != kWatchAlertsFormat) {
    throw Error(ErrorCode::bad_input, "is not the state of a watch", state_file_);
  }
  const Json pending = base::json_field<Json>(state, "pending", state_file_);
  for (const Json& alert : pending) {
    Json json = base::json_field<Json>(alert, "json", state_file_);
    json["again"] = true;
    show(json, base::json_field<std::string>(alert, "words", state_file_));
  }
  state = base::json_field<Json>(state, "state", state_file_);
  if (!pending.empty()) save(state, Json::array());
  return state;
}

void Outbox::save(const Json& state, const Json& pending) const {
  if (state_file_.empty()) return;
  const Json json = {{"format", kWatchAlertsFormat}, {"state", state}, {"pending", pending}};
  base::write_file_atomic(state_file_, base::dump_json(json) + "\n");
}

void Outbox::show(const Json& json, const std::string& words) {
  const std::string line = common_.json ? base::dump_json(json) : words;
  // Whoever reads the alerts must see them now, not when a buffer is full.
  if (std::printf("%s\n", line.c_str()) < 0 || std::fflush(stdout) != 0) {
    throw Error(ErrorCode::io, "cannot write the alerts", "standard output");
  }
  ++shown_;
}

void Outbox::keep(std::vector<Alert>& alerts) {
  std::vector<decide::Decision> decisions;
  for (Alert& alert : alerts) {
    if (!alert.decision) continue;
    sign(*alert.decision);
    decisions.push_back(*alert.decision);
  }
  if (decisions.empty() && !open_cases_) return;
  if (!store_) store_ = std::make_unique<store::Store>(store::Store::open(common_.store));
  if (!decisions.empty()) decide::keep(*store_, decisions);
  std::size_t next = 0;
  for (Alert& alert : alerts) {
    if (alert.decision) alert.json["decision_id"] = decisions[next++].id;
    if (!open_cases_) continue;
    alert.json["case"] = alert.id;
    if (store_->find_case(alert.id)) continue;  // opened before we were stopped
    const std::string now = base::utc_now(), subject = alert.words.substr(0, alert.words.find('\n'));
    store_->open_case({alert.id, alert.kind, subject, now, {{1, "open", "operations watch", alert.words, now}}});
  }
}

void Outbox::put(std::vector<Alert> alerts, const Json& state) {
  if (!alerts.empty()) keep(alerts);
  Json pending = Json::array();
  for (const Alert& alert : alerts) pending.push_back({{"json", alert.json}, {"words", alert.words}});
  save(state, pending);
  for (const Alert& alert : alerts) show(alert.json, alert.words);
  if (!alerts.empty()) save(state, Json::array());
}

}  // namespace ballast::apps
