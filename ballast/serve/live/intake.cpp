// SPDX-License-Identifier: Apache-2.0
#include "ballast/serve/live/intake.h"

#include <chrono>
#include <iterator>

#include "ballast/base/error.h"
#include "ballast/risk/scan.h"
#include "ballast/serve/live/desks.h"
#include "ballast/serve/live/scoring.h"

namespace ballast::serve {
namespace {

constexpr std::size_t kMostWaiting = 20000;  // documents
constexpr std::size_t kDocumentsACommit = 4096;
constexpr std::size_t kDocumentsAScan = 256;
constexpr std::int64_t kPage = 64;                // of the backlog: whoever waits for a scan waits for one page at most
constexpr std::chrono::seconds kIntakePeriod{1};  // how soon documents of other processes are seen
constexpr std::chrono::milliseconds kTurn{20};
constexpr int kTurns = 25;
constexpr int kLooksBeforeAll = 10;  // a text that another process changed keeps its place in the store

}  // namespace

Intake::Intake(App& app) : app_(app) {}

Intake::~Intake() {
  stop();
}

void Intake::start() {
  writer_ = std::thread([this] { write_all(); });
  if (app_.desks->scans()) scanner_ = std::thread([this] { scan_all(); });
}

void Intake::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  to_write_.notify_all();
  if (writer_.joinable()) writer_.join();
  {
    const std::lock_guard lock(mutex_);
    written_ = true;
  }
  to_scan_.notify_all();
  if (scanner_.joinable()) scanner_.join();
}

std::size_t Intake::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_;
}

bool Intake::put(std::vector<store::DocumentRecord> documents, bool scan, Then then) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || waiting_ + documents.size() > kMostWaiting) return false;
    waiting_ += documents.size();
    writing_.push_back({std::move(documents), scan, std::move(then), {}});
  }
  to_write_.notify_one();
  return true;
}

void Intake::write_all() {
  while (true) {
    std::deque<Parcel> parcels;
    {
      std::unique_lock lock(mutex_);
      to_write_.wait(lock, [&] { return stopping_ || !writing_.empty(); });
      if (writing_.empty()) return;
      std::size_t count = 0;
      while (!writing_.empty() && count < kDocumentsACommit) {
        count += writing_.front().documents.size();
        parcels.push_back(std::move(writing_.front()));
        writing_.pop_front();
      }
    }
    write(parcels);
  }
}

void Intake::write(std::deque<Parcel>& parcels) {
  try {
    std::vector<store::DocumentRecord> all;
    for (const Parcel& parcel : parcels) all.insert(all.end(), parcel.documents.begin(), parcel.documents.end());
    const auto store = app_.stores.lend();
    const std::vector<store::Put> puts = store->put_documents(all);
    auto next = puts.begin();
    for (Parcel& parcel : parcels) {
      const auto end = next + static_cast<std::ptrdiff_t>(parcel.documents.size());
      parcel.done.puts.assign(next, end);
      next = end;
    }
    app_.metrics.add("ballast_documents_stored_total", "Documents received and stored",
                     static_cast<double>(all.size()));
  } catch (...) {
    for (Parcel& parcel : parcels) parcel.done.failed = std::current_exception();
  }
  std::size_t settled = 0;
  for (Parcel& parcel : parcels) {
    if (parcel.scan && !parcel.done.failed) {
      const std::lock_guard lock(mutex_);
      scanning_.push_back(std::move(parcel));
      continue;
    }
    settled += parcel.documents.size();
    parcel.then(parcel.done);
  }
  {
    const std::lock_guard lock(mutex_);
    waiting_ -= settled;
    scan_again_ = true;
  }
  to_scan_.notify_one();
}

void Intake::scan_all() {
  std::int64_t after = 0;
  int looks = 0;
  while (true) {
    std::deque<Parcel> parcels;
    {
      std::unique_lock lock(mutex_);
      to_scan_.wait_for(lock, kIntakePeriod, [&] { return written_ || scan_again_ || !scanning_.empty(); });
      std::size_t documents = 0;
      while (!scanning_.empty() && documents < kDocumentsAScan) {
        documents += scanning_.front().documents.size();
        parcels.push_back(std::move(scanning_.front()));
        scanning_.pop_front();
      }
      if (parcels.empty() && written_) return;
      scan_again_ = false;
    }
    if (!parcels.empty()) {
      scan_parcels(parcels);
      continue;
    }
    if (!app_.options.scan || stopping_) continue;
    // Who waits for an answer goes first; the backlog has its turn after half a second at the latest.
    for (int i = 0; i < kTurns && app_.scoring->waiting() > 0 && !stopping_; ++i) std::this_thread::sleep_for(kTurn);
    try {
      if (++looks % kLooksBeforeAll == 0) {
        const auto store = app_.stores.lend();
        if (store->count_unassessed(app_.desks->classifier()->identity()) > 0) after = 0;
      }
      scan_page(after);
    } catch (const std::exception& e) {
      app_.log("error", "scan", {{"what", e.what()}});
    }
  }
}

void Intake::scan_parcels(std::deque<Parcel>& parcels) {
  std::exception_ptr failed;
  std::vector<risk::DocumentRisk> risks;
  try {
    const auto store = app_.stores.lend();
    risk::ScanOptions options;
    options.seed = app_.options.seed;
    options.watch_list = app_.desks->watch_list();
    risk::Scan scan(*store, app_.desks->scorer(), options,
                    [&](const risk::Scanned& scanned) { risks.push_back(scanned.risk); });
    for (const Parcel& parcel : parcels) {
      for (const store::DocumentRecord& document : parcel.documents) scan.add(risk::to_document(document));
    }
    scan.finish();
  } catch (...) {
    failed = std::current_exception();
  }
  auto next = risks.begin();
  for (Parcel& parcel : parcels) {
    const auto count = static_cast<std::ptrdiff_t>(parcel.documents.size());
    parcel.done.failed = failed;
    if (!failed) parcel.done.risks.assign(next, next + count);
    if (!failed) next += count;
    {
      const std::lock_guard lock(mutex_);
      waiting_ -= parcel.documents.size();
    }
    parcel.then(parcel.done);
  }
}

void Intake::scan_page(std::int64_t& after) {
  const auto store = app_.stores.lend();
  const auto page = store->unassessed(app_.desks->classifier()->identity(), kPage, after);
  if (page.empty()) return;
  risk::ScanOptions options;
  options.seed = app_.options.seed;
  options.watch_list = app_.desks->watch_list();
  risk::Scan scan(*store, app_.desks->scorer(), options, [](const risk::Scanned&) {});
  for (const store::DocumentRecord& document : page) scan.add(risk::to_document(document));
  scan.finish();
  app_.metrics.add("ballast_documents_scanned_total", "Documents assessed in the background",
                   static_cast<double>(page.size()));
  const std::lock_guard lock(mutex_);
  scan_again_ = true;  // there may be more
}

}  // namespace ballast::serve
