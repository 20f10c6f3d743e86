// SPDX-License-Identifier: Apache-2.0
// ballast explain ID: why a signal or decision came out so. ballast explain attention: a model's true attention
// weights.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "ballast/base/error.h"
#include "ballast/decide/decision.h"
#include "ballast/lm/attention_maps.h"
#include "ballast/store/store.h"
#include "default_model.h"
#include "explain.h"
#include "explain_case.h"
#include "verb.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

struct AttentionArguments {
  std::string model, text;
  std::int64_t layer = -1, head = -1;
};

void explain_signal(store::Store& store, const store::SignalRecord& s, const Common& common) {
  const auto document = store.find_document(s.document_id);
  const Json evidence = base::parse_json(s.evidence, "signal " + s.id);
  if (common.json) {
    const Json out = {{"id", s.id},
                      {"kind", "signal"},
                      {"document_id", s.document_id},
                      {"text", document ? Json(document->text) : Json()},
                      {"risk", s.risk},
                      {"probability", s.probability},
                      {"interval", {s.lo, s.hi}},
                      {"basel", s.basel},
                      {"evidence", evidence},
                      {"entities", base::parse_json(s.entities, "signal " + s.id)},
                      {"model", s.model},
                      {"created_at", s.created_at}};
    fmt::print("{}\n", base::dump_json(out));
    return;
  }
  fmt::print("signal {}: {} risk, probability {:.3f} (90 % interval {:.3f} to {:.3f})\n", s.id, s.risk, s.probability,
             s.lo, s.hi);
  if (document) fmt::print("text      {}\n", document->text);
  for (const Json& e : evidence) {
    fmt::print("evidence  \"{}\" at bytes {} to {}, {:.0f} % of what speaks for it\n", e.at("text").get<std::string>(),
               e.at("start").get<std::int64_t>(), e.at("end").get<std::int64_t>(), 100 * e.at("weight").get<double>());
  }
  if (!s.basel.empty()) fmt::print("Basel     {}\n", s.basel);
  fmt::print("model     {}, {}\n", s.model, s.created_at);
}

/// A decision on prices keeps thousands of them.
std::string shortened(std::string text) {
  constexpr std::size_t kShown = 4000;
  if (text.size() <= kShown) return text;
  std::size_t end = kShown;
  while ((static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;  // not inside a character
  return text.substr(0, end) + fmt::format(" … {} more bytes, --json shows all", text.size() - end);
}

void explain_decision(const decide::Decision& d, const Common& common) {
  if (common.json) {
    fmt::print("{}\n", base::dump_json(decide::decision_json(d)));
    return;
  }
  fmt::print("{} decision {} about {}: {}\n", d.kind, d.id, d.subject, base::dump_json(d.outcome));
  if (d.probability) {
    fmt::print("probability {:.4f}", *d.probability);
    if (d.interval) fmt::print(" (90 % interval {:.4f} to {:.4f})", (*d.interval)[0], (*d.interval)[1]);
    fmt::print("\n");
  }
  for (const decide::Reason& r : d.reasons) fmt::print("  {:+9.4f}  {}  {}\n", r.contribution, r.code, r.text);
  fmt::print("inputs    {}\n",
             d.inputs.is_null() ? "erased; SHA-256 " + d.inputs_hash : shortened(base::dump_json(d.inputs)));
  fmt::print("model     {} {}\npolicy    {}\nmade by   ballast {} ({}), seed {}, {}\n", d.model, d.model_hash,
             d.policy_hash.empty() ? "none" : d.policy_hash, d.build, d.isa, d.seed, d.created_at);
}

struct ExplainArguments {
  std::string id;
  bool words = false;
  TextExplanationOptions text;
  CaseOptions credit;
};

/// A stored credit decision by what would have changed it and by cases like it.
void explain_credit_decision(const decide::Decision& d, CaseOptions options, const std::string& language,
                             const Common& common) {
  const std::string where = "decision " + d.id;
  if (d.kind != "credit") {
    throw Error(ErrorCode::usage, "is a decision of kind \"" + d.kind + "\", not \"credit\"", where,
                "--changes and --training go with credit decisions");
  }
  if (d.inputs.is_null()) throw Error(ErrorCode::not_found, "its inputs have been erased", where);
  const decide::CreditDesk desk(d.model, base::json_field<std::string>(d.inputs, "policy", where), where);
  ingest::Record application;
  application.source = where;
  application.line = base::json_field<std::int64_t>(d.inputs, "row", where);
  application.object = base::json_field<Json>(d.inputs, "application", where);
  options.language = language;
  explain_application(desk, application, options, common);
}

/// The words of a signal's text, by the model again.
void explain_signal_words(store::Store& store, const store::SignalRecord& s, TextExplanationOptions options,
                          const Common& common) {
  const auto document = store.find_document(s.document_id);
  if (!document) throw Error(ErrorCode::not_found, "its document is not in the store any more", "signal " + s.id);
  options.head = "risk";
  options.label = s.risk;
  explain_words(document->text, options, common);
}

void run_explain(const ExplainArguments& a, const Common& common) {
  const std::string& id = a.id;
  store::Store store = store::Store::open(common.store);
  if (const auto decision = decide::find(store, id)) {
    if (a.words) throw Error(ErrorCode::usage, "goes with the id of a signal", "--words");
    if (!a.credit.changes.empty() || !a.credit.training.empty()) {
      return explain_credit_decision(*decision, a.credit, a.text.language, common);
    }
    return explain_decision(*decision, common);
  }
  if (const auto signal = store.find_signal(id)) {
    if (a.words) return explain_signal_words(store, *signal, a.text, common);
    return explain_signal(store, *signal, common);
  }
  throw Error(ErrorCode::not_found, "no decision or signal has the id \"" + id + "\"", common.store,
              "an id as `scan --json` or a desk prints it");
}

bool chosen_explain(std::int64_t wanted, std::int64_t here) {
  return wanted < 0 || wanted == here;
}

void check_choice(std::int64_t wanted, std::int64_t count, const char* option) {
  if (wanted < count) return;
  throw Error(ErrorCode::usage, fmt::format("{} is out of range", wanted), option, fmt::format("0 to {}", count - 1));
}

void run_attention(const AttentionArguments& a, const Common& common) {
  const lm::AttentionMaps maps =
      lm::attention_maps(a.model.empty() ? default_model() : std::filesystem::path(a.model), a.text);
  check_choice(a.layer, maps.layers, "--layer");
  check_choice(a.head, maps.heads, "--head");
  const auto n = static_cast<std::int64_t>(maps.tokens.size());
  for (std::int64_t layer = 0; layer < maps.layers; ++layer) {
    for (std::int64_t head = 0; head < maps.heads; ++head) {
      if (!chosen_explain(a.layer, layer) || !chosen_explain(a.head, head)) continue;
      Json rows = Json::array();
      for (std::int64_t from = 0; from < n; ++from) {
        Json row = Json::array();
        for (std::int64_t to = 0; to < n; ++to) row.push_back(maps.at(layer, head, from, to));
        rows.push_back(std::move(row));
      }
      if (common.json) {
        fmt::print("{}\n",
                   base::dump_json({{"layer", layer}, {"head", head}, {"tokens", maps.tokens}, {"weights", rows}}));
        continue;
      }
      fmt::print("layer {}, head {}\n", layer, head);
      for (std::int64_t from = 0; from < n; ++from) {
        for (std::int64_t to = 0; to < n; ++to) fmt::print(" {:.2f}", maps.at(layer, head, from, to));
        fmt::print("  {}\n", maps.tokens[static_cast<std::size_t>(from)]);
      }
    }
  }
}

}  // namespace

void add_explain(CLI::App& app, Common& common) {
  auto* verb = app.add_subcommand("explain", "Why a signal or decision came out so; a model's attention weights");
  const auto own = std::make_shared<ExplainArguments>();
  verb->add_option("id", own->id, "Of a stored decision or signal");
  verb->add_flag("--words", own->words, "A signal: every word's part, by the model again, and checks of it");
  verb->add_option("--model", own->text.model, "With --words: folder of the model (default: the embedded one)");
  verb->add_option("--language,--lang", own->text.language, "With --words, --changes, --training: en or zh")
      ->check(CLI::IsMember({"en", "zh"}));
  add_case_options(*verb, own->credit);
  add_common(*verb, common,
             "ballast explain 3fa94c01b2d7e688\n  ballast explain attention --text \"liquidity dries up\"");
  auto* attention = verb->add_subcommand("attention", "The true attention weights over a text, layer by layer");
  auto arguments = std::make_shared<AttentionArguments>();
  attention->add_option("--model", arguments->model, "Model folder (default: the embedded one)");
  attention->add_option("--text", arguments->text)->required();
  attention->add_option("--layer", arguments->layer, "From 0 (default: all)");
  attention->add_option("--head", arguments->head, "From 0 (default: all)");
  add_common(*attention, common, "ballast explain attention --text \"我是一个计算机科学家\" --layer 0 --json");
  attention->callback([arguments, &common] { run_attention(*arguments, common); });
  add_explain_text(*verb, common);
  add_explain_case(*verb, common);
  add_explain_evaluate(*verb, common);
  verb->callback([verb, own, &common] {
    if (!verb->get_subcommands().empty()) return;
    if (own->id.empty()) {
      throw Error(ErrorCode::usage,
                  "needs the id of a decision or signal, or one of `text`, `case`, `attention`, `evaluate`", "explain");
    }
    run_explain(*own, common);
  });
}

}  // namespace ballast::apps
