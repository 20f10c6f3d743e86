// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/scan.h"

#include <algorithm>
#include <unordered_map>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/hash.h"
#include "ballast/base/parallel.h"
#include "ballast/risk/signals/records.h"

namespace ballast::risk {

store::DocumentRecord to_record(const ingest::Document& document) {
  return {document.id,    document.source, document.line,         document.title,
          document.text,  document.lang,   document.published_at, base::sha256_hex(document.text),
          base::utc_now()};
}

ingest::Document to_document(const store::DocumentRecord& record) {
  ingest::Document document;
  document.id = record.id;
  document.source = record.source;
  document.line = record.line;
  document.title = record.title;
  document.text = record.text;
  document.lang = record.lang;
  document.published_at = record.published_at;
  return document;
}

Scan::Scan(store::Store& store, Scorer scorer, ScanOptions options, Sink sink)
    : store_(store), scorer_(std::move(scorer)), options_(options), sink_(std::move(sink)) {}

void Scan::add(ingest::Document&& document) {
  batch_bytes_ += document.text.size();
  batch_.push_back(std::move(document));
  if (batch_.size() >= options_.batch_documents || batch_bytes_ >= options_.batch_bytes) run_batch();
}

void Scan::finish() {
  if (!batch_.empty()) run_batch();
}

void Scan::run_batch() {
  std::vector<Scanned> scanned(batch_.size());
  std::unordered_map<std::string, Scanned*> first;  // a document may come twice
  std::vector<Scanned*> fresh;
  for (std::size_t i = 0; i < batch_.size(); ++i) {
    scanned[i].document = std::move(batch_[i]);
    const std::string& id = scanned[i].document.id;
    if (!first.emplace(id, &scanned[i]).second) continue;
    const auto known = store_.find_assessed(id, scorer_.model);
    if (known && known->document.text == scanned[i].document.text) {
      scanned[i].risk = from_record(*known);
      scanned[i].from_store = true;
    } else {
      fresh.push_back(&scanned[i]);
    }
  }
  batch_.clear();
  batch_bytes_ = 0;
  score(fresh);
  for (Scanned& s : scanned) {
    const Scanned* same = first.at(s.document.id);
    if (same != &s) {
      s.risk = same->risk;
      s.from_store = true;
    }
    ++counts_.documents;
    ++(s.from_store ? counts_.known : counts_.scored);
    if (!s.from_store) {
      counts_.signals +=
          std::count_if(s.risk.signals.begin(), s.risk.signals.end(), [](const Signal& x) { return x.listed; });
    }
    sink_(s);
  }
}

void Scan::score(std::vector<Scanned*>& fresh) {
  if (fresh.empty()) return;
  // Texts of like length side by side make dense batches; the sink still sees input order.
  std::stable_sort(fresh.begin(), fresh.end(), [](const Scanned* a, const Scanned* b) {
    return a->document.text.size() < b->document.text.size();
  });
  std::vector<std::string_view> texts;
  for (const Scanned* s : fresh) texts.emplace_back(s->document.text);
  const std::vector<TextScores> scores = scorer_.score(texts);
  BALLAST_CHECK(scores.size() == fresh.size(), scores.size());
  const std::string now = base::utc_now();
  base::parallel_for(static_cast<std::int64_t>(fresh.size()), [&](std::int64_t i) {
    Scanned& s = *fresh[static_cast<std::size_t>(i)];
    const Origin origin{s.document.id, s.document.lang, scorer_.model, now};
    const auto attribute = [&](std::size_t kind) { return scorer_.attribute(s.document.text, kind); };
    s.risk = assess(s.document.text, origin, scores[static_cast<std::size_t>(i)],
                    find_entities(s.document.text, options_.watch_list), attribute);
  });
  std::vector<store::AssessedDocument> records;
  for (const Scanned* s : fresh) records.push_back(to_record(to_record(s->document), s->risk, options_.seed));
  store_.put_assessed(records);
}

}  // namespace ballast::risk
