// SPDX-License-Identifier: Apache-2.0
// `ballast assist --retrieval`: how often the target of a query is among the first passages, by words, vectors and
// both.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <unordered_map>

#include "assist.h"
#include "ballast/assist/confidence.h"
#include "ballast/base/error.h"
#include "ballast/ingest/record.h"
#include "ballast/tabular/bootstrap.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr std::array<std::size_t, 4> kDepths = {1, 3, 5, 10};

struct AssistRetrievalPairs {
  assist::KnowledgeBase base;  // the targets, equal ones once
  std::vector<std::pair<std::string, std::size_t>> queries;
};

AssistRetrievalPairs read_pairs_assist_retrieval(const RetrievalArguments& a) {
  auto reader = ingest::RecordReader::open(a.file);
  reader.require_column(a.query, "--query-column");
  reader.require_column(a.target, "--target-column");
  const std::size_t equals = a.keep.find('=');
  if (!a.keep.empty() && equals == std::string::npos) throw Error(ErrorCode::usage, "is not COLUMN=VALUE", "--keep");
  if (!a.keep.empty()) reader.require_column(a.keep.substr(0, equals), "--keep");
  AssistRetrievalPairs out;
  std::unordered_map<std::string, std::size_t> known;
  for (ingest::Record row; reader.next(row);) {
    if (!a.keep.empty() && row.text(a.keep.substr(0, equals)).value_or("") != a.keep.substr(equals + 1)) continue;
    const std::string query = row.text(a.query).value_or(""), target = row.text(a.target).value_or("");
    if (query.empty() || target.empty()) continue;
    const auto [at, fresh] = known.emplace(target, out.base.passages.size());
    if (fresh) {
      assist::Passage p;
      p.source = a.file;
      p.anchor = fmt::format("row {}", row.line);
      p.text = target;
      p.end = target.size();
      p.sentences = {{0, target.size()}};
      p.language = text::language_name(text::detect_language(target).language);
      out.base.passages.push_back(std::move(p));
    }
    out.queries.emplace_back(query, at->second);
  }
  if (out.queries.empty()) throw Error(ErrorCode::bad_input, "has no row with a query and a target", a.file);
  return out;
}

/// Rank of the target from 1; 0 where it is not among the first ten.
std::vector<std::size_t> ranks(const AssistRetrievalPairs& pairs, const assist::SearchIndex& index) {
  std::vector<std::size_t> out;
  for (const auto& [query, target] : pairs.queries) {
    const auto hits = index.search(assist::query_of(query), kDepths.back());
    const auto found = std::find_if(hits.begin(), hits.end(), [&](const auto& h) { return h.passage == target; });
    out.push_back(found == hits.end() ? 0 : static_cast<std::size_t>(found - hits.begin()) + 1);
  }
  return out;
}

Json method_json_assist_retrieval(const std::string& method, const std::vector<std::size_t>& ranks,
                                  std::uint64_t seed) {
  Json out = {{"method", method}};
  tabular::BootstrapOptions options;
  options.seed = seed;
  const auto interval = [&](const auto& value) {
    const auto i = tabular::bootstrap_interval(
        static_cast<std::int64_t>(ranks.size()),
        [&](std::span<const std::int64_t> rows) {
          double sum = 0;
          for (const auto r : rows) sum += value(ranks[static_cast<std::size_t>(r)]);
          return sum / static_cast<double>(rows.size());
        },
        options);
    return Json{{"value", i.estimate}, {"interval", {i.low, i.high}}};
  };
  for (const std::size_t depth : kDepths) {
    out[fmt::format("recall@{}", depth)] = interval([depth](std::size_t r) { return r > 0 && r <= depth ? 1.0 : 0.0; });
  }
  out["mrr@10"] = interval([](std::size_t r) { return r > 0 ? 1.0 / static_cast<double>(r) : 0.0; });
  return out;
}

struct Faq {
  assist::KnowledgeBase base;  // the heading of a passage is its question, the text its answer
  std::vector<std::pair<std::string, std::string>> queries;
};

Faq read_faq(const RetrievalArguments& a) {
  Faq out;
  const auto each = [&](const std::string& file, const auto& take) {
    auto reader = ingest::RecordReader::open(file);
    reader.require_column(a.query, "--query-column");
    reader.require_column(a.target, "--target-column");
    for (ingest::Record row; reader.next(row);) {
      const std::string query = row.text(a.query).value_or(""), target = row.text(a.target).value_or("");
      if (!query.empty() && !target.empty()) take(query, target);
    }
  };
  each(a.faq, [&](const std::string& question, const std::string& answer) {
    assist::Passage p;
    p.source = a.faq;
    p.heading = question;
    p.text = answer;
    p.language = text::language_name(text::detect_language(question).language);
    out.base.passages.push_back(std::move(p));  // no sentence is quoted, so only the question is searched
  });
  each(a.file, [&](const std::string& query, const std::string& target) { out.queries.emplace_back(query, target); });
  if (out.queries.empty() || out.base.passages.empty()) {
    throw Error(ErrorCode::bad_input, "has no row with a query and a target", out.queries.empty() ? a.file : a.faq);
  }
  return out;
}

void evaluate_faq(const RetrievalArguments& a, const std::filesystem::path& model, const Common& common) {
  const Faq faq = read_faq(a);
  const assist::SearchIndex index(faq.base, model, {});
  std::vector<std::uint8_t> right, right_answered, answered;
  for (const auto& [text, target] : faq.queries) {
    const assist::Query query = assist::query_of(text);
    const auto hits = index.search(query, 5);
    const auto features = assist::confidence_features(hits, faq.base, query, index);
    const bool sure = !hits.empty() && assist::confidence_of(features, assist::default_confidence()) >=
                                           assist::default_confidence().threshold;
    const bool good = !hits.empty() && faq.base.passages[hits.front().passage].text == target;
    right.push_back(good);
    answered.push_back(sure);
    if (sure) right_answered.push_back(good);
  }
  tabular::BootstrapOptions options;
  options.seed = common.seed;
  Json out = {{"queries", right.size()}, {"questions", faq.base.passages.size()}};
  const std::pair<const char*, const std::vector<std::uint8_t>*> measures[] = {
      {"right", &right}, {"answered", &answered}, {"right_where_answered", &right_answered}};
  for (const auto& [name, hits] : measures) {
    if (hits->empty()) continue;
    const auto i = tabular::bootstrap_interval(
        static_cast<std::int64_t>(hits->size()),
        [values = hits](std::span<const std::int64_t> rows) {
          double sum = 0;
          for (const auto r : rows) sum += (*values)[static_cast<std::size_t>(r)];
          return sum / static_cast<double>(rows.size());
        },
        options);
    out[name] = {{"value", i.estimate}, {"interval", {i.low, i.high}}};
    if (!common.json) fmt::print("{:<22} {:.3f} [{:.3f}, {:.3f}]\n", name, i.estimate, i.low, i.high);
  }
  if (common.json) fmt::print("{}\n", base::dump_json(out));
}

}  // namespace

void evaluate_retrieval(const RetrievalArguments& a, const std::filesystem::path& model, const Common& common) {
  if (!a.faq.empty()) return evaluate_faq(a, model, common);
  const AssistRetrievalPairs pairs = read_pairs_assist_retrieval(a);
  say(common, fmt::format("{} queries, {} targets", pairs.queries.size(), pairs.base.passages.size()));
  assist::SearchOptions words, vectors, both;
  words.vector_weight = 0;
  vectors.vector_weight = 1e9;  // the words' ranks vanish beside it
  Json methods = Json::array();
  methods.push_back(
      method_json_assist_retrieval("words", ranks(pairs, assist::SearchIndex(pairs.base, {}, words)), common.seed));
  if (!model.empty()) {
    methods.push_back(method_json_assist_retrieval(
        "vectors", ranks(pairs, assist::SearchIndex(pairs.base, model, vectors)), common.seed));
    methods.push_back(
        method_json_assist_retrieval("both", ranks(pairs, assist::SearchIndex(pairs.base, model, both)), common.seed));
  }
  if (common.json) {
    fmt::print("{}\n",
               base::dump_json(
                   {{"queries", pairs.queries.size()}, {"targets", pairs.base.passages.size()}, {"methods", methods}}));
    return;
  }
  for (const Json& m : methods) {
    fmt::print("{:<8}", m["method"].get<std::string>());
    for (const auto& [name, value] : m.items()) {
      if (name == "method") continue;
      fmt::print("  {} {:.3f} [{:.3f}, {:.3f}]", name, value["value"].get<double>(), value["interval"][0].get<double>(),
                 value["interval"][1].get<double>());
    }
    fmt::print("\n");
  }
}

}  // namespace ballast::apps
