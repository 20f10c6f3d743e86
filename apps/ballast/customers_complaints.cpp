// SPDX-License-Identifier: Apache-2.0
// ballast customers complaints: topic, urgency and sentiment of each complaint, each verdict stored before it is shown.
#include "customers_complaints.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "customers.h"
#include "customers_cases.h"
#include "default_model.h"
#include "replay.h"
#include "table_reading.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

struct ComplaintArguments {
  std::vector<std::string> data, texts = {"text"};
  std::string model, risk_model, key, language = "en";
  bool by_urgency = false, strict = false;
};

/// The tone of a text is asked of the risk model.
bool names_topic(const lm::Head& head) {
  return head.kind == lm::HeadKind::multiclass && head.name != "sentiment" && head.name != "severity";
}

std::unique_ptr<lm::TextClassifier> open(const std::filesystem::path& folder) {
  return std::make_unique<lm::TextClassifier>(lm::TextClassifier::load(folder));
}

const lm::HeadPrediction* find_head(const lm::TextClassifier& model, const lm::Prediction& prediction,
                                    const std::string& name, std::vector<std::string>& labels) {
  for (std::size_t h = 0; h < model.heads().size(); ++h) {
    if (model.heads()[h].name != name || model.heads()[h].kind != lm::HeadKind::multiclass) continue;
    labels = model.heads()[h].labels;
    return &prediction.heads[h];
  }
  return nullptr;
}

void add_tone(ComplaintCase& one, const lm::TextClassifier& model, const lm::Prediction& prediction) {
  std::vector<std::string> labels;
  if (const auto* sentiment = find_head(model, prediction, "sentiment", labels)) {
    const auto top = std::max_element(sentiment->probabilities.begin(), sentiment->probabilities.end());
    one.sentiment = labels[static_cast<std::size_t>(top - sentiment->probabilities.begin())];
    one.sentiment_probability = *top;
  }
  if (const auto* severity = find_head(model, prediction, "severity", labels)) {
    for (const char* step : {"0", "1", "2", "3"}) {
      const auto at = std::find(labels.begin(), labels.end(), step);
      if (at == labels.end()) return one.severity.clear();
      one.severity.push_back(severity->probabilities[static_cast<std::size_t>(at - labels.begin())]);
    }
  }
}

void add_topics(ComplaintCase& one, const lm::TextClassifier& model, const lm::Prediction& prediction) {
  for (std::size_t h = 0; h < model.heads().size(); ++h) {
    const lm::Head& head = model.heads()[h];
    if (!names_topic(head)) continue;
    const auto& probabilities = prediction.heads[h].probabilities;
    const auto top = std::max_element(probabilities.begin(), probabilities.end());
    one.topics.push_back({head.name == "label" ? "topic" : head.name,
                          head.labels[static_cast<std::size_t>(top - probabilities.begin())], *top});
  }
}

}  // namespace

ComplaintDesk::ComplaintDesk(const std::string& topic_model, const std::string& risk_model)
    : topic_folder_(topic_model), risk_folder_(risk_model) {
  if (!topic_model.empty()) topics_ = open(topic_model);
  if (topics_ && std::none_of(topics_->heads().begin(), topics_->heads().end(), names_topic)) {
    throw Error(ErrorCode::unsupported, "the model names no topic: it has no head with exclusive labels", topic_model,
                "train one with `ballast train --task classify`");
  }
  risk_ = open(risk_model.empty() ? default_model() : std::filesystem::path(risk_model));
}

std::vector<ComplaintCase> ComplaintDesk::run(const std::vector<ingest::Record>& rows,
                                              const std::vector<std::string>& text_columns,
                                              const ingest::QuarantineSink& sink) const {
  for (const std::string& column : text_columns) {
    if (std::any_of(rows.begin(), rows.end(), [&](const auto& row) { return row.has(column); })) continue;
    throw Error(ErrorCode::bad_input, "there is no column \"" + column + "\"", rows.front().source,
                "name the one that holds the text with --text; the nearest is \"" +
                    ingest::nearest_name(column, rows.front().columns()) + "\"");
  }
  std::vector<ComplaintCase> cases;
  for (const ingest::Record& row : rows) {
    std::string text;
    for (const std::string& column : text_columns) {
      const std::string part = row.text(column).value_or("");
      if (!part.empty()) text += (text.empty() ? "" : "\n") + part;
    }
    if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
      if (sink) sink({row.source, row.line, text_columns.front(), "is empty", ""});
      continue;
    }
    cases.push_back({row, std::move(text), {}, "", 0, {}, {}});
  }
  if (cases.empty()) throw Error(ErrorCode::bad_input, "no row holds a text", rows.front().source);
  std::vector<std::string_view> texts;
  for (const ComplaintCase& one : cases) texts.push_back(one.text);
  const std::vector<lm::Prediction> tones = risk_->predict(texts);
  const std::vector<lm::Prediction> topics = topics_ ? topics_->predict(texts) : std::vector<lm::Prediction>();
  for (std::size_t i = 0; i < cases.size(); ++i) {
    add_tone(cases[i], *risk_, tones[i]);
    if (topics_) add_topics(cases[i], *topics_, topics[i]);
    cases[i].urgency = risk::complaint_urgency(cases[i].text, cases[i].severity);
  }
  return cases;
}

Json ComplaintDesk::outcome_of(const ComplaintCase& one, risk::ReasonLanguage language) const {
  Json json = Json::object();
  for (const ComplaintTopic& topic : one.topics) {
    json[topic.question] = topic.answer;
    json[topic.question + "_probability"] = topic.probability;
  }
  json.update(risk::to_json(one.urgency, language == risk::ReasonLanguage::zh));
  if (!one.sentiment.empty()) {
    json["sentiment"] = one.sentiment;
    json["sentiment_probability"] = one.sentiment_probability;
  }
  if (!one.severity.empty()) {
    json["severity"] = std::max_element(one.severity.begin(), one.severity.end()) - one.severity.begin();
    json["severity_probabilities"] = one.severity;
  }
  return json;
}

decide::Decision ComplaintDesk::record_of(const ComplaintCase& one, const std::string& subject,
                                          risk::ReasonLanguage language) const {
  decide::Decision d;
  d.kind = "complaint";
  d.subject = subject;
  d.inputs = {{"text", one.text},
              {"row", one.record.line},
              {"topic_model", topic_folder_},
              {"risk_model", risk_folder_},
              {"language", name_of(language)}};
  d.model = topic_folder_.empty() ? risk_folder_ : topic_folder_;
  d.model_hash = (topics_ ? topics_->identity() + " + " : "") + risk_->identity();
  d.seed = 0;  // nothing is drawn
  d.outcome = outcome_of(one, language);
  d.outcome.erase("reasons");
  if (!one.topics.empty()) d.probability = one.topics.front().probability;
  for (const risk::UrgencyReason& r : one.urgency.reasons) {
    const std::string& text = language == risk::ReasonLanguage::zh ? r.zh : r.en;
    d.reasons.push_back(
        {r.code, r.quote.empty() ? text : text + ": \"" + r.quote + "\"", static_cast<double>(r.points)});
  }
  return d;
}

decide::Decision replay_complaint(const decide::Decision& was) {
  const std::string where = "decision " + was.id;
  ingest::Record row;
  row.source = where;
  row.line = base::json_field<std::int64_t>(was.inputs, "row", where);
  row.object = {{"text", base::json_field<std::string>(was.inputs, "text", where)}};
  const auto language = language_named(base::json_field<std::string>(was.inputs, "language", where));
  const ComplaintDesk desk(base::json_field<std::string>(was.inputs, "topic_model", where),
                           base::json_field<std::string>(was.inputs, "risk_model", where));
  return desk.record_of(desk.run({row}, {"text"}, {}).front(), was.subject, language);
}

namespace {

void print_customers_complaints(const Json& outcome, const std::string& subject) {
  std::string line = fmt::format("{}: {} ({} points)", subject, outcome["urgency"].get<std::string>(),
                                 outcome["urgency_points"].get<int>());
  for (const auto& [name, value] : outcome.items()) {
    if (name.ends_with("_probability") && name != "sentiment_probability") {
      const std::string question = name.substr(0, name.size() - std::string_view("_probability").size());
      line += fmt::format(", {} {} ({:.2f})", question, outcome[question].get<std::string>(), value.get<double>());
    }
  }
  if (outcome.contains("sentiment")) line += ", " + outcome["sentiment"].get<std::string>();
  fmt::print("{}\n", line);
  for (const Json& reason : outcome["reasons"]) {
    const auto quote = reason["quote"].get<std::string>();
    fmt::print("  +{}  {}{}\n", reason["points"].get<int>(), reason["text"].get<std::string>(),
               quote.empty() ? "" : ": \"" + quote + "\"");
  }
}

void run_customers_complaints(const ComplaintArguments& a, const Common& common) {
  base::set_threads(common.threads);
  const base::Stopwatch watch;
  RowQuarantine quarantine(common);
  const auto rows = unique_rows(read_rows(a.data, quarantine.sink()), a.key, quarantine.sink());
  const ComplaintDesk desk(a.model, a.risk_model);
  const auto language = language_named(a.language);
  std::vector<ComplaintCase> cases = desk.run(rows, a.texts, quarantine.sink());
  quarantine.finish(a.strict);
  if (a.by_urgency) {
    std::stable_sort(cases.begin(), cases.end(), [](const ComplaintCase& x, const ComplaintCase& y) {
      return x.urgency.points > y.urgency.points;
    });
  }
  std::vector<decide::Decision> decisions;
  for (const ComplaintCase& one : cases) {
    decisions.push_back(desk.record_of(one, subject_of(one.record, a.key), language));
    decisions.back().cost.seconds = watch.seconds() / static_cast<double>(cases.size());
    sign(decisions.back());
  }
  store::Store store = store::Store::open(common.store);
  decide::keep(store, decisions);
  std::int64_t of_level[3] = {};
  for (std::size_t i = 0; i < cases.size(); ++i) {
    ++of_level[static_cast<std::size_t>(cases[i].urgency.level)];
    const Json outcome = desk.outcome_of(cases[i], language);
    if (!common.json) {
      print_customers_complaints(outcome, decisions[i].subject);
      continue;
    }
    Json json = {{"row", cases[i].record.line}};
    if (!a.key.empty()) json["key"] = decisions[i].subject;
    json.update(outcome);
    json["decision_id"] = decisions[i].id;
    print_line(base::dump_json(json));
  }
  say(common, fmt::format("{} complaints: {} urgent, {} soon, {} routine", cases.size(), of_level[2], of_level[1],
                          of_level[0]));
}

}  // namespace

void add_customers_complaints(CLI::App& customers, Common& common) {
  CLI::App* verb = customers.add_subcommand("complaints", "Topic, urgency with its reasons, sentiment");
  const auto a = std::make_shared<ComplaintArguments>();
  verb->add_option("data", a->data, "CSV, JSONL or plain text (a line each), - for standard input")->required();
  verb->add_option("--model", a->model, "Folder of a topic model that `ballast train --task classify` made");
  verb->add_option("--risk-model", a->risk_model,
                   "Model of sentiment and severity (default: $BALLAST_MODEL, else the embedded one)");
  verb->add_option("--text", a->texts, "Columns of the text, joined with a newline")->capture_default_str();
  verb->add_option("--key", a->key, "Column that names a complaint: later rows of one are set aside");
  verb->add_option("--lang", a->language, "Language of the reasons")
      ->check(CLI::IsMember({"en", "zh"}))
      ->capture_default_str();
  verb->add_flag("--by-urgency", a->by_urgency, "The most urgent first instead of the order of the file");
  verb->add_flag("--strict", a->strict, "Rows without text are an error");
  add_common(*verb, common,
             "ballast customers complaints complaints.csv --text narrative --model models/topics --by-urgency");
  verb->callback([a, &common] { run_customers_complaints(*a, common); });
}

}  // namespace ballast::apps
