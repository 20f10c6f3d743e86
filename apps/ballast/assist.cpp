// SPDX-License-Identifier: Apache-2.0
// `ballast assist`: a customer's questions answered from a knowledge base, in the terminal or one at a time.
#include "assist.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>

#include "assist_verb.h"
#include "ballast/assist/record.h"
#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/interrupt.h"
#include "ballast/base/json.h"
#include "ballast/base/parallel.h"
#include "default_model.h"
#include "replay.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

struct AssistArguments {
  std::vector<std::string> knowledge, questions;
  std::string model, writer, intents, conversation, evaluate, fit;
  double threshold = -1;
  RetrievalArguments retrieval;
};

assist::AssistantOptions options_of_assist(const AssistArguments& a) {
  assist::AssistantOptions o;
  o.knowledge = a.knowledge;
  o.model = assist_model(a.model);
  o.writer = a.writer;
  o.intents = a.intents;
  o.threshold = a.threshold;
  return o;
}

void print_answer(const assist::Answer& answer, const std::string& id, const Common& common) {
  fmt::print("{}\n", answer.text);
  for (std::size_t i = 0; i < answer.citations.size(); ++i) {
    const assist::Citation& c = answer.citations[i];
    fmt::print("  [{}] {}, {}, bytes {} to {}{}\n", i + 1, c.source, c.anchor, c.begin, c.end,
               c.heading.empty() ? "" : ": " + c.heading);
  }
  if (answer.hand_over) say(common, "to a colleague: " + answer.hand_over->summary);
  say(common,
      fmt::format("{}, confidence {:.2f}, decision {}", assist::outcome_name(answer.outcome), answer.confidence, id));
}

/// One turn: answered, kept, then shown.
void turn(const assist::Assistant& assistant, assist::Conversation& talk, const std::string& conversation,
          const std::string& question, store::Store& store, const Common& common) {
  const base::Stopwatch watch;
  const assist::Answer answer = assistant.ask(talk, question);
  decide::Decision record =
      assist::answer_record(assistant, talk.turns.back().asked, answer,
                            fmt::format("conversation {} turn {}", conversation, talk.turns.size()));
  record.cost.seconds = watch.seconds();
  sign(record);
  decide::keep(store, {&record, 1});
  if (!common.json) return print_answer(answer, record.id, common);
  Json out = {
      {"conversation", conversation}, {"turn", talk.turns.size()}, {"question", talk.turns.back().asked.question}};
  out.update(assist::answer_json(answer, assistant));
  out["decision_id"] = record.id;
  fmt::print("{}\n", base::dump_json(out));
  std::fflush(stdout);
}

void say_knowledge(const assist::Assistant& assistant, const Common& common) {
  const assist::KnowledgeBase& k = assistant.knowledge();
  say(common, fmt::format("{} passages of {} files{}", k.passages.size(), k.files,
                          assistant.options().knowledge.empty() ? " (an invented bank; name your own with --kb)" : ""));
  if (k.hidden > 0) say(common, fmt::format("{} hidden parts were left out", k.hidden));
  for (const auto& q : k.set_aside) {
    say(common, fmt::format("set aside: {}{}{}: {}{}", q.source, q.line > 0 ? fmt::format(":{}", q.line) : "",
                            q.column.empty() ? "" : " " + q.column, q.reason,
                            q.excerpt.empty() ? "" : " (\"" + q.excerpt + "\")"));
  }
}

void converse(const AssistArguments& a, const Common& common) {
  const assist::Assistant assistant(options_of_assist(a));
  say_knowledge(assistant, common);
  store::Store store = store::Store::open(common.store);
  assist::Conversation talk;
  const std::string conversation =
      a.conversation.empty() ? fmt::format("{}-{}", base::utc_now(), ::getpid()) : a.conversation;
  if (!a.questions.empty()) {
    for (const std::string& q : a.questions) turn(assistant, talk, conversation, q, store, common);
    return;
  }
  const bool terminal = ::isatty(STDIN_FILENO) != 0 && !common.json;
  if (terminal) say(common, "Ask in English or Chinese; an empty line ends. 请用中文或英文提问，空行结束。");
  for (std::string line; !base::interrupted();) {
    if (terminal) {
      fmt::print("> ");
      std::fflush(stdout);
    }
    if (!std::getline(std::cin, line) || (terminal && line.empty())) break;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    turn(assistant, talk, conversation, line, store, common);
  }
}

decide::Decision replay_answer(const decide::Decision& was) {
  const std::string where = "decision " + was.id;
  const auto field = [&](const char* name) { return base::json_field<std::string>(was.inputs, name, where); };
  assist::AssistantOptions o;
  o.knowledge = base::json_field<std::vector<std::string>>(was.inputs, "knowledge", where);
  o.model = assist_model(field("model"));
  o.writer = base::json_field<std::string>(was.inputs, "writer", where, "");
  o.intents = field("intents");
  o.threshold = base::json_field<double>(was.inputs, "threshold", where);
  const assist::Assistant assistant(o);
  if (assistant.knowledge().hash != field("knowledge_hash")) {
    throw Error(ErrorCode::not_found, "the knowledge base is no longer the one that it was answered from", where,
                "SHA-256 " + field("knowledge_hash"));
  }
  const assist::Asked asked = assist::asked_of(was);
  return assist::answer_record(assistant, asked, assistant.answer(asked), was.subject);
}

void run_assist(const AssistArguments& a, const Common& common) {
  base::set_threads(common.threads);
  if (!a.retrieval.file.empty()) return evaluate_retrieval(a.retrieval, assist_model(a.model), common);
  if (!a.evaluate.empty() || !a.fit.empty()) {
    const assist::Assistant assistant(options_of_assist(a));
    return evaluate_answers(a.fit.empty() ? a.evaluate : a.fit, assistant, !a.fit.empty(), common);
  }
  converse(a, common);
}

}  // namespace

std::filesystem::path assist_model(const std::string& named) {
  if (named.empty() || named == "none") return {};
  return named == "default" ? default_model() : std::filesystem::path(named);
}

void add_assist(CLI::App& app, Common& common) {
  add_replay("answer", replay_answer);
  CLI::App* verb = app.add_subcommand("assist", "Customers' questions answered from a knowledge base, with citations");
  const auto a = std::make_shared<AssistArguments>();
  verb->add_option("--kb", a->knowledge,
                   "Files and folders to answer from: .md .txt .html .pdf, .csv with question and answer (default: an "
                   "invented bank)");
  verb->add_option("--question", a->questions, "Answer this and end; several are turns of one conversation");
  verb->add_option("--model", a->model,
                   "Model folder for vectors beside the words, or default: the embedded one (default: words alone)");
  verb->add_option(
      "--writer", a->writer,
      "Folder of a causal model that writes the answers from the passages; what they do not cover is quoted "
      "instead (default: answers are quoted)");
  verb->add_option("--intents", a->intents, "Folder of an intent model that `ballast train --task classify` made");
  verb->add_option("--threshold", a->threshold, "Answer from this confidence on (default: the fitted one)");
  verb->add_option("--conversation", a->conversation,
                   "Name of the conversation in the records (default: time and process)");
  auto* evaluate = verb->add_option("--evaluate", a->evaluate,
                                    "File of questions with what is expected (see data/assist_questions)");
  verb->add_option("--fit", a->fit, "Fit the confidence on such a file and print it")->excludes(evaluate);
  verb->add_option("--retrieval", a->retrieval.file,
                   "Table of queries and targets: print recall of words, vectors and both");
  verb->add_option("--query-column", a->retrieval.query)->default_str("question")->default_val("question");
  verb->add_option("--target-column", a->retrieval.target)->default_str("answer")->default_val("answer");
  verb->add_option("--faq", a->retrieval.faq,
                   "With --retrieval: answer from this table of the same columns; print how often rightly");
  verb->add_option("--keep", a->retrieval.keep, "COLUMN=VALUE: use these rows only");
  add_common(*verb, common,
             "ballast assist --question \"How much is a replacement card?\"\n  ballast assist --kb handbook/ --json < "
             "questions.txt");
  verb->callback([a, &common] { run_assist(*a, common); });
}

}  // namespace ballast::apps
