// SPDX-License-Identifier: Apache-2.0
// Log lines to alerts: new templates, and windows that a model finds strange.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/hash.h"
#include "ballast/decide/log_window_decision.h"
#include "ballast/risk/operations_log_windows.h"
#include "ballast/risk/operations_templates.h"
#include "replay.h"
#include "watch_alerts.h"

namespace ballast::apps {
namespace {

using base::Json;

constexpr std::size_t kExcerpt = 400;  // bytes of a line that an alert shows

Json place_json(const std::string& id, const std::string& kind, const ingest::TailedLine& line) {
  return {{"alert", id}, {"kind", kind}, {"source", line.source}, {"line", line.line}};
}

class TemplateWatch : public LineWatch {
 public:
  explicit TemplateWatch(const std::string& frozen) : frozen_(!frozen.empty()) {
    if (!frozen_) return;
    const Json json = base::read_json(frozen);
    miner_ = risk::TemplateMiner::thaw(json, frozen);
    hash_ = base::json_field<std::string>(json, "sha256", frozen);
  }

  std::string identity() const override { return "templates " + hash_; }

  void take(const ingest::TailedLine& line, std::vector<Alert>& alerts) override {
    ++lines_;
    const risk::LogLine parts = risk::split_log_line(line.text);
    if (parts.content.empty()) return;
    const std::int64_t id = frozen_ ? miner_.match(parts.content) : miner_.add(parts.content);
    const bool news = frozen_ ? id == 0 : id > newest_;
    newest_ = std::max(newest_, id);
    if (!news) return;
    Alert alert;
    alert.kind = frozen_ ? "unknown_message" : "new_template";
    alert.id = alert_id(alert.kind, hash_, line);
    alert.json = place_json(alert.id, alert.kind, line);
    if (!frozen_) alert.json["template_id"] = id;
    if (!parts.level.empty()) alert.json["level"] = std::string(parts.level);
    alert.json["template"] = frozen_ ? Json() : Json(miner_.text(id));
    alert.json["text"] = line.text.substr(0, kExcerpt);
    alert.words = fmt::format("{}:{}: {}: {}", line.source, line.line,
                              frozen_ ? "fits no known template" : fmt::format("new template {}", id),
                              frozen_ ? line.text.substr(0, kExcerpt) : miner_.text(id));
    alerts.push_back(std::move(alert));
  }

  void flush(std::vector<Alert>&) override {}

  Json state() const override {
    Json json = {{"lines", lines_}, {"newest", newest_}};
    if (!frozen_) json["templates"] = miner_.freeze();
    return json;
  }

  void resume(const Json& state, const std::string& where) override {
    lines_ = base::json_field<std::int64_t>(state, "lines", where);
    newest_ = base::json_field<std::int64_t>(state, "newest", where);
    if (!frozen_) miner_ = risk::TemplateMiner::thaw(base::json_field<Json>(state, "templates", where), where);
  }

  std::string summary() const override {
    return fmt::format("{} lines, {} templates", lines_, miner_.templates().size());
  }

 private:
  bool frozen_;
  std::string hash_;
  risk::TemplateMiner miner_;
  std::int64_t lines_ = 0, newest_ = 0;
};

class WindowWatch : public LineWatch {
 public:
  explicit WindowWatch(const std::string& folder)
      : folder_(folder), hash_(decide::folder_hash(folder)), model_(risk::LogWindowModel::load(folder)) {}

  std::string identity() const override { return "windows " + hash_; }

  void take(const ingest::TailedLine& line, std::vector<Alert>& alerts) override {
    ++lines_;
    const std::string content =
        model_.options().whole_lines ? line.text : std::string(risk::split_log_line(line.text).content);
    Window& window = open_[line.source];
    if (window.generation != line.generation) window = {};  // a window does not go on in another file
    window.generation = line.generation;
    window.lines.push_back({line.line, line.text.substr(0, kExcerpt), model_.event_of(content)});
    if (static_cast<std::int64_t>(window.lines.size()) < model_.options().window) return;
    judge(line.source, window, alerts);
    window.lines.clear();
  }

  void flush(std::vector<Alert>&) override {}

  Json state() const override {
    Json open = Json::object();
    for (const auto& [source, window] : open_) {
      Json lines = Json::array();
      for (const Line& line : window.lines) lines.push_back({line.number, line.text, line.event});
      open[source] = {{"generation", window.generation}, {"lines", lines}};
    }
    return {{"lines", lines_}, {"windows", windows_}, {"open", open}};
  }

  void resume(const Json& state, const std::string& where) override {
    lines_ = base::json_field<std::int64_t>(state, "lines", where);
    windows_ = base::json_field<std::int64_t>(state, "windows", where);
    const Json open = base::json_field<Json>(state, "open", where);
    for (const auto& [source, json] : open.items()) {
      Window& window = open_[source];
      window.generation = base::json_field<std::int64_t>(json, "generation", where);
      using Triple = std::tuple<std::int64_t, std::string, std::string>;
      for (const auto& [number, text, event] : base::json_field<std::vector<Triple>>(json, "lines", where)) {
        window.lines.push_back({number, text, event});
      }
    }
  }

  std::string summary() const override {
    return fmt::format("{} lines, {} windows of {}", lines_, windows_, model_.options().window);
  }

 private:
  struct Line {
    std::int64_t number = 0;
    std::string text, event;
  };
  struct Window {
    std::int64_t generation = 0;
    std::vector<Line> lines;
  };

  void judge(const std::string& source, const Window& window, std::vector<Alert>& alerts) {
    ++windows_;
    Json inputs = {{"source", source},
                   {"first_line", window.lines.front().number},
                   {"last_line", window.lines.back().number},
                   {"events", Json::array()}};
    for (const Line& line : window.lines) inputs["events"].push_back(line.event);
    const decide::Decision decision = decide::judge_window(model_, folder_, hash_, inputs);
    if (!decision.outcome.at("anomaly").get<bool>()) return;
    const auto step = std::min(decision.outcome.at("step").get<std::size_t>(), window.lines.size());
    const Line& worst = window.lines[step - 1];
    Alert alert;
    alert.kind = "log_window";
    const ingest::TailedLine place{source, worst.number, window.generation, worst.text, false};
    alert.id = alert_id(alert.kind, hash_, place);
    alert.json = place_json(alert.id, alert.kind, place);
    for (const char* key : {"first_line", "last_line"}) alert.json[key] = inputs[key];
    for (const char* key : {"score", "threshold", "event", "template", "count_score", "count_anomaly"}) {
      alert.json[key] = decision.outcome.at(key);
    }
    alert.json["text"] = worst.text;
    alert.words = fmt::format("{}:{}: strange window of lines {} to {} ({:.2f} nats, threshold {:.2f})\n  {}\n  {}",
                              source, worst.number, window.lines.front().number, window.lines.back().number,
                              decision.outcome.at("score").get<double>(), model_.sessions().threshold(), worst.text,
                              decision.outcome.at("template").get<std::string>());
    alert.decision = decision;
    alerts.push_back(std::move(alert));
  }

  std::string folder_, hash_;
  risk::LogWindowModel model_;
  std::map<std::string, Window> open_;
  std::int64_t lines_ = 0, windows_ = 0;
};

}  // namespace

std::unique_ptr<LineWatch> watch_templates(const std::string& frozen) {
  return std::make_unique<TemplateWatch>(frozen);
}

std::unique_ptr<LineWatch> watch_windows(const std::string& model) {
  return std::make_unique<WindowWatch>(model);
}

}  // namespace ballast::apps
