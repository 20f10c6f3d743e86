// SPDX-License-Identifier: Apache-2.0
// Found strings against true ones: what `evaluate` and the training report of a tagger show.
#include <algorithm>
#include <map>

#include "ballast/base/parallel.h"
#include "ballast/tabular/bootstrap.h"
#include "tagging_data.h"

namespace ballast::apps {
namespace {

using base::Json;

struct TaggerScoreCounts {
  std::int64_t right = 0, found = 0, truth = 0;
  void operator+=(const TaggerScoreCounts& o) {
    right += o.right;
    found += o.found;
    truth += o.truth;
  }
  double precision() const { return found > 0 ? static_cast<double>(right) / static_cast<double>(found) : 0; }
  double recall() const { return truth > 0 ? static_cast<double>(right) / static_cast<double>(truth) : 0; }
  double f1() const {
    return found + truth > 0 ? 2 * static_cast<double>(right) / static_cast<double>(found + truth) : 0;
  }
  Json json() const {
    return {{"precision", precision()}, {"recall", recall()}, {"f1", f1()},
            {"support", truth},         {"predicted", found}, {"right", right}};
  }
};

TaggerScoreCounts count(const std::vector<std::string>& truth, const std::vector<std::string>& found) {
  TaggerScoreCounts c{0, static_cast<std::int64_t>(found.size()), static_cast<std::int64_t>(truth.size())};
  for (const std::string& f : found) c.right += std::find(truth.begin(), truth.end(), f) != truth.end();
  return c;
}

}  // namespace

Json score_spans(const SpanRows& rows, const std::vector<std::vector<std::string>>& found, std::uint64_t seed,
                 bool intervals) {
  std::vector<TaggerScoreCounts> texts(rows.distinct_texts);
  std::map<std::string, TaggerScoreCounts> conditions;
  TaggerScoreCounts all;
  std::int64_t exact = 0;
  for (std::size_t r = 0; r < rows.texts.size(); ++r) {
    const TaggerScoreCounts c = count(rows.strings[r], found[r]);
    texts[rows.text_number[r]] += c;
    conditions[rows.texts[r].condition] += c;
    all += c;
    exact += c.right == c.found && c.right == c.truth;
  }
  Json json = all.json();
  json["rows"] = rows.texts.size();
  json["texts"] = rows.distinct_texts;
  json["exact_rows"] = static_cast<double>(exact) / static_cast<double>(rows.texts.size());
  if (!intervals) return json;
  tabular::BootstrapOptions options;
  options.seed = seed;
  const auto interval = tabular::bootstrap_interval(
      static_cast<std::int64_t>(texts.size()),
      [&](std::span<const std::int64_t> drawn) {
        TaggerScoreCounts sum;
        for (const std::int64_t t : drawn) sum += texts[static_cast<std::size_t>(t)];
        return sum.f1();
      },
      options);
  json["f1_interval_95"] = {interval.low, interval.high};
  if (conditions.size() > 1) {
    for (const auto& [condition, c] : conditions) json["conditions"][condition] = c.json();
  }
  return json;
}

std::vector<std::string> found_strings(const lm::SpanTagger& tagger, const lm::TaggedText& text) {
  std::set<std::string> strings;
  for (const lm::FoundSpan& f : tagger.find(text.text, text.condition)) {
    strings.insert(span_string(f.label, std::string_view(text.text).substr(f.start, f.end - f.start)));
  }
  return {strings.begin(), strings.end()};
}

Json score_found(const lm::SpanTagger& tagger, const SpanRows& rows, std::uint64_t seed, bool intervals) {
  std::vector<std::vector<std::string>> found(rows.texts.size());
  base::parallel_for(static_cast<std::int64_t>(found.size()), [&](std::int64_t r) {
    found[static_cast<std::size_t>(r)] = found_strings(tagger, rows.texts[static_cast<std::size_t>(r)]);
  });
  return score_spans(rows, found, seed, intervals);
}

}  // namespace ballast::apps
