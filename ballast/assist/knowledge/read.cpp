// SPDX-License-Identifier: Apache-2.0
// Files and folders to a knowledge base.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "ballast/assist/knowledge/passages.h"
#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/ingest/csv_line.h"

namespace ballast::assist {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;

bool is_table(const fs::path& path) {
  const std::string e = path.extension().string();
  return e == ".csv" || e == ".tsv" || e == ".jsonl" || path.string().ends_with(".csv.gz");
}

const std::string* first_there(const std::vector<std::string>& columns, const std::vector<std::string>& wanted) {
  for (const std::string& w : wanted) {
    const auto found = std::find(columns.begin(), columns.end(), w);
    if (found != columns.end()) return &*found;
  }
  return nullptr;
}

void read_table(const std::string& path, const std::string& name, KnowledgeBase& base) {
  auto reader =
      ingest::RecordReader::open(path, {}, [&](const ingest::Quarantined& q) { base.set_aside.push_back(q); });
  const std::vector<std::string> columns = reader.columns();
  const std::string* question = first_there(columns, {"question", "Question", "q", "问题", "提问"});
  const std::string* answer = first_there(columns, {"answer", "Answer", "a", "答案", "回答"});
  if (question == nullptr || answer == nullptr) {
    throw Error(ErrorCode::bad_input, "has no columns of questions and answers", path,
                "question, answer (or 问题, 答案)");
  }
  std::int64_t row_number = 0;
  for (ingest::Record row; reader.next(row);) {
    ++row_number;
    const std::string q = row.text(*question).value_or(""), a = row.text(*answer).value_or("");
    if (q.empty() || a.empty()) {
      base.set_aside.push_back({name, row.line, q.empty() ? *question : *answer, "is empty", ""});
      continue;
    }
    add_answer(name, row_number + 1, q, a, base);  // as a spreadsheet counts: the header is row 1
  }
}

void read_one(const fs::path& path, const std::string& name, KnowledgeBase& base) {
  if (is_table(path)) {
    read_table(path, name, base);
  } else {
    add_passages(name, ingest::read_rich_text(path), base);
  }
  ++base.files;
}

void read_folder(const fs::path& folder, KnowledgeBase& base) {
  std::vector<fs::path> files;
  for (auto at = fs::recursive_directory_iterator(folder); at != fs::recursive_directory_iterator(); ++at) {
    if (at->path().filename().string().starts_with('.')) {
      if (at->is_directory()) at.disable_recursion_pending();
      continue;
    }
    if (at->is_regular_file() && (is_table(at->path()) || ingest::is_rich_text(at->path())))
      files.push_back(at->path());
  }
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) {
    const std::string name = fs::relative(file, folder).string();
    try {
      read_one(file, name, base);
    } catch (const Error& e) {
      base.set_aside.push_back({name, 0, "", e.problem(), ""});
    }
  }
}

}  // namespace

KnowledgeBase read_knowledge(const std::vector<std::string>& sources) {
  KnowledgeBase base;
  for (const std::string& source : sources) {
    if (fs::is_directory(source)) {
      read_folder(source, base);
    } else if (!fs::exists(source)) {
      throw Error(ErrorCode::not_found, "there is no such file or folder", source);
    } else {
      read_one(source, fs::path(source).filename().string(), base);
    }
  }
  if (base.passages.empty()) {
    throw Error(ErrorCode::bad_input, "holds nothing to answer from",
                sources.empty() ? "knowledge base" : sources.front(),
                "expected .md, .txt, .html, .pdf files, or .csv with question and answer");
  }
  seal(base);
  return base;
}

KnowledgeBase read_knowledge_files(const std::vector<KnowledgeFile>& files) {
  KnowledgeBase base;
  for (const KnowledgeFile& file : files) {
    ++base.files;
    if (!is_table(file.name)) {
      add_passages(file.name, ingest::read_markdown(file.bytes), base);
      continue;
    }
    std::int64_t row = 0;
    for (std::size_t at = 0; at < file.bytes.size();) {
      const std::size_t feed = std::min(file.bytes.find('\n', at), file.bytes.size());
      const auto cells = ingest::split_csv_line(std::string_view(file.bytes).substr(at, feed - at), ',');
      at = feed + 1;
      ++row;
      if (row > 1 && cells && cells->size() >= 2) add_answer(file.name, row, (*cells)[0], (*cells)[1], base);
    }
  }
  seal(base);
  return base;
}

}  // namespace ballast::assist
