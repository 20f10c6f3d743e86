// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/scan.h"

#include <algorithm>
#include <future>
#include <unordered_set>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/hash.h"
#include "ballast/base/parallel.h"
#include "ballast/risk/signals/records.h"

namespace ballast::risk {
namespace {

// Seconds: results of a model that takes longer for a batch do not wait for the next one.
constexpr double kPatience = 1;

}  // namespace

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
  store_scored();
}

void Scan::store_scored() {
  if (!scored_.records.empty()) store_.put_assessed(scored_.records);
  hand_on();
}

/// Of a document that the store, the batch on its way there or this batch itself knows, the answer is taken from there;
/// the others are fresh.
void Scan::find_known(Batch& batch) {
  std::vector<std::string> ids;
  for (const Scanned& s : batch.scanned) ids.push_back(s.document.id);
  const std::unordered_set<std::string> stored = store_.assessed(ids, scorer_.model);
  for (std::size_t i = 0; i < batch.scanned.size(); ++i) {
    Scanned& s = batch.scanned[i];
    if (!batch.first.emplace(s.document.id, i).second) continue;
    const auto before = scored_.first.find(s.document.id);
    if (before != scored_.first.end()) {
      const Scanned& same = scored_.scanned[before->second];
      s.from_store = same.document.text == s.document.text;
      if (s.from_store) s.risk = same.risk;
    } else if (stored.count(s.document.id) > 0) {
      const auto known = store_.find_assessed(s.document.id, scorer_.model);
      s.from_store = known && known->document.text == s.document.text;
      if (s.from_store) s.risk = from_record(*known);
    }
    if (!s.from_store) batch.fresh.push_back(i);
  }
  // Texts of like length side by side make dense batches; the sink still sees input order.
  std::stable_sort(batch.fresh.begin(), batch.fresh.end(), [&](std::size_t a, std::size_t b) {
    return batch.scanned[a].document.text.size() < batch.scanned[b].document.text.size();
  });
}

void Scan::score(Batch& batch) {
  if (batch.fresh.empty()) return;
  std::vector<std::string_view> texts;
  for (const std::size_t i : batch.fresh) texts.emplace_back(batch.scanned[i].document.text);
  const std::vector<TextScores> scores = scorer_.score(texts);
  BALLAST_CHECK(scores.size() == texts.size(), scores.size());
  const std::string now = base::utc_now();
  batch.records.resize(texts.size());
  base::parallel_for(static_cast<std::int64_t>(texts.size()), [&](std::int64_t i) {
    const auto at = static_cast<std::size_t>(i);
    Scanned& s = batch.scanned[batch.fresh[at]];
    s.risk = assess(s.document.text, {s.document.id, s.document.lang, scorer_.model, now}, scores[at],
                    find_entities(s.document.text, options_.watch_list));
    batch.records[at] = to_record(to_record(s.document), s.risk, options_.seed);
  });
}

/// The batch before this one is stored while this one is scored. Nothing but that touches the store meanwhile.
void Scan::run_batch() {
  Batch batch;
  batch.scanned.resize(batch_.size());
  for (std::size_t i = 0; i < batch_.size(); ++i) batch.scanned[i].document = std::move(batch_[i]);
  batch_.clear();
  batch_bytes_ = 0;
  find_known(batch);
  std::future<void> storing;
  if (!scored_.records.empty()) {
    storing = std::async(std::launch::async, [&] { store_.put_assessed(scored_.records); });
  }
  const base::Stopwatch watch;
  score(batch);
  if (storing.valid()) storing.get();
  hand_on();
  scored_ = std::move(batch);
  if (watch.seconds() > kPatience) store_scored();
}

/// What has been stored goes to the sink.
void Scan::hand_on() {
  for (Scanned& s : scored_.scanned) {
    const Scanned& same = scored_.scanned[scored_.first.at(s.document.id)];
    if (&same != &s) {
      s.risk = same.risk;
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
  scored_ = {};
}

}  // namespace ballast::risk
