// SPDX-License-Identifier: Apache-2.0
// Alerts of `ballast operations watch`: stored, opened as cases and shown, each once, also across a restart.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/decide/decision.h"
#include "ballast/ingest/tail.h"
#include "ballast/store/store.h"
#include "verb.h"

namespace ballast::apps {

struct Alert {
  std::string id;  // see alert_id()
  std::string kind;
  base::Json json;    // what is shown with --json; decision and case are added
  std::string words;  // the same for people
  std::optional<decide::Decision> decision;
};

/// The same line in the same place gives the same id: the first 16 hexadecimal digits of SHA-256 over kind, model,
/// source, generation, line and text.
std::string alert_id(const std::string& kind, const std::string& model, const ingest::TailedLine& line);

/// Turns lines into alerts.
class LineWatch {
 public:
  virtual ~LineWatch() = default;
  /// What kind of watch with which model: a state belongs to one.
  virtual std::string identity() const = 0;
  virtual void take(const ingest::TailedLine& line, std::vector<Alert>& alerts) = 0;
  /// The lines of one look are in: what is judged together is judged now.
  virtual void flush(std::vector<Alert>& alerts) = 0;
  virtual base::Json state() const = 0;
  virtual void resume(const base::Json& state, const std::string& where) = 0;
  /// For the end: "1,200 lines, 31 templates".
  virtual std::string summary() const = 0;
};

/// Templates as they come: each new one is an alert. With frozen templates (a file of `operations templates --freeze`)
/// nothing is learnt, and a line that fits none is an alert.
std::unique_ptr<LineWatch> watch_templates(const std::string& frozen);
/// Windows of a log by a model of `operations train --log`.
std::unique_ptr<LineWatch> watch_windows(const std::string& model);
/// Rows of growing CSV or JSONL files by a model of `operations fraud train`, with its rules or others.
std::unique_ptr<LineWatch> watch_transactions(const std::string& model, const std::string& rules, const Common& common);

/// Where alerts go. An alert is first stored, then written to the state as pending, then shown, then marked as shown:
/// killed at any moment, it is shown at least once, and a second time (marked "again") only if killed between the last
/// two.
class Outbox {
 public:
  /// `state_file` may be empty.
  Outbox(const Common& common, std::string state_file, bool open_cases);
  /// The saved state, null where there is none yet. Shows what was pending.
  base::Json resume();
  /// `state`: where reading and judging stand after these alerts.
  void put(std::vector<Alert> alerts, const base::Json& state);
  std::int64_t shown() const { return shown_; }

 private:
  void keep(std::vector<Alert>& alerts);
  void save(const base::Json& state, const base::Json& pending) const;
  void show(const base::Json& json, const std::string& words);

  const Common& common_;
  std::string state_file_;
  bool open_cases_;
  std::unique_ptr<store::Store> store_;
  std::int64_t shown_ = 0;
};

}  // namespace ballast::apps
