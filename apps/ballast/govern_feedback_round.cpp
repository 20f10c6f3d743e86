// SPDX-License-Identifier: Apache-2.0
// `ballast govern feedback round`: the model in charge trained again with what people corrected, both judged on a
// frozen set, and a gate that `model promote --evidence` obeys.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/hash.h"
#include "ballast/base/parallel.h"
#include "ballast/govern/comparison.h"
#include "ballast/govern/split_checks.h"
#include "ballast/lm/classifier.h"
#include "govern_feedback.h"
#include "replay.h"
#include "train.h"

namespace ballast::apps {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;
using base::Json;

struct RoundArguments {
  std::string model;  // in charge
  TrainOptions train;
  std::vector<std::string> frozen;
  std::string text = "text", label = "label";
  double margin = 0;
  bool corrections_only = false;
};

/// Both models on the frozen rows: all that the round's verdict is computed from.
struct RoundQuestion {
  std::string champion, challenger;  // folders
  Json frozen;                       // [{"file","sha256"}]
  std::string text, label;
  double margin = 0;
  std::uint64_t seed = 42;
};

Json question_json(const RoundQuestion& q) {
  return {{"champion", q.champion}, {"challenger", q.challenger}, {"frozen", q.frozen},
          {"text", q.text},         {"label", q.label},           {"margin", q.margin}};
}

govern::Comparison judge_round(const RoundQuestion& q) {
  std::vector<govern::MethodRun> runs;
  std::vector<int> truth;
  int labels = 0;
  for (const std::string& folder : {q.champion, q.challenger}) {
    const auto model = lm::TextClassifier::load(folder);
    const lm::Head& head = model.heads().front();
    if (model.heads().size() != 1 || head.kind != lm::HeadKind::multiclass) {
      throw Error(ErrorCode::unsupported, "a round needs a model that gives a text one label", folder);
    }
    RowOptions reading;
    reading.text_columns = {q.text};
    reading.heads = {{head.name, q.label, head.kind}};
    for (const Json& f : q.frozen) {
      reading.files.push_back(f.at("file").get<std::string>());
      if (base::sha256_file(reading.files.back()) != f.at("sha256").get<std::string>())
        throw Error(ErrorCode::bad_input, "is not the frozen file: its SHA-256 is another", reading.files.back());
    }
    ReadSummary summary;
    const LabelledRows rows = read_labelled(reading, {head}, nullptr, summary);
    const std::vector<std::string_view> texts(rows.texts.begin(), rows.texts.end());
    govern::MethodRun run;
    run.name = folder == q.champion ? "in charge" : "retrained";
    run.family = govern::Family::language_model;
    run.note = model.identity();
    for (const lm::Prediction& p : model.predict(texts)) {
      const auto& probabilities = p.heads.front().probabilities;
      run.probabilities.insert(run.probabilities.end(), probabilities.begin(), probabilities.end());
    }
    truth = rows.classes[0];
    labels = static_cast<int>(head.labels.size());
    runs.push_back(std::move(run));
  }
  if (runs[0].probabilities.size() != runs[1].probabilities.size()) {
    throw Error(ErrorCode::bad_input, "the two models do not know the same labels", q.challenger);
  }
  govern::JudgeOptions options;
  options.seed = q.seed;
  return govern::judge_classes("feedback round", truth, labels, std::move(runs), options);
}

Json gate_of(const RoundQuestion& q, const govern::PairTest& test) {
  const bool passes = test.difference.low > -q.margin;
  const std::string what =
      fmt::format("accuracy on the frozen set {:+.4f} [{:+.4f}, {:+.4f}], {} p {:.3g}", test.difference.value,
                  test.difference.low, test.difference.high, test.test, test.p_value);
  const std::string rule = q.margin > 0
                               ? fmt::format("its lower bound is {} −{}", passes ? "above" : "not above", q.margin)
                               : std::string(passes ? "a gain" : "no gain that chance could not make");
  return {{"passes", passes}, {"reason", what + ": " + rule}};
}

decide::Decision round_decision(const RoundQuestion& q, const govern::Comparison& c, const Json& corrections) {
  decide::Decision d;
  d.kind = "feedback_round";
  d.subject = fs::path(q.challenger).filename().string();
  d.inputs = question_json(q);
  d.inputs["corrections"] = corrections;
  d.model = q.challenger;
  d.model_hash = govern::identify_model(q.challenger).hash;
  d.seed = q.seed;
  const Json gate = gate_of(q, c.tests.front());
  d.outcome = {{"gate", gate}, {"comparison", govern::to_json(c, false)}};
  d.reasons.push_back({"gate", gate.at("reason").get<std::string>(), c.tests.front().difference.value});
  return d;
}

decide::Decision replay_round(const decide::Decision& was) {
  const std::string where = "decision " + was.id;
  const auto text = [&](const char* field) { return base::json_field<std::string>(was.inputs, field, where); };
  const RoundQuestion q{text("champion"), text("challenger"), base::json_field<Json>(was.inputs, "frozen", where),
                        text("text"),     text("label"),      base::json_field<double>(was.inputs, "margin", where),
                        was.seed};
  return round_decision(q, judge_round(q), base::json_field<Json>(was.inputs, "corrections", where));
}

/// Texts of the frozen files, to keep corrections of the same or nearly the same text out of training.
std::vector<std::string> frozen_texts(const RoundArguments& a) {
  std::vector<std::string> texts;
  for (const std::string& file : a.frozen) {
    auto reader = ingest::RecordReader::open(file);
    reader.require_column(a.text, "--text-column", a.text);
    for (ingest::Record row; reader.next(row);) texts.push_back(row.text(a.text).value_or(""));
  }
  return texts;
}

/// The corrections that no frozen text repeats; how many were dropped.
std::int64_t drop_contaminated(const RoundArguments& a, std::vector<Json>& rows) {
  govern::SplitRows split;
  for (const Json& row : rows) {
    split.contents.push_back(row.at(a.text).get<std::string>());
    split.folds.push_back(govern::kTrainOnly);
  }
  for (std::string& text : frozen_texts(a)) {
    split.contents.push_back(std::move(text));
    split.folds.push_back(0);
  }
  split.sources.assign(split.size(), "");
  split.lines.assign(split.size(), 0);
  const auto marked = govern::check_split(split).rows_to_drop(split.size());
  std::vector<Json> kept;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (marked[i] == 0) kept.push_back(std::move(rows[i]));
  }
  const auto dropped = static_cast<std::int64_t>(rows.size() - kept.size());
  rows = std::move(kept);
  return dropped;
}

/// Trains the challenger; the corrections lie beside it with their provenance.
Json train_challenger(const RoundArguments& a, const govern::ModelFacts& champion, store::Store& store,
                      const Common& common) {
  std::vector<Json> rows = settled_rows(store, champion.hash, a.text, a.label, !a.corrections_only);
  const std::int64_t dropped = drop_contaminated(a, rows);
  if (rows.empty()) {
    throw Error(ErrorCode::bad_input, "there is no settled word on an answer of this model", a.model,
                "ballast govern feedback add");
  }
  const auto corrected = std::count_if(
      rows.begin(), rows.end(), [&](const Json& row) { return row.at(a.label) != row.at("provenance").at("said"); });
  say(common, fmt::format("{} corrected and {} confirmed answers join the training rows{}", corrected,
                          static_cast<std::ptrdiff_t>(rows.size()) - corrected,
                          dropped > 0 ? fmt::format("; {} left out: the frozen set holds their text", dropped) : ""));
  std::string lines;
  for (const Json& row : rows) lines += base::dump_json(row) + "\n";
  const std::string file = a.train.output + ".corrections.jsonl";
  base::write_file_atomic(file, lines);
  TrainOptions train = a.train;
  train.task = "classify";
  train.data.push_back(file);
  train.text_columns = {a.text};
  train.label_columns = {a.label};
  train.exclude = a.frozen;
  train.seed = common.seed;
  Common quiet = common;  // its recipe is no result of this verb
  quiet.json = false;
  train_classifier(train, quiet);
  return {{"file", fs::path(file).filename().string()},
          {"sha256", base::sha256_hex(lines)},
          {"rows", rows.size()},
          {"corrected", corrected},
          {"dropped_as_frozen", dropped}};
}

void run_feedback_round(const RoundArguments& a, const Common& common) {
  base::set_threads(common.threads);
  const base::Stopwatch watch;
  const govern::ModelFacts champion = govern::identify_model(a.model);
  store::Store store = store::Store::open(common.store);
  const Json corrections = train_challenger(a, champion, store, common);
  RoundQuestion q{
      champion.folder, fs::weakly_canonical(a.train.output).string(), Json::array(), a.text, a.label, a.margin,
      common.seed};
  for (const std::string& file : a.frozen)
    q.frozen.push_back({{"file", fs::weakly_canonical(file).string()}, {"sha256", base::sha256_file(file)}});
  const govern::Comparison c = judge_round(q);
  decide::Decision d = round_decision(q, c, corrections);
  d.cost.seconds = watch.seconds();
  sign(d);
  decide::keep(store, std::span(&d, 1));
  Json report = {
      {"gate", d.outcome.at("gate")},
      {"corrections", corrections},
      {"feedback", govern::to_json(govern::summarise_feedback(govern::reviewed_answers(store, champion.hash)))},
      {"champion", champion.hash},
      {"challenger", d.model_hash},
      {"frozen", q.frozen},
      {"comparison", d.outcome.at("comparison")},
      {"decision_id", d.id}};
  for (Json& f : report["frozen"]) f["file"] = fs::path(f["file"].get<std::string>()).filename().string();
  base::write_file_atomic(a.train.output + ".round.json", report.dump(2) + "\n");
  if (common.json) {
    fmt::print("{}\n", base::dump_json(report));
    return;
  }
  for (const govern::MethodFigures& m : c.methods) {
    fmt::print("{:<10}", m.name);
    for (std::size_t k = 0; k < c.measures.size(); ++k)
      fmt::print("  {} {:.4f} [{:.4f}, {:.4f}]", c.measures[k].name, m.measures[k].value, m.measures[k].low,
                 m.measures[k].high);
    fmt::print("\n");
  }
  fmt::print("{}: {}\nevidence for `model promote`: {}.round.json; decision {}\n",
             d.outcome.at("gate").at("passes").get<bool>() ? "passes the gate" : "does not pass the gate",
             d.outcome.at("gate").at("reason").get<std::string>(), a.train.output, d.id);
}

}  // namespace

void add_feedback_round(CLI::App& feedback, Common& common) {
  CLI::App* verb =
      feedback.add_subcommand("round", "Train again with the corrections; measure the gain on a frozen set");
  const auto a = std::make_shared<RoundArguments>();
  verb->add_option("--model", a->model, "Folder of the model in charge, whose answers were corrected")->required();
  verb->add_option("--base", a->train.model, "Folder to fine-tune from, as the model in charge was")->required();
  verb->add_option("--data", a->train.data, "The rows that it was trained on")->required();
  verb->add_option("--frozen", a->frozen, "Rows that nobody has trained or chosen on")->required();
  verb->add_option("--output", a->train.output, "Folder of the retrained model")->required();
  verb->add_option("--text-column", a->text)->capture_default_str();
  verb->add_option("--label-column", a->label)->capture_default_str();
  verb->add_option("--epochs", a->train.epochs, "As the model in charge was trained (default: 8)");
  verb->add_option("--lr", a->train.lr, "The same (default: 5e-5)");
  verb->add_option("--folds", a->train.folds, "The same (default: 5)");
  verb->add_option("--batch-tokens", a->train.batch_tokens, "The same (default: 2048)");
  verb->add_flag("--no-transformer", a->train.no_transformer, "The n-gram branch alone");
  verb->add_flag("--corrections-only", a->corrections_only,
                 "Leave out answers that people confirmed: what is left is no fair sample of the texts");
  verb->add_option("--margin", a->margin, "The loss of accuracy that is risked: the gate is the interval above −margin")
      ->check(CLI::Range(0.0, 0.5))
      ->capture_default_str();
  add_common(
      *verb, common,
      "ballast govern feedback round --model intents --base base --data train.csv --frozen dev.csv --output intents-2");
  verb->callback([a, &common] { run_feedback_round(*a, common); });
  add_replay("feedback_round", replay_round);
}

}  // namespace ballast::apps
