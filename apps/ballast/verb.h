// SPDX-License-Identifier: Apache-2.0
// What every verb shares. A verb is one small file: add_NAME() registers its options and what runs when it is chosen;
// the work itself throws base::Error and prints results to standard output, words for people to standard error.
#pragma once

#include <cstdint>
#include <string>

#include "ballast/base/progress.h"

namespace CLI {
class App;
}

namespace ballast::apps {

struct Common {
  bool json = false;
  bool quiet = false;
  std::string store = "sqlite:ballast.db";
  std::uint64_t seed = 42;
  int threads = 0;
};

/// Adds --json --store --seed --threads --quiet and an example to a verb.
void add_common(CLI::App& verb, Common& common, const std::string& example);

/// A line for people on standard error, unless --quiet.
void say(const Common& common, const std::string& line);

/// Progress on standard error: a bar with rate and remaining time on a terminal, plain lines every few seconds
/// otherwise, nothing with --quiet.
base::ProgressSink terminal_progress(const Common& common);

void add_tokenize(CLI::App& app, Common& common);
void add_tokenizer(CLI::App& app, Common& common);
void add_preprocess(CLI::App& app, Common& common);
void add_ingest(CLI::App& app, Common& common);
void add_scan(CLI::App& app, Common& common);
void add_forward(CLI::App& app, Common& common);
void add_train(CLI::App& app, Common& common);
void add_evaluate(CLI::App& app, Common& common);
void add_generate(CLI::App& app, Common& common);
void add_embed(CLI::App& app, Common& common);
void add_model(CLI::App& app, Common& common);
void add_demo(CLI::App& app, Common& common);
void add_operations(CLI::App& app, Common& common);
void add_liquidity(CLI::App& app, Common& common);
void add_explain(CLI::App& app, Common& common);
void add_replay_verb(CLI::App& app, Common& common);
void add_forecast(CLI::App& app, Common& common);
void add_credit(CLI::App& app, Common& common);
void add_quality(CLI::App& app, Common& common);
void add_compare(CLI::App& app, Common& common);
void add_bench(CLI::App& app, Common& common);

}  // namespace ballast::apps
