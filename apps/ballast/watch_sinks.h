// SPDX-License-Identifier: Apache-2.0
// Where alerts of `ballast watch` go beside the terminal, and how long they took.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "verb.h"

namespace ballast::apps {

/// Appends each alert as a line of JSON to a file, and hands it to a command.
class AlertSinks {
 public:
  /// Either may be empty. The command runs in /bin/sh with the alert on its standard input.
  AlertSinks(const Common& common, std::string file, std::string command)
      : common_(common), file_(std::move(file)), command_(std::move(command)) {}
  /// Throws io where the file cannot be written. A command that fails three times, or takes longer than ten seconds, is
  /// said and counted; watching goes on.
  void send(const base::Json& alert);
  std::int64_t failed() const { return failed_; }

 private:
  const Common& common_;
  std::string file_, command_;
  std::int64_t failed_ = 0;
};

/// Delays in milliseconds from when a line was written (its sent_at) to when its alert was shown.
class Delays {
 public:
  /// Ignores alerts without a sent_at that can be read.
  void add(const base::Json& alert);
  /// "p50 12 ms, p99 40 ms, most 41 ms over 200 alerts"; empty where there were none.
  std::string words() const;

 private:
  std::vector<double> milliseconds_;
};

}  // namespace ballast::apps
