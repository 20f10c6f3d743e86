// SPDX-License-Identifier: Apache-2.0
#include "ballast/serve/live/events.h"

#include <fmt/format.h>

namespace ballast::serve {
namespace {
constexpr std::size_t kListenerBytes = std::size_t{256} << 10;
}  // namespace

std::string event_text(const std::string& event, const std::string& data, std::uint64_t number) {
  std::string text;
  if (number > 0) text += fmt::format("id: {}\n", number);
  if (!event.empty()) text += "event: " + event + "\n";
  for (std::size_t at = 0; at <= data.size();) {
    const std::size_t end = std::min(data.find('\n', at), data.size());
    text += "data: " + data.substr(at, end - at) + "\n";
    at = end + 1;
  }
  return text + "\n";
}

void EventHub::publish(const std::string& topic, const std::string& event, const base::Json& data) {
  const std::lock_guard lock(mutex_);
  ++number_;
  events_.push_back({number_, topic, event_text(event, base::dump_json(data), number_)});
  if (events_.size() > kept_) events_.pop_front();
  for (const Listener& listener : listeners_) {
    if (listener.wants(topic)) listener.stream->push(events_.back().text);
  }
  drop_closed();
}

std::shared_ptr<Stream> EventHub::listen(std::set<std::string> topics, std::uint64_t after) {
  const std::lock_guard lock(mutex_);
  Listener listener{std::move(topics), std::make_shared<Stream>(kListenerBytes)};
  listener.stream->push(event_text("hello", base::dump_json({{"last", number_}})));
  if (after > 0) {
    for (const Event& event : events_) {
      if (event.number > after && listener.wants(event.topic)) listener.stream->push(event.text);
    }
  }
  if (closed_) listener.stream->finish();
  listeners_.push_back(listener);
  return listener.stream;
}

void EventHub::keep_alive() {
  const std::lock_guard lock(mutex_);
  for (const Listener& listener : listeners_) listener.stream->push(": keep-alive\n\n");
  drop_closed();
}

void EventHub::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (const Listener& listener : listeners_) listener.stream->finish();
  listeners_.clear();
}

std::size_t EventHub::listeners() const {
  const std::lock_guard lock(mutex_);
  return listeners_.size();
}

void EventHub::drop_closed() {
  std::erase_if(listeners_, [](const Listener& listener) { return listener.stream->closed(); });
}

}  // namespace ballast::serve
