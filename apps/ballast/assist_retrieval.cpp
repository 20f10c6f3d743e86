// SPDX-License-Identifier: Apache-2.0
// `ballast assist --retrieval`: how often the target of a query is among the first passages, by words, vectors and
// both.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <unordered_map>

#include "assist.h"
#include "ballast/base/error.h"
#include "ballast/ingest/record.h"
#include "ballast/tabular/bootstrap.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr std::array<std::size_t, 4> kDepths = {1, 3, 5, 10};

struct Pairs {
  assist::KnowledgeBase base;  // the targets, equal ones once
  std::vector<std::pair<std::string, std::size_t>> queries;
};

Pairs read_pairs(const RetrievalArguments& a) {
  auto reader = ingest::RecordReader::open(a.file);
  reader.require_column(a.query, "--query-column");
  reader.require_column(a.target, "--target-column");
  const std::size_t equals = a.keep.find('=');
  if (!a.keep.empty() && equals == std::string::npos) throw Error(ErrorCode::usage, "is not COLUMN=VALUE", "--keep");
  if (!a.keep.empty()) reader.require_column(a.keep.substr(0, equals), "--keep");
  Pairs out;
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
std::vector<std::size_t> ranks(const Pairs& pairs, const assist::SearchIndex& index) {
  std::vector<std::size_t> out;
  for (const auto& [query, target] : pairs.queries) {
    const auto hits = index.search(assist::query_of(query), kDepths.back());
    const auto found = std::find_if(hits.begin(), hits.end(), [&](const auto& h) { return h.passage == target; });
    out.push_back(found == hits.end() ? 0 : static_cast<std::size_t>(found - hits.begin()) + 1);
  }
  return out;
}

Json method_json(const std::string& method, const std::vector<std::size_t>& ranks, std::uint64_t seed) {
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

}  // namespace

void evaluate_retrieval(const RetrievalArguments& a, const std::filesystem::path& model, const Common& common) {
  const Pairs pairs = read_pairs(a);
  say(common, fmt::format("{} queries, {} targets", pairs.queries.size(), pairs.base.passages.size()));
  assist::SearchOptions words, vectors, both;
  words.vector_weight = 0;
  vectors.vector_weight = 1e9;  // the words' ranks vanish beside it
  Json methods = Json::array();
  methods.push_back(method_json("words", ranks(pairs, assist::SearchIndex(pairs.base, {}, words)), common.seed));
  if (!model.empty()) {
    methods.push_back(
        method_json("vectors", ranks(pairs, assist::SearchIndex(pairs.base, model, vectors)), common.seed));
    methods.push_back(method_json("both", ranks(pairs, assist::SearchIndex(pairs.base, model, both)), common.seed));
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
