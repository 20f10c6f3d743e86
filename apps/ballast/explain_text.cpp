// SPDX-License-Identifier: Apache-2.0
// ballast explain text: which words made a model say so, how far that adds up, and whether it holds.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <memory>

#include "ballast/base/error.h"
#include "ballast/base/json.h"
#include "ballast/base/parallel.h"
#include "default_model.h"
#include "explain.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr std::size_t kShortText = 80;  // units; leaving each out once is quick up to here

struct EditOutcome {
  govern::HarmlessEdit edit;
  double evidence_f1 = 0, score_change = 0;
};

/// Everything about one label of one text.
struct WordsExplained {
  std::string label;
  double probability = 0;
  lm::IntegratedGradients gradients;
  std::vector<risk::TextUnit> units;
  std::vector<risk::Evidence> evidence;
  std::optional<govern::LeaveOut> left_out;
  std::vector<EditOutcome> edits;
};

std::vector<EditOutcome> try_edits(const std::string& text, const govern::ExplainedLabel& label,
                                   const std::vector<risk::Evidence>& evidence) {
  std::vector<EditOutcome> outcomes;
  const std::vector<std::string> words = govern::evidence_words(text, evidence);
  for (const govern::HarmlessEdit edit : govern::kHarmlessEdits) {
    const auto changed = govern::edited(text, edit);
    if (!changed) continue;
    const auto again = risk::find_evidence(*changed, label.attribute(*changed));
    const std::string both[] = {text, *changed};
    const std::vector<double> scores = label.score(both);
    outcomes.push_back({edit, govern::bag_f1(words, govern::evidence_words(*changed, again)), scores[1] - scores[0]});
  }
  return outcomes;
}

WordsExplained explain_label(const lm::TextClassifier& model, const std::string& text, std::size_t head,
                             std::size_t label, double probability, const lm::PathOptions& path) {
  WordsExplained out;
  out.label = model.heads()[head].labels[label];
  out.probability = probability;
  out.gradients = model.integrated_gradients(text, head, label, path);
  std::vector<risk::TokenWeight> weights;
  for (const lm::Attribution& a : out.gradients.tokens) weights.push_back({a.start, a.end, a.weight});
  out.units = risk::text_units(text);
  risk::spread_weights(weights, out.units);
  out.evidence = risk::find_evidence(text, weights);
  const auto plain = explained_label(model, head, label, WeightMethod::gradients, path);
  if (out.units.size() <= kShortText) out.left_out = govern::leave_out(text, out.units, plain);
  out.edits = try_edits(text, plain, out.evidence);
  return out;
}

Json words_json(const WordsExplained& e, std::string_view text) {
  Json words = Json::array(), evidence = Json::array(), edits = Json::array();
  for (std::size_t u = 0; u < e.units.size(); ++u) {
    const risk::TextUnit& unit = e.units[u];
    Json word = {{"start", unit.start},
                 {"end", unit.end},
                 {"text", text.substr(unit.start, unit.end - unit.start)},
                 {"weight", unit.weight}};
    if (e.left_out) word["left_out"] = e.left_out->drops[u];
    words.push_back(std::move(word));
  }
  for (const risk::Evidence& x : e.evidence) {
    evidence.push_back({{"start", x.start}, {"end", x.end}, {"text", x.text}, {"weight", x.weight}});
  }
  for (const EditOutcome& x : e.edits) {
    edits.push_back({{"edit", govern::harmless_edit_name(x.edit)},
                     {"evidence_f1", x.evidence_f1},
                     {"score_change", x.score_change}});
  }
  Json json = {{"label", e.label},
               {"probability", e.probability},
               {"score", e.gradients.score},
               {"base", e.gradients.base},
               {"gap", e.gradients.gap},
               {"steps", e.gradients.points},
               {"settled", e.gradients.settled},
               {"words", words},
               {"evidence", evidence},
               {"edits", edits}};
  if (e.left_out) {
    json["leave_out"] = {{"rank_correlation", e.left_out->correlation ? Json(*e.left_out->correlation) : Json()},
                         {"same_heaviest", e.left_out->same_heaviest}};
  }
  return json;
}

/// The words that are shown: at most eight, the heaviest first.
std::vector<std::size_t> heaviest_units(const WordsExplained& e) {
  constexpr std::size_t kShownWords = 8;
  std::vector<std::size_t> order(e.units.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::abs(e.units[a].weight) > std::abs(e.units[b].weight);
  });
  order.resize(std::min(order.size(), kShownWords));
  return order;
}

void print_words_en(const WordsExplained& e, const std::string& head, std::string_view text) {
  const auto& g = e.gradients;
  fmt::print("{} \"{}\": probability {:.3f}\n", head, e.label, e.probability);
  fmt::print("  score {:+.3f} = {:+.3f} with all words masked {:+.3f} by the words {:+.4f} that do not add up\n",
             g.score, g.base, g.score - g.base - g.gap, g.gap);
  if (!g.settled) fmt::print("  the {} points of the path were used up before the words added up\n", g.points);
  for (const risk::Evidence& x : e.evidence) {
    fmt::print("  evidence  \"{}\", {:.0f} % of what speaks for it\n", x.text, 100 * x.weight);
  }
  for (const std::size_t i : heaviest_units(e)) {
    const risk::TextUnit& unit = e.units[i];
    fmt::print("  {:+8.3f}  {}", unit.weight, text.substr(unit.start, unit.end - unit.start));
    if (e.left_out) fmt::print("  (without it the score is {:+.3f})", g.score - e.left_out->drops[i]);
    fmt::print("\n");
  }
  if (e.left_out && e.left_out->correlation) {
    fmt::print(
        "  check: leaving out each word in turn ranks the words alike (rank correlation {:.2f}); the heaviest {}\n",
        *e.left_out->correlation, e.left_out->same_heaviest ? "is the same" : "is another");
  }
  for (const EditOutcome& x : e.edits) {
    fmt::print("  check: {}: {:.0f} % of the evidence stays, score {:+.3f}\n",
               x.edit == govern::HarmlessEdit::lower_case    ? "all in lower case"
               : x.edit == govern::HarmlessEdit::punctuation ? "other punctuation"
                                                             : "a stop word changed",
               100 * x.evidence_f1, x.score_change);
  }
}

void print_words_zh(const WordsExplained& e, const std::string& head, std::string_view text) {
  const auto& g = e.gradients;
  fmt::print("{}“{}”：概率 {:.3f}\n", head, e.label, e.probability);
  fmt::print("  得分 {:+.3f} = 全部遮盖时 {:+.3f}，各词合计 {:+.3f}，未解释 {:+.4f}\n", g.score, g.base,
             g.score - g.base - g.gap, g.gap);
  if (!g.settled) fmt::print("  路径上的 {} 个点已用完，各词之和仍未吻合\n", g.points);
  for (const risk::Evidence& x : e.evidence) fmt::print("  依据  “{}”，占支持的 {:.0f} %\n", x.text, 100 * x.weight);
  for (const std::size_t i : heaviest_units(e)) {
    const risk::TextUnit& unit = e.units[i];
    fmt::print("  {:+8.3f}  {}", unit.weight, text.substr(unit.start, unit.end - unit.start));
    if (e.left_out) fmt::print("（去掉后得分 {:+.3f}）", g.score - e.left_out->drops[i]);
    fmt::print("\n");
  }
  if (e.left_out && e.left_out->correlation) {
    fmt::print("  核对：逐词去掉后的排序与上述权重的秩相关为 {:.2f}，最重要的词{}\n", *e.left_out->correlation,
               e.left_out->same_heaviest ? "相同" : "不同");
  }
  for (const EditOutcome& x : e.edits) {
    fmt::print("  核对：{}后，{:.0f} % 的依据不变，得分 {:+.3f}\n",
               x.edit == govern::HarmlessEdit::lower_case    ? "全部改为小写"
               : x.edit == govern::HarmlessEdit::punctuation ? "更改标点"
                                                             : "替换虚词",
               100 * x.evidence_f1, x.score_change);
  }
}

std::size_t label_named(const lm::Head& head, const std::string& name) {
  const auto found = std::find(head.labels.begin(), head.labels.end(), name);
  if (found == head.labels.end()) {
    throw Error(ErrorCode::usage, "the head \"" + head.name + "\" has no label \"" + name + "\"", "--label",
                fmt::format("one of {}", fmt::join(head.labels, ", ")));
  }
  return static_cast<std::size_t>(found - head.labels.begin());
}

}  // namespace

govern::ExplainedLabel explained_label(const lm::TextClassifier& model, std::size_t head, std::size_t label,
                                       WeightMethod method, const lm::PathOptions& path) {
  govern::ExplainedLabel out;
  out.score = [&model, head, label](std::span<const std::string> texts) {
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    std::vector<double> scores;
    for (const lm::Prediction& p : model.predict(views)) {
      const double x = std::clamp(p.heads[head].probabilities[label], 1e-12, 1 - 1e-12);
      scores.push_back(std::log(x / (1 - x)));
    }
    return scores;
  };
  out.attribute = [&model, head, label, method, path](std::string_view text) {
    std::vector<lm::Attribution> found;
    if (method == WeightMethod::gradients) {
      found = model.integrated_gradients(text, head, label, path).tokens;
    } else if (method == WeightMethod::hiding) {
      found = model.attribute(text, head, label);
    } else {
      std::vector<lm::Reading> readings = model.read({&text, 1}, head);
      for (auto& listed : readings.front().listed) {
        if (listed.label == label) found = std::move(listed.tokens);
      }
    }
    std::vector<risk::TokenWeight> weights;
    for (const lm::Attribution& a : found) weights.push_back({a.start, a.end, a.weight});
    return weights;
  };
  return out;
}

std::size_t head_named(const lm::TextClassifier& model, const std::string& name) {
  std::vector<std::string> names;
  for (const lm::Head& head : model.heads()) names.push_back(head.name);
  const auto found = std::find(names.begin(), names.end(), name.empty() ? std::string("risk") : name);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  if (name.empty()) return 0;
  throw Error(ErrorCode::usage, "the model has no head \"" + name + "\"", "--head",
              fmt::format("one of {}", fmt::join(names, ", ")));
}

std::vector<std::size_t> said_labels(const lm::Head& head, const lm::HeadPrediction& prediction, bool at_least_one) {
  std::vector<std::size_t> labels;
  if (head.kind == lm::HeadKind::multilabel) {
    for (std::size_t l = 0; l < head.labels.size(); ++l) {
      if (prediction.probabilities[l] >= head.thresholds[l]) labels.push_back(l);
    }
    if (!labels.empty() || !at_least_one) return labels;
  }
  return {lm::likeliest(prediction)};
}

void explain_words(std::string_view text, const TextExplanationOptions& options, const Common& common) {
  base::set_threads(common.threads);
  const std::string own(text);
  if (risk::text_units(own).empty()) throw Error(ErrorCode::bad_input, "holds no word", "text");
  const auto model =
      lm::TextClassifier::load(options.model.empty() ? default_model() : std::filesystem::path(options.model));
  const std::size_t h = head_named(model, options.head);
  const lm::Head& head = model.heads()[h];
  const std::string_view one[] = {own};
  const lm::HeadPrediction prediction = model.predict(one)[0].heads[h];
  std::vector<std::size_t> labels = said_labels(head, prediction, true);
  if (!options.label.empty()) labels = {label_named(head, options.label)};
  Json list = Json::array();
  for (const std::size_t label : labels) {
    const WordsExplained e = explain_label(model, own, h, label, prediction.probabilities[label], options.path);
    if (common.json)
      list.push_back(words_json(e, own));
    else if (options.language == "zh")
      print_words_zh(e, head.name, own);
    else
      print_words_en(e, head.name, own);
  }
  if (!common.json) return;
  fmt::print("{}\n", base::dump_json(
                         {{"model", model.identity()}, {"text", own}, {"head", head.name}, {"explanations", list}}));
}

void add_path_options(CLI::App& verb, lm::PathOptions& path) {
  verb.add_option("--steps", path.points, "Points along each stretch of the path of integrated gradients")
      ->capture_default_str();
  verb.add_option("--tolerance", path.tolerance, "Stretches are halved until they add up so well (log-odds)")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb.add_option("--most-steps", path.most_points, "Or until so many points were walked")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
}

void add_explain_text(CLI::App& explain, Common& common) {
  auto* verb = explain.add_subcommand("text", "Which words made a model say so, and whether that holds");
  const auto text = std::make_shared<std::string>();
  const auto options = std::make_shared<TextExplanationOptions>();
  verb->add_option("--text", *text)->required();
  verb->add_option("--model", options->model, "Model folder (default: the embedded one)");
  verb->add_option("--head", options->head, "Which question (default: risk, else the model's first)");
  verb->add_option("--label", options->label, "Which answer (default: what the model says)");
  add_path_options(*verb, options->path);
  verb->add_option("--language,--lang", options->language, "Language of the words around")
      ->check(CLI::IsMember({"en", "zh"}));
  add_common(*verb, common, "ballast explain text --text \"Regional bank faces deposit run\"");
  verb->callback([text, options, &common] { explain_words(*text, *options, common); });
}

}  // namespace ballast::apps
