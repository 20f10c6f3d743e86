// SPDX-License-Identifier: Apache-2.0
#include "ballast/decide/counterfactual.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "ballast/base/error.h"
#include "ballast/risk/toml_fields.h"

namespace ballast::decide {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr std::size_t kCoarseSteps[] = {60, 12, 6};  // when one, two or three change together

/// One value that a column may take, and how far on the way to its limit it is.
struct Choice {
  std::string value;
  double effort = 0;
};

std::string number_text(double x) {
  return fmt::format("{}", x);
}

std::vector<Choice> choices_of(const ChangeRule& rule, const std::string& now, std::size_t most) {
  std::vector<Choice> choices;
  if (!rule.to.empty()) {
    // Who has got so far already goes on from there, never back.
    const auto here = std::find(rule.to.begin(), rule.to.end(), now);
    const auto first = here == rule.to.end() ? std::size_t{0} : static_cast<std::size_t>(here - rule.to.begin()) + 1;
    for (std::size_t i = first; i < rule.to.size(); ++i) {
      choices.push_back({rule.to[i], static_cast<double>(i + 1) / static_cast<double>(rule.to.size())});
    }
    return choices;
  }
  bool finite = true;
  const double from = tabular::number_in(now, finite);
  if (!finite || std::isnan(from) || (rule.up ? from >= rule.limit : from <= rule.limit)) return choices;
  const double way = std::abs(rule.limit - from);
  const auto steps = static_cast<std::size_t>(std::ceil(way / rule.step));
  const std::size_t stride = (steps + most - 1) / most;
  for (std::size_t s = stride; s < steps + stride; s += stride) {
    const double moved = std::min(way, static_cast<double>(s) * rule.step);
    choices.push_back({number_text(rule.up ? from + moved : from - moved), moved / way});
  }
  return choices;
}

ingest::Record with_changes(const ingest::Record& application, const std::vector<ColumnChange>& changes) {
  ingest::Record changed = application;
  changed.names = nullptr;
  changed.values.clear();
  Json object = Json::object();
  for (const std::string& column : application.columns()) object[column] = application.json(column);
  for (const ColumnChange& change : changes) object[change.column] = change.to;
  changed.object = std::move(object);
  return changed;
}

class Search {
 public:
  Search(const CreditDesk& desk, const ingest::Record& application, const std::vector<ChangeRule>& rules)
      : desk_(desk), application_(application), rules_(rules) {}

  std::string outcome_of(const CreditCase& one) const {
    if (one.decision) return one.decision->outcome;
    return one.score.pd <= desk_.model().cut_off() ? "approve" : "decline";
  }

  /// All combinations of `count` rules, each value of each.
  std::vector<Counterfactual> with(std::size_t count, std::int64_t& scored) const {
    std::vector<Counterfactual> tried;
    std::vector<std::size_t> chosen;
    choose(0, count, chosen, tried);
    if (tried.empty()) return {};
    std::vector<ingest::Record> rows;
    for (std::size_t i = 0; i < tried.size(); ++i) {
      rows.push_back(with_changes(application_, tried[i].changes));
      rows.back().line = static_cast<std::int64_t>(i) + 1;
    }
    scored += static_cast<std::int64_t>(rows.size());
    std::vector<Counterfactual> found;
    // What the model or policy cannot read after a change is no way out; it is simply not among the cases.
    for (const CreditCase& one : desk_.run(std::move(rows), risk::ReasonLanguage::en, false, ignore())) {
      Counterfactual& c = tried[static_cast<std::size_t>(one.record.line) - 1];
      c.pd = one.score.pd;
      c.outcome = outcome_of(one);
      if (c.outcome == "approve") found.push_back(c);
    }
    std::stable_sort(found.begin(), found.end(),
                     [](const Counterfactual& a, const Counterfactual& b) { return a.effort < b.effort; });
    return found;
  }

 private:
  static const ingest::QuarantineSink& ignore() {
    static const ingest::QuarantineSink sink = [](const ingest::Quarantined&) {};
    return sink;
  }

  void choose(std::size_t from, std::size_t count, std::vector<std::size_t>& chosen,
              std::vector<Counterfactual>& tried) const {
    if (chosen.size() == count) return combine(chosen, 0, {}, tried);
    for (std::size_t r = from; r < rules_.size(); ++r) {
      chosen.push_back(r);
      choose(r + 1, count, chosen, tried);
      chosen.pop_back();
    }
  }

  void combine(const std::vector<std::size_t>& chosen, std::size_t at, Counterfactual so_far,
               std::vector<Counterfactual>& tried) const {
    if (at == chosen.size()) {
      tried.push_back(std::move(so_far));
      return;
    }
    const ChangeRule& rule = rules_[chosen[at]];
    const std::string now = application_.text(rule.column).value_or("");
    for (const Choice& choice : choices_of(rule, now, kCoarseSteps[chosen.size() - 1])) {
      Counterfactual next = so_far;
      next.changes.push_back({rule.column, now, choice.value});
      next.effort += choice.effort;
      combine(chosen, at + 1, std::move(next), tried);
    }
  }

  const CreditDesk& desk_;
  const ingest::Record& application_;
  const std::vector<ChangeRule>& rules_;
};

/// The easiest way through each set of columns, in the order given.
std::vector<Counterfactual> one_each(const std::vector<Counterfactual>& found, std::size_t most) {
  std::vector<Counterfactual> kept;
  for (const Counterfactual& c : found) {
    const auto same_columns = [&](const Counterfactual& other) {
      return std::equal(c.changes.begin(), c.changes.end(), other.changes.begin(), other.changes.end(),
                        [](const ColumnChange& a, const ColumnChange& b) { return a.column == b.column; });
    };
    if (std::none_of(kept.begin(), kept.end(), same_columns)) kept.push_back(c);
    if (kept.size() == most) break;
  }
  return kept;
}

void check_rules(const CreditDesk& desk, const std::vector<ChangeRule>& rules) {
  const auto inputs = desk.model().schema().names();
  const auto& guarded = desk.model().training().protected_columns;
  for (const ChangeRule& rule : rules) {
    if (std::find(guarded.begin(), guarded.end(), rule.column) != guarded.end()) {
      throw Error(ErrorCode::bad_input, "is protected: nobody is asked to change it", "change." + rule.column);
    }
    if (std::find(inputs.begin(), inputs.end(), rule.column) == inputs.end()) {
      throw Error(ErrorCode::bad_input, "is no input of the model", "change." + rule.column,
                  "the nearest input is \"" + ingest::nearest_name(rule.column, inputs) + "\"");
    }
  }
}

}  // namespace

std::vector<ChangeRule> parse_change_rules(const std::string& toml, const std::string& where) {
  const toml::table root = risk::parse_toml(toml, where);
  risk::refuse_unknown(root, {"change"}, where, "");
  const toml::table* all = root["change"].as_table();
  if (all == nullptr) throw Error(ErrorCode::bad_input, "has no table [change.COLUMN]", where);
  std::vector<ChangeRule> rules;
  for (const auto& [name, node] : *all) {
    const std::string inside = "change." + std::string(name.str());
    const toml::table* table = node.as_table();
    if (table == nullptr) throw Error(ErrorCode::bad_input, inside + " is not a table", where);
    risk::refuse_unknown(*table, {"direction", "limit", "step", "to"}, where, inside);
    ChangeRule rule;
    rule.column = name.str();
    if (const toml::array* to = (*table)["to"].as_array()) {
      for (const toml::node& value : *to) {
        const auto text = value.value<std::string>();
        if (!text) throw Error(ErrorCode::bad_input, inside + ".to holds something else than texts", where);
        rule.to.push_back(*text);
      }
    }
    if (rule.to.empty()) {
      const auto direction = (*table)["direction"].value<std::string>();
      if (!direction || (*direction != "up" && *direction != "down")) {
        throw Error(ErrorCode::bad_input, inside + " has neither a list `to` nor a direction \"up\" or \"down\"",
                    where);
      }
      for (const char* key : {"limit", "step"}) {
        if (!table->contains(key)) throw Error(ErrorCode::bad_input, inside + " has no " + key, where);
      }
      rule.up = *direction == "up";
      rule.limit = risk::number_field(*table, "limit", 0, -1e12, 1e12, where, inside);
      rule.step = risk::number_field(*table, "step", 0, 1e-9, 1e12, where, inside);
    }
    rules.push_back(std::move(rule));
  }
  return rules;
}

CounterfactualSearch find_counterfactuals(const CreditDesk& desk, const ingest::Record& application,
                                          const std::vector<ChangeRule>& rules, const CounterfactualOptions& options) {
  check_rules(desk, rules);
  const Search search(desk, application, rules);
  const std::vector<CreditCase> now = desk.run({application}, risk::ReasonLanguage::en, false, {});
  CounterfactualSearch out;
  out.outcome = search.outcome_of(now.front());
  out.pd = now.front().score.pd;
  out.approved = out.outcome == "approve";
  const std::size_t most = std::min({options.most_changes, rules.size(), std::size(kCoarseSteps)});
  for (std::size_t count = 1; !out.approved && out.found.empty() && count <= most; ++count) {
    out.found = one_each(search.with(count, out.scored), options.shown);
  }
  return out;
}

std::string describe(const Counterfactual& c, const risk::WordsOfColumns& words, risk::ReasonLanguage language) {
  const bool zh = language == risk::ReasonLanguage::zh;
  std::string text;
  for (const ColumnChange& change : c.changes) {
    const risk::ColumnWords column = risk::words_of(change.column, words);
    if (!text.empty()) text += zh ? "，并且" : " and ";
    text += zh ? fmt::format("{}由“{}”改为“{}”", column.zh, change.from, change.to)
               : fmt::format("{} were {} instead of {}", column.en, change.to, change.from);
  }
  const std::string outcome = !zh                      ? c.outcome
                              : c.outcome == "approve" ? "批准"
                              : c.outcome == "refer"   ? "转人工"
                                                       : "拒绝";
  return zh ? fmt::format("如果{}，结果会是{}（违约概率 {:.4f}）", text, outcome, c.pd)
            : fmt::format("if {}, the outcome would be {} (PD {:.4f})", text, outcome, c.pd);
}

std::vector<NearCase> nearest_cases(const CreditDesk& desk, const ingest::Record& application,
                                    std::vector<ingest::Record> cases, std::size_t count) {
  const risk::CreditModel& model = desk.model();
  const auto points = [](const risk::CreditScore& score) {
    std::map<std::string, double> by_column;
    for (const risk::CreditReason& r : score.reasons) by_column[r.code] = r.points();
    return by_column;
  };
  const ingest::QuarantineSink ignore = [](const ingest::Quarantined&) {};
  const auto own = points(model.score(model.read(std::span(&application, 1), true).table).front());
  const risk::ReadApplications read = model.read(cases, true, ignore);
  const std::vector<risk::CreditScore> scores = model.score(read.table);
  std::vector<NearCase> near;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const ingest::Record& row = cases[read.kept[i]];
    NearCase one{row.line, 0, scores[i].pd, row.text(model.training().label).value_or(""), {}};
    std::vector<std::pair<double, std::string>> apart;
    for (const auto& [column, theirs] : points(scores[i])) {
      const double difference = std::abs(theirs - own.at(column));
      one.distance += difference * difference;
      if (difference > 0) apart.push_back({difference, column});
    }
    one.distance = std::sqrt(one.distance);
    std::stable_sort(apart.begin(), apart.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    for (std::size_t k = 0; k < apart.size() && k < 3; ++k) one.different.push_back(apart[k].second);
    near.push_back(std::move(one));
  }
  std::stable_sort(near.begin(), near.end(),
                   [](const NearCase& a, const NearCase& b) { return a.distance < b.distance; });
  if (near.size() > count) near.resize(count);
  return near;
}

}  // namespace ballast::decide
