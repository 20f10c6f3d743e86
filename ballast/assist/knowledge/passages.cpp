// SPDX-License-Identifier: Apache-2.0
#include "ballast/assist/knowledge/passages.h"

#include <algorithm>

#include "ballast/base/hash.h"

namespace ballast::assist {
namespace {

/// A passage is what a person reads at one go: longer sections are cut at blank lines.
constexpr std::size_t kPassageBytes = 1200;

/// Without list marks, quotes and emphasis at the ends: "- **Free**" is quoted as "Free".
text::Span bare(std::string_view source, text::Span s) {
  static const std::string_view kMarks = "-*>#|_` \t\r\n";
  while (s.begin < s.end && kMarks.find(source[s.begin]) != std::string_view::npos) ++s.begin;
  while (s.end > s.begin && kMarks.substr(1).find(source[s.end - 1]) != std::string_view::npos) --s.end;
  return s;
}

bool overlaps(const std::vector<std::pair<std::size_t, std::size_t>>& barred, std::size_t begin, std::size_t end) {
  return std::any_of(barred.begin(), barred.end(), [&](const auto& b) { return b.first < end && begin < b.second; });
}

void set_aside(const std::string& source, const std::string& anchor, std::string_view sentence, KnowledgeBase& base) {
  std::string excerpt(sentence.substr(0, 80));
  while (!excerpt.empty() && sentence.size() > 80 &&
         (static_cast<unsigned char>(sentence[excerpt.size()]) & 0xc0) == 0x80)
    excerpt.pop_back();
  base.set_aside.push_back({source, 0, anchor, "reads like an instruction to a machine", excerpt});
}

/// Fills in language and quotable sentences; drops the passage where none is left.
void finish(Passage passage, const std::vector<std::pair<std::size_t, std::size_t>>& barred, KnowledgeBase& base) {
  for (const text::Span& whole : text::split_sentences(passage.text)) {
    const text::Span s = bare(passage.text, whole);
    if (s.begin >= s.end || overlaps(barred, passage.begin + whole.begin, passage.begin + whole.end)) continue;
    if (passage.text[whole.begin] == '#') continue;  // the heading itself
    if (reads_like_an_instruction(s.of(passage.text))) {
      set_aside(passage.source, passage.anchor, s.of(passage.text), base);
      continue;
    }
    passage.sentences.push_back(s);
  }
  if (passage.sentences.empty()) return;
  passage.language = text::language_name(text::detect_language(passage.heading + "\n" + passage.text).language);
  if (reads_like_an_instruction(passage.heading)) {
    set_aside(passage.source, passage.anchor, passage.heading, base);
    passage.heading.clear();
  }
  base.passages.push_back(std::move(passage));
}

}  // namespace

void add_passages(const std::string& source, const ingest::RichText& document, KnowledgeBase& base) {
  base.hidden += document.hidden;
  for (const ingest::TextBlock& block : document.blocks) {
    std::size_t begin = block.begin;
    while (begin < block.end) {
      std::size_t end = block.end;
      if (end - begin > kPassageBytes) {
        const std::size_t blank = document.text.rfind("\n\n", begin + kPassageBytes);
        const std::size_t feed = document.text.rfind('\n', begin + kPassageBytes);
        if (blank != std::string::npos && blank > begin) {
          end = blank + 2;
        } else if (feed != std::string::npos && feed > begin) {
          end = feed + 1;
        }
      }
      Passage passage;
      passage.source = source;
      passage.anchor = block.anchor.empty() ? "text" : block.anchor;
      passage.heading = block.heading.empty() ? document.title : block.heading;
      passage.begin = begin;
      passage.end = end;
      passage.text = document.text.substr(begin, end - begin);
      finish(std::move(passage), document.barred, base);
      begin = end;
    }
  }
}

void add_answer(const std::string& source, std::int64_t row, const std::string& question, const std::string& answer,
                KnowledgeBase& base) {
  Passage passage;
  passage.source = source;
  passage.anchor = "row " + std::to_string(row);
  passage.heading = question;
  passage.end = answer.size();
  passage.text = answer;
  finish(std::move(passage), {}, base);
}

void seal(KnowledgeBase& base) {
  std::string all;
  for (const Passage& p : base.passages) {
    for (const std::string* part : {&p.source, &p.anchor, &p.heading, &p.text}) {
      all += std::to_string(part->size()) + ":" + *part;
    }
    all += std::to_string(p.begin) + ";";
    for (const text::Span& s : p.sentences) all += std::to_string(s.begin) + "-" + std::to_string(s.end) + ",";
  }
  base.hash = base::sha256_hex(all);
}

}  // namespace ballast::assist
