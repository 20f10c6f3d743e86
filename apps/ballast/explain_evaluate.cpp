// SPDX-License-Identifier: Apache-2.0
// ballast explain evaluate: are explanations of texts true to the model? Measured on rows of data, with intervals.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

#include "ballast/base/error.h"
#include "ballast/base/json.h"
#include "ballast/base/parallel.h"
#include "ballast/tabular/bootstrap.h"
#include "default_model.h"
#include "explain.h"
#include "training_data.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr double kShares[] = {0.05, 0.1, 0.2, 0.3, 0.5};
constexpr std::size_t kShareCount = std::size(kShares);
constexpr std::size_t kLeaveOutUnits = 60;  // texts up to here are checked word by word

constexpr std::pair<const char*, WeightMethod> kMethods[] = {
    {"gradients", WeightMethod::gradients}, {"hiding", WeightMethod::hiding}, {"scan", WeightMethod::scan}};

const char* weight_method_name(WeightMethod method) {
  for (const auto& [name, known] : kMethods) {
    if (known == method) return name;
  }
  return "";
}

struct JudgingArguments {
  std::vector<std::string> data, text_columns;
  std::string model, head, evidence_column = "evidence", encoding = "auto", method = "both";
  lm::PathOptions path;
  int draws = 5;
  std::int64_t rows = 0;
};

struct JudgedText {
  std::string text;
  std::vector<govern::ByteRange> marked;
};

/// The evidence that a row marks; throws what is wrong with it.
std::vector<govern::ByteRange> marked_ranges(const ingest::Record& row, const std::string& column,
                                             const std::string& text) {
  std::vector<govern::ByteRange> ranges;
  const Json list = row.json(column);
  if (list.is_null()) return ranges;
  const std::string where = row.source + ":" + std::to_string(row.line) + ", column " + column;
  if (!list.is_array()) throw Error(ErrorCode::bad_input, "is not a list of {start, end}", where);
  for (const Json& one : list) {
    const auto start = base::json_field<std::int64_t>(one, "start", where);
    const auto end = base::json_field<std::int64_t>(one, "end", where);
    if (start < 0 || end <= start || end > static_cast<std::int64_t>(text.size())) {
      throw Error(ErrorCode::bad_input,
                  fmt::format("the span {} to {} does not lie in the text of {} bytes", start, end, text.size()),
                  where);
    }
    ranges.push_back({static_cast<std::size_t>(start), static_cast<std::size_t>(end)});
  }
  return ranges;
}

std::vector<JudgedText> read_judged(const JudgingArguments& a, ReadSummary& summary) {
  std::vector<JudgedText> texts;
  const ingest::QuarantineSink sink = quarantine_into(summary);
  for (const std::string& file : files_below(a.data)) {
    ingest::ReadOptions options;
    options.encoding = a.encoding;
    auto reader = ingest::RecordReader::open(file, options, sink);
    for (ingest::Record row; reader.next(row);) {
      if (a.rows > 0 && static_cast<std::int64_t>(texts.size()) == a.rows) break;
      const auto text = row_text(row, a.text_columns);
      if (!text || risk::text_units(*text).empty()) {
        sink({file, row.line, "text", text ? "holds no word" : "is absent", ""});
        continue;
      }
      try {
        texts.push_back({*text, marked_ranges(row, a.evidence_column, *text)});
      } catch (const Error& e) {
        sink({file, row.line, a.evidence_column, e.what(), ""});
      }
    }
  }
  summary.rows = static_cast<std::int64_t>(texts.size());
  if (texts.empty()) {
    throw Error(ErrorCode::bad_input, "holds no text", a.data.front(),
                summary.reasons.empty() ? "" : "first: " + summary.reasons.front());
  }
  return texts;
}

/// A figure of each text for which it is defined; several labels of a text count as one.
class PerText {
 public:
  void add(double value) { values_.push_back(value); }
  /// Mean with its 95 % interval (bootstrap over texts).
  Json json(std::uint64_t seed) const {
    if (values_.empty()) return nullptr;
    tabular::BootstrapOptions options;
    options.seed = seed;
    const auto mean = [this](std::span<const std::int64_t> rows) {
      double sum = 0;
      for (const std::int64_t r : rows) sum += values_[static_cast<std::size_t>(r)];
      return sum / static_cast<double>(rows.size());
    };
    const auto x = tabular::bootstrap_interval(static_cast<std::int64_t>(values_.size()), mean, options);
    return {{"mean", x.estimate}, {"interval_95", {x.low, x.high}}, {"texts", values_.size()}};
  }
  const std::vector<double>& values() const { return values_; }

 private:
  std::vector<double> values_;
};

struct EditFigures {
  PerText overlap, change;
};

struct MethodFigures {
  PerText gap, relative_gap, points;
  std::int64_t unsettled = 0;  // explanations that ran out of points
  PerText correlation, same_heaviest;
  std::vector<PerText> heaviest{kShareCount}, random{kShareCount}, difference{kShareCount};
  PerText area;
  std::vector<EditFigures> edits{std::size(govern::kHarmlessEdits)};
  PerText f1, iou, precision, recall, random_f1, random_iou;
};

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

void add_mean(const std::vector<double>& values, PerText& into) {
  if (!values.empty()) into.add(mean_of(values));
}

class Judge {
 public:
  Judge(const lm::TextClassifier& model, std::size_t head, const JudgingArguments& a, std::uint64_t seed)
      : model_(model), head_(head), a_(a), seed_(seed) {}

  void add(const JudgedText& one, std::size_t number, const std::vector<std::size_t>& labels, WeightMethod method,
           MethodFigures& out) const {
    std::vector<double> gaps, relative, points, correlations, same;
    std::vector<std::vector<double>> overlap(out.edits.size()), change(out.edits.size());
    std::vector<double> heaviest(kShareCount, 0), random(kShareCount, 0);
    std::vector<govern::ByteRange> found;
    for (const std::size_t label : labels) {
      const auto plain = explained_label(model_, head_, label, method, a_.path);
      std::vector<risk::TokenWeight> weights;
      if (method == WeightMethod::gradients) {
        const auto g = model_.integrated_gradients(one.text, head_, label, a_.path);
        for (const lm::Attribution& t : g.tokens) weights.push_back({t.start, t.end, t.weight});
        gaps.push_back(std::abs(g.gap));
        points.push_back(g.points);
        if (!g.settled) ++out.unsettled;
        if (g.score != g.base) relative.push_back(std::abs(g.gap / (g.score - g.base)));
      } else {
        weights = plain.attribute(one.text);
      }
      std::vector<risk::TextUnit> units = risk::text_units(one.text);
      risk::spread_weights(weights, units);
      const auto evidence = risk::find_evidence(one.text, weights);
      for (const risk::Evidence& e : evidence) found.push_back({e.start, e.end});
      if (units.size() <= kLeaveOutUnits) {
        const govern::LeaveOut check = govern::leave_out(one.text, units, plain);
        if (check.correlation) correlations.push_back(*check.correlation);
        same.push_back(check.same_heaviest ? 1 : 0);
      }
      const govern::DeletionCurve curve =
          govern::deletion_curve(one.text, units, plain, kShares, a_.draws, seed_ + number);
      for (std::size_t s = 0; s < kShareCount; ++s) {
        heaviest[s] += curve.heaviest[s] / static_cast<double>(labels.size());
        random[s] += curve.random[s] / static_cast<double>(labels.size());
      }
      add_edits(one.text, evidence, plain, overlap, change);
    }
    add_mean(gaps, out.gap);
    add_mean(relative, out.relative_gap);
    add_mean(points, out.points);
    add_mean(correlations, out.correlation);
    add_mean(same, out.same_heaviest);
    double area = 0;
    for (std::size_t s = 0; s < kShareCount; ++s) {
      out.heaviest[s].add(heaviest[s]);
      out.random[s].add(random[s]);
      out.difference[s].add(heaviest[s] - random[s]);
      area += (heaviest[s] - random[s]) / static_cast<double>(kShareCount);
    }
    out.area.add(area);
    for (std::size_t e = 0; e < out.edits.size(); ++e) {
      add_mean(overlap[e], out.edits[e].overlap);
      add_mean(change[e], out.edits[e].change);
    }
    add_agreement(one, number, found, out);
  }

 private:
  static void add_edits(const std::string& text, const std::vector<risk::Evidence>& evidence,
                        const govern::ExplainedLabel& plain, std::vector<std::vector<double>>& overlap,
                        std::vector<std::vector<double>>& change) {
    for (std::size_t e = 0; e < std::size(govern::kHarmlessEdits); ++e) {
      const auto edited = govern::edited(text, govern::kHarmlessEdits[e]);
      if (!edited) continue;
      const auto again = risk::find_evidence(*edited, plain.attribute(*edited));
      overlap[e].push_back(
          govern::bag_f1(govern::evidence_words(text, evidence), govern::evidence_words(*edited, again)));
      const std::string both[] = {text, *edited};
      const std::vector<double> scores = plain.score(both);
      change[e].push_back(std::abs(scores[1] - scores[0]));
    }
  }

  void add_agreement(const JudgedText& one, std::size_t number, const std::vector<govern::ByteRange>& found,
                     MethodFigures& out) const {
    if (one.marked.empty()) return;
    const govern::SpanAgreement own = govern::span_agreement(one.text, found, one.marked);
    out.f1.add(own.f1);
    out.iou.add(own.iou);
    out.precision.add(own.precision);
    out.recall.add(own.recall);
    const auto drawn = govern::random_ranges(one.text, found, seed_ + number);
    const govern::SpanAgreement chance = govern::span_agreement(one.text, drawn, one.marked);
    out.random_f1.add(chance.f1);
    out.random_iou.add(chance.iou);
  }

  const lm::TextClassifier& model_;
  std::size_t head_;
  const JudgingArguments& a_;
  std::uint64_t seed_;
};

Json method_json_explain_evaluate(const MethodFigures& f, WeightMethod method, std::uint64_t seed) {
  Json json;
  if (method == WeightMethod::gradients && !f.gap.values().empty()) {
    json["completeness"] = {{"gap", f.gap.json(seed)},
                            {"largest_gap", *std::max_element(f.gap.values().begin(), f.gap.values().end())},
                            {"relative_gap", f.relative_gap.json(seed)},
                            {"points", f.points.json(seed)},
                            {"most_points", *std::max_element(f.points.values().begin(), f.points.values().end())},
                            {"ran_out_of_points", f.unsettled}};
  }
  json["leave_out"] = {{"rank_correlation", f.correlation.json(seed)}, {"same_heaviest", f.same_heaviest.json(seed)}};
  json["deletion"] = Json::array();
  for (std::size_t s = 0; s < kShareCount; ++s) {
    json["deletion"].push_back({{"share", kShares[s]},
                                {"heaviest", f.heaviest[s].json(seed)},
                                {"random", f.random[s].json(seed)},
                                {"difference", f.difference[s].json(seed)}});
  }
  json["deletion_area"] = f.area.json(seed);
  for (std::size_t e = 0; e < f.edits.size(); ++e) {
    json["stability"][govern::harmless_edit_name(govern::kHarmlessEdits[e])] = {
        {"evidence_f1", f.edits[e].overlap.json(seed)}, {"score_change", f.edits[e].change.json(seed)}};
  }
  if (!f.f1.values().empty()) {
    json["agreement"] = {{"f1", f.f1.json(seed)},
                         {"iou", f.iou.json(seed)},
                         {"precision", f.precision.json(seed)},
                         {"recall", f.recall.json(seed)},
                         {"random_f1", f.random_f1.json(seed)},
                         {"random_iou", f.random_iou.json(seed)}};
  }
  return json;
}

std::string figure_text(const Json& x) {
  if (x.is_null()) return "-";
  return fmt::format("{:.3f} [{:.3f}, {:.3f}]", x["mean"].get<double>(), x["interval_95"][0].get<double>(),
                     x["interval_95"][1].get<double>());
}

void print_method_figures(const std::string& method, const Json& f) {
  fmt::print("{}\n", method == "gradients" ? "integrated gradients"
                     : method == "hiding"  ? "hiding one token after another"
                                           : "as scans do, from the pass that scores");
  if (f.contains("completeness")) {
    const Json& c = f["completeness"];
    fmt::print("  does not add up by {:.2g} on average, {:.2g} at most; {:.2g} of score less base\n",
               c["gap"]["mean"].get<double>(), c["largest_gap"].get<double>(), c["relative_gap"]["mean"].get<double>());
    fmt::print("  points of the path: {:.1f} on average, {:.0f} at most; {} explanations ran out of them\n",
               c["points"]["mean"].get<double>(), c["most_points"].get<double>(),
               c["ran_out_of_points"].get<std::int64_t>());
  }
  fmt::print("  leaving out each word: rank correlation {}, the same heaviest word {}\n",
             figure_text(f["leave_out"]["rank_correlation"]), figure_text(f["leave_out"]["same_heaviest"]));
  fmt::print(
      "  loss of log-odds when words are taken out\n    share   heaviest first          at random               "
      "difference\n");
  for (const Json& s : f["deletion"]) {
    fmt::print("    {:>4.0f} %  {:<22}  {:<22}  {}\n", 100 * s["share"].get<double>(), figure_text(s["heaviest"]),
               figure_text(s["random"]), figure_text(s["difference"]));
  }
  for (const auto& [edit, s] : f["stability"].items()) {
    fmt::print("  {:<12} evidence that stays (F1) {}, change of log-odds {}\n", edit, figure_text(s["evidence_f1"]),
               figure_text(s["score_change"]));
  }
  if (!f.contains("agreement")) return;
  const Json& a = f["agreement"];
  fmt::print("  agreement with marked evidence ({} texts): F1 {}, IoU {}; by chance F1 {}, IoU {}\n",
             a["f1"]["texts"].get<std::int64_t>(), figure_text(a["f1"]), figure_text(a["iou"]),
             figure_text(a["random_f1"]), figure_text(a["random_iou"]));
}

void judge_explanations(const JudgingArguments& a, const Common& common) {
  base::set_threads(common.threads);
  const auto model = lm::TextClassifier::load(a.model.empty() ? default_model() : std::filesystem::path(a.model));
  const std::size_t head = head_named(model, a.head);
  ReadSummary summary;
  const std::vector<JudgedText> texts = read_judged(a, summary);
  const std::vector<std::string_view> views = [&] {
    std::vector<std::string_view> all;
    for (const JudgedText& t : texts) all.push_back(t.text);
    return all;
  }();
  const std::vector<lm::Prediction> predictions = model.predict(views);
  const Judge judge(model, head, a, common.seed);
  std::vector<std::pair<WeightMethod, MethodFigures>> figures;
  for (const auto& [name, method] : kMethods) {
    if (a.method == name || (a.method == "both" && method != WeightMethod::scan))
      figures.emplace_back(method, MethodFigures());
  }
  if (a.method == "scan" && model.heads()[head].kind != lm::HeadKind::multilabel) {
    throw Error(ErrorCode::usage, "is for multi-label heads", "--method scan");
  }
  std::int64_t explained = 0;
  const base::ProgressSink progress = terminal_progress(common);
  for (std::size_t t = 0; t < texts.size(); ++t) {
    const auto labels = said_labels(model.heads()[head], predictions[t].heads[head], false);
    if (progress) {
      progress({"explaining", static_cast<std::int64_t>(t), static_cast<std::int64_t>(texts.size()), "texts", "",
                t + 1 == texts.size()});
    }
    if (labels.empty()) continue;
    ++explained;
    for (auto& [method, into] : figures) judge.add(texts[t], t, labels, method, into);
  }
  if (explained == 0) {
    throw Error(ErrorCode::bad_input, "the model lists no label of any text: there is nothing to explain",
                a.data.front());
  }
  Json json = {{"model", model.identity()},    {"head", model.heads()[head].name}, {"data", summary_json(summary)},
               {"explained_texts", explained}, {"steps", a.path.points},           {"tolerance", a.path.tolerance},
               {"methods", Json::object()}};
  for (const auto& [method, found] : figures) {
    json["methods"][weight_method_name(method)] = method_json_explain_evaluate(found, method, common.seed);
  }
  if (common.json) {
    fmt::print("{}\n", base::dump_json(json));
    return;
  }
  fmt::print("{}, head \"{}\": {} texts, {} of them with something to explain\n", model.identity(),
             model.heads()[head].name, texts.size(), explained);
  for (const auto& [method, found] : json["methods"].items()) print_method_figures(method, found);
  if (summary.quarantined > 0) {
    fmt::print("{} rows were set aside; first: {}\n", summary.quarantined, summary.reasons.front());
  }
}

}  // namespace

void add_explain_evaluate(CLI::App& explain, Common& common) {
  auto* verb = explain.add_subcommand("evaluate", "Whether explanations of texts are true to the model, measured");
  const auto a = std::make_shared<JudgingArguments>();
  verb->add_option("--data", a->data, "CSV or JSONL with texts, and marked evidence where there is any")->required();
  verb->add_option("--model", a->model, "Model folder (default: the embedded one)");
  verb->add_option("--head", a->head, "Which question (default: risk, else the model's first)");
  verb->add_option("--text-column", a->text_columns, "Columns of the text, joined with a newline");
  verb->add_option("--evidence-column", a->evidence_column, "A list of {start, end}, bytes of the text")
      ->capture_default_str();
  verb->add_option("--encoding", a->encoding)->capture_default_str();
  verb->add_option("--method", a->method, "Token weights: gradients, hiding, both, or scan")
      ->check(CLI::IsMember({"gradients", "hiding", "both", "scan"}))
      ->capture_default_str();
  add_path_options(*verb, a->path);
  verb->add_option("--draws", a->draws, "Random orders of deletion a text")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  verb->add_option("--rows", a->rows, "At most so many texts, from the start (default: all)")
      ->check(CLI::NonNegativeNumber);
  add_common(*verb, common, "ballast explain evaluate --data dev.jsonl --json");
  verb->callback([a, &common] { judge_explanations(*a, common); });
}

}  // namespace ballast::apps
