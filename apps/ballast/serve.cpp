// SPDX-License-Identifier: Apache-2.0
// ballast serve: the HTTP API and the dashboard, until Ctrl-C.
#include "serve.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>

#include "ballast/base/error.h"
#include "ballast/base/interrupt.h"
#include "ballast/base/parallel.h"
#include "ballast/serve/server.h"
#include "default_model.h"
#include "govern_shadow.h"
#include "replay.h"
#include "verb.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
namespace fs = std::filesystem;

struct ServeArguments {
  serve::ServeOptions options;
  std::string risk_model, web, log, offers;
  std::vector<std::string> customers, shadows;
  double body_megabytes = 16, bodies_megabytes = 256;
  bool no_scan = false, no_log = false;
};

/// Where the built dashboard is: beside an installed program, or in the build folder. Empty where it is not built.
fs::path built_dashboard() {
  std::error_code failed;
  const fs::path folder = fs::read_symlink("/proc/self/exe", failed).parent_path();
  for (const fs::path& candidate : {folder / "../share/ballast/web", folder / "../web", folder / "web"}) {
    if (fs::is_regular_file(candidate / "index.html", failed)) return candidate.lexically_normal();
  }
  return {};
}

fs::path dashboard_of(const ServeArguments& a, const Common& common) {
  if (a.web == "none") return {};
  if (a.web.empty()) {
    const fs::path built = built_dashboard();
    if (built.empty()) say(common, "the dashboard is not built here; the API is served alone");
    return built;
  }
  if (!fs::is_regular_file(fs::path(a.web) / "index.html")) {
    throw Error(ErrorCode::not_found, "holds no index.html", a.web, "the folder that the dashboard was built to");
  }
  return a.web;
}

/// Lines go to standard error, or to a file that may be moved away and is then opened again at the next start.
std::function<void(const std::string&)> log_of(const ServeArguments& a, const Common& common) {
  if (a.no_log || (common.quiet && a.log.empty())) return {};
  if (a.log.empty()) return [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); };
  const auto file = std::make_shared<std::ofstream>(a.log, std::ios::app);
  if (!*file) throw Error(ErrorCode::io, "cannot be written", a.log);
  return [file](const std::string& line) { *file << line << '\n' << std::flush; };
}

void run_serve(const ServeArguments& a, const Common& common) {
  base::set_threads(common.threads);
  serve::ServeOptions options = a.options;
  options.store = common.store;
  options.seed = common.seed;
  options.version = BALLAST_VERSION;
  options.build = build_name();
  options.web = dashboard_of(a, common);
  options.scan = !a.no_scan;
  options.limits.body_bytes = static_cast<std::size_t>(a.body_megabytes * (1 << 20));
  options.limits.bodies_bytes = static_cast<std::size_t>(std::max(a.bodies_megabytes, a.body_megabytes) * (1 << 20));
  options.limits.burst = 2 * options.limits.rate;
  if (a.risk_model != "none") options.risk_model = a.risk_model.empty() ? default_model() : fs::path(a.risk_model);
  options.log = log_of(a, common);
  options.customers = open_customers(a.customers, a.offers);
  options.shadows = open_shadows(a.shadows);
  options.replay = [](const decide::Decision& was) {
    decide::Decision now = replay_of(was.kind)(was);
    sign(now);
    decide::seal(now);
    return now;
  };
  serve::Server server(options);
  server.start();
  if (common.json) {
    fmt::print("{}\n", base::dump_json({{"url", server.url()}, {"open", server.open()}, {"store", common.store}}));
    std::fflush(stdout);
  }
  say(common,
      fmt::format("serving {} at {}{}", common.store, server.url(), options.web.empty() ? "" : " (dashboard and API)"));
  if (server.open()) {
    say(common,
        "open: whoever uses this machine may do everything; the first user or key ends that"
        " (ballast serve user add NAME --role admin)");
  }
  while (!base::interrupted()) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  say(common, "stopping: finishing what was accepted");
  server.stop();
}

void add_listening(CLI::App& verb, ServeArguments& a) {
  serve::ServeOptions& o = a.options;
  verb.add_option("--address", o.address, "Address to listen at")->capture_default_str();
  verb.add_option("--port", o.port, "Port to listen at; 0: a free one")->capture_default_str();
  verb.add_option("--certificate", o.certificate, "TLS: certificate chain (PEM)");
  verb.add_option("--private-key", o.private_key, "TLS: its key (PEM)");
  verb.add_flag("--plain-outside", o.plain_outside, "Answer other machines without TLS: something in front encrypts");
  verb.add_option("--web", a.web, "Folder of the built dashboard; none: the API alone");
  verb.add_option("--log", a.log, "File for the log, one JSON object a line (default: standard error)");
  verb.add_flag("--no-log", a.no_log, "No log of requests");
  verb.add_option("--rate", o.limits.rate, "Requests a second of one key, user or address; 0: any number")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb.add_option("--max-body", a.body_megabytes, "Mebibytes of a request's body")
      ->check(CLI::Range(0.001, 1024.0))
      ->capture_default_str();
  verb.add_option("--max-bodies", a.bodies_megabytes,
                  "Mebibytes that the bodies of all requests may hold together; at least --max-body")
      ->check(CLI::Range(0.001, 1048576.0))
      ->capture_default_str();
  verb.add_option("--max-connections", o.limits.connections, "Open connections")->capture_default_str();
}

void add_models(CLI::App& verb, ServeArguments& a) {
  serve::ServeOptions& o = a.options;
  verb.add_option("--risk-model", a.risk_model,
                  "Folder of the model that reads documents (default: $BALLAST_MODEL, else the embedded one); none: no"
                  " scanning");
  verb.add_option("--watchlist", o.watch_list, "CSV of names to look for: name,aliases (a|b),kind,ticker");
  verb.add_option("--credit", o.credit_models, "Folders of credit models");
  verb.add_option("--policy", o.credit_policy, "The credit policy, a TOML file");
  verb.add_option("--shadow", a.shadows,
                  "Folders of challengers of those models: their answers are stored beside, nobody acts on them");
  verb.add_option("--customers", a.customers, "Folders of models of customers");
  verb.add_option("--offers", a.offers, "TOML file of offers to customers");
  verb.add_option("--kb", o.knowledge,
                  "Files and folders that the assistant answers from (default: an invented bank's)");
  verb.add_option("--writer", o.writer, "Folder of a causal model that writes its answers (default: they are quoted)");
  verb.add_option("--intents", o.intents, "Folder of its model of intents");
  verb.add_option("--prices", o.prices, "CSV files of prices, every column an instrument");
  verb.add_option("--fraud", o.fraud_model, "Folder of a model of fraud");
  verb.add_option("--rules", o.fraud_rules, "Rules (TOML) beside it, in place of those it was saved with");
  verb.add_option("--log-model", o.log_model, "Folder of a model of log windows");
  verb.add_option("--model", o.causal_models, "Folders of causal language models, for completions and chat");
  verb.add_flag("--no-scan", a.no_scan, "Scan only what a request asks to be scanned");
  verb.add_option("--alert-severity", o.alert_severity, "Signals of documents this severe are alerts; 4: none")
      ->check(CLI::Range(1, 4))
      ->capture_default_str();
}

}  // namespace

void add_serve(CLI::App& app, Common& common) {
  CLI::App* verb = app.add_subcommand("serve", "HTTP API and dashboard");
  const auto a = std::make_shared<ServeArguments>();
  add_listening(*verb, *a);
  add_models(*verb, *a);
  verb->set_config("--config", "", "TOML or INI file with these options");
  add_common(*verb, common, "ballast serve --store sqlite:bank.db --watchlist names.csv");
  add_serve_accounts(*verb, common);
  verb->callback([a, verb, &common] {
    if (verb->get_subcommands().empty()) run_serve(*a, common);
  });
}

}  // namespace ballast::apps
