// SPDX-License-Identifier: Apache-2.0
// `ballast operations train|score`: log sessions (sequences of event ids, or windows of a log) to anomaly scores.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <limits>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>

#include "ballast/base/error.h"
#include "ballast/base/json.h"
#include "ballast/risk/operations_log_windows.h"
#include "ballast/risk/operations_sessions.h"
#include "ballast/tabular/bootstrap.h"
#include "ballast/tabular/metrics.h"
#include "operations.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

struct OperationsSessionsArguments {
  std::string data, log, lines, model, output, column = "event_sequence", label, encoding = "auto";
  bool strict = false;
  risk::SessionOptions options;
  risk::LogWindowOptions windows;
};

struct OperationsSessionsRows {
  std::vector<risk::Session> sessions;
  std::vector<std::int64_t> lines;  // of each session; of a window its first line
  std::vector<std::uint8_t> truth;
};

struct LogLines {
  std::vector<risk::LabelledLine> lines;
  std::vector<std::int64_t> numbers;
};

/// "A:B", from 1, either side may be left out.
std::pair<std::int64_t, std::int64_t> line_range(const std::string& text) {
  std::pair<std::int64_t, std::int64_t> range = {1, std::numeric_limits<std::int64_t>::max()};
  if (text.empty()) return range;
  const std::size_t colon = text.find(':');
  const auto number = [&](const std::string& part, std::int64_t otherwise) {
    if (part.empty()) return otherwise;
    if (part.find_first_not_of("0123456789") != std::string::npos || part.size() > 15) return std::int64_t{0};
    return static_cast<std::int64_t>(std::stoll(part));
  };
  if (colon != std::string::npos) {
    range = {number(text.substr(0, colon), range.first), number(text.substr(colon + 1), range.second)};
  }
  if (colon == std::string::npos || range.first < 1 || range.second < range.first) {
    throw Error(ErrorCode::usage, "\"" + text + "\" is no range of lines", "--lines", "as 1:1000 or 1001:");
  }
  return range;
}

LogLines read_log(const OperationsSessionsArguments& a, const Common& common, const risk::LogWindowOptions& windows) {
  LogLines out;
  const auto [first, last] = line_range(a.lines);
  ingest::ReadOptions options;
  options.format = ingest::Format::text;
  options.encoding = a.encoding;
  SetAside aside(common, a.strict);
  read_rows(a.log, options, aside, {"text"}, [&, first = first, last = last](const ingest::Record& row) {
    if (row.line < first || row.line > last) return;
    out.lines.push_back(risk::cut_log_line(row.text("text").value_or(""), windows));
    out.numbers.push_back(row.line);
  });
  if (out.lines.empty()) throw Error(ErrorCode::bad_input, "has no line in this range", a.log, "--lines " + a.lines);
  return out;
}

OperationsSessionsRows windows_of(const LogLines& log, const risk::LogWindowModel& model, const Common& common) {
  OperationsSessionsRows rows;
  const auto window = static_cast<std::size_t>(model.options().window);
  for (std::size_t begin = 0; begin + window <= log.lines.size(); begin += window) {
    risk::Session session;
    bool alert = false;
    for (std::size_t i = begin; i < begin + window; ++i) {
      session.push_back(model.event_of(log.lines[i].content));
      alert = alert || log.lines[i].alert;
    }
    rows.sessions.push_back(std::move(session));
    rows.lines.push_back(log.numbers[begin]);
    rows.truth.push_back(alert);
  }
  if (rows.sessions.empty()) {
    throw Error(ErrorCode::bad_input, fmt::format("{} lines do not fill a window of {}", log.lines.size(), window));
  }
  const std::size_t rest = log.lines.size() % window;
  if (rest > 0) say(common, fmt::format("the last {} lines do not fill a window and are left out", rest));
  return rows;
}

void require_one_source(const OperationsSessionsArguments& a) {
  if (a.data.empty() == a.log.empty()) {
    throw Error(ErrorCode::usage, "needs either --data (a table of sessions) or --log (a log, cut into windows)");
  }
}

OperationsSessionsRows read_operations_sessions(const OperationsSessionsArguments& a, const Common& common) {
  OperationsSessionsRows rows;
  SetAside aside(common, a.strict);
  std::vector<std::string> required = {a.column};
  if (!a.label.empty()) required.push_back(a.label);
  read_rows(a.data, {}, aside, required, [&](const ingest::Record& row) {
    std::istringstream words(risk::word_cell(row, a.column));
    risk::Session session;
    for (std::string event; words >> event;) session.push_back(event);
    if (session.empty()) throw std::invalid_argument(a.column + ": is empty");
    if (!a.label.empty()) {
      const double label = risk::number_cell(row, a.label);
      if (label != 0 && label != 1) throw std::invalid_argument(a.label + ": is neither 0 nor 1");
      rows.truth.push_back(label == 1);
    }
    rows.sessions.push_back(std::move(session));
    rows.lines.push_back(row.line);
  });
  return rows;
}

void print_trained(const OperationsSessionsArguments& a, const Common& common, const risk::SessionModel& model,
                   Json more) {
  Json out = {{"model", a.output},
              {"trained_sessions", model.trained_sessions()},
              {"held_back_sessions", model.held_back_sessions()},
              {"threshold", model.threshold()},
              {"count_threshold", model.count_threshold()},
              {"seed", common.seed}};
  out.update(more);
  if (common.json) {
    std::printf("%s\n", base::dump_json(out).c_str());
  } else {
    fmt::print("trained on {} sessions, threshold {:.3f} nats from {} held-back ones, saved to {}\n",
               model.trained_sessions(), model.threshold(), model.held_back_sessions(), a.output);
  }
}

void train_on_log(const OperationsSessionsArguments& a, const Common& common) {
  const LogLines log = read_log(a, common, a.windows);
  const auto model = risk::LogWindowModel::train(log.lines, a.windows, a.options);
  model.save(a.output);
  say(common, fmt::format("{} lines: {} normal windows of {}, {} with an alert line left out, {} templates",
                          log.lines.size(), model.normal_windows(), a.windows.window, model.alert_windows(),
                          model.templates().templates().size()));
  print_trained(a, common, model.sessions(),
                {{"lines", log.lines.size()},
                 {"window", a.windows.window},
                 {"normal_windows", model.normal_windows()},
                 {"alert_windows", model.alert_windows()},
                 {"templates", model.templates().templates().size()}});
}

void train(OperationsSessionsArguments& a, const Common& common) {
  require_one_source(a);
  a.options.seed = common.seed;
  a.options.progress = terminal_progress(common);
  if (!a.log.empty()) return train_on_log(a, common);
  const OperationsSessionsRows rows = read_operations_sessions(a, common);
  const risk::SessionModel model = risk::SessionModel::train(rows.sessions, a.options);
  model.save(a.output);
  print_trained(a, common, model, Json::object());
}

double f1(std::span<const std::uint8_t> truth, std::span<const std::uint8_t> said) {
  return tabular::multilabel_scores(truth, said, 1).macro_f1;
}

std::string figures(const std::string& name, const OperationsSessionsRows& rows, const std::vector<double>& scores,
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

Json score_json_operations_sessions(const OperationsSessionsRows& rows, std::size_t i, const risk::SessionScore& s,
                                    const risk::LogWindowModel* log) {
  const auto step = static_cast<std::size_t>(s.step);
  const Json event = step <= rows.sessions[i].size() ? Json(rows.sessions[i][step - 1]) : Json();
  Json out = {
      {"line", rows.lines[i]}, {"score", s.score}, {"mean_score", s.mean},         {"anomaly", s.anomaly},
      {"step", s.step},        {"event", event},   {"count_score", s.count_score}, {"count_anomaly", s.count_anomaly}};
  if (log != nullptr && !event.is_null()) out["template"] = log->template_of(event.get<std::string>());
  return out;
}

void score(const OperationsSessionsArguments& a, const Common& common) {
  require_one_source(a);
  std::optional<risk::LogWindowModel> log;
  std::optional<risk::SessionModel> own;
  OperationsSessionsRows rows;
  if (!a.log.empty()) {
    log = risk::LogWindowModel::load(a.model);
    risk::LogWindowOptions options = log->options();
    options.label_field = a.windows.label_field;
    options.normal = a.windows.normal;
    rows = windows_of(read_log(a, common, options), *log, common);
  } else {
    own = risk::SessionModel::load(a.model);
    rows = read_operations_sessions(a, common);
  }
  const risk::SessionModel& model = log ? log->sessions() : *own;
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
    if (common.json)
      std::printf("%s\n", base::dump_json(score_json_operations_sessions(rows, i, s, log ? &*log : nullptr)).c_str());
  }
  if (truncated > 0) say(common, fmt::format("{} over-long sessions were read in part", truncated));
  const auto marked = std::count(said.begin(), said.end(), 1);
  say(common,
      fmt::format("{} sessions, {} above the threshold of {:.3f} nats", scores.size(), marked, model.threshold()));
  if (a.label.empty() && a.windows.label_field == 0) return;
  say(common, fmt::format("{} of them with an alert", std::count(rows.truth.begin(), rows.truth.end(), 1)));
  say(common, figures("language model", rows, sequence, said, common.seed));
  say(common, figures("event counts", rows, counts, said_counts, common.seed));
}

}  // namespace

void add_operations_sessions(CLI::App& desk, Common& common) {
  const auto a = std::make_shared<OperationsSessionsArguments>();
  CLI::App* train_verb = desk.add_subcommand("train", "Learn normal log sessions: a causal language model and counts");
  train_verb->add_option("--data", a->data, "Table of normal sessions");
  train_verb->add_option("--output", a->output, "Model folder to write")->required();
  train_verb->add_option("--hold-back", a->options.hold_back, "Share of distinct sessions kept for the threshold")
      ->capture_default_str();
  train_verb
      ->add_option("--false-alarms", a->options.false_alarm_rate, "Share of held-back sessions above the threshold")
      ->capture_default_str();
  train_verb->add_option("--epochs", a->options.epochs, "Passes over the sessions")->capture_default_str();
  add_common(*train_verb, common,
             "ballast operations train --data normal.csv --output models/sessions\n  ballast operations train --log "
             "server.log --lines :10000 --window 20 --output models/windows");
  train_verb->callback([a, &common] { train(*a, common); });
  CLI::App* score_verb = desk.add_subcommand("score", "How strange is each log session, and at which step");
  score_verb->add_option("--model", a->model, "Model folder")->required();
  score_verb->add_option("--data", a->data, "Table of sessions");
  score_verb->add_option("--label", a->label, "Column with 1 for anomalies: says F1 and average precision");
  add_common(*score_verb, common,
             "ballast operations score --model models/sessions --data today.csv --json\n  ballast operations score "
             "--model models/windows --log server.log --lines 10001:");
  score_verb->callback([a, &common] { score(*a, common); });
  train_verb->add_option("--window", a->windows.window, "With --log: lines a window")
      ->check(CLI::Range(2, 500))
      ->capture_default_str();
  train_verb->add_flag("--whole-lines", a->windows.whole_lines, "With --log: lines have no header to leave out");
  for (CLI::App* verb : {train_verb, score_verb}) {
    verb->add_option("--log", a->log, "A log in order of time, cut into windows of lines, in place of --data");
    verb->add_option("--lines", a->lines, "With --log: only these lines, as 1:1000 or 1001:");
    verb->add_option("--label-field", a->windows.label_field,
                     "With --log: which field of a line says whether it is an alert (such windows teach nothing; in "
                     "score: says F1 and average precision)")
        ->check(CLI::Range(1, 100));
    verb->add_option("--normal", a->windows.normal, "With --label-field: what it says of a normal line")
        ->capture_default_str();
    verb->add_option("--encoding", a->encoding, "With --log: auto (UTF-8, UTF-16, GB18030) or a name");
    verb->add_option("--sequence-column", a->column, "Column with event ids, separated by spaces")
        ->capture_default_str();
    verb->add_flag("--strict", a->strict, "Stop at the first row that cannot be used");
  }
}

}  // namespace ballast::apps
