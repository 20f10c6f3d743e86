// SPDX-License-Identifier: Apache-2.0
// `ballast operations train|score`: log sessions (sequences of event ids) to anomaly scores.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <sstream>
#include <stdexcept>

#include "ballast/base/error.h"
#include "ballast/base/json.h"
#include "ballast/risk/operations_sessions.h"
#include "ballast/tabular/bootstrap.h"
#include "ballast/tabular/metrics.h"
#include "operations.h"

namespace ballast::apps {
namespace {

using base::Json;

struct Arguments {
  std::string data, model, output, column = "event_sequence", label;
  bool strict = false;
  risk::SessionOptions options;
};

struct Rows {
  std::vector<risk::Session> sessions;
  std::vector<std::int64_t> lines;
  std::vector<std::uint8_t> truth;
};

Rows read(const Arguments& a, const Common& common) {
  Rows rows;
  SetAside aside(common, a.strict);
  std::vector<std::string> required = {a.column};
  if (!a.label.empty()) required.push_back(a.label);
  read_rows(a.data, {}, aside, required, [&](const ingest::Record& row) {
    std::istringstream words(word_of(row, a.column));
    risk::Session session;
    for (std::string event; words >> event;) session.push_back(event);
    if (session.empty()) throw std::invalid_argument(a.column + ": is empty");
    if (!a.label.empty()) {
      const double label = number_of(row, a.label);
      if (label != 0 && label != 1) throw std::invalid_argument(a.label + ": is neither 0 nor 1");
      rows.truth.push_back(label == 1);
    }
    rows.sessions.push_back(std::move(session));
    rows.lines.push_back(row.line);
  });
  return rows;
}

void train(Arguments& a, const Common& common) {
  const Rows rows = read(a, common);
  a.options.seed = common.seed;
  a.options.progress = terminal_progress(common);
  const risk::SessionModel model = risk::SessionModel::train(rows.sessions, a.options);
  model.save(a.output);
  const Json out = {{"model", a.output},
                    {"trained_sessions", model.trained_sessions()},
                    {"held_back_sessions", model.held_back_sessions()},
                    {"threshold", model.threshold()},
                    {"count_threshold", model.count_threshold()},
                    {"seed", common.seed}};
  if (common.json) {
    std::printf("%s\n", base::dump_json(out).c_str());
  } else {
    fmt::print("trained on {} sessions, threshold {:.3f} nats from {} held-back ones, saved to {}\n",
               model.trained_sessions(), model.threshold(), model.held_back_sessions(), a.output);
  }
}

double f1(std::span<const std::uint8_t> truth, std::span<const std::uint8_t> said) {
  return tabular::multilabel_scores(truth, said, 1).macro_f1;
}

std::string figures(const std::string& name, const Rows& rows, const std::vector<double>& scores,
                    const std::vector<std::uint8_t>& said, std::uint64_t seed) {
  const auto n = static_cast<std::int64_t>(scores.size());
  const std::span<const std::uint8_t> truth(rows.truth);
  const auto ap = [](auto t, auto s) { return tabular::pr_auc(s, t); };
  const tabular::BootstrapOptions o{.seed = seed};
  const auto a = tabular::bootstrap_interval(n, tabular::measure_rows(truth, std::span<const double>(scores), ap), o);
  const auto f =
      tabular::bootstrap_interval(n, tabular::measure_rows(truth, std::span<const std::uint8_t>(said), f1), o);
  return fmt::format("{:<16} F1 {:.4f} [{:.4f}, {:.4f}]  average precision {:.4f} [{:.4f}, {:.4f}]", name, f.estimate,
                     f.low, f.high, a.estimate, a.low, a.high);
}

void score(const Arguments& a, const Common& common) {
  const risk::SessionModel model = risk::SessionModel::load(a.model);
  const Rows rows = read(a, common);
  const std::vector<risk::SessionScore> scores = model.score(rows.sessions);
  std::vector<double> sequence, mean, counts;
  std::vector<std::uint8_t> said, said_counts;
  std::int64_t truncated = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const risk::SessionScore& s = scores[i];
    sequence.push_back(s.score);
    mean.push_back(s.mean);
    counts.push_back(s.count_score);
    said.push_back(s.anomaly);
    said_counts.push_back(s.count_anomaly);
    truncated += s.truncated;
    if (common.json) {
      const auto step = static_cast<std::size_t>(s.step);
      const Json event = step <= rows.sessions[i].size() ? Json(rows.sessions[i][step - 1]) : Json();
      const Json out = {{"line", rows.lines[i]},
                        {"score", s.score},
                        {"mean_score", s.mean},
                        {"anomaly", s.anomaly},
                        {"step", s.step},
                        {"event", event},
                        {"count_score", s.count_score},
                        {"count_anomaly", s.count_anomaly}};
      std::printf("%s\n", base::dump_json(out).c_str());
    }
  }
  if (truncated > 0) say(common, fmt::format("{} over-long sessions were read in part", truncated));
  const auto marked = std::count(said.begin(), said.end(), 1);
  say(common,
      fmt::format("{} sessions, {} above the threshold of {:.3f} nats", scores.size(), marked, model.threshold()));
  if (a.label.empty()) return;
  say(common, figures("language model", rows, sequence, said, common.seed));
  say(common, figures("event counts", rows, counts, said_counts, common.seed));
}

}  // namespace

void add_operations_sessions(CLI::App& desk, Common& common) {
  const auto a = std::make_shared<Arguments>();
  CLI::App* train_verb = desk.add_subcommand("train", "Learn normal log sessions: a causal language model and counts");
  train_verb->add_option("--data", a->data, "Table of normal sessions")->required();
  train_verb->add_option("--output", a->output, "Model folder to write")->required();
  train_verb->add_option("--hold-back", a->options.hold_back, "Share of distinct sessions kept for the threshold")
      ->capture_default_str();
  train_verb
      ->add_option("--false-alarms", a->options.false_alarm_rate, "Share of held-back sessions above the threshold")
      ->capture_default_str();
  train_verb->add_option("--epochs", a->options.epochs, "Passes over the sessions")->capture_default_str();
  add_common(*train_verb, common, "ballast operations train --data normal.csv --output models/sessions");
  train_verb->callback([a, &common] { train(*a, common); });
  CLI::App* score_verb = desk.add_subcommand("score", "How strange is each log session, and at which step");
  score_verb->add_option("--model", a->model, "Model folder")->required();
  score_verb->add_option("--data", a->data, "Table of sessions")->required();
  score_verb->add_option("--label", a->label, "Column with 1 for anomalies: says F1 and average precision");
  add_common(*score_verb, common, "ballast operations score --model models/sessions --data today.csv --json");
  score_verb->callback([a, &common] { score(*a, common); });
  for (CLI::App* verb : {train_verb, score_verb}) {
    verb->add_option("--sequence-column", a->column, "Column with event ids, separated by spaces")
        ->capture_default_str();
    verb->add_flag("--strict", a->strict, "Stop at the first row that cannot be used");
  }
}

}  // namespace ballast::apps
