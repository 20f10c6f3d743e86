// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/span_tagger.h"

#include <algorithm>
#include <cmath>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/hash.h"
#include "ballast/base/json.h"

namespace ballast::lm {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;
using base::json_field;
namespace fs = std::filesystem;

constexpr double kAlways = 0.99;     // share of a condition's training texts that hold a span
constexpr double kMostCertain = 30;  // log-odds beyond which a probability says no more
constexpr const char* kSpecFile = "tagger.json";
constexpr const char* kWeightsFile = "tagger.safetensors";

Json tagger_spec_json(const TaggerSpec& spec) {
  Json json;
  json["format"] = 1;
  json["labels"] = spec.labels;
  json["platt"] = spec.platt;
  json["threshold"] = spec.threshold;
  json["conditions"] = Json::object();
  for (const auto& [condition, seen] : spec.conditions) {
    json["conditions"][condition] = {{"texts", seen.texts}, {"with_spans", seen.with_spans}};
  }
  return json;
}

TaggerSpec read_tagger_spec(const fs::path& file) {
  const std::string where = file.string();
  const Json json = base::read_json(file);
  if (json_field<int>(json, "format", where) != 1) {
    throw Error(ErrorCode::unsupported, "format is not 1", where, "made by a newer Ballast?");
  }
  TaggerSpec spec;
  spec.labels = json_field<std::vector<std::string>>(json, "labels", where);
  spec.platt = json_field<std::array<double, 2>>(json, "platt", where);
  spec.threshold = json_field<double>(json, "threshold", where);
  const Json conditions = json_field<Json>(json, "conditions", where);
  for (const auto& [condition, seen] : conditions.items()) {
    spec.conditions[condition] = {json_field<std::int64_t>(seen, "texts", where),
                                  json_field<std::int64_t>(seen, "with_spans", where)};
  }
  if (spec.labels.empty()) throw Error(ErrorCode::bad_input, "has no labels", where);
  return spec;
}

}  // namespace

bool TaggerSpec::always(const std::string& condition) const {
  const auto seen = conditions.find(condition);
  return seen != conditions.end() &&
         static_cast<double>(seen->second.with_spans) >= kAlways * static_cast<double>(seen->second.texts);
}

bool TaggerSpec::never(const std::string& condition) const {
  const auto seen = conditions.find(condition);
  return seen != conditions.end() && seen->second.with_spans == 0;
}

SpanTagger::SpanTagger(TaggerSpec spec, LinearTagger linear) : spec_(std::move(spec)), linear_(std::move(linear)) {}

bool SpanTagger::is_folder(const fs::path& folder) {
  return fs::exists(folder / kSpecFile);
}

SpanTagger SpanTagger::load(const fs::path& given) {
  const fs::path folder = given.has_filename() ? given : given.parent_path();
  if (!fs::exists(folder / kSpecFile)) {
    throw Error(ErrorCode::not_found, "is not a tagger's folder: it has no " + std::string(kSpecFile), folder.string(),
                "train one with `ballast train --task token-classify`");
  }
  SpanTagger tagger(read_tagger_spec(folder / kSpecFile), LinearTagger::load(folder / kWeightsFile));
  if (tagger.linear_.tags() != tag_count(static_cast<int>(tagger.spec_.labels.size()))) {
    throw Error(ErrorCode::bad_input, "the labels of tagger.json are not those of tagger.safetensors", folder.string());
  }
  const std::string hashed = base::sha256_file(folder / kSpecFile) + base::sha256_file(folder / kWeightsFile);
  tagger.identity_ = folder.filename().string() + "@" + base::sha256_hex(hashed).substr(0, 12);
  return tagger;
}

void SpanTagger::save(const fs::path& folder) const {
  base::write_file_atomic(folder / kSpecFile, tagger_spec_json(spec_).dump(2) + "\n");
  linear_.save(folder / kWeightsFile);
}

std::vector<SpanTagger::Scored> SpanTagger::score(std::string_view text, const Characters& characters,
                                                  const std::string& condition) const {
  std::vector<Scored> found;
  if (characters.size() == 0 || spec_.never(condition)) return found;
  const std::vector<double> emission = linear_.emission(text, characters, condition);
  const Chain chain{emission, linear_.transition(), linear_.tags()};
  const ChainSums sums = chain_sums(chain);
  for (const UnitSpan& span : spans_of(best_path(chain, spec_.always(condition)))) {
    const double log_p = std::min(span_log_probability(chain, sums, span), 0.0);
    const double log_odds = log_p - std::log(-std::expm1(std::min(log_p, -1e-13)));
    found.push_back({span, std::clamp(log_odds, -kMostCertain, kMostCertain)});
  }
  return found;
}

std::vector<FoundSpan> SpanTagger::find(std::string_view text, const std::string& condition) const {
  const Characters characters = characters_of(text);
  std::vector<FoundSpan> found;
  for (const Scored& s : score(text, characters, condition)) {
    const double p = 1 / (1 + std::exp(-(spec_.platt[0] * s.log_odds + spec_.platt[1])));
    found.push_back({characters.offset[s.span.begin], characters.offset[s.span.end],
                     spec_.labels[static_cast<std::size_t>(s.span.label)], p});
  }
  double least = spec_.threshold;
  if (spec_.always(condition)) {
    double best = 0;
    for (const FoundSpan& f : found) best = std::max(best, f.probability);
    least = std::min(least, best);
  }
  std::erase_if(found, [&](const FoundSpan& f) { return f.probability < least; });
  return found;
}

}  // namespace ballast::lm
