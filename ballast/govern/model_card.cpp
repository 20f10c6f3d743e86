// SPDX-License-Identifier: Apache-2.0
// A card put together: what is common to all kinds around what a kind has of its own.
#include "ballast/govern/model_card.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ballast/govern/card/parts.h"
#include "ballast/govern/comparison_report.h"

namespace ballast::govern {
namespace {

using base::Json;

bool is_table_kind(const std::string& kind) {
  return kind == "credit" || kind == "fraud" || kind == "customers";
}

std::string or_nobody(const std::string& text, const char* otherwise) {
  return text.empty() ? otherwise : text;
}

std::vector<CardBlock> held_out_blocks(const CardInputs& in) {
  std::vector<CardBlock> blocks;
  if (in.held_out.empty()) {
    blocks.push_back(card_text("No held-out file was given: all figures of this report are out of fold."));
    return blocks;
  }
  for (const HeldOutResult& r : in.held_out) {
    blocks.push_back(card_text(
        fmt::format("{}: {} rows of {} (SHA-256 {}) that training did not see; 95 % intervals by bootstrap{}.",
                    r.question, r.comparison.rows, r.file, r.sha256,
                    r.comparison.measures[r.comparison.primary].name == "AUC" ? ", AUC by DeLong" : "")));
    std::vector<std::string> head = {"measure"};
    for (const MethodFigures& m : r.comparison.methods) head.push_back(m.name);
    std::vector<std::vector<std::string>> rows;
    for (std::size_t k = 0; k < r.comparison.measures.size(); ++k) {
      rows.push_back({r.comparison.measures[k].name});
      for (const MethodFigures& m : r.comparison.methods) rows.back().push_back(card_estimate(m.measures[k]));
    }
    rows.push_back({"ECE (by chance up to)"});
    for (const MethodFigures& m : r.comparison.methods) {
      rows.back().push_back(m.calibration ? fmt::format("{:.3f} ({:.3f})", m.calibration->ece, m.calibration->chance_95)
                                          : "-");
    }
    blocks.push_back(card_table(std::move(head), rows));
    for (const PairTest& t : r.comparison.tests) {
      blocks.push_back(card_text(fmt::format(
          "{} against {}: {} {:+.3f} [{:+.3f}, {:+.3f}], {} {:.2g}.", r.comparison.methods[t.second].name,
          r.comparison.methods[t.first].name, r.comparison.measures[r.comparison.primary].name, t.difference.value,
          t.difference.low, t.difference.high, t.test.ends_with("mid-p") ? t.test : t.test + " p", t.p_value)));
    }
    if (r.reliability.size() > 1)
      blocks.push_back(reliability_drawing(r.reliability, "Reliability on the held-out rows, bins of equal mass"));
    for (const CardTable& t : r.tables) blocks.push_back(card_table(t.head, t.rows));
  }
  return blocks;
}

/// Sentences and items; headings and tables of Markdown are left out.
std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    at = end + 1;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty() || line[0] == '#' || line[0] == '|') continue;
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<CardBlock> monitoring_blocks(const CardInputs& in) {
  const CardMonitoring& m = in.monitoring;
  std::vector<CardBlock> blocks;
  blocks.push_back(card_text(
      m.decisions == 0
          ? "The store holds no decision by this model yet."
          : fmt::format("The store holds {} decisions by this model, from {} to {}; people proposed to override {} of"
                        " them; {} alerts about its drift are open.",
                        m.decisions, m.first, m.last, m.overrides, m.open_alerts)));
  if (m.drift.empty()) {
    blocks.push_back(card_text("No drift report about it was made (`ballast govern drift --model`)."));
  } else {
    blocks.push_back(card_table({"drift report of", "rows before / of late", "alerts", "decision"}, m.drift));
  }
  blocks.push_back(card_text(
      "Plan: `ballast govern drift` on each month's rows against earlier ones that training did not see (stability "
      "index above 0.25,"
      " embeddings and calibration at p < 0.01 after Holm's correction raise an alert and a failing exit code);"
      " challengers in shadow (`ballast govern shadow`); `ballast replay --all` after every upgrade."));
  return blocks;
}

std::vector<CardBlock> governance_blocks(const CardInputs& in) {
  std::vector<CardBlock> blocks;
  if (in.record) {
    const store::ModelRecord& r = *in.record;
    std::vector<std::vector<std::string>> rows = {
        {"purpose", r.purpose},
        {"role", r.role},
        {"owner", or_nobody(r.owner, "nobody named")},
        {"tier", or_nobody(r.tier, "not set")},
        {"registered", r.registered_at + " by " + r.registered_by},
        {"promoted", r.promoted_at.empty() ? "never" : r.promoted_at + " by " + r.promoted_by},
        {"decision", or_nobody(r.decision_id, "-")}};
    std::string limits;
    for (const Json& l : base::parse_json(r.limits, "limits"))
      limits += (limits.empty() ? "" : "; ") + l.get<std::string>();
    rows.push_back({"limits, enforced at promotion", or_nobody(limits, "none")});
    for (const Json& e : base::parse_json(r.evidence, "evidence")) {
      rows.push_back({"evidence", fmt::format("{} (SHA-256 {}) {}", e.value("file", ""), e.value("sha256", ""),
                                              e.value("reason", ""))});
    }
    if (!r.note.empty()) rows.push_back({"note", r.note});
    blocks.push_back(card_table({"inventory", ""}, rows));
  } else {
    blocks.push_back(card_text("The model is not in the inventory (`ballast model register`)."));
  }
  std::vector<std::vector<std::string>> files;
  for (const ModelPart& p : in.parts) files.push_back({p.name, std::to_string(p.bytes), p.sha256});
  blocks.push_back(card_table({"file of the model", "bytes", "SHA-256"}, files));
  const Json cost = in.model.document.value("cost", Json::object());
  if (cost.is_object() && !cost.empty()) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& [name, value] : cost.items())
      rows.push_back({name, value.is_string()         ? value.get<std::string>()
                            : value.is_number_float() ? fmt::format("{:.4g}", value.get<double>())
                                                      : value.dump()});
    blocks.push_back(card_table({"cost of training", ""}, rows));
  } else if (in.model.document.contains("candidates")) {
    double seconds = 0;
    for (const Json& c : in.model.document["candidates"]) seconds += c.value("seconds", 0.0);
    blocks.push_back(
        card_text(fmt::format("Cost of training: {:.1f} seconds for the folds of all candidates.", seconds)));
  }
  return blocks;
}

}  // namespace

ModelCard make_model_card(const CardInputs& in) {
  ModelCard card;
  card.title = in.model.name;
  card.subtitle =
      fmt::format("A model of kind {}, for {}", in.model.kind, in.record ? in.record->purpose : in.model.purpose);
  card.facts = {{"SHA-256 that decisions name", in.model.hash},
                {"role", in.record ? in.record->role : "not in the inventory"},
                {"owner", in.record ? or_nobody(in.record->owner, "nobody named") : "nobody named"},
                {"tier", in.record ? or_nobody(in.record->tier, "not set") : "not set"},
                {"report made", in.made_at}};
  KindSections kind = is_table_kind(in.model.kind) ? table_sections(in) : text_sections(in);
  std::vector<CardBlock> summary = {
      card_text("What a validator would ask about, told from the figures below by rule, the gravest first:"),
      card_list(card_objections(in))};
  if (summary[1].bullets.empty()) summary = {card_text("No rule of this report found anything to object to.")};
  card.sections.push_back({"Open points", std::move(summary)});
  card.sections.push_back({"1. Purpose and scope", std::move(kind.purpose)});
  if (in.provenance) {
    kind.data.push_back(card_text(
        fmt::format("Where the data come from, by {} (SHA-256 {}):", in.provenance->file, in.provenance->sha256)));
    kind.data.push_back(card_list(lines_of(in.provenance->text)));
  }
  card.sections.push_back({"2. Data", std::move(kind.data)});
  card.sections.push_back({"3. Conceptual soundness", std::move(kind.soundness)});
  card.sections.push_back({"4. Development evidence", std::move(kind.development)});
  std::vector<CardBlock> outcomes = held_out_blocks(in);
  outcomes.insert(outcomes.end(), kind.outcomes.begin(), kind.outcomes.end());
  card.sections.push_back({"5. Outcomes analysis", std::move(outcomes)});
  card.sections.push_back({"6. Ongoing monitoring", monitoring_blocks(in)});
  card.sections.push_back({"7. Limitations", std::move(kind.limitations)});
  card.sections.push_back({"8. Governance", governance_blocks(in)});
  card.foot = fmt::format(
      "Made by ballast {} on {} from the model's own files and the store; headings after SR 11-7 (Federal Reserve, "
      "2011)"
      " and SS1/23 (PRA, 2023).",
      in.build, in.made_at);
  return card;
}

}  // namespace ballast::govern
