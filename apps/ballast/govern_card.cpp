// SPDX-License-Identifier: Apache-2.0
// `ballast govern card MODEL`: the model card and validation report, as Markdown, a page and PDF.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <limits>
#include <memory>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/hash.h"
#include "ballast/base/parallel.h"
#include "ballast/store/lists.h"
#include "govern.h"
#include "govern_held_out.h"
#include "print_pdf.h"
#include "replay.h"

namespace ballast::apps {
namespace {

namespace fs = std::filesystem;
using base::Json;

struct CardArguments {
  std::string model, output, provenance;
  HeldOutArguments held_out;
  bool no_pdf = false;
};

/// What the store knows of the model's life.
govern::CardMonitoring monitoring_of(store::Store& store, const govern::ModelFacts& facts) {
  govern::CardMonitoring m;
  const auto by_this_model = [&](const std::string& hash) {
    return hash == facts.hash || hash.ends_with("@" + facts.hash);  // of texts: name@hash
  };
  store::Lists lists(store);
  for (const store::DecisionRecord& d : store.decisions("", std::numeric_limits<std::int64_t>::max())) {
    if (!by_this_model(d.model_hash)) continue;
    if (d.kind == "drift") {
      const Json outcome = base::parse_json(d.result, "decision " + d.id).at("outcome");
      m.drift.push_back({d.created_at.substr(0, 16),
                         fmt::format("{} / {}", outcome.value("reference_rows", std::int64_t{0}),
                                     outcome.value("current_rows", std::int64_t{0})),
                         std::to_string(outcome.value("alerts", std::int64_t{0})), d.id});
    }
    if (d.kind == "drift" || d.kind == "promotion" || d.kind == "shadow") continue;
    ++m.decisions;
    m.first = d.created_at.substr(0, 16);  // the newest come first
    if (m.last.empty()) m.last = m.first;
    if (lists.last_override(d.id)) ++m.overrides;
  }
  for (const store::AlertRecord& a : lists.alerts("open", 0, {1000, "", ""}).items) {
    for (const auto& row : m.drift) m.open_alerts += a.kind == "drift" && a.subject_id == row.back();
  }
  return m;
}

void write_card(const CardArguments& a, const govern::ModelCard& card, const Common& common) {
  const fs::path folder = a.output;
  fs::create_directories(folder);
  base::write_file_atomic(folder / "card.md", govern::card_markdown(card));
  base::write_file_atomic(folder / "card.html", govern::card_html(card));
  std::string written = "card.md, card.html";
  const std::string browser = a.no_pdf ? "" : find_browser();
  if (!browser.empty()) {
    print_pdf(browser, folder / "card.html", folder / "card.pdf");
    written += ", card.pdf";
  } else if (!a.no_pdf) {
    say(common, "no Chromium is installed, so there is no card.pdf; card.html prints from any browser");
  }
  say(common, fmt::format("wrote {} in {}", written, folder.string()));
}

void run_card(const CardArguments& a, const Common& common) {
  base::set_threads(common.threads);
  govern::CardInputs inputs;
  inputs.model = govern::identify_model(a.model);
  inputs.parts = govern::parts_of(inputs.model.folder);
  inputs.build = build_name();
  inputs.made_at = base::utc_now();
  if (!a.provenance.empty()) {
    inputs.provenance = {fs::path(a.provenance).filename().string(), base::sha256_file(a.provenance),
                         base::read_file(a.provenance)};
  }
  inputs.held_out = judge_held_out(inputs.model, a.held_out, common);
  store::Store store = store::Store::open(common.store);
  inputs.record = store::Work(store).find_model(inputs.model.hash);
  inputs.monitoring = monitoring_of(store, inputs.model);
  const govern::ModelCard card = govern::make_model_card(inputs);
  if (!a.output.empty()) write_card(a, card, common);
  if (common.json) {
    Json held_out = Json::array();
    for (const auto& r : inputs.held_out) held_out.push_back(govern::to_json(r.comparison, false));
    fmt::print("{}\n", base::dump_json({{"model", inputs.model.name},
                                        {"kind", inputs.model.kind},
                                        {"sha256", inputs.model.hash},
                                        {"open_points", govern::card_objections(inputs)},
                                        {"held_out", held_out},
                                        {"markdown", govern::card_markdown(card)}}));
  } else if (a.output.empty()) {
    fmt::print("{}", govern::card_markdown(card));
  } else {
    for (const std::string& point : govern::card_objections(inputs)) fmt::print("- {}\n", point);
  }
}

}  // namespace

void add_govern_card(CLI::App& govern, Common& common) {
  CLI::App* verb = govern.add_subcommand("card", "Model card and validation report of a model, made from its run");
  const auto a = std::make_shared<CardArguments>();
  verb->add_option("MODEL", a->model, "Model folder")->required();
  verb->add_option("--output", a->output,
                   "Folder for card.md, card.html and card.pdf (default: Markdown on the terminal)");
  verb->add_option("--held-out", a->held_out.files, "Files with outcomes that training never saw: judged and reported");
  verb->add_option("--provenance", a->provenance, "Text file that says where the data come from; goes into the card");
  verb->add_option("--text-column", a->held_out.text_columns, "Texts: columns of the text");
  verb->add_option("--label-column", a->held_out.label_columns, "Texts: column of the label, or HEAD=COLUMN");
  verb->add_flag("--no-pdf", a->no_pdf, "No PDF, although a browser is there");
  add_common(*verb, common, "ballast govern card models/german --held-out dev.csv --output german-card");
  verb->callback([a, &common] { run_card(*a, common); });
}

}  // namespace ballast::apps
