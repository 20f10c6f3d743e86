// SPDX-License-Identifier: Apache-2.0
// `ballast operations cases`: what people do about alerts, step by step, with name and time. Nothing is ever deleted.
#include "operations_cases.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/json.h"
#include "ballast/risk/operations_cases.h"
#include "operations.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;
using store::CaseRecord;

struct CaseArguments {
  std::string id, kind = "other", subject, note, to, by, status = "open", assignee;
};

void print_case(const CaseRecord& record, const Common& common) {
  if (common.json) {
    fmt::print("{}\n", base::dump_json(risk::to_json(record)));
    return;
  }
  const risk::CaseState state = risk::case_state(record);
  fmt::print("case {}: {} about {}, {}{}\n", record.id, record.kind, record.subject, state.open ? "open" : "closed",
             state.assignee.empty() ? "" : ", with " + state.assignee);
  for (const store::CaseEventRecord& e : record.events) {
    fmt::print("  {:>2}  {}  {:<9} by {}{}{}\n", e.number, e.at.substr(0, 19), e.action, e.actor,
               e.note.empty() ? "" : ": ", e.note);
  }
}

void run_list_operations_cases(const CaseArguments& a, const Common& common) {
  for (const CaseRecord& record : store::Store::open(common.store).cases()) {
    const risk::CaseState state = risk::case_state(record);
    if (a.status != "all" && (a.status == "open") != state.open) continue;
    if (!a.kind.empty() && record.kind != a.kind) continue;
    if (!a.assignee.empty() && state.assignee != a.assignee) continue;
    if (common.json) {
      fmt::print("{}\n", base::dump_json(risk::to_json(record)));
    } else {
      fmt::print("{:<12} {:<7} {:<16} {:<24} {:<12} {} {}\n", record.id, state.open ? "open" : "closed", record.kind,
                 record.subject, state.assignee.empty() ? "-" : state.assignee, record.created_at.substr(0, 10),
                 record.events.empty() ? "" : record.events.front().note);
    }
  }
}

void need_words(const std::string& words, const char* option) {
  if (words.find_first_not_of(" \t\n") == std::string::npos) throw Error(ErrorCode::usage, "is empty", option);
}

void run_open(const CaseArguments& a, const Common& common) {
  need_words(a.kind, "--kind");
  need_words(a.subject, "--subject");
  need_words(a.note, "--note");
  store::Store store = store::Store::open(common.store);
  const std::string now = base::utc_now();
  const std::string id = risk::case_id(a.kind, a.subject, a.note + now);
  if (!open_case_once(store, id, a.kind, a.subject, a.note, actor_of(a.by))) {
    throw Error(ErrorCode::bad_input, "this very case was opened at this very moment", "case " + id);
  }
  print_case(*store.find_case(id), common);
}

void run_show(const CaseArguments& a, const Common& common) {
  const auto found = store::Store::open(common.store).find_case(a.id);
  if (!found)
    throw Error(ErrorCode::not_found, "there is no case " + a.id, common.store, "`ballast operations cases list`");
  print_case(*found, common);
}

void run_step(const CaseArguments& a, const std::string& action, const Common& common) {
  const std::string& note = action == "assign" ? a.to : a.note;
  need_words(note, action == "assign" ? "--to" : "--note");
  store::Store store = store::Store::open(common.store);
  const CaseRecord record = store.add_case_event(a.id, {0, action, actor_of(a.by), note, base::utc_now()},
                                                 [&](const CaseRecord& was) { risk::check_case_step(was, action); });
  print_case(record, common);
}

CLI::App* add_verb_operations_cases(CLI::App& cases, Common& common, const std::string& name, const std::string& about,
                                    const std::string& example) {
  CLI::App* verb = cases.add_subcommand(name, about);
  add_common(*verb, common, "ballast operations cases " + example);
  return verb;
}

void add_steps(CLI::App& cases, Common& common) {
  struct Step {
    const char *name, *about, *example;
    bool needs_note;
  };
  for (const Step& step :
       {Step{"assign", "Give a case to somebody", "assign 3fa94c01b2d7 --to bo", false},
        Step{"annotate", "Add a note", "annotate 3fa94c01b2d7 --note \"called the client\"", true},
        Step{"close", "Close a case, with the reason", "close 3fa94c01b2d7 --note \"no fault\"", true},
        Step{"reopen", "Open a closed case again, with the reason", "reopen 3fa94c01b2d7 --note \"new evidence\"",
             true}}) {
    const auto a = std::make_shared<CaseArguments>();
    CLI::App* verb = add_verb_operations_cases(cases, common, step.name, step.about, step.example);
    verb->add_option("id", a->id, "Of the case")->required();
    const std::string action = step.name;
    if (action == "assign") verb->add_option("--to", a->to, "Who takes it")->required();
    if (step.needs_note) verb->add_option("--note", a->note, "What is to be remembered")->required();
    verb->add_option("--by", a->by, "Who does it (default: the user of this machine)");
    verb->callback([a, action, &common] { run_step(*a, action, common); });
  }
}

}  // namespace

bool open_case_once(store::Store& store, const std::string& id, const std::string& kind, const std::string& subject,
                    const std::string& note, const std::string& actor) {
  if (store.find_case(id)) return false;
  const std::string now = base::utc_now();
  store.open_case({id, kind, subject, now, {{1, "open", actor, note, now}}});
  return true;
}

std::string actor_of(const std::string& by) {
  if (!by.empty()) return by;
  for (const char* name : {"USER", "LOGNAME"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  throw Error(ErrorCode::usage, "nobody is named, and a case says who did what", "--by", "--by NAME");
}

void add_operations_cases(CLI::App& desk, Common& common) {
  CLI::App* cases = desk.add_subcommand("cases", "What people do about alerts: open, assign, annotate, close, reopen");
  cases->require_subcommand(1);
  const auto list = std::make_shared<CaseArguments>();
  list->kind = "";
  CLI::App* verb =
      add_verb_operations_cases(*cases, common, "list", "Cases, the oldest first", "list --status all --json");
  verb->add_option("--status", list->status)->check(CLI::IsMember({"open", "closed", "all"}))->capture_default_str();
  verb->add_option("--kind", list->kind, "One kind only");
  verb->add_option("--assignee", list->assignee, "Of one person only");
  verb->callback([list, &common] { run_list_operations_cases(*list, common); });
  const auto open = std::make_shared<CaseArguments>();
  verb = add_verb_operations_cases(*cases, common, "open", "Open a case by hand",
                                   "open --subject \"card 7\" --note \"client called\" --by ann");
  verb->add_option("--kind", open->kind, "What it is about in a word: fraud, surveillance …")->capture_default_str();
  verb->add_option("--subject", open->subject, "Whom or what it is about")->required();
  verb->add_option("--note", open->note, "Why it is opened")->required();
  verb->add_option("--by", open->by, "Who does it (default: the user of this machine)");
  verb->callback([open, &common] { run_open(*open, common); });
  const auto show = std::make_shared<CaseArguments>();
  verb = add_verb_operations_cases(*cases, common, "show", "A case with all its steps", "show 3fa94c01b2d7");
  verb->add_option("id", show->id, "Of the case")->required();
  verb->callback([show, &common] { run_show(*show, common); });
  add_steps(*cases, common);
}

}  // namespace ballast::apps
