// SPDX-License-Identifier: Apache-2.0
#include "tagging_data.h"

#include <algorithm>
#include <map>
#include <utility>

#include "ballast/base/error.h"
#include "ballast/base/hash.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

/// A span before its label has a number.
struct NamedSpan {
  std::size_t begin = 0, end = 0;  // characters
  std::string label;
};

struct Gathered {
  std::string id, text, condition;
  lm::Characters characters;
  std::vector<NamedSpan> spans;
};

std::vector<std::string> strings_of(const ingest::Record& row, const std::string& column) {
  const Json value = row.json(column);
  std::vector<std::string> strings;
  if (value.is_array()) {
    for (const Json& item : value)
      strings.push_back(item.is_string() ? item.get<std::string>() : base::dump_json(item));
  } else if (!value.is_null()) {
    strings.push_back(row.text(column).value_or(""));
  }
  std::erase(strings, "");
  return strings;
}

/// Every occurrence of a string, in characters.
std::vector<NamedSpan> occurrences(const Gathered& row, const std::string& string, const std::string& label) {
  std::vector<NamedSpan> found;
  for (std::size_t at = 0; (at = row.text.find(string, at)) != std::string::npos; at += string.size()) {
    const std::size_t begin = row.characters.at(at), end = row.characters.at(at + string.size());
    const bool to_the_end = at + string.size() == row.text.size();
    if (begin < row.characters.size() && (to_the_end || end < row.characters.size()))
      found.push_back({begin, end, label});
  }
  return found;
}

/// Spans of the "entities" column. Throws bad_input with what is wrong, for the quarantine.
std::vector<NamedSpan> entities_of(const ingest::Record& row, const Gathered& gathered) {
  std::vector<NamedSpan> found;
  const Json entities = row.json("entities");
  if (!entities.is_array()) throw Error(ErrorCode::bad_input, "is not a list of {start, end, label}", "entities");
  for (const Json& e : entities) {
    if (!e.is_object()) throw Error(ErrorCode::bad_input, "holds something else than {start, end, label}", "entities");
    const auto start = base::json_field<std::int64_t>(e, "start", "entities");
    const auto end = base::json_field<std::int64_t>(e, "end", "entities");
    const auto size = static_cast<std::int64_t>(gathered.text.size());
    if (start < 0 || start >= end || end > size) {
      throw Error(ErrorCode::bad_input,
                  "bytes " + std::to_string(start) + " … " + std::to_string(end) + " are no part of a text of " +
                      std::to_string(size),
                  "entities");
    }
    const std::size_t first = gathered.characters.at(static_cast<std::size_t>(start));
    const std::size_t last =
        end == size ? gathered.characters.size() : gathered.characters.at(static_cast<std::size_t>(end));
    if (first == gathered.characters.size() || (end != size && last == gathered.characters.size())) {
      throw Error(ErrorCode::bad_input, "a span cuts a character in two", "entities");
    }
    found.push_back({first, last, base::json_field<std::string>(e, "label", "entities")});
  }
  return found;
}

/// Adds the row's spans; the reason why it cannot be used, or nothing.
std::string add_spans(const ingest::Record& row, const SpanRowOptions& o, Gathered& gathered) {
  try {
    if (o.span_column.empty()) {
      for (NamedSpan& s : entities_of(row, gathered)) gathered.spans.push_back(std::move(s));
      return "";
    }
    for (const std::string& string : strings_of(row, o.span_column)) {
      const std::vector<NamedSpan> found = occurrences(gathered, string, o.span_column);
      if (found.empty()) return "\"" + string + "\" does not stand in the text";
      gathered.spans.insert(gathered.spans.end(), found.begin(), found.end());
    }
    return "";
  } catch (const Error& e) {
    return e.what();
  }
}

/// Longest first where spans overlap; then in text order.
std::vector<NamedSpan> without_overlap(std::vector<NamedSpan> spans) {
  std::stable_sort(spans.begin(), spans.end(),
                   [](const NamedSpan& a, const NamedSpan& b) { return a.end - a.begin > b.end - b.begin; });
  std::vector<NamedSpan> kept;
  for (const NamedSpan& s : spans) {
    const bool free =
        std::none_of(kept.begin(), kept.end(), [&](const NamedSpan& k) { return s.begin < k.end && k.begin < s.end; });
    if (free) kept.push_back(s);
  }
  std::sort(kept.begin(), kept.end(), [](const NamedSpan& a, const NamedSpan& b) { return a.begin < b.begin; });
  return kept;
}

std::vector<Gathered> gather(const SpanRowOptions& o, const Exclusion* exclusion, ReadSummary& summary) {
  std::vector<Gathered> rows;
  std::map<std::pair<std::string, std::string>, std::size_t> known;
  const ingest::QuarantineSink quarantine = quarantine_into(summary);
  ingest::ReadOptions reading;
  reading.encoding = o.encoding;
  const std::string spans = o.span_column.empty() ? "entities" : o.span_column;
  for (const std::string& file : files_below(o.files)) {
    auto reader = ingest::RecordReader::open(file, reading, quarantine);
    reader.require_column(spans, "--span-column");
    if (!o.condition_column.empty()) reader.require_column(o.condition_column, "--condition-column");
    for (const std::string& column : o.text_columns) reader.require_column(column, "--text-column");
    std::int64_t count = 0;
    for (ingest::Record row; reader.next(row);) {
      Gathered one{row.text("id").value_or(""), row_text(row, o.text_columns).value_or(""), "", {}, {}};
      if (!o.condition_column.empty()) one.condition = row.text(o.condition_column).value_or("");
      if (one.text.find_first_not_of(" \t\r\n") == std::string::npos) {
        quarantine({file, row.line, "text", "empty text", ""});
        continue;
      }
      if (exclusion != nullptr && exclusion->contains(one.text)) {
        ++summary.excluded;
        continue;
      }
      one.characters = lm::characters_of(one.text);
      if (const std::string reason = add_spans(row, o, one); !reason.empty()) {
        quarantine({file, row.line, spans, reason, ""});
        continue;
      }
      ++count;
      const auto [at, fresh] = known.try_emplace({one.text, one.condition}, rows.size());
      if (fresh) {
        rows.push_back(std::move(one));
      } else {
        Gathered& first = rows[at->second];
        first.spans.insert(first.spans.end(), one.spans.begin(), one.spans.end());
      }
    }
    summary.sources.push_back({file, file == "-" ? "" : base::sha256_file(file), count});
    summary.rows += count;
  }
  return rows;
}

}  // namespace

std::string span_string(std::string_view label, std::string_view string) {
  return std::string(label) + "\t" + std::string(string);
}

SpanRows read_spans(const SpanRowOptions& o, const std::vector<std::string>& labels, const Exclusion* exclusion,
                    ReadSummary& summary) {
  const std::vector<Gathered> gathered = gather(o, exclusion, summary);
  if (gathered.empty() || (o.strict && summary.quarantined > 0)) {
    throw Error(ErrorCode::bad_input,
                gathered.empty() ? "no usable row" : std::to_string(summary.quarantined) + " bad row(s) under --strict",
                o.files.front(), summary.reasons.empty() ? "" : "first: " + summary.reasons.front());
  }
  SpanRows rows;
  rows.labels = labels;
  if (labels.empty()) {
    std::set<std::string> found;
    for (const Gathered& g : gathered) {
      for (const NamedSpan& s : g.spans) found.insert(s.label);
    }
    if (found.empty()) throw Error(ErrorCode::bad_input, "no row holds a span to learn from", o.files.front());
    rows.labels.assign(found.begin(), found.end());
  }
  std::map<std::string, std::size_t> numbers;
  for (const Gathered& g : gathered) {
    lm::TaggedText text{g.text, g.condition, {}};
    for (const NamedSpan& s : without_overlap(g.spans)) {
      const auto label = std::find(rows.labels.begin(), rows.labels.end(), s.label);
      if (label == rows.labels.end()) {
        throw Error(ErrorCode::bad_input, "the model does not know spans of \"" + s.label + "\"", o.files.front());
      }
      text.spans.push_back({s.begin, s.end, static_cast<int>(label - rows.labels.begin())});
    }
    std::set<std::string> strings;
    for (const NamedSpan& s : g.spans) {
      const std::size_t begin = g.characters.offset[s.begin], end = g.characters.offset[s.end];
      strings.insert(span_string(s.label, std::string_view(g.text).substr(begin, end - begin)));
    }
    rows.strings.emplace_back(strings.begin(), strings.end());
    rows.ids.push_back(g.id);
    rows.text_number.push_back(numbers.try_emplace(g.text, numbers.size()).first->second);
    rows.texts.push_back(std::move(text));
  }
  rows.distinct_texts = numbers.size();
  return rows;
}

}  // namespace ballast::apps
