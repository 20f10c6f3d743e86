// SPDX-License-Identifier: Apache-2.0
// The command line: picks the verb, and turns base::Error into one line and an exit code.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "advise.h"
#include "assist_verb.h"
#include "ballast/base/error.h"
#include "ballast/base/interrupt.h"
#include "ballast/ingest/record.h"
#include "convert.h"
#include "customers.h"
#include "events.h"
#include "govern.h"
#include "mask.h"
#include "pull.h"
#include "serve.h"
#include "verb.h"
#include "watch.h"

namespace ballast::apps {
namespace {

int report_failure(const char* message, int code) {
  std::fprintf(stderr, "ballast: %s\n", message);
  return code;
}

std::vector<std::string> names_of(const CLI::App& verb, bool options) {
  std::vector<std::string> names;
  if (options) {
    for (const CLI::Option* option : verb.get_options()) {
      for (const auto& name : option->get_lnames()) names.push_back("--" + name);
    }
  } else {
    for (const CLI::App* sub : verb.get_subcommands({})) names.push_back(sub->get_name());
  }
  return names;
}

/// What the user typed and the verb does not know, with the nearest name that it does.
std::string unknown(const CLI::App& verb, const std::string& word) {
  const bool option = word.starts_with('-');
  const std::string near = ingest::nearest_name(word.substr(0, word.find('=')), names_of(verb, option));
  const std::string kind = option ? "option" : names_of(verb, false).empty() ? "argument" : "verb";
  return "unknown " + kind + " \"" + word + "\"" + (kind == "argument" ? "" : ", the nearest is " + near);
}

int parse_error(const CLI::App& app, const CLI::ParseError& e) {
  if (e.get_exit_code() == 0) return app.exit(e);  // --help, --version
  const CLI::App* verb = &app;
  std::string path = "ballast";
  for (auto chosen = verb->get_subcommands(); !chosen.empty(); chosen = verb->get_subcommands()) {
    verb = chosen.front();
    path += " " + verb->get_name();
  }
  // The library checks what is missing before what is too much; a misspelt name is both, and the latter helps more.
  const auto extra = verb->remaining();
  const std::string problem = extra.empty() ? e.what() : unknown(*verb, extra.front());
  return report_failure((problem + " (see `" + path + " --help`)").c_str(), 2);
}

int run_main(int argc, char** argv) {
  CLI::App app("Ballast: a native language-model system for financial risk.", "ballast");
  app.set_version_flag("--version", std::string("ballast ") + BALLAST_VERSION);
  app.require_subcommand(1);
  Common common;
  add_demo(app, common);
  add_scan(app, common);
  add_watch(app, common);
  add_events(app, common);
  add_ingest(app, common);
  add_train(app, common);
  add_evaluate(app, common);
  add_generate(app, common);
  add_embed(app, common);
  add_convert(app, common);
  add_forward(app, common);
  add_pull(app, common);
  add_model(app, common);
  add_tokenize(app, common);
  add_tokenizer(app, common);
  add_preprocess(app, common);
  add_mask(app, common);
  add_operations(app, common);
  add_liquidity(app, common);
  add_explain(app, common);
  add_replay_verb(app, common);
  add_forecast(app, common);
  add_credit(app, common);
  add_advise(app, common);
  add_assist(app, common);
  add_customers(app, common);
  add_quality(app, common);
  add_compare(app, common);
  add_serve(app, common);
  add_store(app, common);
  add_bench(app, common);
  add_govern(app, common);
  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::ParseError& e) {
    return parse_error(app, e);
  } catch (const base::Error& e) {
    return report_failure(e.what(), base::exit_code(e.code()));
  } catch (const std::bad_alloc&) {
    return report_failure("out of memory", 1);
  } catch (const std::exception& e) {
    return report_failure(e.what(), 1);
  }
}

/// Waiting OpenMP threads spin by default, which costs a busy machine time slices at every parallel loop (an empty one
/// took 12 ms with other work on both cores, 0.7 ms with a short spin). Runs before the OpenMP runtime of the program
/// reads its environment, which it does before main(); whoever sets either variable decides.
[[gnu::constructor(101)]] void ask_for_short_spin() {
  if (std::getenv("OMP_WAIT_POLICY") == nullptr) setenv("GOMP_SPINCOUNT", "5000", 0);
}

}  // namespace
}  // namespace ballast::apps

int main(int argc, char** argv) {
  ballast::base::watch_interrupts();
  return ballast::apps::run_main(argc, argv);
}
