// SPDX-License-Identifier: Apache-2.0
// ballast operations fraud score: transactions to probabilities, actions and reasons, batch by batch; with labels, how
// good they are.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <set>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/interrupt.h"
#include "ballast/decide/fraud_desk.h"
#include "ballast/store/store.h"
#include "fraud_figures.h"
#include "replay.h"
#include "table_reading.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr std::size_t kOperationsFraudScoreBatch = 4096;  // rows scored, stored and shown together
constexpr double kDay = 86400;

struct OperationsFraudScoreScoreArguments {
  std::vector<std::string> data, known;
  std::string model, rules, label, fraud, keep = "review", language = "en";
  int delay = 7;
  bool alerts = false, all_reasons = false, strict = false;
};

bool same_value(const std::string& text, const std::string& wanted) {
  if (text == wanted) return true;
  bool finite = true;
  const double a = tabular::number_in(text, finite), b = tabular::number_in(wanted, finite);
  return finite && a == b;  // never for NaN
}

std::int64_t day_of(const ingest::Record& row, const std::string& column) {
  const auto time = risk::transaction_time(row.text(column).value_or(""));
  return time ? static_cast<std::int64_t>(std::floor(*time / kDay)) : 0;
}

/// Cards whose fraud was known before a day: seen at least `delay` days and one before it.
class KnownCards {
 public:
  KnownCards(const OperationsFraudScoreScoreArguments& a, const risk::FraudTraining& t,
             const ingest::QuarantineSink& sink)
      : delay_(a.delay), time_(t.columns.time), group_(t.columns.group) {
    if (a.known.empty()) return;
    if (time_.empty() || group_.empty()) {
      throw Error(ErrorCode::usage, "--known needs a model that was trained with --time and --group");
    }
    for (const std::string& file : a.known) {
      auto reader = ingest::RecordReader::open(file, {}, sink);
      for (const std::string& column : {time_, group_, t.label}) reader.require_column(column, "the nearest is");
      for (ingest::Record row; reader.next(row);) {
        if (!same_value(row.text(t.label).value_or(""), a.fraud.empty() ? t.fraud : a.fraud)) continue;
        if (!risk::transaction_time(row.text(time_).value_or(""))) {
          sink({row.source, row.line, time_, "is no date and time", ""});
          continue;
        }
        const std::string card = row.text(group_).value_or("");
        const std::int64_t day = day_of(row, time_);
        const auto [at, fresh] = first_.emplace(card, day);
        if (!fresh) at->second = std::min(at->second, day);
      }
    }
  }

  bool holds(const ingest::Record& row) const {
    if (first_.empty()) return false;
    const auto found = first_.find(row.text(group_).value_or(""));
    return found != first_.end() && found->second < day_of(row, time_) - delay_;
  }

 private:
  std::int64_t delay_;
  std::string time_, group_;
  std::map<std::string, std::int64_t> first_;  // the day of a card's first fraud
};

/// Probabilities and what happened, for the figures.
struct OperationsFraudScoreJudged {
  std::vector<double> probabilities, losses;
  std::vector<std::uint8_t> truth;
  std::vector<std::int64_t> group, day;
  std::map<std::string, std::int64_t> groups;
  std::int64_t unlabelled = 0;
};

class Scoring {
 public:
  Scoring(const OperationsFraudScoreScoreArguments& a, const Common& common)
      : a_(a),
        common_(common),
        desk_(a.model, rules_text(a), a.rules.empty() ? "rules of the model" : a.rules),
        quarantine_(common),
        sink_(quarantine_.sink()),
        known_(a, desk_.model().training(), sink_) {
    if (a.keep != "none") store_ = std::make_unique<store::Store>(store::Store::open(common.store));
    if (!a.label.empty()) {
      const risk::FraudTraining& t = desk_.model().training();
      wanted_ = a.fraud.empty() ? t.fraud : a.fraud;
    }
  }

  void run() {
    for (const std::string& file : a_.data) read(file);
    if (read_ == 0) throw Error(ErrorCode::bad_input, "holds no usable row", a_.data.front());
    quarantine_.finish(a_.strict);
    say(common_, fmt::format("{} transactions: {} pass, {} review, {} block", read_, actions_["pass"],
                             actions_["review"], actions_["block"]));
    if (left_out_ > 0) say(common_, fmt::format("{} rows of cards known as compromised were left out", left_out_));
    if (a_.keep != "none") {
      say(common_, fmt::format("{} verdicts kept in {}{}", kept_, common_.store,
                               a_.keep == "review" ? " (those that did not pass; --keep all keeps every one)" : ""));
    }
    if (!a_.label.empty()) report();
  }

 private:
  /// --rules, else those that the model was saved with.
  static std::string rules_text(const OperationsFraudScoreScoreArguments& a) {
    if (!a.rules.empty()) {
      const std::string text = base::read_file(a.rules);
      if (text.empty()) throw Error(ErrorCode::bad_input, "is empty", a.rules, "[[rule]] tables");
      return text;
    }
    const auto saved = std::filesystem::path(a.model) / risk::kFraudRulesFile;
    return std::filesystem::is_regular_file(saved) ? base::read_file(saved) : "";
  }

  void read(const std::string& file) {
    auto reader = ingest::RecordReader::open(file, {}, sink_);
    const risk::FraudTraining& t = desk_.model().training();
    const auto here = [&](const std::string& column) {
      const auto& names = reader.columns();
      return std::find(names.begin(), names.end(), column) != names.end() ? column : std::string();
    };
    columns_ = {here(t.columns.id), here(t.columns.time), here(t.columns.group)};
    amount_ = here(t.costs.amount_column);
    if (!a_.label.empty()) {
      reader.require_column(a_.label, "--label");
      if (!t.costs.amount_column.empty()) reader.require_column(t.costs.amount_column, "the costs need it; there is");
    }
    if (reader.format() == ingest::Format::csv) {
      for (const risk::TransactionRule& rule : desk_.rules()) {
        for (const std::string& column : rule.condition.columns()) {
          reader.require_column(column, "rule " + rule.name + " names it; the nearest is");
        }
      }
    }
    risk::TransactionGuard guard(columns_, amount_, seconds_now());
    std::vector<ingest::Record> batch;
    for (ingest::Record row; reader.next(row);) {
      if (base::interrupted()) throw Error(ErrorCode::cancelled, "stopped");
      if (const auto bad = guard.check(row)) {
        sink_(*bad);
      } else if (known_.holds(row)) {
        ++left_out_;
      } else {
        batch.push_back(row);
      }
      if (batch.size() == kOperationsFraudScoreBatch) take(std::move(batch)), batch.clear();
    }
    take(std::move(batch));
  }

  void take(std::vector<ingest::Record> batch) {
    const base::Stopwatch watch;
    const auto size = static_cast<double>(batch.size());
    std::vector<decide::FraudCase> cases = desk_.run(std::move(batch), sink_);
    std::vector<decide::FraudCase> shown;
    for (decide::FraudCase& one : cases) {
      ++read_, ++actions_[one.action];
      if (!a_.label.empty()) judge(one);
      const bool alert = one.action != "pass";
      if (alert || a_.keep == "all" || (common_.json && !a_.alerts)) shown.push_back(std::move(one));
    }
    const bool chinese = a_.language == "zh";
    desk_.explain(shown, chinese);
    std::vector<decide::Decision> decisions;
    std::vector<std::size_t> place(shown.size(), 0);  // decision of a case, from 1
    for (std::size_t i = 0; i < shown.size() && a_.keep != "none"; ++i) {
      if (a_.keep == "review" && shown[i].action == "pass") continue;
      decisions.push_back(desk_.record_of(shown[i], chinese));
      decisions.back().cost.seconds = watch.seconds() / size;
      sign(decisions.back());
      place[i] = decisions.size();
    }
    if (!decisions.empty()) decide::keep(*store_, decisions);
    kept_ += static_cast<std::int64_t>(decisions.size());
    for (std::size_t i = 0; i < shown.size(); ++i) {
      if (!common_.json && shown[i].action == "pass") continue;
      const std::string id = place[i] > 0 ? decisions[place[i] - 1].id : "";
      const std::string line = common_.json ? base::dump_json(desk_.json_of(shown[i], id, a_.all_reasons))
                                            : desk_.words_of(shown[i]) + (id.empty() ? "" : "\n  decision " + id);
      if (std::printf("%s\n", line.c_str()) < 0) throw Error(ErrorCode::io, "cannot write", "standard output");
    }
  }

  void judge(const decide::FraudCase& one) {
    const std::string label = one.record.text(a_.label).value_or("");
    if (tabular::is_missing_text(label)) {
      ++judged_.unlabelled;
      return;
    }
    const risk::FraudCosts& costs = desk_.model().training().costs;
    bool finite = true;
    judged_.probabilities.push_back(one.score.probability);
    judged_.truth.push_back(same_value(label, wanted_) ? 1 : 0);
    judged_.losses.push_back(amount_.empty() ? costs.missed
                                             : tabular::number_in(one.record.text(amount_).value_or(""), finite));
    if (columns_.time.empty() || columns_.group.empty()) return;
    const auto [at, fresh] =
        judged_.groups.emplace(one.record.text(columns_.group).value_or(""), judged_.groups.size());
    judged_.group.push_back(at->second);
    judged_.day.push_back(day_of(one.record, columns_.time));
  }

  void report() {
    if (judged_.unlabelled > 0) say(common_, fmt::format("{} rows without a label are not judged", judged_.unlabelled));
    const auto frauds = std::count(judged_.truth.begin(), judged_.truth.end(), std::uint8_t{1});
    if (frauds == 0 || frauds == static_cast<std::ptrdiff_t>(judged_.truth.size())) {
      throw Error(ErrorCode::bad_input,
                  fmt::format("column \"{}\": {} of {} rows are \"{}\": figures need both kinds", a_.label, frauds,
                              judged_.truth.size(), wanted_),
                  a_.data.front());
    }
    const risk::FraudModel& model = desk_.model();
    risk::FraudFigures f = risk::fraud_figures(judged_.probabilities, judged_.truth, judged_.losses,
                                               model.training().costs, model.threshold(), common_.seed);
    if (judged_.group.size() == judged_.truth.size()) {
      f.cards = risk::card_precision(judged_.probabilities, judged_.truth, judged_.group, judged_.day,
                                     model.training().top_cards);
    }
    if (common_.json) {
      fmt::print("{}\n", base::dump_json({{"figures", risk::to_json(f)}, {"champion", model.champion()}}));
    } else {
      fmt::print("\n{} on these transactions, the model's probabilities\n", model.champion());
      print_figures(f, model.training().costs);
    }
  }

  const OperationsFraudScoreScoreArguments& a_;
  const Common& common_;
  decide::FraudDesk desk_;
  RowQuarantine quarantine_;
  ingest::QuarantineSink sink_;
  KnownCards known_;
  std::unique_ptr<store::Store> store_;
  risk::TransactionColumns columns_;
  std::string amount_, wanted_;
  OperationsFraudScoreJudged judged_;
  std::map<std::string, std::int64_t> actions_;
  std::int64_t read_ = 0, kept_ = 0, left_out_ = 0;
};

}  // namespace

void add_fraud_score(CLI::App& fraud, Common& common) {
  CLI::App* verb = fraud.add_subcommand("score", "Probability, rules, action (pass, review, block) and reasons");
  const auto a = std::make_shared<OperationsFraudScoreScoreArguments>();
  verb->add_option("--model", a->model, "Folder of the model")->required();
  verb->add_option("--data", a->data, "CSV or JSONL files of transactions, - for standard input")->required();
  verb->add_option("--rules", a->rules, "Rules (TOML) in place of those that the model was saved with");
  verb->add_option("--keep", a->keep, "Verdicts to store: review (those that do not pass), all, none")
      ->check(CLI::IsMember({"review", "all", "none"}))
      ->capture_default_str();
  verb->add_option("--label", a->label, "Column that says how it ended: adds figures");
  verb->add_option("--fraud", a->fraud, "Its value that means fraud (default: as in training)");
  verb->add_option("--known", a->known, "Files of earlier transactions: rows of cards with a known fraud are left out");
  verb->add_option("--delay", a->delay, "Days until a fraud is known, for --known")
      ->check(CLI::Range(0, 3650))
      ->capture_default_str();
  verb->add_option("--lang", a->language, "Language of the reasons")->check(CLI::IsMember({"en", "zh"}));
  verb->add_flag("--alerts", a->alerts, "With --json: only what does not pass");
  verb->add_flag("--all-reasons", a->all_reasons, "Every contribution, not only the four gravest");
  verb->add_flag("--strict", a->strict, "Rows that cannot be scored are an error");
  add_common(*verb, common, "ballast operations fraud score --model models/fraud --data today.csv --json");
  verb->callback([a, &common] { Scoring(*a, common).run(); });
}

}  // namespace ballast::apps
