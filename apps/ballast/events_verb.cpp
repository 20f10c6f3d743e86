// SPDX-License-Identifier: Apache-2.0
// ballast events [SOURCE…]: which events a text reports and whom each is about. Every document's answer is a decision,
// kept in the store before it is shown.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>

#include "ballast/base/error.h"
#include "ballast/decide/decision.h"
#include "ballast/store/store.h"
#include "events.h"
#include "reading.h"
#include "replay.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr std::size_t kEventsVerbBatch = 256;  // documents scored and kept at a time

struct EventsVerbArguments {
  Reading reading;
  std::string types, subjects;
};

/// Both models and where they lie.
struct EventModels {
  std::string types_folder, subjects_folder;
  lm::TextClassifier types;
  lm::SpanTagger subjects;
};

EventModels open_models(const std::string& types, const std::string& subjects) {
  namespace fs = std::filesystem;
  EventModels m{fs::absolute(types).lexically_normal().string(), fs::absolute(subjects).lexically_normal().string(),
                lm::TextClassifier::load(types), lm::SpanTagger::load(subjects)};
  const lm::Head& head = m.types.heads().front();
  for (const std::string& label : head.labels) {
    if (m.subjects.spec().conditions.contains(label)) return m;
  }
  throw Error(ErrorCode::bad_input, "knows none of the types that the classifier knows", subjects,
              "train both on the same types: head \"" + head.name + "\" of " + types);
}

/// One entry a subject; a type without a subject is one entry with null.
Json events_json(const std::vector<Event>& events) {
  Json list = Json::array();
  for (const Event& e : events) {
    for (const Event::Subject& s : e.subjects) {
      list.push_back({{"type", e.type},
                      {"probability", e.probability},
                      {"subject", s.text},
                      {"start", s.start},
                      {"end", s.end},
                      {"subject_probability", s.probability}});
    }
    if (e.subjects.empty()) list.push_back({{"type", e.type}, {"probability", e.probability}, {"subject", nullptr}});
  }
  return list;
}

std::vector<decide::Decision> decide_events(const EventModels& m, const std::vector<ingest::Document>& documents,
                                            std::uint64_t seed) {
  std::vector<std::string_view> texts;
  for (const ingest::Document& d : documents) texts.push_back(d.text);
  const std::vector<lm::Prediction> predictions = m.types.predict(texts);
  std::vector<decide::Decision> decisions;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const auto events = find_events(texts[i], m.types.heads().front(), predictions[i].heads.front(), m.subjects);
    decide::Decision d;
    d.kind = "events";
    d.subject = documents[i].id;
    d.inputs = {{"text", documents[i].text}, {"types", m.types_folder}, {"subjects", m.subjects_folder}};
    d.model = m.types.identity() + " " + m.subjects.identity();
    d.model_hash = d.model;
    d.seed = seed;
    d.outcome = events_json(events);
    for (const Event& e : events) d.probability = std::max(d.probability.value_or(0), e.probability);
    d.cost.tokens = predictions[i].tokens;
    sign(d);
    decisions.push_back(std::move(d));
  }
  return decisions;
}

decide::Decision replay_events(const decide::Decision& was) {
  const std::string where = "decision " + was.id;
  const EventModels m = open_models(base::json_field<std::string>(was.inputs, "types", where),
                                    base::json_field<std::string>(was.inputs, "subjects", where));
  ingest::Document document;
  document.id = was.subject;
  document.text = base::json_field<std::string>(was.inputs, "text", where);
  return decide_events(m, {document}, was.seed).front();
}

void show_events_verb(const decide::Decision& d, const Common& common) {
  if (common.json) {
    fmt::print("{}\n", base::dump_json({{"id", d.id}, {"document_id", d.subject}, {"events", d.outcome}}));
    return;
  }
  if (d.outcome.empty()) return;
  fmt::print("{}  [{}]\n", d.inputs["text"].get<std::string>(), d.id);
  for (const Json& e : d.outcome) {
    const std::string type =
        fmt::format("{} {:.0f} %", e["type"].get<std::string>(), 100 * e["probability"].get<double>());
    if (e["subject"].is_null()) {
      fmt::print("  {}\n", type);
    } else {
      fmt::print("  {}: {} ({:.0f} %)\n", type, e["subject"].get<std::string>(),
                 100 * e["subject_probability"].get<double>());
    }
  }
}

void run_events_verb(const EventsVerbArguments& a, const Common& common) {
  const EventModels models = open_models(a.types, a.subjects);
  store::Store store = store::Store::open(common.store);
  std::vector<ingest::Document> batch;
  std::int64_t documents = 0, with_events = 0;
  const auto flush = [&] {
    std::vector<decide::Decision> decisions = decide_events(models, batch, common.seed);
    decide::keep(store, decisions);
    for (const decide::Decision& d : decisions) {
      show_events_verb(d, common);
      with_events += d.outcome.empty() ? 0 : 1;
    }
    documents += static_cast<std::int64_t>(batch.size());
    batch.clear();
  };
  const ingest::IngestReport read = read_sources(a.reading, common, store, [&](ingest::Document&& document) {
    batch.push_back(std::move(document));
    if (batch.size() >= kEventsVerbBatch) flush();
  });
  if (!batch.empty()) flush();
  say(common, fmt::format("{} documents, {} with events", documents, with_events));
  if (read.quarantined > 0) say(common, quarantine_words(read));
}

}  // namespace

void add_events(CLI::App& app, Common& common) {
  auto* verb = app.add_subcommand("events", "Which events a text reports, and whom each is about");
  auto a = std::make_shared<EventsVerbArguments>();
  add_reading(*verb, a->reading);
  verb->add_option("--types", a->types, "Classifier of event types: `train --task multilabel` or classify")->required();
  verb->add_option("--subjects", a->subjects, "Tagger of their subjects: `train --task token-classify`")->required();
  add_common(*verb, common, "ballast events news.jsonl --types event-types --subjects event-subjects --json");
  add_replay("events", replay_events);
  verb->callback([a, &common] {
    if (a->reading.sources.empty()) throw Error(ErrorCode::usage, "needs a source", "events");
    run_events_verb(*a, common);
  });
}

}  // namespace ballast::apps
