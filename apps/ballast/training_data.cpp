// SPDX-License-Identifier: Apache-2.0
#include "training_data.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>

#include "ballast/base/error.h"
#include "ballast/base/hash.h"
#include "ballast/ingest/document.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;
namespace fs = std::filesystem;

constexpr std::size_t kShownReasons = 5;
constexpr std::size_t kShortestExcluded = 12;  // bytes of a normalised form; shorter lines ("Summary") occur everywhere

std::string normal_form(std::string_view text) {
  std::string out;
  const auto* s = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto size = static_cast<std::int32_t>(text.size());
  for (std::int32_t i = 0; i < size;) {
    UChar32 c = 0;
    U8_NEXT(s, i, size, c);
    if (c < 0 || !u_isalnum(c)) continue;
    c = u_foldCase(c, U_FOLD_CASE_DEFAULT);
    char buffer[U8_MAX_LENGTH];
    std::int32_t n = 0;
    U8_APPEND_UNSAFE(reinterpret_cast<std::uint8_t*>(buffer), n, c);
    out.append(buffer, static_cast<std::size_t>(n));
  }
  return out;
}

/// A text without the lines that must not be seen.
std::string without_excluded(const std::string& text, const Exclusion& exclusion, std::int64_t& excluded) {
  if (exclusion.size() == 0) return text;
  std::string kept;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    if (exclusion.contains(line)) {
      ++excluded;
    } else {
      if (!kept.empty()) kept += '\n';
      kept += line;
    }
    begin = end + 1;
  }
  return kept;
}

/// The labels of one cell: a JSON list, a list written as text ("credit;policy"), or one value.
/// A list, or text with "," ";" "|" between. One label alone is taken as it stands, commas and all.
std::vector<std::string> labels_of(const ingest::Record& row, const std::string& column, bool one = false) {
  const Json value = row.json(column);
  std::vector<std::string> labels;
  const auto plain = [](const Json& v) { return v.is_string() ? v.get<std::string>() : base::dump_json(v); };
  if (value.is_array()) {
    for (const Json& item : value) labels.push_back(plain(item));
    return labels;
  }
  const std::string text = plain(value);
  if (text.starts_with("[")) {
    for (const Json& item : base::parse_json(text, column)) labels.push_back(plain(item));
    return labels;
  }
  if (one) return text.empty() || text == "-" ? labels : std::vector<std::string>{text};
  std::string label;
  for (const char c : text + ",") {
    if (c != ',' && c != ';' && c != '|') {
      label += c;
    } else if (!label.empty() && label != "-") {
      labels.push_back(label);
      label.clear();
    } else {
      label.clear();
    }
  }
  return labels;
}

struct RawRow {
  std::string id, text, source;
  std::string origin = {};  // the text before a candidate was marked in it; empty: the text
  std::int64_t line = 0;
  std::vector<std::optional<std::vector<std::string>>> labels;  // a head
};

constexpr const char* kCandidateHere = "◆";  // where the candidate stands in the text
constexpr const char* kOtherHere = "◇";      // where another candidate stands

/// The candidate's name, whether it is part of another or another part of it, and the text with the places of the
/// candidates marked, the longest first.
std::string mark_candidate(const std::string& text, const std::string& candidate, std::vector<std::string> all) {
  std::string head = candidate;
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
  for (const std::string& other : all) {
    if (other == candidate) continue;
    if (other.find(candidate) != std::string::npos) head += " ⊂";
    if (candidate.find(other) != std::string::npos) head += " ⊃";
  }
  std::string marked;
  for (std::size_t at = 0; at < text.size();) {
    const auto here = std::find_if(all.begin(), all.end(), [&](const std::string& name) {
      return !name.empty() && text.compare(at, name.size(), name) == 0;
    });
    if (here == all.end()) {
      marked += text[at++];
      continue;
    }
    marked += *here == candidate ? kCandidateHere : kOtherHere;
    at += here->size();
  }
  return head + "\n" + marked;
}

/// One row for each candidate.
std::vector<RawRow> candidate_rows(const RawRow& row, const std::vector<std::string>& candidates) {
  std::vector<RawRow> rows;
  const std::vector<std::string> wanted = row.labels.front().value_or(std::vector<std::string>());
  for (const std::string& candidate : candidates) {
    const bool yes = std::find(wanted.begin(), wanted.end(), candidate) != wanted.end();
    RawRow one = row;
    one.origin = row.text;
    one.text = mark_candidate(row.text, candidate, candidates);
    one.labels = {std::vector<std::string>{yes ? "yes" : "no"}};
    rows.push_back(std::move(one));
  }
  return rows;
}

/// Rows of the same text as one, with the labels of all.
std::vector<RawRow> merge_rows(const std::vector<RawRow>& rows) {
  std::vector<RawRow> merged;
  std::map<std::string, std::size_t> known;
  for (const RawRow& row : rows) {
    const auto [at, fresh] = known.try_emplace(row.text, merged.size());
    if (fresh) {
      merged.push_back(row);
      continue;
    }
    RawRow& first = merged[at->second];
    for (std::size_t h = 0; h < row.labels.size(); ++h) {
      if (!row.labels[h]) continue;
      if (!first.labels[h]) first.labels[h].emplace();
      for (const std::string& label : *row.labels[h]) {
        if (std::find(first.labels[h]->begin(), first.labels[h]->end(), label) == first.labels[h]->end()) {
          first.labels[h]->push_back(label);
        }
      }
    }
  }
  return merged;
}

std::vector<RawRow> read_raw(const RowOptions& options, const Exclusion* exclusion, ReadSummary& summary) {
  std::vector<RawRow> rows;
  ingest::ReadOptions reading;
  reading.encoding = options.encoding;
  const ingest::QuarantineSink quarantine = quarantine_into(summary);
  for (const std::string& file : files_below(options.files)) {
    auto reader = ingest::RecordReader::open(file, reading, quarantine);
    for (const HeadColumn& head : options.heads) reader.require_column(head.column, "--label-column");
    for (const std::string& column : options.text_columns) reader.require_column(column, "--text-column");
    if (!options.candidates.empty()) reader.require_column(options.candidates, "--candidate-column");
    std::int64_t count = 0;
    for (ingest::Record row; reader.next(row);) {
      RawRow raw;
      raw.id = row.text("id").value_or("");
      raw.text = row_text(row, options.text_columns).value_or("");
      raw.source = file;
      raw.line = row.line;
      if (raw.text.find_first_not_of(" \t\r\n") == std::string::npos) {
        quarantine({file, row.line, "text", "empty text", ""});
        continue;
      }
      if (exclusion != nullptr && exclusion->contains(raw.text)) {
        ++summary.excluded;
        continue;
      }
      for (const HeadColumn& head : options.heads) {
        const bool one = head.kind == lm::HeadKind::multiclass && options.candidates.empty();
        raw.labels.push_back(row.json(head.column).is_null() ? std::nullopt
                                                             : std::optional(labels_of(row, head.column, one)));
        const auto& found = raw.labels.back();
        if (one && found && found->size() != 1) {
          quarantine({file, row.line, head.column, "expected one label, found " + std::to_string(found->size()), ""});
          raw.labels.clear();
          break;
        }
      }
      if (raw.labels.size() != options.heads.size()) continue;
      ++count;
      if (options.candidates.empty()) {
        rows.push_back(std::move(raw));
        continue;
      }
      for (RawRow& one : candidate_rows(raw, labels_of(row, options.candidates))) rows.push_back(std::move(one));
    }
    summary.sources.push_back({file, file == "-" ? "" : base::sha256_file(file), count});
    summary.rows += count;
  }
  return options.merge_texts ? merge_rows(rows) : rows;
}

std::vector<lm::Head> heads_of(const std::vector<RawRow>& rows, const std::vector<HeadColumn>& columns) {
  std::vector<lm::Head> heads;
  for (std::size_t h = 0; h < columns.size(); ++h) {
    std::set<std::string> labels;
    for (const RawRow& row : rows) {
      if (row.labels[h]) labels.insert(row.labels[h]->begin(), row.labels[h]->end());
    }
    lm::Head head{columns[h].name, columns[h].kind, {labels.begin(), labels.end()}, {}};
    if (head.labels.size() < (head.kind == lm::HeadKind::multiclass ? 2u : 1u)) {
      throw Error(ErrorCode::bad_input,
                  "column \"" + columns[h].column + "\" holds " + std::to_string(head.labels.size()) +
                      " label(s), too few to learn from",
                  "--data");
    }
    heads.push_back(std::move(head));
  }
  return heads;
}

int label_index(const lm::Head& head, const std::string& label, const RawRow& row) {
  const auto it = std::find(head.labels.begin(), head.labels.end(), label);
  if (it == head.labels.end()) {
    std::string known;
    for (std::size_t i = 0; i < head.labels.size() && i < 12; ++i) known += (i > 0 ? ", " : "") + head.labels[i];
    throw Error(ErrorCode::bad_input, "unknown label \"" + label + "\" for " + head.name,
                row.source + ":" + std::to_string(row.line), "the model knows: " + known);
  }
  return static_cast<int>(it - head.labels.begin());
}

int class_of(const lm::Head& head, const std::string& label, const RawRow& row, bool unknown_labels) {
  const bool known = std::find(head.labels.begin(), head.labels.end(), label) != head.labels.end();
  return known || !unknown_labels ? label_index(head, label, row) : kUnknownClass;
}

}  // namespace

ingest::QuarantineSink quarantine_into(ReadSummary& summary) {
  return [&summary](const ingest::Quarantined& q) {
    ++summary.quarantined;
    if (summary.reasons.size() < kShownReasons) {
      summary.reasons.push_back(q.source + ":" + std::to_string(q.line) +
                                (q.column.empty() ? "" : ", column " + q.column) + ": " + q.reason);
    }
  };
}

std::optional<std::string> row_text(const ingest::Record& row, const std::vector<std::string>& columns) {
  std::vector<std::string> wanted = columns;
  if (wanted.empty() && row.has("text")) wanted = {"text"};
  if (wanted.empty()) wanted = {"title", "body"};
  std::string text;
  bool found = false;
  for (const std::string& column : wanted) {
    const auto part = row.text(column);
    if (!part) continue;
    found = true;
    if (!text.empty() && !part->empty()) text += '\n';
    text += *part;
  }
  return found ? std::optional(text) : std::nullopt;
}

std::vector<std::string> files_below(const std::vector<std::string>& sources) {
  std::vector<std::string> files;
  for (const std::string& source : sources) {
    if (!fs::is_directory(source)) {
      files.push_back(source);
      continue;
    }
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(source)) {
      const std::string name = entry.path().filename().string();
      static constexpr std::string_view kEndings[] = {".txt", ".csv", ".jsonl", ".txt.gz", ".csv.gz", ".jsonl.gz"};
      const bool wanted = std::any_of(std::begin(kEndings), std::end(kEndings),
                                      [&](std::string_view ending) { return name.ends_with(ending); });
      if (entry.is_regular_file() && wanted && !name.starts_with(".")) found.push_back(entry.path().string());
    }
    if (found.empty()) throw Error(ErrorCode::bad_input, "holds no .txt, .csv or .jsonl file", source);
    std::sort(found.begin(), found.end());
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

Exclusion::Exclusion(const std::vector<std::string>& files) {
  for (const std::string& file : files_below(files)) {
    auto reader = ingest::RecordReader::open(file, {}, {});
    for (ingest::Record row; reader.next(row);) {
      for (const std::string& column : row.columns()) {
        const std::string form = normal_form(row.text(column).value_or(""));
        if (form.size() >= kShortestExcluded) forms_.insert(base::hash64(form));
      }
      const auto title = row.text("title"), body = row.text("body");
      if (title && body) forms_.insert(base::hash64(normal_form(*title + *body)));
    }
  }
}

bool Exclusion::contains(const std::string& text) const {
  if (forms_.empty()) return false;
  const std::string form = normal_form(text);
  return form.size() >= kShortestExcluded && forms_.contains(base::hash64(form));
}

Json summary_json(const ReadSummary& summary) {
  Json json;
  json["rows"] = summary.rows;
  json["quarantined"] = summary.quarantined;
  json["excluded"] = summary.excluded;
  json["sources"] = Json::array();
  for (const ReadSource& source : summary.sources) {
    json["sources"].push_back(
        {{"file", fs::path(source.file).filename().string()}, {"sha256", source.sha256}, {"rows", source.rows}});
  }
  return json;
}

std::vector<std::string> read_corpus(const std::vector<std::string>& sources, const std::string& text_column,
                                     const Exclusion& exclusion, ReadSummary& summary) {
  std::vector<std::string> texts;
  const ingest::QuarantineSink quarantine = quarantine_into(summary);
  for (const std::string& file : files_below(sources)) {
    std::int64_t count = 0;
    auto reader = ingest::RecordReader::open(file, {}, quarantine);
    if (reader.format() != ingest::Format::text) reader.require_column(text_column, "--text-column");
    for (ingest::Record row; reader.next(row);) {
      std::string text = without_excluded(row.text(text_column).value_or(""), exclusion, summary.excluded);
      if (text.empty()) continue;
      texts.push_back(std::move(text));
      ++count;
    }
    summary.sources.push_back({file, base::sha256_file(file), count});
    summary.rows += count;
  }
  if (texts.empty()) throw Error(ErrorCode::bad_input, "no text is left to train on", "--data");
  return texts;
}

LabelledRows read_labelled(const RowOptions& options, const std::vector<lm::Head>& known, const Exclusion* exclusion,
                           ReadSummary& summary) {
  const std::vector<RawRow> raw = read_raw(options, exclusion, summary);
  if (raw.empty() || (options.strict && summary.quarantined > 0)) {
    throw Error(ErrorCode::bad_input,
                raw.empty() ? "no usable row" : std::to_string(summary.quarantined) + " bad row(s) under --strict",
                options.files.front(), summary.reasons.empty() ? "" : "first: " + summary.reasons.front());
  }
  LabelledRows rows;
  rows.heads = known.empty() ? heads_of(raw, options.heads) : known;
  rows.classes.resize(rows.heads.size());
  rows.sets.resize(rows.heads.size());
  std::map<std::string_view, std::size_t> numbers;
  for (const RawRow& row : raw) {
    const std::string_view origin = row.origin.empty() ? row.text : row.origin;
    rows.texts_number.push_back(numbers.try_emplace(origin, numbers.size()).first->second);
    rows.ids.push_back(row.id);
    rows.texts.push_back(row.text);
    rows.lines.push_back(row.line);
    for (std::size_t h = 0; h < rows.heads.size(); ++h) {
      const lm::Head& head = rows.heads[h];
      const auto& labels = row.labels[h];
      if (head.kind == lm::HeadKind::multiclass) {
        rows.classes[h].push_back(!labels ? kNoClass : class_of(head, labels->front(), row, options.unknown_labels));
        continue;
      }
      std::vector<std::uint8_t> set(head.labels.size(), 0);
      if (labels) {
        for (const std::string& label : *labels) set[static_cast<std::size_t>(label_index(head, label, row))] = 1;
      }
      rows.sets[h].push_back(std::move(set));
    }
  }
  return rows;
}

}  // namespace ballast::apps
