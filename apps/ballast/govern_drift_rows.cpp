// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

#include "ballast/base/error.h"
#include "ballast/base/hash.h"
#include "ballast/base/random.h"
#include "ballast/govern/inventory.h"
#include "ballast/lm/classifier.h"
#include "ballast/lm/embed.h"
#include "govern_drift.h"
#include "scored_rows.h"
#include "table_reading.h"
#include "training_data.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;
using govern::DriftFinding;
using govern::DriftReport;

constexpr int kMostLevels = 50;  // of a column of words; more are names or texts

/// One side of the question.
struct DriftSide {
  std::vector<ingest::Record> rows;
  std::map<std::string, std::vector<double>> scores;  // by name
  std::vector<double> judged;                         // probabilities that have an outcome
  std::vector<std::uint8_t> outcomes;
  std::vector<float> vectors;
};

std::vector<ingest::Record> rows_of_files(const Json& files, const ingest::QuarantineSink& sink) {
  std::vector<std::string> names;
  for (const Json& f : files) {
    names.push_back(f.at("file").get<std::string>());
    if (base::sha256_file(names.back()) != f.at("sha256").get<std::string>()) {
      throw Error(ErrorCode::bad_input, "is not the file that was asked about: its SHA-256 is another", names.back());
    }
  }
  return read_rows(names, sink);
}

void add_outcome(const DriftQuestion& q, const ingest::Record& row, double probability, DriftSide& side) {
  bool event = false;
  if (!has_outcome(row, {q.label, q.positive}, event)) return;  // it has not arrived yet
  side.judged.push_back(probability);
  side.outcomes.push_back(event);
}

void score_tables(const DriftQuestion& q, const govern::ModelFacts& model, DriftSide& side,
                  const ingest::QuarantineSink& sink) {
  for (const ScoredRow& one : score_rows(model, side.rows, sink)) {
    side.scores["score"].push_back(one.probability);
    add_outcome(q, one.record, one.probability, side);
  }
}

/// Texts of a side, drawn by the seed where there are more than the sample.
std::vector<std::string_view> drawn_texts(const std::vector<std::string>& texts, const DriftQuestion& q,
                                          std::uint64_t stream) {
  std::vector<std::string_view> all(texts.begin(), texts.end());
  base::Random random(q.seed, stream);
  random.shuffle(std::span<std::string_view>(all));
  if (static_cast<std::int64_t>(all.size()) > q.sample) all.resize(static_cast<std::size_t>(q.sample));
  return all;
}

void score_texts(const DriftQuestion& q, const lm::TextClassifier& model, const lm::Embedder& embedder,
                 std::uint64_t stream, DriftSide& side, const ingest::QuarantineSink& sink) {
  std::vector<std::string> texts;
  std::vector<const ingest::Record*> rows;
  for (const ingest::Record& row : side.rows) {
    const auto text = row_text(row, q.text_columns);
    if (text && !text->empty()) {
      texts.push_back(*text);
      rows.push_back(&row);
    } else if (sink) {
      sink({row.source, row.line, "", "has no text", ""});
    }
  }
  if (texts.empty()) throw Error(ErrorCode::bad_input, "no row has a text", side.rows.front().source);
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const std::vector<lm::Prediction> predictions = model.predict(views);
  for (std::size_t h = 0; h < model.heads().size(); ++h) {
    const lm::Head& head = model.heads()[h];
    for (std::size_t j = 0; j < head.labels.size(); ++j) {
      auto& scores = side.scores[model.heads().size() == 1 ? head.labels[j] : head.name + ":" + head.labels[j]];
      for (const lm::Prediction& p : predictions) scores.push_back(p.heads[h].probabilities[j]);
    }
  }
  // Outcomes of a question with one answer: was the likeliest label right as often as its probability says?
  for (std::size_t i = 0; i < rows.size() && !q.label.empty(); ++i) {
    const auto said = rows[i]->text(q.label);
    const lm::Head& head = model.heads().front();
    if (!said || said->empty() || head.kind != lm::HeadKind::multiclass) continue;
    const lm::HeadPrediction& p = predictions[i].heads.front();
    const std::size_t best = lm::likeliest(p);
    side.judged.push_back(p.probabilities[best]);
    side.outcomes.push_back(head.labels[best] == *said);
  }
  for (const lm::Embedding& e : embedder.embed(drawn_texts(texts, q, stream), {lm::Pooling::mean, true})) {
    side.vectors.insert(side.vectors.end(), e.vector.begin(), e.vector.end());
  }
}

DriftFinding stability_of(const std::string& what, const std::vector<double>& before, const std::vector<double>& late) {
  constexpr std::size_t kTenths = 10;
  return {what,
          "psi",
          govern::stability_index(before, late),
          {},
          {},
          false,
          govern::stability_by_chance(kTenths, before.size(), late.size())};
}

void add_column(const tabular::Column& before, const tabular::Column& late, DriftReport& report) {
  if (before.spec.kind == tabular::ColumnKind::numeric) {
    report.findings.push_back(stability_of(before.spec.name, before.numbers, late.numbers));
    const auto known = [](double v) { return !std::isnan(v); };
    if (std::none_of(before.numbers.begin(), before.numbers.end(), known) ||
        std::none_of(late.numbers.begin(), late.numbers.end(), known)) {
      return;
    }
    const govern::KsTest ks = govern::ks_test(before.numbers, late.numbers);
    report.findings.push_back({before.spec.name, "ks", ks.distance, ks.p_value, {}, false});
    return;
  }
  if (static_cast<int>(before.spec.levels.size()) > kMostLevels) return;
  const auto counts = [&](const tabular::Column& column) {
    std::vector<std::int64_t> n(before.spec.levels.size() + 2, 0);  // and missing, and values never seen before
    for (const int code : column.codes) {
      ++n[code == tabular::kMissingCode  ? n.size() - 2
          : code == tabular::kUnseenCode ? n.size() - 1
                                         : static_cast<std::size_t>(code)];
    }
    return n;
  };
  report.findings.push_back(
      {before.spec.name,
       "psi",
       govern::stability_index_of_counts(counts(before), counts(late)),
       {},
       {},
       false,
       govern::stability_by_chance(before.spec.levels.size(), before.codes.size(), late.codes.size())});
}

void compare_columns(const DriftQuestion& q, const DriftSide& before, const DriftSide& late,
                     const ingest::QuarantineSink& sink, DriftReport& report) {
  tabular::TableOptions options;
  options.drop = q.drop;
  for (const std::string& outside : {q.label, q.probability}) {
    if (!outside.empty() && before.rows.front().has(outside)) options.drop.push_back(outside);
  }
  const tabular::Table reference = tabular::infer_table(before.rows, options, sink);
  tabular::Schema schema = reference.schema();
  for (tabular::ColumnSpec& spec : schema.columns) spec.had_missing = true;  // a gap is drift, no bad row
  const tabular::Table current = tabular::table_as(schema, late.rows, sink);
  for (const tabular::Column& column : reference.columns) add_column(column, current.at(column.spec.name), report);
}

void compare_scores(const DriftSide& before, const DriftSide& late, DriftReport& report) {
  for (const auto& [name, scores] : before.scores) {
    const std::vector<double>& now = late.scores.at(name);
    report.findings.push_back(stability_of(name, scores, now));
    const govern::KsTest ks = govern::ks_test(scores, now);
    report.findings.push_back({name, "ks", ks.distance, ks.p_value, {}, false});
  }
}

void judge_outcomes(const DriftQuestion& q, const DriftSide& late, DriftReport& report) {
  if (late.judged.empty()) return;
  report.calibration = {govern::calibration_drift(late.judged, late.outcomes, q.seed)};
  const govern::CalibrationDrift& c = report.calibration.front();
  report.findings.push_back({"outcomes", "calibration", c.observed - c.foretold, c.p_large, {}, false});
  double expected = 0;
  for (const double p : late.judged) expected += p * (1 - p);
  expected /= static_cast<double>(late.judged.size());
  report.findings.push_back({"outcomes", "spiegelhalter", c.brier - expected, c.p_spiegelhalter, {}, false});
}

}  // namespace

Json to_json(const DriftQuestion& q) {
  return {{"reference", q.reference},
          {"current", q.current},
          {"model", q.model},
          {"text_columns", q.text_columns},
          {"drop", q.drop},
          {"label", q.label},
          {"positive", q.positive},
          {"probability", q.probability},
          {"max_psi", q.limits.max_psi},
          {"min_p", q.limits.min_p},
          {"judge_ks", q.limits.judge_ks},
          {"sample", q.sample},
          {"permutations", q.permutations}};
}

DriftQuestion drift_question_of(const Json& json, const std::string& where) {
  const auto text = [&](const char* field) { return base::json_field<std::string>(json, field, where); };
  const auto list = [&](const char* field) { return base::json_field<std::vector<std::string>>(json, field, where); };
  DriftQuestion q;
  q.reference = base::json_field<Json>(json, "reference", where);
  q.current = base::json_field<Json>(json, "current", where);
  q.model = text("model"), q.label = text("label"), q.positive = text("positive"), q.probability = text("probability");
  q.text_columns = list("text_columns"), q.drop = list("drop");
  q.limits = {base::json_field<double>(json, "max_psi", where), base::json_field<double>(json, "min_p", where),
              base::json_field<bool>(json, "judge_ks", where)};
  q.sample = base::json_field<std::int64_t>(json, "sample", where);
  q.permutations = base::json_field<int>(json, "permutations", where);
  return q;
}

namespace {

/// Scores of rows that the model learnt from are too sure: against them, every later score looks as if it had drifted.
bool was_trained_on(const DriftQuestion& q, const govern::ModelFacts& model) {
  const std::string run = base::dump_json(model.document);
  return std::any_of(q.reference.begin(), q.reference.end(),
                     [&](const Json& f) { return run.find(f.at("sha256").get<std::string>()) != std::string::npos; });
}

}  // namespace

DriftReport answer_drift(const DriftQuestion& q, const Common& common) {
  RowQuarantine quarantine(common);
  DriftSide before, late;
  before.rows = rows_of_files(q.reference, quarantine.sink());
  late.rows = rows_of_files(q.current, quarantine.sink());
  DriftReport report;
  const govern::ModelFacts facts = q.model.empty() ? govern::ModelFacts() : govern::identify_model(q.model);
  if (facts.kind == "text") {
    const auto model = lm::TextClassifier::load(q.model);
    const auto embedder = lm::Embedder::load(q.model);
    score_texts(q, model, embedder, 1, before, quarantine.sink());
    score_texts(q, model, embedder, 2, late, quarantine.sink());
  } else {
    if (!facts.kind.empty()) {
      score_tables(q, facts, before, quarantine.sink());
      score_tables(q, facts, late, quarantine.sink());
    }
    compare_columns(q, before, late, quarantine.sink(), report);
    for (DriftSide* side : {&before, &late}) {
      for (const ingest::Record& row : side->rows) {
        bool finite = true;
        if (q.probability.empty()) break;
        const double p = tabular::number_in(row.text(q.probability).value_or(""), finite);
        if (!(p >= 0 && p <= 1)) {
          throw Error(ErrorCode::bad_input, "is no probability", fmt::format("{}:{}", row.source, row.line),
                      "column " + q.probability);
        }
        side->scores["probability"].push_back(p);
        add_outcome(q, row, p, *side);
      }
    }
  }
  quarantine.finish(false);
  report.reference_rows = static_cast<std::int64_t>(before.rows.size());
  report.current_rows = static_cast<std::int64_t>(late.rows.size());
  if (!facts.kind.empty() && was_trained_on(q, facts)) {
    say(common,
        "the model learnt from the reference rows, which makes their scores too sure: scores are not compared"
        " (give rows as --reference that it did not see)");
    before.scores.clear();
  }
  compare_scores(before, late, report);
  if (!before.vectors.empty()) {
    const auto width = lm::Embedder::load(q.model).width();
    const govern::MmdTest mmd = govern::mmd_test(before.vectors, late.vectors, width, q.permutations, q.seed);
    report.findings.push_back({"embedding", "mmd", mmd.squared, mmd.p_value, {}, false});
  }
  judge_outcomes(q, late, report);
  govern::judge_drift(report, q.limits);
  return report;
}

}  // namespace ballast::apps
