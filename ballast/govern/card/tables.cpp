// SPDX-License-Identifier: Apache-2.0
// Sections of a card that only models of tables have: credit, fraud, customers. Read from the document that training
// wrote.
#include <fmt/format.h>

#include <cmath>
#include <map>

#include "ballast/govern/card/parts.h"

namespace ballast::govern {
namespace {

using base::Json;

std::string text_at(const Json& json, const char* key) {
  return json.is_object() && json.contains(key) && json.at(key).is_string() ? json.at(key).get<std::string>() : "";
}

Json list_at(const Json& json, const char* key) {
  return json.is_object() && json.contains(key) && json.at(key).is_array() ? json.at(key) : Json::array();
}

std::string joined_names(const Json& list) {
  std::string out;
  for (const Json& one : list)
    out += (out.empty() ? "" : ", ") + (one.is_string() ? one.get<std::string>() : one.dump());
  return out;
}

/// What a candidate of this name is.
std::string candidate_words(const std::string& name) {
  static const std::map<std::string, std::string> kWords = {
      {"scorecard", "bins with weights of evidence and a logistic regression over them; points that add up"},
      {"logistic", "logistic regression over standardised and one-hot columns"},
      {"boosted", "gradient-boosted trees (XGBoost); contributions by tree SHAP, which add up exactly"},
      {"stack", "a weighted sum of the others, weights fitted on out-of-fold scores"},
      {"language", "a language model that reads the application as text"},
      {"stack_language", "the stack with the language model among its parts"}};
  const auto found = kWords.find(name);
  return found == kWords.end() ? "" : found->second;
}

Json champion_of(const Json& d) {
  for (const Json& c : list_at(d, "candidates")) {
    if (text_at(c, "name") == text_at(d, "champion")) return c;
  }
  return Json::object();
}

Json auc_bounds(const Json& c) {
  for (const char* key : {"auc_interval", "auc_interval_95"}) {
    if (c.contains(key)) return c.at(key);
  }
  return {};
}

std::string event_words(const CardInputs& in) {
  const Json training = in.model.document.value("training", Json::object());
  const char* value = in.model.kind == "credit" ? "bad" : in.model.kind == "fraud" ? "fraud" : "positive";
  return fmt::format("{} = {}", text_at(training, "label"), text_at(training, value));
}

void purpose_blocks(const CardInputs& in, KindSections& out) {
  static const std::map<std::string, std::string> kUse = {
      {"credit",
       "It gives the probability of default of an application, with interval, grade and reasons that add up;"
       " a policy that stands outside the model turns that into approve, refer or decline, amount and rate."},
      {"fraud",
       "It gives the probability that a transaction is fraud; a threshold of least cost says what is reviewed."},
      {"customers", "It gives the probability that a customer leaves, answers or buys; offers are ranked by it."}};
  out.purpose.push_back(card_text(fmt::format("The probability of {}. {}", event_words(in), kUse.at(in.model.kind))));
  out.purpose.push_back(
      card_text("Not meant for: cases of another product, lender or country than the training rows'; a verdict without "
                "the policy's"
                " limits; a refusal that nobody can explain to the person it concerns."));
}

/// The columns as training saw them. Their place in the document depends on the kind.
Json schema_of(const Json& d) {
  if (d.contains("schema")) return d.at("schema");
  return d.value("pipeline", Json::object()).value("schema", Json::array());
}

CardBlock dictionary(const Json& d) {
  const Json ranges = d.value("ranges", Json::object());
  std::vector<std::vector<std::string>> rows;
  for (const Json& c : schema_of(d)) {
    const std::string name = text_at(c, "name");
    std::string values;
    if (c.contains("levels")) {
      const Json levels = list_at(c, "levels");
      for (std::size_t i = 0; i < levels.size() && i < 5; ++i)
        values += (i > 0 ? "; " : "") + levels[i].get<std::string>();
      if (levels.size() > 5) values += fmt::format("; and {} more", levels.size() - 5);
    } else if (ranges.contains(name)) {
      values = fmt::format("{} to {}", ranges[name][0].get<double>(), ranges[name][1].get<double>());
    }
    rows.push_back({name, text_at(c, "kind"), values, c.value("had_missing", false) ? "yes" : "no"});
  }
  return card_table({"input", "kind", "values in training", "some missing"}, std::move(rows));
}

void data_blocks(const CardInputs& in, KindSections& out) {
  const Json d = in.model.document, training = d.value("training", Json::object());
  std::vector<std::vector<std::string>> files;
  for (const Json& f : list_at(training, "data")) files.push_back({text_at(f, "file"), text_at(f, "sha256")});
  out.data.push_back(card_table({"file", "SHA-256"}, files));
  double rate = NAN;
  const std::int64_t rows = d.value("rows", std::int64_t{0});
  if (d.contains("default_rate")) rate = d["default_rate"].get<double>();
  if (d.contains("positive_rate")) rate = d["positive_rate"].get<double>();
  if (d.contains("frauds") && rows > 0) rate = d["frauds"].get<double>() / static_cast<double>(rows);
  out.data.push_back(card_text(
      fmt::format("{} rows, of which {:.2f} % had the event. Columns left out on purpose: {}.", rows, 100 * rate,
                  list_at(training, "drop").empty() && list_at(training, "dropped").empty()
                      ? "none"
                      : joined_names(list_at(training, "drop")) + joined_names(list_at(training, "dropped")))));
  out.data.push_back(dictionary(d));
  std::vector<std::string> warnings;
  for (const Json& w : list_at(d, "warnings")) warnings.push_back(text_at(w, "text"));
  if (warnings.empty()) {
    out.data.push_back(
        card_text("The quality report before training found nothing to warn of, no sign that a column"
                  " knows the label among it."));
  } else {
    out.data.push_back(card_text("What the quality report before training warned of:"));
    out.data.push_back(card_list(warnings));
  }
}

void soundness_blocks(const CardInputs& in, KindSections& out) {
  const Json d = in.model.document, training = d.value("training", Json::object());
  std::vector<std::vector<std::string>> kinds;
  for (const Json& c : list_at(d, "candidates"))
    kinds.push_back({text_at(c, "name"), candidate_words(text_at(c, "name"))});
  out.soundness.push_back(card_text(
      "Every candidate is fitted on the same folds and judged on rows that it did not see; the traditional method is"
      " always among them. A score is the log-odds of the event, so contributions add up to it exactly."));
  out.soundness.push_back(card_table({"candidate", "what it is"}, kinds));
  const std::string calibration = text_at(training, "calibration");
  out.soundness.push_back(card_text(fmt::format(
      "Probabilities are calibrated by {} on out-of-fold scores; the 90 % interval comes from fits on rows drawn with"
      " replacement: it says how sure the calibration is, not how other models would differ.",
      calibration.empty() || calibration == "platt" ? "Platt scaling" : calibration)));
  if (in.model.kind == "credit") {
    out.soundness.push_back(card_text(fmt::format(
        "Columns that a law may protect are no inputs unless somebody says so. Protected here: {}; of these, inputs all"
        " the same: {}.",
        list_at(training, "protected").empty() ? "none" : joined_names(list_at(training, "protected")),
        list_at(training, "allowed").empty() ? "none" : joined_names(list_at(training, "allowed")))));
  }
}

void development_blocks(const CardInputs& in, KindSections& out) {
  const Json d = in.model.document, training = d.value("training", Json::object());
  const bool chosen_by_precision = in.model.kind == "fraud";
  out.development.push_back(card_text(fmt::format(
      "Out of fold ({} folds, seed {}). The champion has the {}. 95 % intervals in brackets; ECE is fine up to what"
      " chance alone would give.",
      training.value("folds", 0), training.value("seed", 0),
      chosen_by_precision ? "highest average precision"
      : training.value("prefer_simple", false)
          ? "simplest form whose log loss is within one standard error of the least"
          : "least log loss")));
  std::vector<std::vector<std::string>> rows;
  for (const Json& c : list_at(d, "candidates")) {
    const std::string name = text_at(c, "name");
    rows.push_back({name + (name == text_at(d, "champion") ? " (champion)" : ""),
                    card_interval(c, "auc", auc_bounds(c)), card_figure(c, "average_precision"),
                    card_figure(c, "brier", 4), card_figure(c, "log_loss", 4),
                    card_figure(c, "ece") + " (" + card_figure(c, "ece_chance_95") + ")",
                    name == text_at(d, "champion") ? "-" : card_figure(c, "auc_difference"),
                    name == text_at(d, "champion") ? "-" : card_figure(c, "p_value"), card_figure(c, "seconds", 1)});
  }
  out.development.push_back(card_table({"candidate", "AUC", "average precision", "Brier", "log loss", "ECE (by chance)",
                                        "AUC less champion's", "p (DeLong)", "seconds"},
                                       rows));
  const Json champion = champion_of(d);
  std::vector<std::pair<double, double>> points;
  for (const Json& bin : list_at(champion, "reliability"))
    points.emplace_back(bin.value("mean_pd", 0.0), bin.value("observed", 0.0));
  if (!points.empty()) {
    out.development.push_back(
        reliability_drawing(points, "Reliability of the champion out of fold, ten bins of equal mass"));
  }
}

/// The groups at the cut-off, as training audited them.
void group_blocks(const CardInputs& in, KindSections& out) {
  const Json audits = list_at(in.model.document, "fairness");
  if (in.model.kind != "credit") return;
  if (audits.empty()) {
    out.outcomes.push_back(card_text("No protected column was named in training, so nothing is known of groups."));
    return;
  }
  for (const Json& audit : audits) {
    if (list_at(audit, "thresholds").empty()) continue;
    const Json at = audit.at("thresholds").front();
    const Json calibration = list_at(audit, "calibration");
    std::vector<std::vector<std::string>> rows;
    std::size_t i = 0;
    for (const Json& g : list_at(at, "groups")) {
      const Json c = i < calibration.size() ? calibration[i] : Json::object();
      ++i;
      rows.push_back(
          {text_at(g, "group"), std::to_string(g.value("rows", std::int64_t{0})), card_figure(g, "approval_rate"),
           card_interval(g, "adverse_impact", g.value("adverse_impact_interval", Json())),
           card_interval(g, "opportunity_gap", g.value("opportunity_gap_interval", Json())), card_figure(c, "mean_pd"),
           card_figure(c, "observed"), card_figure(c, "p_value"), g.value("judged", true) ? "" : "too few to judge"});
    }
    out.outcomes.push_back(
        card_text(fmt::format("Groups of {} out of fold, approved at or below the cut-off PD {} (95 % intervals by "
                              "bootstrap; p: the chance of"
                              " outcomes as far from the mean PD as these, were the PDs right).",
                              text_at(audit, "column"), card_figure(at, "threshold", 4))));
    out.outcomes.push_back(card_table(
        {"group", "rows", "approved", "adverse impact", "opportunity gap", "mean PD", "observed", "p", ""}, rows));
  }
}

}  // namespace

KindSections table_sections(const CardInputs& in) {
  KindSections out;
  purpose_blocks(in, out);
  data_blocks(in, out);
  soundness_blocks(in, out);
  development_blocks(in, out);
  group_blocks(in, out);
  std::vector<std::string> limits = {
      "Values outside the training rows' range and categories that training never saw are set aside, not guessed, "
      "unless"
      " the caller allows them.",
      "Only cases whose outcome is known were learnt from: those that were declined or never came in are not"
      " represented (no reject inference).",
      "The rows are one period and one lender's: the figures say nothing about another economy; `govern drift` watches"
      " for that."};
  const Json training = in.model.document.value("training", Json::object());
  if (text_at(training, "time").empty() && text_at(training, "as_of").empty()) {
    limits.emplace_back(
        "No column of time was named: stability over time was not examined, folds are drawn at random.");
  }
  out.limitations.push_back(card_list(std::move(limits)));
  return out;
}

}  // namespace ballast::govern
