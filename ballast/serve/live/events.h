// SPDX-License-Identifier: Apache-2.0
// Events to whoever listens: published once, kept for those who come back, handed to every listener's stream.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/serve/http/message.h"

namespace ballast::serve {

class EventHub {
 public:
  /// `kept`: events for those who come back with the number of the last one that they saw.
  explicit EventHub(std::size_t kept = 1000) : kept_(kept) {}

  /// `topic` is the plural that listeners name ("signals"), `event` what is sent ("signal").
  void publish(const std::string& topic, const std::string& event, const base::Json& data);
  /// Topics empty: all. Throws nothing; a listener that is too slow is dropped and comes back.
  std::shared_ptr<Stream> listen(std::set<std::string> topics, std::uint64_t after);
  /// A comment to all, so that dead connections are noticed.
  void keep_alive();
  /// Ends all streams.
  void close();
  std::size_t listeners() const;

 private:
  struct Event {
    std::uint64_t number = 0;
    std::string topic, text;
  };
  struct Listener {
    std::set<std::string> topics;
    std::shared_ptr<Stream> stream;
    bool wants(const std::string& topic) const { return topics.empty() || topics.contains(topic); }
  };
  void drop_closed();

  std::size_t kept_;
  mutable std::mutex mutex_;
  std::uint64_t number_ = 0;
  bool closed_ = false;
  std::deque<Event> events_;
  std::vector<Listener> listeners_;
};

/// One event as it goes over the wire; data of several lines stay one event.
std::string event_text(const std::string& event, const std::string& data, std::uint64_t number = 0);

}  // namespace ballast::serve
