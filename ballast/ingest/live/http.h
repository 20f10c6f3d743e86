// SPDX-License-Identifier: Apache-2.0
// HTTP sources of Live, through libcurl: a feed or a stream of JSON lines at one address.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "ballast/base/json.h"
#include "ballast/ingest/live.h"

namespace ballast::ingest {

class HttpSource {
 public:
  HttpSource(std::string url, const LiveOptions& options, const base::Json& state, LiveNotes notes);
  ~HttpSource();
  HttpSource(const HttpSource&) = delete;
  HttpSource& operator=(const HttpSource&) = delete;

  bool poll(const DocumentSink& documents, const QuarantineSink& quarantine, std::int64_t limit);
  /// A stream that the server closed after a 2xx answer, with everything handed over.
  bool ended() const;
  /// Waits for the sender, at most `seconds`.
  void wait(double seconds);
  base::Json state() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// One line as a document: a JSON object with `text` (or `title`, `body`, `content`), or plain text. Nothing for a
/// blank line. Throws bad_input where a line that begins with { cannot be used.
std::optional<Document> line_document(const std::string& text, const std::string& source, std::int64_t line);

}  // namespace ballast::ingest
