// SPDX-License-Identifier: Apache-2.0
#include "ballast/ingest/live.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "ballast/base/error.h"
#include "ballast/ingest/bytes/utf8.h"
#include "ballast/ingest/live/http.h"
#include "ballast/ingest/tail.h"

namespace ballast::ingest {
namespace {

using base::Json;

bool is_address(const std::string& source) {
  return source.starts_with("http://") || source.starts_with("https://");
}

}  // namespace

struct Live::State {
  std::unique_ptr<Tail> tail;
  std::vector<std::string> addresses;
  std::vector<std::unique_ptr<HttpSource>> http;

  static TailSink to_documents(const DocumentSink& documents, const QuarantineSink& quarantine) {
    return [&documents, &quarantine](const TailedLine& line) {
      const auto set_aside = [&](const std::string& reason) {
        if (quarantine) quarantine({line.source, line.line, "", reason, excerpt(line.text)});
      };
      if (line.cut) return set_aside("is longer than 1 MiB");
      try {
        if (auto d = line_document(line.text, line.source, line.line)) documents(std::move(*d));
      } catch (const base::Error& e) {
        set_aside(e.problem());
      }
    };
  }
};

Live::Live(const std::vector<std::string>& sources, const LiveOptions& options, const Json& state, LiveNotes notes)
    : state_(std::make_unique<State>()) {
  std::vector<std::string> files;
  for (const std::string& source : sources) (is_address(source) ? state_->addresses : files).push_back(source);
  const auto part = [&](const char* name) {
    return state.is_null() ? Json() : base::json_field<Json>(state, name, "state");
  };
  if (!files.empty()) state_->tail = std::make_unique<Tail>(files, part("files"), notes);
  const Json http = part("http");
  for (const std::string& address : state_->addresses) {
    state_->http.push_back(std::make_unique<HttpSource>(
        address, options, http.is_object() && http.contains(address) ? http.at(address) : Json(), notes));
  }
}

Live::~Live() = default;
Live::Live(Live&&) noexcept = default;
Live& Live::operator=(Live&&) noexcept = default;

bool Live::poll(const DocumentSink& documents, const QuarantineSink& quarantine, std::int64_t limit) {
  bool came = false;
  if (state_->tail) came = state_->tail->poll(State::to_documents(documents, quarantine), limit);
  for (const auto& source : state_->http) came = source->poll(documents, quarantine, limit) || came;
  return came;
}

void Live::finish(const DocumentSink& documents, const QuarantineSink& quarantine) {
  if (state_->tail) state_->tail->finish(State::to_documents(documents, quarantine));
}

bool Live::ended() const {
  if (state_->tail && !state_->tail->ended()) return false;
  return std::all_of(state_->http.begin(), state_->http.end(), [](const auto& source) { return source->ended(); });
}

void Live::wait(double seconds) {
  // One stream alone wakes us the moment it sends; files are looked at again.
  if (!state_->tail && state_->http.size() == 1) return state_->http.front()->wait(seconds);
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

Json Live::state() const {
  Json http = Json::object();
  for (std::size_t i = 0; i < state_->http.size(); ++i) http[state_->addresses[i]] = state_->http[i]->state();
  return {{"files", state_->tail ? state_->tail->state() : Json()}, {"http", http}};
}

}  // namespace ballast::ingest
