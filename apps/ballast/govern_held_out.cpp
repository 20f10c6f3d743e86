// SPDX-License-Identifier: Apache-2.0
#include "govern_held_out.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>

#include "ballast/base/error.h"
#include "ballast/base/hash.h"
#include "ballast/lm/classifier.h"
#include "ballast/lm/classifier_spec.h"
#include "ballast/lm/ngram/model.h"
#include "ballast/risk/credit.h"
#include "ballast/tabular/metrics.h"
#include "scored_rows.h"
#include "table_reading.h"
#include "training_data.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;
using govern::HeldOutResult;

std::vector<std::pair<double, double>> reliability_points(std::span<const double> probabilities,
                                                          std::span<const std::uint8_t> truth, std::uint64_t seed) {
  std::vector<std::pair<double, double>> points;
  for (const tabular::CalibrationBin& bin : tabular::calibration_report(probabilities, truth, seed).bins)
    points.emplace_back(bin.mean_probability, bin.observed);
  return points;
}

/// A file that training read is no held-out file, whatever it is called.
void refuse_training_files(const govern::ModelFacts& model, const std::vector<std::string>& files) {
  const std::string run = base::dump_json(model.document);
  for (const std::string& file : files) {
    if (run.find(base::sha256_file(file)) != std::string::npos)
      throw Error(ErrorCode::bad_input, "was trained on: it is no held-out file", file);
  }
}

HeldOutResult named_result(const std::string& question, const std::vector<std::string>& files) {
  HeldOutResult r;
  r.question = question;
  for (const std::string& file : files) {
    r.file += (r.file.empty() ? "" : ", ") + std::filesystem::path(file).filename().string();
    r.sha256 += (r.sha256.empty() ? "" : ", ") + base::sha256_file(file);
  }
  return r;
}

/// How protected groups fare on the held-out rows at the model's cut-off.
std::vector<govern::CardTable> groups_of_rows(const risk::CreditModel& credit, const std::vector<ingest::Record>& rows,
                                              const std::vector<double>& pd, const std::vector<std::uint8_t>& bad,
                                              std::uint64_t seed) {
  std::vector<govern::CardTable> tables;
  const tabular::Table table = tabular::infer_table(rows);
  if (table.rows() != static_cast<std::int64_t>(rows.size())) return tables;  // a row that no column could take
  for (const std::string& name : credit.training().protected_columns) {
    const tabular::Column* column = table.find(name);
    if (column == nullptr) continue;
    const risk::FairnessAudit audit = audit_fairness(risk::groups_of(*column), pd, bad, credit.cut_off(), seed);
    govern::CardTable out{
        {name + ", held out", "rows", "approved", "adverse impact", "opportunity", "mean PD", "observed", "p", ""}, {}};
    const auto& groups = audit.thresholds.front().groups;
    for (std::size_t g = 0; g < groups.size(); ++g) {
      const risk::GroupOutcome& o = groups[g];
      const risk::GroupCalibration& c = audit.calibration[g];
      out.rows.push_back({o.group, std::to_string(o.rows), fmt::format("{:.3f}", o.approval_rate),
                          fmt::format("{:.3f} [{:.3f}, {:.3f}]", o.adverse_impact, o.adverse_impact_interval[0],
                                      o.adverse_impact_interval[1]),
                          fmt::format("{:.3f}", o.opportunity), fmt::format("{:.3f}", c.mean_pd),
                          fmt::format("{:.3f}", c.observed), fmt::format("{:.2g}", c.p_value),
                          o.judged ? "" : "too few to judge"});
    }
    tables.push_back(std::move(out));
  }
  return tables;
}

/// Which inputs move the score of the held-out rows most.
govern::CardTable weights_of_inputs(const std::vector<risk::CreditScore>& scores) {
  std::map<std::string, std::pair<double, double>> sums;  // absolute, adverse
  for (const risk::CreditScore& score : scores) {
    for (const risk::CreditReason& reason : score.reasons) {
      sums[reason.code].first += std::abs(reason.points());
      sums[reason.code].second += std::max(0.0, reason.points());
    }
  }
  double all = 0;
  std::vector<std::pair<std::string, std::pair<double, double>>> order(sums.begin(), sums.end());
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.second.first > b.second.first; });
  for (const auto& [name, sum] : order) all += sum.first;
  govern::CardTable table{{"input, held out", "mean absolute contribution (log-odds)", "share", "of that adverse"}, {}};
  for (const auto& [name, sum] : order) {
    table.rows.push_back({name, fmt::format("{:.3f}", sum.first / static_cast<double>(scores.size())),
                          fmt::format("{:.1f} %", all > 0 ? 100 * sum.first / all : 0),
                          fmt::format("{:.0f} %", sum.first > 0 ? 100 * sum.second / sum.first : 0)});
  }
  return table;
}

/// What only a credit model has: the scorecard beside it, which inputs weigh most, groups.
void judge_credit_rows(const govern::ModelFacts& model, const std::vector<ingest::Record>& rows,
                       const std::vector<std::uint8_t>& bad, std::uint64_t seed, std::vector<govern::MethodRun>& runs,
                       HeldOutResult& r) {
  const risk::CreditModel credit = risk::CreditModel::load(model.folder);
  const risk::ReadApplications read = credit.read(rows, true);
  if (read.kept.size() == rows.size()) {
    r.tables.push_back(weights_of_inputs(credit.score(read.table)));
    if (credit.scorecard() != nullptr && credit.champion() != "scorecard") {
      govern::MethodRun card;
      card.name = "scorecard (traditional)";
      card.probabilities = credit.scorecard()->probabilities(read.table);
      runs.push_back(std::move(card));
    }
  }
  for (govern::CardTable& t : groups_of_rows(credit, rows, runs.front().probabilities, bad, seed))
    r.tables.push_back(std::move(t));
}

HeldOutResult judge_table_rows(const govern::ModelFacts& model, const std::vector<std::string>& files,
                               const Common& common) {
  RowQuarantine quarantine(common);
  const ModelOutcome outcome = outcome_of_model(model);
  std::vector<ingest::Record> judged;
  std::vector<std::uint8_t> truth;
  std::vector<govern::MethodRun> runs(1);
  runs[0].name = model.name;
  for (ScoredRow& one : score_rows(model, read_rows(files, quarantine.sink()), quarantine.sink())) {
    bool event = false;
    if (!has_outcome(one.record, outcome, event)) continue;
    truth.push_back(event);
    runs[0].probabilities.push_back(one.probability);
    judged.push_back(std::move(one.record));
  }
  quarantine.finish(false);
  const auto events = std::count(truth.begin(), truth.end(), 1);
  if (events == 0 || events == static_cast<std::ptrdiff_t>(truth.size())) {
    throw Error(ErrorCode::bad_input, "its column \"" + outcome.label + "\" does not hold both outcomes",
                files.front());
  }
  HeldOutResult r = named_result(outcome.label + " = " + outcome.positive, files);
  r.reliability = reliability_points(runs[0].probabilities, truth, common.seed);
  if (model.kind == "credit") judge_credit_rows(model, judged, truth, common.seed, runs, r);
  govern::JudgeOptions options;
  options.seed = common.seed;
  r.comparison = govern::judge_events(model.kind, truth, std::move(runs), options);
  return r;
}

/// The column of a question: --label-column COLUMN or HEAD=COLUMN, else the question's own name.
std::string column_of_head(const HeldOutArguments& a, const lm::Head& head, std::size_t heads) {
  for (const std::string& given : a.label_columns) {
    const std::size_t at = given.find('=');
    if (at == std::string::npos && heads == 1) return given;
    if (at != std::string::npos && given.substr(0, at) == head.name) return given.substr(at + 1);
  }
  return heads == 1 && head.name == "label" && head.kind == lm::HeadKind::multilabel ? "labels" : head.name;
}

/// The n-gram branch alone, where the classifier has both: the traditional method on the same rows. Its temperature was
/// fitted for both together, so its probabilities are not calibrated; its answers do not depend on that.
std::optional<govern::MethodRun> ngrams_alone(const govern::ModelFacts& facts, std::size_t h,
                                              std::span<const std::string_view> texts,
                                              const std::vector<std::size_t>& kept) {
  const std::filesystem::path folder = facts.folder;
  if (!std::filesystem::exists(folder / "ngram.safetensors")) return {};
  const lm::ClassifierSpec spec = lm::read_spec(folder / "classifier.json");
  lm::HeadSpec head = spec.heads[h];
  if (head.transformer_weight == 0 || head.ngram_weight == 0) return {};
  head.transformer_weight = 0;
  std::size_t first = 0;
  for (std::size_t before = 0; before < h; ++before) first += spec.heads[before].head.labels.size();
  const lm::NgramModel ngrams = lm::NgramModel::load(folder / "ngram.safetensors");
  const std::vector<float> logits = ngrams.scores(texts);
  const std::vector<float> nothing(head.head.labels.size(), 0.0F);
  govern::MethodRun run;
  run.name = "n-grams alone (traditional)";
  for (const std::size_t i : kept) {
    const float* own = logits.data() + i * static_cast<std::size_t>(ngrams.outputs()) + first;
    const lm::HeadPrediction p = lm::predict_head(head, nothing.data(), own);
    run.probabilities.insert(run.probabilities.end(), p.probabilities.begin(), p.probabilities.end());
  }
  return run;
}

govern::CardTable confusion_table(const lm::Head& head, const std::vector<int>& truth, const std::vector<int>& said) {
  govern::CardTable table{{"held out: is \\ said"}, {}};
  for (const std::string& label : head.labels) table.head.push_back(label);
  table.head.emplace_back("recall");
  const auto m = tabular::confusion_matrix(truth, said, static_cast<int>(head.labels.size()));
  for (std::size_t t = 0; t < head.labels.size() && head.labels.size() <= 12; ++t) {
    std::vector<std::string> row = {head.labels[t]};
    std::int64_t all = 0;
    for (std::size_t p = 0; p < head.labels.size(); ++p) {
      const std::int64_t n = m.at(static_cast<int>(t), static_cast<int>(p));
      row.push_back(std::to_string(n));
      all += n;
    }
    const std::int64_t hits = m.at(static_cast<int>(t), static_cast<int>(t));
    row.push_back(all > 0 ? fmt::format("{:.3f}", static_cast<double>(hits) / static_cast<double>(all)) : "-");
    table.rows.push_back(std::move(row));
  }
  return table;
}

/// Are long texts harder than short ones?
govern::CardTable length_table(const std::vector<std::size_t>& lengths, const std::vector<std::uint8_t>& right) {
  std::vector<std::size_t> order = lengths;
  std::sort(order.begin(), order.end());
  const std::size_t low = order[order.size() / 3], high = order[2 * order.size() / 3];
  std::array<std::int64_t, 3> rows{}, hits{};
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    const std::size_t third = lengths[i] < low ? 0 : lengths[i] < high ? 1 : 2;
    ++rows[third];
    hits[third] += right[i];
  }
  govern::CardTable table{{"held out: bytes of the text", "rows", "right"}, {}};
  const std::array<std::string, 3> names = {fmt::format("below {}", low), fmt::format("{} to below {}", low, high),
                                            fmt::format("from {}", high)};
  for (std::size_t t = 0; t < 3; ++t) {
    if (rows[t] == 0) continue;
    table.rows.push_back({names[t], std::to_string(rows[t]),
                          fmt::format("{:.3f}", static_cast<double>(hits[t]) / static_cast<double>(rows[t]))});
  }
  return table;
}

struct HeadRows {
  const lm::Head& head;
  std::size_t number = 0;
  LabelledRows rows;
  std::vector<std::string_view> texts;
  std::vector<lm::Prediction> predictions;
};

void judge_exclusive(const govern::ModelFacts& facts, const HeadRows& in, const govern::JudgeOptions& options,
                     govern::MethodRun run, HeldOutResult& r) {
  std::vector<int> truth, answers;
  std::vector<double> said;
  std::vector<std::uint8_t> right;
  std::vector<std::size_t> kept, lengths;
  for (std::size_t i = 0; i < in.rows.size(); ++i) {
    if (in.rows.classes[0][i] < 0) continue;
    const lm::HeadPrediction& p = in.predictions[i].heads[in.number];
    kept.push_back(i);
    lengths.push_back(in.rows.texts[i].size());
    truth.push_back(in.rows.classes[0][i]);
    answers.push_back(static_cast<int>(lm::likeliest(p)));
    run.probabilities.insert(run.probabilities.end(), p.probabilities.begin(), p.probabilities.end());
    said.push_back(p.probabilities[lm::likeliest(p)]);
    right.push_back(answers.back() == truth.back());
  }
  if (kept.empty()) throw Error(ErrorCode::bad_input, "no row has a label of \"" + in.head.name + "\"");
  std::vector<govern::MethodRun> runs = {std::move(run)};
  if (auto alone = ngrams_alone(facts, in.number, in.texts, kept)) runs.push_back(std::move(*alone));
  r.comparison =
      govern::judge_classes(in.head.name, truth, static_cast<int>(in.head.labels.size()), std::move(runs), options);
  r.tables.push_back(confusion_table(in.head, truth, answers));
  r.tables.push_back(length_table(lengths, right));
  r.reliability = reliability_points(said, right, options.seed);
}

void judge_any_number(const HeadRows& in, const govern::JudgeOptions& options, govern::MethodRun run,
                      HeldOutResult& r) {
  std::vector<std::uint8_t> truth;
  for (std::size_t i = 0; i < in.rows.size(); ++i) {
    if (in.rows.sets[0][i].empty()) continue;
    const lm::HeadPrediction& p = in.predictions[i].heads[in.number];
    truth.insert(truth.end(), in.rows.sets[0][i].begin(), in.rows.sets[0][i].end());
    run.probabilities.insert(run.probabilities.end(), p.probabilities.begin(), p.probabilities.end());
    for (std::size_t j = 0; j < in.head.labels.size(); ++j)
      run.said.push_back(p.probabilities[j] >= in.head.thresholds[j]);
  }
  r.reliability = reliability_points(run.probabilities, truth, options.seed);
  r.comparison =
      govern::judge_labels(in.head.name, truth, static_cast<int>(in.head.labels.size()), {std::move(run)}, options);
}

HeldOutResult judge_head(const govern::ModelFacts& facts, const lm::TextClassifier& model, std::size_t h,
                         const std::string& column, const HeldOutArguments& a, const Common& common) {
  const lm::Head& head = model.heads()[h];
  ReadSummary summary;
  RowOptions reading;
  reading.files = a.files;
  reading.text_columns = a.text_columns;
  reading.heads = {{head.name, column, head.kind}};
  HeadRows in{head, h, read_labelled(reading, {head}, nullptr, summary), {}, {}};
  if (summary.quarantined > 0) say(common, fmt::format("{} row(s) set aside in all", summary.quarantined));
  in.texts.assign(in.rows.texts.begin(), in.rows.texts.end());
  in.predictions = model.predict(in.texts);
  HeldOutResult r = named_result(head.name, a.files);
  govern::MethodRun run;
  run.name = facts.name;
  govern::JudgeOptions options;
  options.seed = common.seed;
  if (head.kind == lm::HeadKind::multiclass) {
    judge_exclusive(facts, in, options, std::move(run), r);
  } else {
    judge_any_number(in, options, std::move(run), r);
  }
  return r;
}

}  // namespace

std::vector<HeldOutResult> judge_held_out(const govern::ModelFacts& model, const HeldOutArguments& a,
                                          const Common& common) {
  if (a.files.empty()) return {};
  refuse_training_files(model, a.files);
  if (model.kind != "text") return {judge_table_rows(model, a.files, common)};
  const auto classifier = lm::TextClassifier::load(model.folder);
  const std::vector<std::string> present = ingest::RecordReader::open(a.files.front()).columns();
  std::vector<HeldOutResult> results;
  for (std::size_t h = 0; h < classifier.heads().size(); ++h) {
    const std::string column = column_of_head(a, classifier.heads()[h], classifier.heads().size());
    if (std::find(present.begin(), present.end(), column) == present.end()) continue;
    results.push_back(judge_head(model, classifier, h, column, a, common));
  }
  if (results.empty()) {
    throw Error(ErrorCode::bad_input, "has a column for none of the model's questions", a.files.front(),
                "name one: --label-column HEAD=COLUMN");
  }
  return results;
}

}  // namespace ballast::apps
