// SPDX-License-Identifier: Apache-2.0
#include "ballast/serve/live/scoring.h"

#include <algorithm>
#include <string_view>

#include "ballast/base/clock.h"
#include "ballast/base/parallel.h"
#include "ballast/risk/entities.h"
#include "ballast/risk/scan.h"
#include "ballast/serve/live/desks.h"

namespace ballast::serve {
namespace {
constexpr std::size_t kMostScorings = 4096;  // documents
constexpr std::size_t kBatch = 256;
}  // namespace

Scoring::~Scoring() {
  stop();
}

void Scoring::start() {
  if (app_.desks->scans()) thread_ = std::thread([this] { run(); });
}

void Scoring::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  news_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::size_t Scoring::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_;
}

bool Scoring::ask(std::vector<ingest::Document> documents, Then then) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || waiting_ + documents.size() > kMostScorings) return false;
    waiting_ += documents.size();
    queue_.push_back({std::move(documents), std::move(then)});
  }
  news_.notify_one();
  return true;
}

void Scoring::run() {
  while (true) {
    std::vector<Parcel> parcels;
    std::size_t documents = 0;
    {
      std::unique_lock lock(mutex_);
      news_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      while (!queue_.empty() && documents < kBatch) {
        documents += queue_.front().documents.size();
        parcels.push_back(std::move(queue_.front()));
        queue_.pop_front();
      }
    }
    try {
      score(parcels);
    } catch (...) {
      for (const Parcel& parcel : parcels) parcel.then(std::current_exception(), {});
    }
    const std::lock_guard lock(mutex_);
    waiting_ -= documents;
  }
}

void Scoring::score(const std::vector<Parcel>& parcels) {
  struct Place {
    const ingest::Document* document;
    std::size_t parcel, number;
  };
  std::vector<Place> places;
  std::vector<std::vector<risk::DocumentRisk>> risks(parcels.size());
  for (std::size_t p = 0; p < parcels.size(); ++p) {
    risks[p].resize(parcels[p].documents.size());
    for (std::size_t n = 0; n < parcels[p].documents.size(); ++n) places.push_back({&parcels[p].documents[n], p, n});
  }
  // Texts of like length side by side make dense batches.
  std::stable_sort(places.begin(), places.end(),
                   [](const Place& a, const Place& b) { return a.document->text.size() < b.document->text.size(); });
  std::vector<std::string_view> texts;
  for (const Place& place : places) texts.emplace_back(place.document->text);
  const risk::Scorer scorer = app_.desks->scorer();
  const std::vector<risk::TextScores> scores = scorer.score(texts);
  const std::string now = base::utc_now();
  base::parallel_for(static_cast<std::int64_t>(places.size()), [&](std::int64_t i) {
    const Place& place = places[static_cast<std::size_t>(i)];
    const ingest::Document& document = *place.document;
    risks[place.parcel][place.number] =
        risk::assess(document.text, {document.id, document.lang, scorer.model, now},
                     scores[static_cast<std::size_t>(i)], risk::find_entities(document.text, app_.desks->watch_list()));
  });
  app_.metrics.add("ballast_texts_scored_total", "Texts scored for requests", static_cast<double>(places.size()));
  for (std::size_t p = 0; p < parcels.size(); ++p) parcels[p].then(nullptr, risks[p]);
}

}  // namespace ballast::serve
