// SPDX-License-Identifier: Apache-2.0
// Documents as they come: lines of growing files and folders, standard input, news feeds that are asked again and
// again, and JSON lines that a server sends without end.
//
// Nothing is read faster than it is taken: what the caller does not poll stays where it is (files, the sender's
// socket). Where reading stopped is a small JSON document. What comes twice (a feed that repeats itself, a stream that
// starts again) has the same document id each time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/ingest/document.h"

namespace ballast::ingest {

struct LiveOptions {
  double feed_seconds = 60;                         // between two looks at a feed
  double reconnect_seconds = 1;                     // before a broken stream is opened again; doubles up to a minute
  std::size_t buffer_bytes = std::size_t{1} << 20;  // of a stream that were not taken yet; then its sender waits
};

/// What a person may want to know: "https://…: answered 503, again in 60 s".
using LiveNotes = std::function<void(const std::string&)>;

class Live {
 public:
  /// `sources`: files, folders, "-", and http:// or https:// addresses, where a feed and JSON lines are told apart by
  /// what they send. `state`: null, or what state() gave for the same sources. Throws what Tail throws.
  Live(const std::vector<std::string>& sources, const LiveOptions& options, const base::Json& state, LiveNotes notes);
  ~Live();
  Live(Live&&) noexcept;
  Live& operator=(Live&&) noexcept;

  /// Hands over what came, about `limit` documents at most; rows that cannot be used go to `quarantine`. False where
  /// nothing had come.
  bool poll(const DocumentSink& documents, const QuarantineSink& quarantine, std::int64_t limit);
  /// Hands over last lines without a line break.
  void finish(const DocumentSink& documents, const QuarantineSink& quarantine);
  /// Nothing will come any more: all sources are standard input or streams that have ended.
  bool ended() const;
  /// Waits until something may have come, at most `seconds`.
  void wait(double seconds);
  base::Json state() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ballast::ingest
