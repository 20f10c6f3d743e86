// SPDX-License-Identifier: Apache-2.0
// Log lines in, message templates out: what a program always writes, with <*> where values stand. Streaming, with one
// default configuration for every kind of log; the templates can be frozen into a versioned file and used again.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/base/json.h"

namespace ballast::risk {

/// A log line cut into header and message. Parts that a line lacks are empty.
struct LogLine {
  std::string_view timestamp;  // as written
  std::string_view level;      // INFO, error, …
  std::string_view content;    // the message, without surrounding spaces
};

/// Finds the header by what all logs share: time stamps and severity words near the start, then a component
/// ("name[pid]:", "a.b.Class:") and bracketed context. A line without any of these is all content.
LogLine split_log_line(std::string_view line);

struct TemplateOptions {
  int min_values = 5;       // that many different words in one place of otherwise equal messages make it a variable
  int min_cued_values = 3;  // the same after a word such as "user", "for", "from", which announces a value
  std::int64_t max_tokens = 400;  // the rest of a longer message is one variable

  bool operator==(const TemplateOptions&) const = default;
};

struct LogTemplate {
  std::int64_t id = 0;     // from 1, in order of first appearance; never used again for another template
  std::string text;        // "Failed password for <*> from <*> port <*>"
  std::int64_t lines = 0;  // seen while mining
};

/// Templates by rules (numbers, addresses, paths, hosts, dates are variables) and by evidence: a word is a variable
/// where min_values different ones stand in one place of otherwise equal messages. Later lines may so unite two
/// templates; the older id stays. Each line costs time linear in its length; memory grows with the number of templates.
class TemplateMiner {
 public:
  explicit TemplateMiner(const TemplateOptions& options = {});
  ~TemplateMiner();
  TemplateMiner(TemplateMiner&&) noexcept;
  TemplateMiner& operator=(TemplateMiner&&) noexcept;

  /// Learns from a message and returns its template's id as known so far (see resolve).
  std::int64_t add(std::string_view content);
  /// The template into which `id` has been united since; itself where it has not.
  std::int64_t resolve(std::int64_t id) const;
  /// The template of a message, without learning; 0 where none fits.
  std::int64_t match(std::string_view content) const;
  /// The text of a (resolved) template. Throws not_found.
  const std::string& text(std::int64_t id) const;
  /// What stands at each <*> of the template `id` in this message. The message must belong to the template.
  std::vector<std::string> parameters(std::int64_t id, std::string_view content) const;
  /// In order of their ids.
  std::vector<LogTemplate> templates() const;

  /// The frozen form: {"format","version","parent","sha256","options","united","templates":[…]}. `version` counts from
  /// 1 and `parent` is the sha256 of the version before; freezing unchanged templates gives the same document again.
  base::Json freeze() const;
  /// Throws bad_input naming `where` when the document is not one that freeze() made, or was changed since.
  static TemplateMiner thaw(const base::Json& frozen, const std::string& where);

 private:
  struct State;
  explicit TemplateMiner(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Share of lines whose predicted group holds exactly the lines of their true group (Zhu et al. 2019, "Tools and
/// Benchmarks for Automated Log Parsing"). NaN without lines.
double grouping_accuracy(std::span<const std::string> truth, std::span<const std::string> predicted);

}  // namespace ballast::risk
