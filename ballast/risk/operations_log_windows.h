// SPDX-License-Identifier: Apache-2.0
// Anomalies in a log that has no sessions: its lines, in the order of time, cut into windows of a fixed number of
// lines. Templates are mined on the part that teaches and frozen; windows without an alert line teach a SessionModel.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/risk/operations_sessions.h"
#include "ballast/risk/operations_templates.h"

namespace ballast::risk {

struct LogWindowOptions {
  std::int64_t window = 20;  // lines
  int label_field = 0;       // which field of a line, from 1, says whether it is an alert; 0: lines carry no label
  std::string normal = "-";  // what that field says of a normal line
  bool whole_lines = false;  // lines have no header (time, level, component) to leave out
};

/// A line without its label and header.
struct LabelledLine {
  std::string content;
  bool alert = false;  // by its label
};
/// Throws std::invalid_argument where the line has no such field.
LabelledLine cut_log_line(std::string_view line, const LogWindowOptions& options);

class LogWindowModel {
 public:
  /// Lines of the past, in order; the last window, where it is not full, is left out. Throws bad_input where fewer than
  /// 20 distinct normal windows are left.
  static LogWindowModel train(std::span<const LabelledLine> lines, const LogWindowOptions& options,
                              const SessionOptions& sessions = {});
  /// Throws not_found, or bad_input for a damaged folder.
  static LogWindowModel load(const std::filesystem::path& folder);
  /// The session model's folder with `templates.json` and `windows.json`, all or nothing.
  void save(const std::filesystem::path& folder) const;

  /// The event of a message: its template's id as text, "0" where it fits none of the frozen ones.
  std::string event_of(std::string_view content) const;
  const std::string& template_of(const std::string& event) const;
  const LogWindowOptions& options() const { return options_; }
  const SessionModel& sessions() const { return sessions_; }
  const TemplateMiner& templates() const { return miner_; }
  std::int64_t normal_windows() const { return normal_; }
  std::int64_t alert_windows() const { return alerts_; }

 private:
  LogWindowModel(LogWindowOptions options, TemplateMiner miner, SessionModel sessions);
  LogWindowOptions options_;
  TemplateMiner miner_;
  SessionModel sessions_;
  std::int64_t normal_ = 0, alerts_ = 0;
};

/// Whether a folder holds one.
bool is_log_window_model(const std::filesystem::path& folder);

}  // namespace ballast::risk
