// SPDX-License-Identifier: Apache-2.0
// Lines as they are written: files that grow, are rotated or cut short, folders in which files appear, standard input.
// Where reading stopped is a small JSON document, from which it goes on later: no complete line is lost, and none comes
// twice unless the state is older than what was read.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ballast/base/json.h"

namespace ballast::ingest {

struct TailedLine {
  std::string source;           // the file, or "-"
  std::int64_t line = 0;        // in this generation of the file, from 1
  std::int64_t generation = 0;  // how often the file was replaced or cut short before
  std::string text;             // without its line break
  bool cut = false;             // longer than 1 MiB: only its beginning
};

using TailSink = std::function<void(const TailedLine&)>;
/// What a person may want to know: "app.log was rotated".
using TailNotes = std::function<void(const std::string&)>;

class Tail {
 public:
  /// `sources`: files (which may come later), folders (the files directly in them, now and later, without hidden and
  /// packed ones), "-". `state`: null, or what state() gave for the same sources. Throws not_found (neither the file
  /// nor its folder exists), unsupported (a packed file), bad_input (a damaged state).
  Tail(const std::vector<std::string>& sources, const base::Json& state = nullptr, TailNotes notes = {});
  ~Tail();
  Tail(Tail&&) noexcept;
  Tail& operator=(Tail&&) noexcept;

  /// Hands over complete new lines, each file's in order, about `limit` at most; false where none had come. A file that
  /// was renamed is read to its end before the one that took its place. Throws io.
  bool poll(const TailSink& sink, std::int64_t limit = 10000);
  /// Hands over last lines that have no line break yet, as if they were complete.
  void finish(const TailSink& sink);
  /// Nothing will come any more: the only source is standard input, and it has ended.
  bool ended() const;
  base::Json state() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ballast::ingest
