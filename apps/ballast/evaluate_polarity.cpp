// SPDX-License-Identifier: Apache-2.0
// `ballast evaluate --polarity`: pairs of opposite sentences, of which the first must have the higher risk.
#include "evaluate_polarity.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <map>

#include "ballast/base/error.h"
#include "ballast/ingest/record.h"
#include "ballast/risk/chat_scorer.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;

struct PolarityPair {
  std::string lang, kind, risk, worse, better;
  std::int64_t line = 0;
  double before = 0, after = 0;  // probability of the risk in `worse` and in `better`
  bool right() const { return before > after; }
};

std::vector<PolarityPair> read_polarity_pairs(const std::string& file) {
  std::vector<PolarityPair> pairs;
  auto reader = ingest::RecordReader::open(file);
  for (const char* column : {"lang", "kind", "risk", "worse", "better"}) reader.require_column(column, "--polarity");
  for (ingest::Record row; reader.next(row);) {
    const auto text = [&](const char* column) {
      const std::string value = row.text(column).value_or("");
      if (value.empty()) {
        throw Error(ErrorCode::bad_input, std::string("column \"") + column + "\" is empty",
                    file + ":" + std::to_string(row.line));
      }
      return value;
    };
    pairs.push_back({text("lang"), text("kind"), text("risk"), text("worse"), text("better"), row.line, 0, 0});
  }
  if (pairs.empty()) throw Error(ErrorCode::bad_input, "holds no pairs", file);
  return pairs;
}

void score_pairs(const risk::Scorer& scorer, std::vector<PolarityPair>& pairs, const std::string& file) {
  std::vector<std::string_view> texts;
  for (const PolarityPair& p : pairs) {
    texts.push_back(p.worse);
    texts.push_back(p.better);
  }
  const std::vector<risk::TextScores> scores = scorer.score(texts);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const auto probability = [&](const risk::TextScores& s) {
      for (const auto& kind : s.kinds) {
        if (kind.risk == pairs[i].risk) return kind.probability;
      }
      throw Error(ErrorCode::bad_input, "the model knows no risk \"" + pairs[i].risk + "\"",
                  file + ":" + std::to_string(pairs[i].line));
    };
    pairs[i].before = probability(scores[2 * i]);
    pairs[i].after = probability(scores[2 * i + 1]);
  }
}

struct PolarityShare {
  std::int64_t right = 0, of = 0;
  double rate() const { return static_cast<double>(right) / static_cast<double>(of); }
  /// 95 % interval of Wilson (1927).
  std::array<double, 2> interval() const {
    const double n = static_cast<double>(of), z = 1.959963984540054, p = rate();
    const double middle = (p + z * z / (2 * n)) / (1 + z * z / n);
    const double half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    return {middle - half, middle + half};
  }
};

}  // namespace

void evaluate_polarity(const std::string& file, const std::filesystem::path& model, const Common& common) {
  std::vector<PolarityPair> pairs = read_polarity_pairs(file);
  const risk::Scorer scorer = risk::open_scorer(model);
  score_pairs(scorer, pairs, file);
  std::map<std::string, PolarityShare> groups;
  for (const PolarityPair& p : pairs) {
    for (const std::string& group : {std::string("all"), p.lang, p.lang + " " + p.kind}) {
      ++groups[group].of;
      groups[group].right += p.right();
    }
  }
  if (common.json) {
    base::Json shares = base::Json::object(), wrong = base::Json::array();
    for (const auto& [name, s] : groups) {
      shares[name] = {{"right", s.right}, {"pairs", s.of}, {"rate", s.rate()}, {"interval", s.interval()}};
    }
    for (const PolarityPair& p : pairs) {
      if (p.right()) continue;
      wrong.push_back({{"line", p.line},
                       {"risk", p.risk},
                       {"worse", p.worse},
                       {"better", p.better},
                       {"probability_worse", p.before},
                       {"probability_better", p.after}});
    }
    fmt::print("{}\n", base::dump_json({{"model", scorer.model}, {"groups", shares}, {"wrong", wrong}}));
    return;
  }
  fmt::print("model  {}\n", scorer.model);
  for (const auto& [name, s] : groups) {
    const auto [low, high] = s.interval();
    fmt::print("{:<12}  {:>3} of {:>3} pairs right  {:5.1f} %  ({:.1f} to {:.1f})\n", name, s.right, s.of,
               100 * s.rate(), 100 * low, 100 * high);
  }
  for (const PolarityPair& p : pairs) {
    if (!p.right())
      say(common, fmt::format("  {} {:.3f} | {:.3f}  {} | {}", p.risk, p.before, p.after, p.worse, p.better));
  }
}

}  // namespace ballast::apps
