// SPDX-License-Identifier: Apache-2.0
#include "ballast/ingest/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <unordered_map>

#include "ballast/base/error.h"
#include "ballast/base/hash.h"
#include "ballast/ingest/bytes/utf8.h"
#include "ballast/ingest/rich_text.h"
#include "ballast/ingest/rows/sources.h"

namespace ballast::ingest {
namespace {

using base::Error;
using base::ErrorCode;

constexpr const char* kDates[] = {"published_at", "date", "datetime", "time"};

// What other people call their texts: a better hint than the nearest spelling.
constexpr const char* kLikely[] = {"headline", "sentence",    "content", "body",  "summary",
                                   "message",  "description", "news",    "tweet", "review",
                                   "query",    "标题",        "内容",    "正文",  "文本"};

bool holds(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_date(const std::string& name) {
  return std::find(std::begin(kDates), std::end(kDates), name) != std::end(kDates);
}

/// The columns that make the text of a row which has `columns`; empty where none will do.
std::vector<std::string> text_columns(const std::vector<std::string>& columns, const ReadOptions& options) {
  const auto has = [&](const std::string& name) { return holds(columns, name); };
  if (!options.text_columns.empty()) {
    return std::all_of(options.text_columns.begin(), options.text_columns.end(), has) ? options.text_columns
                                                                                      : std::vector<std::string>{};
  }
  if (has("text")) return {"text"};
  std::vector<std::string> parts;
  if (has("title")) parts.emplace_back("title");
  if (has("body")) {
    parts.emplace_back("body");
  } else if (has("content")) {
    parts.emplace_back("content");
  }
  return parts;
}

/// Reasons differ in numbers; kinds of reasons do not.
std::string reason_kind(const std::string& reason) {
  std::string kind;
  for (const char c : reason) {
    const bool digit = c >= '0' && c <= '9';
    if (digit && kind.ends_with('N')) continue;
    kind += digit ? 'N' : c;
  }
  return kind;
}

class DocumentReader {
 public:
  DocumentReader(const ReadOptions& options, const DocumentSink& documents, const QuarantineSink& quarantine)
      : options_(options), documents_(documents), quarantine_(quarantine) {}

  void read_file(const std::string& source) {
    ++report_.files;
    accepted_before_ = report_.accepted;
    lacking_text_ = 0;
    if (options_.format == Format::detect && is_page(source)) return read_page(source);
    RecordReader reader = RecordReader::open(source, options_, [this](const Quarantined& bad) { set_aside(bad); });
    if (reader.format() == Format::csv) require_text(reader);
    for (Record row; reader.next(row);) {
      ++report_.read;
      accept(row);
    }
    if (lacking_text_ > 0 && report_.accepted == accepted_before_) require_text(reader);
  }

  /// A file of a folder: one that is unusable as a whole goes to quarantine, and the others are read.
  void read_file_of_folder(const std::string& source) {
    try {
      read_file(source);
    } catch (const Error& e) {
      if (e.code() != ErrorCode::bad_input) throw;
      --report_.read;  // a file is not a row
      set_aside({source, 0, "", e.problem(), ""});
    }
  }

  IngestReport report_;

 private:
  /// HTML and PDF: the text of the file is one document.
  void read_page(const std::string& source) {
    ++report_.read;
    RichText page = read_rich_text(source);
    Document document;
    document.source = source;
    document.line = 1;
    document.title = std::move(page.title);
    document.text = std::move(page.text);
    document.id = text_id(document.text);
    if (is_blank(document.text)) {
      --report_.read;
      return set_aside({source, 0, "", "empty text", ""});
    }
    ++report_.accepted;
    documents_(std::move(document));
  }

  void require_text(const RecordReader& reader) const {
    if (!text_columns(reader.columns(), options_).empty()) return;
    for (const std::string& name : options_.text_columns) reader.require_column(name, "--text-column");
    for (const char* likely : kLikely) {
      if (holds(reader.columns(), likely)) reader.require_column("text", "--text-column", likely);
    }
    reader.require_column("text", "--text-column");
  }

  void set_aside(const Quarantined& bad) {
    ++report_.read;
    ++report_.quarantined;
    ++report_.by_reason[reason_kind(bad.reason)];
    if (quarantine_) quarantine_(bad);
  }

  void refuse(const Record& row, const std::string& column, const std::string& reason, const std::string& text) {
    --report_.read;  // set_aside counts it
    set_aside({row.source, row.line, column, reason, excerpt(text)});
  }

  void accept(const Record& row) {
    const std::vector<std::string> names = row.columns();
    const std::vector<std::string> parts = text_columns(names, options_);
    if (parts.empty()) {
      ++lacking_text_;
      const std::string wanted = options_.text_columns.empty() ? "text" : options_.text_columns.front();
      return refuse(row, wanted, "has no field \"" + wanted + "\"", "");
    }
    Document document;
    for (const std::string& part : parts) {
      const std::string value = row.text(part).value_or("");
      if (is_blank(value)) continue;
      if (!document.text.empty()) document.text += '\n';
      document.text += value;
    }
    if (document.text.empty()) return refuse(row, parts.front(), "empty text", "");
    document.source = row.source;
    document.line = row.line;
    fill(row, names, parts, document);
    if (document.id.empty()) document.id = text_id(document.text);
    const auto [known, fresh] = texts_.try_emplace(base::hash64(document.id), base::hash64(document.text));
    if (!fresh && known->second != base::hash64(document.text)) {
      return refuse(row, "id", "id \"" + document.id + "\" was already used for another text", document.text);
    }
    ++report_.accepted;
    documents_(std::move(document));
  }

  static void fill(const Record& row, const std::vector<std::string>& names, const std::vector<std::string>& parts,
                   Document& document) {
    for (const std::string& name : names) {
      std::string value = row.text(name).value_or("");
      if (name == "id") {
        document.id = std::move(value);
      } else if (name == "title") {
        document.title = std::move(value);
      } else if (name == "lang") {
        document.lang = std::move(value);
      } else if (is_date(name) && document.published_at.empty()) {
        document.published_at = std::move(value);
      } else if (std::find(parts.begin(), parts.end(), name) == parts.end()) {
        document.fields.emplace_back(name, std::move(value));
      }
    }
  }

  const ReadOptions& options_;
  const DocumentSink& documents_;
  const QuarantineSink& quarantine_;
  std::unordered_map<std::uint64_t, std::uint64_t> texts_;  // id to text, both hashed
  std::int64_t accepted_before_ = 0, lacking_text_ = 0;
};

}  // namespace

IngestReport read_documents(const std::vector<std::string>& sources, const ReadOptions& options,
                            const DocumentSink& documents, const QuarantineSink& quarantine) {
  DocumentReader reader(options, documents, quarantine);
  for (const std::string& source : sources) {
    if (source == "-" || !std::filesystem::is_directory(source)) {
      reader.read_file(source);
      continue;
    }
    const auto files = list_files(source, reader.report_.files_skipped);
    if (files.empty()) {
      throw Error(ErrorCode::bad_input,
                  "the folder holds no .txt, .csv, .tsv, .jsonl, .ndjson, .json, .html or .pdf file", source);
    }
    for (const std::string& file : files) reader.read_file_of_folder(file);
  }
  return reader.report_;
}

std::string text_id(std::string_view text) {
  return base::sha256_hex(text).substr(0, 16);
}

}  // namespace ballast::ingest
