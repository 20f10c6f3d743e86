// SPDX-License-Identifier: Apache-2.0
// `ballast train --task token-classify`: a tagger that finds spans. It is trained on nine tenths of the texts,
// calibrated and given its threshold on the last tenth, then trained again on everything.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/random.h"
#include "ballast/lm/span_tagger.h"
#include "ballast/tabular/calibration.h"
#include "ballast/tabular/metrics.h"
#include "tagging_data.h"
#include "train.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t kHeldOutPart = 10;  // one text in so many is held out for calibration
constexpr std::size_t kFewestTexts = 20;
constexpr int kThresholds = 20;  // tried between 0 and 1

lm::LinearTagger train_linear(const TrainOptions& o, const Common& common, const std::vector<lm::TaggedText>& texts,
                              std::size_t labels) {
  lm::LinearTaggerOptions options;
  options.seed = o.seed;
  if (o.epochs > 0) options.epochs = std::max(1, static_cast<int>(o.epochs));
  if (o.lr > 0) options.rate = o.lr;
  return lm::LinearTagger::train(texts, static_cast<int>(labels), options, terminal_progress(common));
}

lm::TaggerSpec spec_of(const SpanRows& rows) {
  lm::TaggerSpec spec;
  spec.labels = rows.labels;
  for (const lm::TaggedText& t : rows.texts) {
    if (t.condition.empty()) continue;
    auto& seen = spec.conditions[t.condition];
    ++seen.texts;
    seen.with_spans += t.spans.empty() ? 0 : 1;
  }
  return spec;
}

/// The rows of held-out texts, and the other ones.
SpanRows split_off(const SpanRows& rows, std::uint64_t seed, std::vector<lm::TaggedText>& others) {
  SpanRows held;
  held.labels = rows.labels;
  held.distinct_texts = rows.distinct_texts;
  for (std::size_t r = 0; r < rows.texts.size(); ++r) {
    if (base::random_bits(seed, rows.text_number[r]) % kHeldOutPart != 0) {
      others.push_back(rows.texts[r]);
      continue;
    }
    held.texts.push_back(rows.texts[r]);
    held.strings.push_back(rows.strings[r]);
    held.text_number.push_back(rows.text_number[r]);
  }
  return held;
}

/// Platt's a and b on held-out spans: right where the string is one of the true ones.
void calibrate(const lm::SpanTagger& tagger, const SpanRows& held, lm::TaggerSpec& spec) {
  std::vector<double> scores;
  std::vector<std::uint8_t> right;
  for (std::size_t r = 0; r < held.texts.size(); ++r) {
    const lm::TaggedText& t = held.texts[r];
    const lm::Characters c = lm::characters_of(t.text);
    for (const auto& s : tagger.score(t.text, c, t.condition)) {
      const std::string string = span_string(
          held.labels[static_cast<std::size_t>(s.span.label)],
          std::string_view(t.text).substr(c.offset[s.span.begin], c.offset[s.span.end] - c.offset[s.span.begin]));
      scores.push_back(s.log_odds);
      right.push_back(std::find(held.strings[r].begin(), held.strings[r].end(), string) != held.strings[r].end());
    }
  }
  if (scores.empty()) return;
  const auto platt = tabular::fit_platt(scores, right);
  spec.platt = {platt.a, platt.b};
}

/// The threshold with the best F1 on held-out texts, and the scores there.
base::Json choose_threshold(const lm::LinearTagger& linear, const SpanRows& held, std::uint64_t seed,
                            lm::TaggerSpec& spec) {
  double best = -1, chosen = 0;
  for (int i = 0; i < kThresholds; ++i) {
    spec.threshold = static_cast<double>(i) / kThresholds;
    const double f1 = score_found(lm::SpanTagger(spec, linear), held, seed, false)["f1"].get<double>();
    if (f1 <= best) continue;
    best = f1;
    chosen = spec.threshold;
  }
  spec.threshold = chosen;
  return score_found(lm::SpanTagger(spec, linear), held, seed, true);
}

}  // namespace

void train_tagger(const TrainOptions& o, const Common& common) {
  const Exclusion exclusion(o.exclude);
  ReadSummary summary;
  const SpanRows rows = read_spans({o.data, o.text_columns, o.span_column, o.condition_column, o.encoding, o.strict},
                                   {}, &exclusion, summary);
  say(common, fmt::format("{} rows, {} texts, {} quarantined, {} dropped because an excluded file holds their text",
                          summary.rows, rows.distinct_texts, summary.quarantined, summary.excluded));
  for (const std::string& reason : summary.reasons) say(common, "  " + reason);
  if (rows.distinct_texts < kFewestTexts) {
    throw Error(ErrorCode::bad_input, fmt::format("{} texts are too few", rows.distinct_texts), o.data.front(),
                fmt::format("at least {}", kFewestTexts));
  }
  lm::TaggerSpec spec = spec_of(rows);
  std::vector<lm::TaggedText> others;
  const SpanRows held = split_off(rows, o.seed, others);
  base::Json held_out;
  if (!held.texts.empty()) {
    const lm::LinearTagger part = train_linear(o, common, others, rows.labels.size());
    calibrate(lm::SpanTagger(spec, part), held, spec);
    held_out = choose_threshold(part, held, o.seed, spec);
    say(common, fmt::format("held out: precision {:.3f}, recall {:.3f}, F1 {:.3f}", held_out["precision"].get<double>(),
                            held_out["recall"].get<double>(), held_out["f1"].get<double>()));
  }
  const lm::SpanTagger tagger(spec, train_linear(o, common, rows.texts, rows.labels.size()));
  base::Json recipe;
  recipe["task"] = o.task;
  recipe["seed"] = o.seed;
  recipe["build"] = BALLAST_VERSION;
  recipe["data"] = summary_json(summary);
  recipe["held_out"] = held_out;
  base::write_directory_atomic(o.output, [&](const std::filesystem::path& folder) {
    tagger.save(folder);
    base::write_file_atomic(folder / "training.json", recipe.dump(2) + "\n");
  });
  say(common, "saved to " + o.output);
  if (common.json) fmt::print("{}\n", base::dump_json(recipe));
}

}  // namespace ballast::apps
