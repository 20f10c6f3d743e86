// SPDX-License-Identifier: Apache-2.0
// Anomalies in log sessions: sequences of event ids of normal work in, a score for each session out. A causal language
// model reads the order of events; a count model, the traditional method, reads how often each occurs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ballast/base/progress.h"

namespace ballast::risk {

/// Event names in the order in which they happened.
using Session = std::vector<std::string>;

struct SessionOptions {
  double hold_back = 0.2;          // share of the distinct sessions kept from training, for the threshold
  double false_alarm_rate = 0.01;  // of held-back normal sessions, at the threshold
  double epochs = 20;
  std::int64_t width = 64, layers = 2;
  std::uint64_t seed = 42;
  base::ProgressSink progress;
};

struct SessionScore {
  double score = 0;        // nats of the most surprising step; higher is stranger
  double mean = 0;         // nats a step
  double count_score = 0;  // the count model's
  std::int64_t step = 0;   // the most surprising step, from 1; one more than the events where the end came too early
  bool anomaly = false, count_anomaly = false;  // above the thresholds
  bool truncated = false;                       // the model read only the first part
};

class SessionModel {
 public:
  /// Learns from normal sessions alone. Sessions are held back by distinct sequence, so that the threshold is set on
  /// sequences that the model has not seen; each counts as often as it occurred. Throws bad_input with fewer than 20
  /// distinct sessions.
  static SessionModel train(std::span<const Session> normal, const SessionOptions& options = {});
  static SessionModel load(const std::filesystem::path& folder);
  ~SessionModel();
  SessionModel(SessionModel&&) noexcept;
  SessionModel& operator=(SessionModel&&) noexcept;

  /// Replaces a folder: the language model (Hugging Face layout) and operations.json.
  void save(const std::filesystem::path& folder) const;

  std::vector<SessionScore> score(std::span<const Session> sessions) const;
  double threshold() const;
  double count_threshold() const;
  std::int64_t trained_sessions() const;
  std::int64_t held_back_sessions() const;

 private:
  struct State;
  explicit SessionModel(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace ballast::risk
