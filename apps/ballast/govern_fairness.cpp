// SPDX-License-Identifier: Apache-2.0
// ballast govern fairness: how groups fare under a model or a table of decisions; and what mitigation in training
// costs.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/govern/fairness.h"
#include "ballast/risk/credit.h"
#include "ballast/tabular/validation.h"
#include "govern.h"
#include "table_reading.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

struct GovernFairnessArguments {
  std::vector<std::string> data, protect, drop, categorical;
  std::string model, label, bad, score, decision, favourable, profile;
  double cut_off = -1;
  std::vector<double> penalties = {0.1, 1, 10, 100};
  double approve = 0;
  bool no_proxy = false, curve = false;
};

/// Everything that the report is made from.
struct FairnessCase {
  tabular::Table table, inputs;  // all columns; what a model may see
  std::vector<std::string> protected_columns;
  std::vector<risk::GroupLabels> groups;
  govern::JudgedDecisions decisions;
  std::vector<std::string> input_names;
  std::string source;  // of the decisions, in words
};

/// The rows with their groups; the label, where there is one, is known of every row.
FairnessCase read_case(const GovernFairnessArguments& a, const std::vector<std::string>& guarded,
                       const std::vector<ingest::Record>& rows, const ingest::QuarantineSink& sink) {
  FairnessCase c;
  tabular::TableOptions options;
  options.categorical = a.categorical;
  for (const std::string& column : {a.label, a.decision}) {
    if (!column.empty()) options.categorical.push_back(column);
  }
  c.table = tabular::infer_table(rows, options, sink);
  if (!a.label.empty()) {
    c.table = c.table.take(tabular::labelled_rows(c.table, c.table.at(a.label), a.data.front(), sink));
    c.decisions.bad = tabular::binary_truth(c.table.at(a.label), a.bad);
  }
  c.protected_columns = guarded.empty() ? risk::protected_by_name(c.table) : guarded;
  if (c.protected_columns.empty()) {
    throw Error(ErrorCode::usage, "no column is named, and none is protected by its name", "--protected");
  }
  for (const std::string& column : c.protected_columns) c.groups.push_back(risk::groups_of(c.table.at(column)));
  std::vector<std::string> out = c.protected_columns;
  out.insert(out.end(), a.drop.begin(), a.drop.end());
  for (const std::string& column : {a.label, a.decision, a.score}) out.push_back(column);
  c.inputs = c.table.without(out);
  c.inputs = c.inputs.without(tabular::identifier_columns(c.inputs));
  return c;
}

void take_rows(FairnessCase& c, const std::vector<std::int64_t>& kept) {
  c.table = c.table.take(kept);
  c.inputs = c.inputs.take(kept);
  if (!c.decisions.bad.empty()) c.decisions.bad = tabular::take<std::uint8_t>(c.decisions.bad, kept);
  for (risk::GroupLabels& g : c.groups) g.group = tabular::take<int>(g.group, kept);
}

/// PDs of a credit model; rows that it cannot score go to the sink and out of the case.
FairnessCase case_of_model(GovernFairnessArguments a, const ingest::QuarantineSink& sink) {
  const risk::CreditModel model = risk::CreditModel::load(a.model);
  const risk::CreditTraining& training = model.training();
  if (!training.trend_columns.empty()) {
    throw Error(ErrorCode::unsupported, "a model with a trend is audited by `ballast credit fairness`", a.model);
  }
  a.label = training.label;
  a.bad = training.bad;
  const std::vector<ingest::Record> rows = read_rows(a.data, sink);
  FairnessCase c = read_case(a, a.protect.empty() ? training.protected_columns : a.protect, rows, sink);
  std::vector<ingest::Record> labelled;
  std::size_t next = 0;
  for (const std::int64_t line : c.table.lines) {
    while (rows[next].line != line) ++next;
    labelled.push_back(rows[next]);
  }
  const risk::ReadApplications read = model.read(labelled, true, sink);
  take_rows(c, {read.kept.begin(), read.kept.end()});
  for (const risk::CreditScore& score : model.score(read.table)) c.decisions.pd.push_back(score.pd);
  c.decisions.cut_off = a.cut_off >= 0 ? a.cut_off : model.cut_off();
  c.input_names = model.schema().names();
  c.source = "PDs of " + a.model;
  return c;
}

/// Scores or decisions that the table holds.
FairnessCase case_of_table(const GovernFairnessArguments& a, const ingest::QuarantineSink& sink) {
  FairnessCase c = read_case(a, a.protect, read_rows(a.data, sink), sink);
  const tabular::Column& column = c.table.at(a.score.empty() ? a.decision : a.score);
  std::vector<std::int64_t> kept;
  for (std::int64_t r = 0; r < c.table.rows(); ++r) {
    if (!column.missing(r)) kept.push_back(r);
  }
  c.decisions.has_score = !a.score.empty();
  if (!a.score.empty() && column.spec.kind != tabular::ColumnKind::numeric) {
    throw Error(ErrorCode::bad_input, "the column \"" + a.score + "\" holds no numbers", a.data.front());
  }
  bool any = false;
  for (const std::int64_t r : kept) {
    const bool yes = a.score.empty() && tabular::cell_text(column, r) == a.favourable;
    any = any || yes;
    c.decisions.pd.push_back(a.score.empty() ? (yes ? 0 : 1) : column.numbers[static_cast<std::size_t>(r)]);
  }
  if (a.score.empty() && !any) {
    throw Error(ErrorCode::bad_input, "no row of \"" + a.decision + "\" says \"" + a.favourable + "\"", a.data.front(),
                "--favourable names the decision that people want");
  }
  take_rows(c, kept);
  c.decisions.cut_off = a.score.empty() ? 0.5 : a.cut_off;
  c.source = a.score.empty() ? "decisions in column " + a.decision : "scores in column " + a.score;
  return c;
}

/// PDs made out of fold by logistic regression on the inputs.
FairnessCase case_out_of_fold(const GovernFairnessArguments& a, std::uint64_t seed,
                              const ingest::QuarantineSink& sink) {
  FairnessCase c = read_case(a, a.protect, read_rows(a.data, sink), sink);
  const std::vector<int> fold = tabular::stratified_folds(c.decisions.bad, 5, seed);
  tabular::FitOptions fit;
  fit.kind = tabular::ModelKind::logistic;
  fit.seed = seed;
  const auto scores = tabular::cross_fit(c.inputs, c.decisions.bad, {}, fold, fit);
  c.decisions.pd = tabular::cross_calibrate(scores, c.decisions.bad, fold);
  double bads = 0;
  for (const std::uint8_t b : c.decisions.bad) bads += b;
  c.decisions.cut_off = a.cut_off >= 0 ? a.cut_off : bads / static_cast<double>(c.decisions.bad.size());
  for (const tabular::Column& column : c.inputs.columns) c.input_names.push_back(column.spec.name);
  c.source = "logistic regression, out of fold";
  return c;
}

void check_arguments(const GovernFairnessArguments& a) {
  const auto usage = [](const std::string& what, const std::string& option) {
    throw Error(ErrorCode::usage, what, option);
  };
  if (!a.score.empty() && !a.decision.empty()) usage("not both", "--score, --decision");
  if (!a.model.empty() && (!a.score.empty() || !a.decision.empty()))
    usage("does not go with --score or --decision", "--model");
  if (!a.decision.empty() && a.favourable.empty()) usage("is needed with --decision", "--favourable");
  if (!a.score.empty() && a.cut_off < 0) usage("is needed with --score: approved is at or below it", "--cut-off");
  if (a.label.empty() != a.bad.empty()) usage("go together", "--label, --bad");
  if (a.model.empty() && a.label.empty() && (a.curve || (a.score.empty() && a.decision.empty()))) {
    usage("needed to train anything: give them, or --model, --score or --decision", "--label, --bad");
  }
}

std::string known_text(const std::optional<double>& x) {
  return x ? fmt::format("{:.3f}", *x) : "-";
}

std::string with_interval(const std::optional<double>& x, const std::array<double, 2>& i) {
  if (!x) return "-";
  return std::isnan(i[0]) ? fmt::format("{:.3f}", *x) : fmt::format("{:.3f} [{:.3f}, {:.3f}]", *x, i[0], i[1]);
}

/// Columns that a name takes on a terminal: a Chinese character takes two.
std::size_t shown_width(const std::string& name) {
  std::size_t width = 0;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    width += byte < 0x80 || (byte >= 0xC0 && byte < 0xE0) ? 1 : byte >= 0xE0 ? 2 : 0;
  }
  return width;
}

std::string padded_name(const std::string& name, std::size_t width) {
  return name + std::string(width - std::min(width, shown_width(name)), ' ');
}

void print_grouped(const govern::GroupedFairness& grouped) {
  std::size_t width = 5;
  for (const govern::GroupFairness& g : grouped.groups) width = std::max(width, shown_width(g.group));
  fmt::print("{}\n  {}  {:>6}  {:<21} {:<21} {:<22} {:<15} {}\n", grouped.column, padded_name("group", width), "rows",
             "approved", "ratio to best", "opportunity gap", "PD / observed", "AUC");
  for (const govern::GroupFairness& g : grouped.groups) {
    const std::string name = padded_name(g.group, width);
    if (!g.judged) {
      fmt::print("  {}  {:>6}  too small to judge (approved {:.3f})\n", name, g.rows, g.selection_rate);
      continue;
    }
    std::string remark;
    if (g.ratio && *g.ratio < 0.8) remark += "  below four fifths";
    if (g.calibration_p && *g.calibration_p < 0.05) {
      remark += fmt::format("  miscalibrated (p {:.3f})", *g.calibration_p);
    }
    fmt::print("  {}  {:>6}  {:<21} {:<21} {:<22} {:<15} {}{}\n", name, g.rows,
               with_interval(g.selection_rate, g.selection_interval), with_interval(g.ratio, g.ratio_interval),
               with_interval(g.opportunity_gap, g.gap_interval),
               g.mean_pd ? known_text(g.mean_pd) + " / " + known_text(g.observed) : "-",
               g.auc ? fmt::format("{:.3f} [{:.3f}, {:.3f}]", g.auc->auc, g.auc->low, g.auc->high) : "-", remark);
  }
}

void print_proxy(const govern::ProxyTest& t) {
  std::string inputs;
  for (const auto& input : t.inputs) {
    inputs += fmt::format("{}{} {:.0f} %", inputs.empty() ? "" : ", ", input.column, 100 * input.share);
  }
  fmt::print("proxy test: {} \"{}\" ({} rows) from the inputs: AUC {:.3f} [{:.3f}, {:.3f}]; by {}\n", t.column, t.group,
             t.rows, t.auc.auc, t.auc.low, t.auc.high, inputs);
}

void print_coverage(const std::vector<govern::GroupCoverage>& all) {
  std::size_t width = 5;
  for (const auto& g : all) width = std::max(width, shown_width(g.group));
  std::string column;
  for (const auto& g : all) {
    if (g.column != column) fmt::print("the data by {}\n", g.column);
    column = g.column;
    fmt::print("  {}  {:>6} rows {:>5.1f} %  bad {:.3f} [{:.3f}, {:.3f}]  missing {:.1f} %{}\n",
               padded_name(g.group, width), g.rows, 100 * g.share, g.bad_rate, g.bad_interval[0], g.bad_interval[1],
               100 * g.missing, g.enough ? "" : "  too few of one outcome to learn from");
  }
}

/// Prints and says how many breaches there are.
std::size_t report_fairness(const FairnessCase& c, const GovernFairnessArguments& a, const Common& common) {
  const auto found = govern::judge_fairness(c.groups, c.decisions, common.seed);
  std::vector<govern::GroupCoverage> coverage;
  if (!c.decisions.bad.empty()) coverage = govern::data_coverage(c.inputs, c.decisions.bad, c.groups);
  std::vector<govern::ProxyTest> proxies;
  if (!a.no_proxy && !c.inputs.columns.empty()) proxies = govern::test_proxies(c.inputs, c.groups, common.seed);
  std::optional<govern::FairnessProfile> profile;
  std::vector<govern::ProfileBreach> breaches;
  if (!a.profile.empty()) {
    profile = govern::read_profile(a.profile);
    breaches = govern::check_profile(*profile, found, c.input_names, c.protected_columns);
  }
  if (common.json) {
    Json json = {{"decisions", c.source},
                 {"cut_off", c.decisions.cut_off},
                 {"rows", c.table.rows()},
                 {"columns", Json::array()},
                 {"coverage", Json::array()},
                 {"proxies", Json::array()},
                 {"profile", profile ? Json(profile->name) : Json()},
                 {"breaches", Json::array()}};
    for (const auto& g : found) json["columns"].push_back(govern::to_json(g));
    for (const auto& g : coverage) json["coverage"].push_back(govern::to_json(g));
    for (const auto& t : proxies) json["proxies"].push_back(govern::to_json(t));
    for (const auto& b : breaches) json["breaches"].push_back({{"kind", b.kind}, {"text", b.text}});
    print_line(base::dump_json(json));
    return breaches.size();
  }
  fmt::print("{}; {} rows; approved at or below {:.4g}\n", c.source, c.table.rows(), c.decisions.cut_off);
  print_coverage(coverage);
  for (const auto& g : found) print_grouped(g);
  for (const auto& t : proxies) print_proxy(t);
  if (profile) {
    fmt::print("profile {}: {} breach(es)\n", profile->name, breaches.size());
    for (const auto& b : breaches) fmt::print("  {}: {}\n", b.kind, b.text);
    if (!profile->note.empty()) fmt::print("  {}\n", profile->note);
  }
  return breaches.size();
}

void report_curve(const FairnessCase& c, const GovernFairnessArguments& a, const Common& common) {
  govern::MitigationOptions options;
  options.penalties = a.penalties;
  options.approve = a.approve;
  options.seed = common.seed;
  const auto curve = govern::mitigation_curve(c.inputs, c.decisions.bad, c.groups, options);
  if (common.json) {
    Json points = Json::array();
    for (const auto& p : curve) points.push_back(govern::to_json(p));
    print_line(base::dump_json({{"rows", c.table.rows()}, {"points", points}}));
    return;
  }
  fmt::print("logistic regression out of fold, {} rows, every line approves the same share of them\n", c.table.rows());
  fmt::print("{:<14} {:<22} {:<9} {:<26} {:<9} {}\n", "", "AUC", "accuracy", "lowest ratio", "widest gap", "of");
  for (const auto& p : curve) {
    fmt::print("{:<14} {:.3f} [{:.3f}, {:.3f}]   {:.3f}     {:.3f} [{:.3f}, {:.3f}]       {:.3f}      {}\n", p.method,
               p.auc.auc, p.auc.low, p.auc.high, p.accuracy, p.worst_ratio, p.worst_interval[0], p.worst_interval[1],
               p.widest_gap, p.worst_group);
  }
}

void run_fairness(const GovernFairnessArguments& a, const Common& common) {
  base::set_threads(common.threads);
  check_arguments(a);
  RowQuarantine quarantine(common);
  if (a.curve) {
    FairnessCase c = read_case(a, a.protect, read_rows(a.data, quarantine.sink()), quarantine.sink());
    quarantine.finish(false);
    return report_curve(c, a, common);
  }
  const FairnessCase c = !a.model.empty()                        ? case_of_model(a, quarantine.sink())
                         : a.score.empty() && a.decision.empty() ? case_out_of_fold(a, common.seed, quarantine.sink())
                                                                 : case_of_table(a, quarantine.sink());
  quarantine.finish(false);
  const std::size_t breaches = report_fairness(c, a, common);
  std::fflush(stdout);
  if (breaches > 0) {
    throw Error(ErrorCode::bad_input, fmt::format("{} breach(es) of the profile {}", breaches, a.profile),
                a.data.front());
  }
}

}  // namespace

void add_govern_fairness(CLI::App& govern, Common& common) {
  CLI::App* verb = govern.add_subcommand(
      "fairness",
      "Groups and intersections under a model or a table of decisions; data, proxies, profiles, mitigation");
  const auto a = std::make_shared<GovernFairnessArguments>();
  verb->add_option("--data", a->data, "CSV or JSONL files of applications or decisions")->required();
  verb->add_option("--model", a->model, "A credit model whose PDs decide");
  verb->add_option("--score", a->score, "Or a column of scores, higher is worse");
  verb->add_option("--decision", a->decision, "Or a column of decisions");
  verb->add_option("--favourable", a->favourable, "With --decision: the one that people want, e.g. approve");
  verb->add_option("--cut-off", a->cut_off, "Approved at or below (default: the model's, or the share of bad ones)");
  verb->add_option("--label", a->label, "The column that says how it ended");
  verb->add_option("--bad", a->bad, "Its value that means default");
  verb->add_option("--protected", a->protect, "Protected columns (default: the model's, or known by their names)");
  verb->add_option("--drop", a->drop, "Columns that are no inputs");
  verb->add_option("--categorical", a->categorical, "Columns whose numbers are names");
  verb->add_option("--profile", a->profile, "TOML file of what a jurisdiction asks; breaches make the exit code 2");
  verb->add_flag("--no-proxy", a->no_proxy, "Leave out the test whether inputs tell the group");
  verb->add_flag("--curve", a->curve, "Accuracy against fairness of mitigation in training, out of fold");
  verb->add_option("--penalties", a->penalties, "With --curve: strengths of the fairness penalty");
  verb->add_option("--approve", a->approve, "With --curve: share approved (default: that of those who repay)")
      ->check(CLI::Range(0.0, 1.0));
  add_common(
      *verb, common,
      "ballast govern fairness --data german.csv --label label --bad bad --protected personal_status_sex age_years "
      "--profile examples/fairness/us.toml");
  verb->callback([a, &common] { run_fairness(*a, common); });
}

}  // namespace ballast::apps
