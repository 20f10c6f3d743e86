// SPDX-License-Identifier: Apache-2.0
// `ballast evaluate` for taggers: strings found against true ones, with the conditions given or predicted.
#include <fmt/format.h>

#include <map>

#include "ballast/base/error.h"
#include "events.h"

namespace ballast::apps {
namespace {

using base::Json;

/// Rows of one text as one; what is to be found are the strings of all its conditions, each with its condition.
SpanRows by_text_evaluate_tagger(const SpanRows& rows) {
  SpanRows texts;
  texts.labels = rows.labels;
  texts.distinct_texts = rows.distinct_texts;
  texts.texts.resize(rows.distinct_texts);
  texts.strings.resize(rows.distinct_texts);
  for (std::size_t t = 0; t < rows.distinct_texts; ++t) texts.text_number.push_back(t);
  for (std::size_t r = 0; r < rows.texts.size(); ++r) {
    const std::size_t t = rows.text_number[r];
    texts.texts[t].text = rows.texts[r].text;
    for (const std::string& s : rows.strings[r]) texts.strings[t].push_back(rows.texts[r].condition + "\t" + s);
  }
  return texts;
}

std::vector<std::vector<std::string>> found_events(const SpanRows& texts, const lm::TextClassifier& types,
                                                   const lm::SpanTagger& tagger) {
  std::vector<std::string_view> views;
  for (const lm::TaggedText& t : texts.texts) views.push_back(t.text);
  const std::vector<lm::Prediction> predictions = types.predict(views);
  std::vector<std::vector<std::string>> found(views.size());
  for (std::size_t t = 0; t < views.size(); ++t) {
    for (const Event& e : find_events(views[t], types.heads().front(), predictions[t].heads.front(), tagger)) {
      for (const Event::Subject& s : e.subjects) {
        found[t].push_back(e.type + "\t" + span_string(tagger.spec().labels.front(), s.text));
      }
    }
  }
  return found;
}

void print_evaluate_tagger(const Json& s) {
  fmt::print("{} rows of {} texts\n  F1 {:.3f} [{:.3f}, {:.3f}], precision {:.3f}, recall {:.3f}\n",
             s["rows"].get<std::int64_t>(), s["texts"].get<std::int64_t>(), s["f1"].get<double>(),
             s["f1_interval_95"][0].get<double>(), s["f1_interval_95"][1].get<double>(), s["precision"].get<double>(),
             s["recall"].get<double>());
  fmt::print("  {} found, {} to be found, {} right\n", s["predicted"].get<std::int64_t>(),
             s["support"].get<std::int64_t>(), s["right"].get<std::int64_t>());
}

}  // namespace

void evaluate_tagger(const std::string& folder, const SpanRowOptions& options, const std::string& condition_model,
                     const Common& common) {
  const auto tagger = lm::SpanTagger::load(folder);
  ReadSummary summary;
  const SpanRows rows = read_spans(options, tagger.spec().labels, nullptr, summary);
  Json json;
  json["model"] = tagger.identity();
  json["data"] = summary_json(summary);
  if (condition_model.empty()) {
    json["spans"] = score_found(tagger, rows, common.seed, true);
  } else {
    const auto types = lm::TextClassifier::load(condition_model);
    json["condition_model"] = types.identity();
    const SpanRows texts = by_text_evaluate_tagger(rows);
    json["spans"] = score_spans(texts, found_events(texts, types, tagger), common.seed);
  }
  if (common.json) {
    fmt::print("{}\n", base::dump_json(json));
    return;
  }
  print_evaluate_tagger(json["spans"]);
  if (summary.quarantined > 0) fmt::print("{} rows were set aside\n", summary.quarantined);
}

}  // namespace ballast::apps
