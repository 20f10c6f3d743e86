// SPDX-License-Identifier: Apache-2.0
#include "ballast/govern/feedback.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <tuple>

#include "ballast/store/lists.h"

namespace ballast::govern {
namespace {

using base::Json;

constexpr std::int64_t kFeedbackPage = 500;

/// All feedback on subjects of a kind, the oldest first.
std::vector<store::FeedbackRecord> feedback_on(store::Store& store, const std::string& kind) {
  std::vector<store::FeedbackRecord> all;
  store::Lists lists(store);
  store::Page page{kFeedbackPage, "", ""};
  while (true) {
    auto listed = lists.feedback(kind, "", page);
    all.insert(all.end(), listed.items.begin(), listed.items.end());
    if (listed.next.empty()) break;
    page.cursor = listed.next;
  }
  std::sort(all.begin(), all.end(),
            [](const auto& a, const auto& b) { return std::tie(a.created_at, a.id) < std::tie(b.created_at, b.id); });
  return all;
}

/// The answer that a decision gave; false where it is none about a text.
bool answer_of(const store::DecisionRecord& d, ReviewedAnswer& answer) {
  if (d.kind != "intent" || d.inputs.empty()) return false;
  const std::string where = "decision " + d.id;
  const Json inputs = base::parse_json(d.inputs, where), result = base::parse_json(d.result, where);
  answer.decision_id = d.id;
  answer.model = d.model_hash;
  answer.text = base::json_field<std::string>(inputs, "text", where);
  answer.said = base::json_field<std::string>(base::json_field<Json>(result, "outcome", where), "intent", where);
  answer.probability = base::json_field<double>(result, "probability", where, 0.0);
  return true;
}

/// What a word of feedback says the label is.
std::string label_in(const store::FeedbackRecord& f, const std::string& said) {
  return f.verdict == "accept" ? said : f.verdict == "correct" ? f.risk : "";
}

/// Krippendorff's alpha for nominal data (2004): 1 − observed / expected disagreement over the pairs within answers.
double alpha_of(const std::vector<std::vector<std::string>>& units) {
  std::map<std::pair<std::string, std::string>, double> pairs;
  std::map<std::string, double> totals;
  double n = 0;
  for (const auto& labels : units) {
    const double m = static_cast<double>(labels.size());
    if (m < 2) continue;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      for (std::size_t j = 0; j < labels.size(); ++j) {
        if (i != j) pairs[{labels[i], labels[j]}] += 1 / (m - 1);
      }
      totals[labels[i]] += 1;
      n += 1;
    }
  }
  double observed = 0, same = 0;
  for (const auto& [pair, weight] : pairs) observed += pair.first != pair.second ? weight : 0;
  for (const auto& [label, count] : totals) same += count * (count - 1);
  const double expected = n > 1 ? n - same / (n - 1) : 0;
  return expected > 0 ? 1 - observed / expected : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

std::string ReviewedAnswer::settled() const {
  std::string label;
  for (const Opinion& o : opinions) {
    if (o.label.empty() || (!label.empty() && label != o.label)) return "";
    label = o.label;
  }
  return label;
}

std::vector<ReviewedAnswer> reviewed_answers(store::Store& store, const std::string& model) {
  std::map<std::string, ReviewedAnswer> answers;
  std::map<std::pair<std::string, std::string>, std::size_t> place;  // decision and actor to the opinion
  for (const store::FeedbackRecord& f : feedback_on(store, "decision")) {
    auto found = answers.find(f.subject_id);
    if (found == answers.end()) {
      ReviewedAnswer answer;
      const auto decision = store.find_decision(f.subject_id);
      if (!decision || !answer_of(*decision, answer)) continue;
      if (!model.empty() && answer.model != model && !answer.model.ends_with("@" + model)) continue;
      found = answers.emplace(f.subject_id, std::move(answer)).first;
    }
    ReviewedAnswer& answer = found->second;
    const Opinion opinion{f.id, f.actor, f.created_at, label_in(f, answer.said)};
    const auto [at, fresh] = place.try_emplace({f.subject_id, f.actor}, answer.opinions.size());
    if (fresh) {
      answer.opinions.push_back(opinion);
    } else {
      answer.opinions[at->second] = opinion;  // the last word counts
    }
  }
  std::vector<ReviewedAnswer> out;
  for (auto& [id, answer] : answers) {
    std::sort(answer.opinions.begin(), answer.opinions.end(),
              [](const Opinion& a, const Opinion& b) { return a.actor < b.actor; });
    out.push_back(std::move(answer));
  }
  return out;
}

FeedbackSummary summarise_feedback(const std::vector<ReviewedAnswer>& answers) {
  FeedbackSummary s;
  s.answers = static_cast<std::int64_t>(answers.size());
  std::vector<std::vector<std::string>> units;
  std::map<std::string, std::int64_t> confusions;
  for (const ReviewedAnswer& a : answers) {
    std::vector<std::string> labels;
    for (const Opinion& o : a.opinions) {
      if (!o.label.empty()) labels.push_back(o.label);
    }
    s.by_several += labels.size() > 1;
    const std::string settled = a.settled();
    if (labels.empty()) {
      ++s.unlabelled;
    } else if (settled.empty()) {
      ++s.disputed;
    } else if (settled == a.said) {
      ++s.confirmed;
    } else {
      ++s.corrected;
      ++confusions[a.said + " -> " + settled];
    }
    units.push_back(std::move(labels));
  }
  s.alpha = alpha_of(units);
  s.confusions.assign(confusions.begin(), confusions.end());
  std::stable_sort(s.confusions.begin(), s.confusions.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  return s;
}

Json to_json(const FeedbackSummary& s) {
  Json confusions = Json::array();
  for (const auto& [name, count] : s.confusions) confusions.push_back({{"what", name}, {"answers", count}});
  return {{"answers", s.answers},
          {"confirmed", s.confirmed},
          {"corrected", s.corrected},
          {"disputed", s.disputed},
          {"unlabelled", s.unlabelled},
          {"by_several", s.by_several},
          {"alpha", std::isfinite(s.alpha) ? Json(s.alpha) : Json()},
          {"confusions", confusions}};
}

std::vector<Json> signal_rows(store::Store& store, const std::string& text_column, const std::string& label_column,
                              std::int64_t& disputed) {
  std::map<std::pair<std::string, std::string>, store::FeedbackRecord> last;  // signal and actor to the last word
  for (store::FeedbackRecord& f : feedback_on(store, "signal")) {
    const std::pair key(f.subject_id, f.actor);
    last[key] = std::move(f);
  }
  struct Reviewed {
    std::set<std::string> said, risks;
    std::map<std::string, std::string> verdicts;  // signal to what its reviewers say
    Json feedback = Json::array();
    bool disputed = false;
  };
  std::map<std::pair<std::string, std::string>, Reviewed> documents;  // by id and model
  for (const auto& [key, f] : last) {
    const auto signal = store.find_signal(f.subject_id);
    if (!signal) continue;
    const auto [at, fresh] = documents.try_emplace({signal->document_id, signal->model});
    Reviewed& d = at->second;
    if (fresh) {
      const auto assessed = store.find_assessed(signal->document_id, signal->model);
      if (!assessed) continue;  // assessed anew since: the signal is gone
      for (const store::SignalRecord& s : assessed->signals) d.said.insert(s.risk);
      d.risks = d.said;
    }
    const std::string verdict = f.verdict + ":" + f.risk;
    const auto [said, first] = d.verdicts.try_emplace(f.subject_id, verdict);
    d.disputed = d.disputed || (!first && said->second != verdict);
    if (f.verdict != "accept" && f.risk != signal->risk) d.risks.erase(signal->risk);
    if (f.verdict == "correct" && !f.risk.empty()) d.risks.insert(f.risk);
    d.feedback.push_back({{"id", f.id}, {"actor", f.actor}, {"at", f.created_at}, {"verdict", f.verdict}});
  }
  std::vector<Json> rows;
  for (const auto& [key, d] : documents) {
    const auto document = store.find_document(key.first);
    if (d.disputed) ++disputed;
    if (d.disputed || !document || document->text.empty()) continue;
    rows.push_back({{text_column, document->text},
                    {label_column, d.risks},
                    {"provenance",
                     {{"document_id", key.first}, {"model", key.second}, {"said", d.said}, {"feedback", d.feedback}}}});
  }
  return rows;
}

Json labelled_row(const ReviewedAnswer& a, const std::string& text_column, const std::string& label_column) {
  Json feedback = Json::array();
  for (const Opinion& o : a.opinions) feedback.push_back({{"id", o.feedback_id}, {"actor", o.actor}, {"at", o.at}});
  return {
      {text_column, a.text},
      {label_column, a.settled()},
      {"provenance", {{"decision_id", a.decision_id}, {"model", a.model}, {"said", a.said}, {"feedback", feedback}}}};
}

}  // namespace ballast::govern
