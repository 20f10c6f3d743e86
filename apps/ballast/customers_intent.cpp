// SPDX-License-Identifier: Apache-2.0
// ballast customers intent: what each text wants, or that the model does not know. Every verdict is stored before it is
// shown.
#include "customers_intent.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <numeric>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/risk/signals.h"
#include "ballast/text/personal_data.h"
#include "customers.h"
#include "customers_cases.h"
#include "replay.h"
#include "table_reading.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

struct IntentArguments {
  std::vector<std::string> data;
  std::string model, text = "text", key;
  bool raw = false, strict = false;
};

struct IntentCase {
  ingest::Record record;
  std::string text;
};

std::vector<IntentCase> cases_of(const IntentArguments& a, RowQuarantine& quarantine) {
  const auto rows = unique_rows(read_rows(a.data, quarantine.sink()), a.key, quarantine.sink());
  if (std::none_of(rows.begin(), rows.end(), [&](const auto& row) { return row.has(a.text); })) {
    throw Error(ErrorCode::bad_input, "there is no column \"" + a.text + "\"", rows.front().source,
                "name the one that holds the text with --text; the nearest is \"" +
                    ingest::nearest_name(a.text, rows.front().columns()) + "\"");
  }
  std::vector<IntentCase> cases;
  for (const ingest::Record& row : rows) {
    std::string text = row.text(a.text).value_or("");
    if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
      quarantine.sink()({row.source, row.line, a.text, "is empty", ""});
      continue;
    }
    // A model of intents has no use for who asks; the record keeps no more than the model saw.
    if (!a.raw) text = text::Masker().mask(text).text;
    cases.push_back({row, std::move(text)});
  }
  if (cases.empty()) throw Error(ErrorCode::bad_input, "no row holds a text", rows.front().source);
  return cases;
}

void print_customers_intent(const IntentCase& one, const Intent& intent, const std::string& subject) {
  fmt::print("{}: {} ({:.2f}{})", subject, intent.answer, intent.probability,
             intent.interval.empty()
                 ? ""
                 : fmt::format(", 90 % interval {:.2f} to {:.2f}", intent.interval[0], intent.interval[1]));
  if (intent.answer != intent.likeliest) fmt::print(", nearest {}", intent.likeliest);
  fmt::print("\n");
  std::string words;
  for (const IntentEvidence& e : intent.evidence) {
    words += fmt::format("{}\"{}\" {:.0f} %", words.empty() ? "" : ", ", one.text.substr(e.start, e.end - e.start),
                         100 * e.weight);
  }
  if (!words.empty()) fmt::print("  {}\n", words);
}

void run_customers_intent(const IntentArguments& a, const Common& common) {
  base::set_threads(common.threads);
  const base::Stopwatch watch;
  const IntentDesk desk(a.model);
  RowQuarantine quarantine(common);
  const std::vector<IntentCase> cases = cases_of(a, quarantine);
  quarantine.finish(a.strict);
  std::vector<std::string> texts;
  for (const IntentCase& one : cases) texts.push_back(one.text);
  const std::vector<Intent> intents = desk.run(texts);
  std::vector<decide::Decision> decisions;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    decisions.push_back(desk.record_of(cases[i].text, intents[i], subject_of(cases[i].record, a.key)));
    decisions.back().cost.seconds = watch.seconds() / static_cast<double>(cases.size());
    sign(decisions.back());
  }
  store::Store store = store::Store::open(common.store);
  decide::keep(store, decisions);
  std::int64_t refused = 0;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    refused += intents[i].answer == lm::kUnknownAnswer;
    if (!common.json) {
      print_customers_intent(cases[i], intents[i], decisions[i].subject);
      continue;
    }
    Json json = {{"row", cases[i].record.line}};
    if (!a.key.empty()) json["key"] = decisions[i].subject;
    json.update(intent_json(cases[i].text, intents[i]));
    json["decision_id"] = decisions[i].id;
    print_line(base::dump_json(json));
  }
  say(common, fmt::format("{} texts, {} of them unknown to the model", cases.size(), refused));
}

}  // namespace

IntentDesk::IntentDesk(const std::string& folder) : folder_(folder), model_(lm::TextClassifier::load(folder)) {
  const auto& heads = model_.heads();
  const auto found = std::find_if(heads.begin(), heads.end(), [](const lm::Head& h) {
    return h.kind == lm::HeadKind::multiclass && h.name != "sentiment" && h.name != "severity";
  });
  if (found == heads.end()) {
    throw Error(ErrorCode::unsupported, "the model names no intent: it has no head with exclusive labels", folder,
                "train one with `ballast train --task classify --refuse 0.05`");
  }
  head_ = static_cast<std::size_t>(found - heads.begin());
}

std::vector<IntentEvidence> IntentDesk::evidence_of(const std::string& text, std::size_t label) const {
  std::vector<risk::TokenWeight> weights;
  for (const lm::Attribution& a : model_.attribute(text, head_, label)) weights.push_back({a.start, a.end, a.weight});
  std::vector<IntentEvidence> out;
  for (const risk::Evidence& e : risk::find_evidence(text, weights)) out.push_back({e.start, e.end, e.weight});
  return out;
}

std::vector<Intent> IntentDesk::run(const std::vector<std::string>& texts) const {
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const auto predictions = model_.predict(views);
  const lm::Head& head = model_.heads()[head_];
  std::vector<Intent> out;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const lm::HeadPrediction& p = predictions[i].heads[head_];
    std::vector<std::size_t> order(head.labels.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](auto x, auto y) { return p.probabilities[x] > p.probabilities[y]; });
    Intent one;
    one.answer = lm::answer(head, p);
    one.likeliest = head.labels[order[0]];
    one.probability = p.probabilities[order[0]];
    if (!p.intervals.empty()) one.interval = {p.intervals[order[0]][0], p.intervals[order[0]][1]};
    for (std::size_t k = 1; k < std::min<std::size_t>(3, order.size()); ++k)
      one.next.emplace_back(head.labels[order[k]], p.probabilities[order[k]]);
    one.evidence = evidence_of(texts[i], order[0]);
    out.push_back(std::move(one));
  }
  return out;
}

Json intent_json(const std::string& text, const Intent& intent) {
  Json next = Json::array(), evidence = Json::array();
  for (const auto& [label, probability] : intent.next)
    next.push_back({{"intent", label}, {"probability", probability}});
  for (const IntentEvidence& e : intent.evidence) {
    evidence.push_back(
        {{"start", e.start}, {"end", e.end}, {"text", text.substr(e.start, e.end - e.start)}, {"weight", e.weight}});
  }
  return {{"text", text},
          {"intent", intent.answer},
          {"likeliest", intent.likeliest},
          {"probability", intent.probability},
          {"interval", intent.interval.empty() ? Json() : Json(intent.interval)},
          {"next", next},
          {"evidence", evidence}};
}

decide::Decision IntentDesk::record_of(const std::string& text, const Intent& intent,
                                       const std::string& subject) const {
  decide::Decision d;
  d.kind = "intent";
  d.subject = subject;
  d.inputs = {{"text", text}, {"model", folder_}};
  d.model = folder_;
  d.model_hash = model_.identity();
  d.seed = 0;  // nothing is drawn
  d.outcome = intent_json(text, intent);
  d.outcome.erase("text");
  d.probability = intent.probability;
  if (!intent.interval.empty()) d.interval = {intent.interval[0], intent.interval[1]};
  return d;
}

decide::Decision replay_intent(const decide::Decision& was) {
  const std::string where = "decision " + was.id;
  const auto text = base::json_field<std::string>(was.inputs, "text", where);
  const IntentDesk desk(base::json_field<std::string>(was.inputs, "model", where));
  return desk.record_of(text, desk.run({text}).front(), was.subject);
}

void add_customers_intent(CLI::App& customers, Common& common) {
  CLI::App* verb = customers.add_subcommand("intent", "What each text wants, or that the model does not know");
  const auto a = std::make_shared<IntentArguments>();
  verb->add_option("data", a->data, "CSV, JSONL or plain text (a line each), - for standard input")->required();
  verb->add_option("--model", a->model, "Folder of a model that `ballast train --task classify --refuse 0.05` made")
      ->required();
  verb->add_option("--text", a->text, "Column of the text")->capture_default_str();
  verb->add_option("--key", a->key, "Column that names a row: later rows of one are set aside");
  verb->add_flag("--raw", a->raw, "Do not mask personal data before the model reads the text");
  verb->add_flag("--strict", a->strict, "Rows without text are an error");
  add_common(*verb, common,
             "echo 'My card has not arrived' | ballast customers intent - --model models/intents --json");
  verb->callback([a, &common] { run_customers_intent(*a, common); });
}

}  // namespace ballast::apps
