// SPDX-License-Identifier: Apache-2.0
// ballast bench: the engine's own measurements on this machine, each the median of several repetitions.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>
#include <thread>

#include "ballast/base/error.h"
#include "ballast/base/json.h"
#include "ballast/base/memory.h"
#include "ballast/base/parallel.h"
#include "ballast/engine/isa.h"
#include "bench_measurements.h"
#include "default_model.h"
#include "verb.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;

struct BenchArguments {
  BenchPlan plan;
  std::string tokenizer, model, texts;
};

std::string processor_name() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("model name")) return line.substr(std::min(line.size(), line.find(':') + 2));
  }
  return "unknown";
}

/// The embedded model, or none: without it there is simply no figure for scanning.
std::string model_at_hand() {
  try {
    return default_model().string();
  } catch (const Error&) {
    return "";
  }
}

/// Three significant digits, without an exponent.
std::string figure(double x) {
  return x >= 100 ? fmt::format("{:.0f}", x) : fmt::format("{:.3g}", x);
}

void print_row(const Measurement& m) {
  const std::string share = m.share > 0 ? fmt::format("{:>5.0f} %", 100 * m.share) : "";
  std::printf("%s\n", fmt::format("{:<48}{:>10} {:<12}{:>8} … {:<8}{:>5}{}", m.name, figure(m.median), m.unit,
                                  figure(m.low), figure(m.high), m.repetitions, share)
                          .c_str());
  std::fflush(stdout);
}

base::Json machine_facts() {
  return {{"processor", processor_name()},
          {"isa", engine::isa_name()},
          {"bf16_kernel", engine::has_bf16_kernel()},
          {"threads", base::threads()},
          {"cores", std::thread::hardware_concurrency()},
          {"build", BALLAST_VERSION}};
}

void run_bench(const BenchArguments& arguments, const Common& common) {
  BenchPlan plan = arguments.plan;
  if (!(plan.pace.seconds > 0 && plan.pace.seconds <= 3600))
    throw Error(ErrorCode::usage, "must lie in 0 … 3600", "--seconds");
  plan.tokenizer = arguments.tokenizer;
  plan.texts = arguments.texts;
  plan.model = arguments.model.empty() ? model_at_hand() : arguments.model;
  base::Json results = base::Json::object();
  const MeasurementSink sink = [&](const Measurement& m) {
    results[m.name] = {
        {"unit", m.unit}, {"median", m.median}, {"low", m.low}, {"high", m.high}, {"repetitions", m.repetitions}};
    if (m.share > 0) results[m.name]["share_of_machine"] = m.share;
    if (!common.json) print_row(m);
  };
  const base::Json machine = machine_facts();
  if (!common.json) {
    std::printf("%s\n", fmt::format("{}, {}, {} of {} threads", processor_name(), engine::isa_name(), base::threads(),
                                    std::thread::hardware_concurrency())
                            .c_str());
    std::printf("%s\n", fmt::format("{:<48}{:>10} {:<12}{:>8}   {:<8}{:>5}  {}", "", "median", "", "lowest", "highest",
                                    "times", "of the machine")
                            .c_str());
  }
  plan.limits = std::make_shared<MachineLimits>(std::min(0.3, plan.pace.seconds));
  bench_machine(plan, sink);
  bench_products(plan, sink);
  bench_networks(plan, sink);
  bench_tables(plan, sink);
  bench_tokenizer(plan, sink);
  bench_scan(plan, sink);
  if (results.empty())
    throw Error(ErrorCode::usage, "nothing measured is called \"" + plan.only + "\"", "--only",
                "tokenizer needs --tokenizer, scan a model");
  const std::int64_t peak = base::peak_memory_bytes();
  if (common.json) {
    const base::Json out = {{"machine", machine}, {"results", results}, {"peak_memory_bytes", peak}};
    std::printf("%s\n", base::dump_json(out).c_str());
  } else {
    std::printf("%s\n", fmt::format("peak memory {:.0f} MB", 1e-6 * static_cast<double>(peak)).c_str());
  }
}

}  // namespace

void add_bench(CLI::App& app, Common& common) {
  auto* verb =
      app.add_subcommand("bench", "Measure this machine: products, training, boosted trees, tokenizing, scanning");
  auto arguments = std::make_shared<BenchArguments>();
  auto* only = verb->add_option("--only", arguments->plan.only,
                                "Only measurements with this in their name (machine, gemm.f32, train, trees, scan)");
  verb->add_option("--seconds", arguments->plan.pace.seconds, "Time of each measurement")->capture_default_str();
  verb->add_flag("--turns", arguments->plan.pace.turns,
                 "Measure once for each line on standard input and print the rate at once, to take turns with another "
                 "program; --only is its whole name")
      ->needs(only);
  verb->add_flag("--large", arguments->plan.large,
                 "Networks of 0.1 to 0.5 billion parameters in place of the small ones (minutes, 5 GB)");
  verb->add_option("--tokenizer", arguments->tokenizer, "Folder of a tokenizer to measure");
  verb->add_option("--texts", arguments->texts, "Lines to tokenize and scan (default: the demonstration's headlines)");
  verb->add_option("--model", arguments->model, "Model to scan with (default: $BALLAST_MODEL, else the embedded one)");
  add_common(*verb, common, "ballast bench --only gemm --json");
  verb->callback([arguments, &common] { run_bench(*arguments, common); });
}

}  // namespace ballast::apps
