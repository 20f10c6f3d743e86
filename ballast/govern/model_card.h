// SPDX-License-Identifier: Apache-2.0
// The model card and validation report of one model, under the headings that supervisors use (Federal Reserve SR 11-7
// of 2011, Bank of England PRA SS1/23): made from what the run wrote down, what the inventory says and what held-out
// rows showed. Nothing in it is typed by hand but the provenance of the data, where a file of it is given.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/govern/comparison.h"
#include "ballast/govern/inventory.h"

namespace ballast::govern {

struct CardTable {
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> rows;
};
/// One after the other: a paragraph, a list, a table, a drawing; whichever are there.
struct CardBlock {
  std::string text;
  std::vector<std::string> bullets;
  CardTable table;
  std::string svg, caption;  // the drawing stands in the page only; in Markdown its caption does
};
struct CardSection {
  std::string heading;
  std::vector<CardBlock> blocks;
};
struct ModelCard {
  std::string title, subtitle;
  std::vector<std::pair<std::string, std::string>> facts;  // a short table on top
  std::vector<CardSection> sections;
  std::string foot;
};

/// A model judged on rows that its training did not see.
struct HeldOutResult {
  std::string question, file, sha256;
  Comparison comparison;          // of the model, and of the traditional method beside it where it was kept
  std::vector<CardTable> tables;  // which inputs weigh most; by protected group
  std::vector<std::pair<double, double>> reliability;  // mean probability, observed share; rising
};

/// What happened with the model since: from the store.
struct CardMonitoring {
  std::int64_t decisions = 0, overrides = 0, open_alerts = 0;
  std::string first, last;                      // of its decisions
  std::vector<std::vector<std::string>> drift;  // moment, files, alerts, decision
};

/// Where the data come from, in somebody's words: a file that goes into the card as it is.
struct CardProvenance {
  std::string file, sha256, text;
};

struct CardInputs {
  ModelFacts model;
  std::optional<CardProvenance> provenance;
  std::optional<store::ModelRecord> record;  // what the inventory says
  std::vector<ModelPart> parts;
  std::vector<HeldOutResult> held_out;
  CardMonitoring monitoring;
  std::string build, made_at;
};

/// Kinds credit, fraud, customers and text; of the others what is common to all.
ModelCard make_model_card(const CardInputs& inputs);

std::string card_markdown(const ModelCard& card);
/// A self-contained page, made to be printed on A4.
std::string card_html(const ModelCard& card);

/// What a validator would object to, told from the inputs: one sentence each, the gravest first.
std::vector<std::string> card_objections(const CardInputs& inputs);

}  // namespace ballast::govern
