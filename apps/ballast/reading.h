// SPDX-License-Identifier: Apache-2.0
// What ingest and scan share: the options that say how sources are read, and what becomes of rows that cannot be used.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "ballast/ingest/document.h"
#include "ballast/store/store.h"
#include "verb.h"

namespace ballast::apps {

struct Reading {
  std::vector<std::string> sources;
  std::string format = "auto", encoding = "auto";
  std::vector<std::string> text_columns;
  bool whole_file = false, strict = false;
};

void add_reading(CLI::App& verb, Reading& reading);

/// Reads all sources. Bad rows go to the store's quarantine and, the first few, to standard error; with --strict the
/// first one is an error. Throws bad_input where no row is good, cancelled after Ctrl-C.
ingest::IngestReport read_sources(const Reading& reading, const Common& common, store::Store& store,
                                  const ingest::DocumentSink& documents);

/// What became of documents that were put into the store.
struct Stored {
  std::int64_t added = 0, unchanged = 0, changed = 0;
};

/// Reads all sources into the store. `on_batch` hears after each transaction how many documents there were so far.
ingest::IngestReport store_documents(const Reading& reading, const Common& common, store::Store& store, Stored& stored,
                                     const std::function<void(std::int64_t)>& on_batch);

/// "12 rows were set aside: 10 empty text, 2 has N fields, expected N"; empty where none were.
std::string quarantine_words(const ingest::IngestReport& report);

}  // namespace ballast::apps
