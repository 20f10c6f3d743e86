// SPDX-License-Identifier: Apache-2.0
// `ballast compare sessions`: anomalies in log sessions. A causal language model over the order of events beside a
// model of how often each event occurs, both learnt from the normal sessions of the training file.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>

#include "ballast/base/error.h"
#include "ballast/base/hash.h"
#include "ballast/risk/operations_sessions.h"
#include "ballast/tabular/validation.h"
#include "compare.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;

constexpr const char* kEvents = "event_sequence";
constexpr double kEpochs = 20;

std::uint8_t label_of(const ingest::Record& row, const std::string& column) {
  const std::string text = row.text(column).value_or("");
  if (text == "0" || text == "1") return text == "1";
  throw Error(ErrorCode::bad_input, "\"" + text.substr(0, 20) + "\" is neither 0 (normal) nor 1 (anomaly)",
              fmt::format("{}:{}, column {}", row.source, row.line, column));
}

class SessionsTask : public CompareTask {
 public:
  SessionsTask(const CompareArguments& a, const Common& common) : a_(a), common_(common) {
    if (a_.column.empty()) a_.column = kEvents;
    if (a.test.empty()) throw Error(ErrorCode::usage, "is required: labelled sessions to judge on", "--test");
    add(a.data, govern::kTrainOnly);
    add(a.test, 0);
  }

  govern::SplitRows rows() const override {
    govern::SplitRows rows;
    for (std::size_t i = 0; i < records_.size(); ++i) add_split_row(records_[i], folds_[i], a_, rows);
    return rows;  // without contents: normal work repeats itself, see notes()
  }

  void drop(std::span<const std::uint8_t> marked) override {
    const auto kept = rows_where(marked, false);
    records_ = tabular::take<ingest::Record>(records_, kept);
    sessions_ = tabular::take<risk::Session>(sessions_, kept);
    folds_ = tabular::take<int>(folds_, kept);
    truth_ = tabular::take<std::uint8_t>(truth_, kept);
  }

  govern::Comparison compare() override {
    std::vector<risk::Session> normal, judged;
    std::vector<std::uint8_t> truth;
    for (std::size_t i = 0; i < sessions_.size(); ++i) {
      if (folds_[i] == govern::kTrainOnly) {
        normal.push_back(sessions_[i]);
      } else {
        judged.push_back(sessions_[i]);
        truth.push_back(truth_[i]);
      }
    }
    const auto anomalies = std::count(truth.begin(), truth.end(), 1);
    if (anomalies == 0 || anomalies == static_cast<std::ptrdiff_t>(truth.size())) {
      throw Error(ErrorCode::bad_input,
                  fmt::format("the {} sessions to judge hold one class only ({} anomalies)", truth.size(), anomalies),
                  a_.test.front());
    }
    count_repeats(normal, judged, truth);
    return judge(normal, judged, truth);
  }

  std::string data_words() const override { return words_; }
  std::vector<std::string> notes() const override {
    return {
        fmt::format("thresholds at 1 % false alarms on held-back normal sessions; {} of {} judged sessions have a "
                    "sequence that training holds too ({} of them anomalies), as normal work repeats itself; use "
                    "--group to check that no session id is on both sides",
                    repeated_, judged_, repeated_anomalies_)};
  }

 private:
  void add(const std::vector<std::string>& files, int fold) {
    std::vector<std::string> required = {a_.column, a_.group, a_.time, a_.available};
    if (fold == 0) required.push_back(a_.label);
    const CompareSide side = read_side(files, required, fold == 0 ? "--test" : "--data", common_);
    std::int64_t taken = 0, anomalous = 0;
    for (const ingest::Record& row : side.rows) {
      const bool labelled = row.has(a_.label);
      const std::uint8_t label = labelled ? label_of(row, a_.label) : 0;
      if (fold == govern::kTrainOnly && label == 1) {
        ++anomalous;  // methods learn what is normal
        continue;
      }
      std::istringstream words(row.text(a_.column).value_or(""));
      risk::Session session;
      for (std::string event; words >> event;) session.push_back(event);
      if (session.empty()) {
        throw Error(ErrorCode::bad_input, "holds no event",
                    fmt::format("{}:{}, column {}", row.source, row.line, a_.column));
      }
      records_.push_back(row);
      sessions_.push_back(std::move(session));
      folds_.push_back(fold);
      truth_.push_back(label);
      ++taken;
    }
    words_ += fmt::format("{}{} ({} sessions{})", words_.empty() ? "" : " to ",
                          std::filesystem::path(side.files.front()).filename().string(), taken,
                          anomalous > 0 ? fmt::format(", {} anomalies left out", anomalous) : "");
  }

  void count_repeats(const std::vector<risk::Session>& normal, const std::vector<risk::Session>& judged,
                     const std::vector<std::uint8_t>& truth) {
    const std::set<risk::Session> seen(normal.begin(), normal.end());
    judged_ = judged.size();
    for (std::size_t i = 0; i < judged.size(); ++i) {
      if (!seen.contains(judged[i])) continue;
      ++repeated_;
      repeated_anomalies_ += truth[i];
    }
  }

  govern::Comparison judge(const std::vector<risk::Session>& normal, const std::vector<risk::Session>& judged,
                           const std::vector<std::uint8_t>& truth) {
    CostMeter meter;
    risk::SessionOptions options;
    options.epochs = epochs_;
    options.seed = common_.seed;
    options.progress = terminal_progress(common_);
    const auto model = meter.train([&] { return risk::SessionModel::train(normal, options); });
    const auto scores = meter.score([&] { return model.score(judged); });
    govern::MethodRun language, counts;
    language.name = "language model";
    language.family = govern::Family::language_model;
    language.note =
        fmt::format("causal transformer over events, {:g} epochs; score: the most surprising step", epochs_);
    counts.name = "event counts";
    counts.note = "how often each event occurs; its time and memory are part of the language model's (one training)";
    for (const risk::SessionScore& s : scores) {
      language.scores.push_back(s.score);
      language.said.push_back(s.anomaly);
      counts.scores.push_back(s.count_score);
      counts.said.push_back(s.count_anomaly);
    }
    language.cost = meter.cost();
    std::tie(language.model_hash, language.model_bytes) = measure_files([&](const std::string& folder) {
      model.save(folder + "/model");
      const base::Json stored = base::read_json(folder + "/model/operations.json");
      const std::string events = base::dump_json(stored.at("events")) + base::dump_json(stored.at("counts"));
      counts.model_hash = base::sha256_hex(events);
      counts.model_bytes = static_cast<std::int64_t>(events.size());
    });
    govern::JudgeOptions judging;
    judging.seed = common_.seed;
    return govern::judge_detection(a_.task, truth, {std::move(counts), std::move(language)}, judging);
  }

  CompareArguments a_;
  double epochs_ = a_.epochs > 0 ? a_.epochs : kEpochs;
  const Common& common_;
  std::string words_;
  std::vector<ingest::Record> records_;
  std::vector<risk::Session> sessions_;
  std::vector<int> folds_;
  std::vector<std::uint8_t> truth_;
  std::size_t judged_ = 0;
  std::int64_t repeated_ = 0, repeated_anomalies_ = 0;
};

}  // namespace

std::unique_ptr<CompareTask> make_sessions_task(const CompareArguments& arguments, const Common& common) {
  return std::make_unique<SessionsTask>(arguments, common);
}

}  // namespace ballast::apps
