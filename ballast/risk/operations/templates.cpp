// SPDX-License-Identifier: Apache-2.0
// The miner. Every template is also filed under each of its "holes": itself with one word left out. Templates that
// differ in one word alone share a hole, so that the values seen in one place can be counted as lines come in. The idea
// of keying on what stays and counting what varies is that of Drain (He et al. 2017) and Brain (Yu et al. 2023);
// neither their trees nor their per-system settings are used.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <unordered_map>

#include "ballast/base/error.h"
#include "ballast/base/hash.h"
#include "ballast/risk/operations/log_tokens.h"
#include "ballast/risk/operations_templates.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr std::string_view kHole("\0", 1);
constexpr const char* kTemplateFormat = "ballast-log-templates-1";

std::uint64_t place_hash(std::string_view word, std::size_t place) {
  return base::hash64(word, place + 1);
}

/// Words after which a value is likely: prepositions, and nouns that name things.
bool announces_value(const std::string& word) {
  static const std::set<std::string> kCues = {"for",   "from", "to",     "by",    "at",    "of",   "on",
                                              "in",    "with", "user",   "host",  "node",  "name", "file",
                                              "class", "path", "device", "named", "called"};
  return kCues.contains(word);
}

std::string key_of(const std::vector<std::string>& words) {
  std::string key;
  for (const std::string& word : words) {
    key += word;
    key += '\x1f';
  }
  return key;
}

std::size_t first_word(const std::vector<std::string>& words) {
  return static_cast<std::size_t>(std::find_if(words.begin(), words.end(), has_letter) - words.begin());
}

struct Cluster {
  std::int64_t id = 0, united_with = 0;  // 0: active
  std::vector<std::string> words;        // empty: variable
  std::vector<std::string> gaps;         // what stands before each word, and after the last
  std::int64_t lines = 0;
  std::string text;

  void render() {
    text.clear();
    for (std::size_t i = 0; i < words.size(); ++i) text += gaps[i] + (words[i].empty() ? "<*>" : words[i]);
    text += gaps.back();
  }
  /// How many words a message shares with this template; 0 where it does not fit. Variables before the first word are
  /// not open to words: what a message starts with says what it is.
  std::size_t fit(const std::vector<std::string>& message) const {
    const std::size_t first = first_word(words);
    std::size_t shared = 0;
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (words[i] == message[i]) {
        shared += has_letter(words[i]);
      } else if (!words[i].empty() || i < first || !has_letter(message[i])) {
        return 0;
      }
    }
    return shared;
  }
};

struct Hole {
  std::size_t place = 0;
  std::map<std::string, std::int64_t> fillers;  // word to active cluster
};

}  // namespace

struct TemplateMiner::State {
  TemplateOptions options;
  std::vector<Cluster> clusters;  // by id - 1
  std::unordered_map<std::string, std::int64_t> by_key;
  std::unordered_map<std::uint64_t, Hole> holes;
  std::map<std::pair<std::size_t, std::string>, std::set<std::int64_t>> by_start;  // length and first word
  std::vector<std::uint64_t> touched;  // holes that got a filler since the last look
  std::int64_t version = 0;
  std::string sha256, parent;

  Cluster& at(std::int64_t id) { return clusters[static_cast<std::size_t>(id - 1)]; }
  const Cluster& at(std::int64_t id) const { return clusters[static_cast<std::size_t>(id - 1)]; }

  std::int64_t resolve(std::int64_t id) const {
    while (at(id).united_with != 0) id = at(id).united_with;
    return id;
  }

  static std::pair<std::size_t, std::string> start_of(const std::vector<std::string>& words) {
    const std::size_t first = first_word(words);
    return {words.size(), first < words.size() ? words[first] : ""};
  }

  template <class Visit>
  static void visit_holes(const std::vector<std::string>& words, const Visit& visit) {
    std::uint64_t all = words.size();
    for (std::size_t i = 0; i < words.size(); ++i) all += place_hash(words[i], i);
    const std::size_t first = first_word(words);
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (i == first || (!words[i].empty() && !has_letter(words[i]))) continue;
      visit(i, all - place_hash(words[i], i) + place_hash(kHole, i));
    }
  }

  void file(const Cluster& c) {
    by_key[key_of(c.words)] = c.id;
    by_start[start_of(c.words)].insert(c.id);
    visit_holes(c.words, [&](std::size_t place, std::uint64_t hash) {
      Hole& hole = holes[hash];
      hole.place = place;
      hole.fillers[c.words[place]] = c.id;
      touched.push_back(hash);
    });
  }

  void unfile(const Cluster& c) {
    by_key.erase(key_of(c.words));
    by_start[start_of(c.words)].erase(c.id);
    visit_holes(c.words, [&](std::size_t place, std::uint64_t hash) {
      const auto found = holes.find(hash);
      if (found == holes.end()) return;
      found->second.fillers.erase(c.words[place]);
      if (found->second.fillers.empty()) holes.erase(found);
    });
  }

  /// The best template for a message: the same words, else the one that shares the most; 0 where none fits.
  std::int64_t find(const std::vector<std::string>& words) const {
    const auto same = by_key.find(key_of(words));
    if (same != by_key.end()) return same->second;
    const auto start = by_start.find(start_of(words));
    if (start == by_start.end()) return 0;
    std::int64_t best = 0;
    std::size_t most = 0;
    for (const std::int64_t id : start->second) {
      const std::size_t shared = at(id).fit(words);
      if (shared > most) {
        most = shared;
        best = id;
      }
    }
    return best;
  }

  bool is_variable(const Hole& hole) const {
    const auto n = static_cast<int>(hole.fillers.size());
    if (n < 2) return false;
    if (hole.fillers.contains("")) return true;  // elsewhere a number or an address stands here
    const Cluster& any = at(hole.fillers.begin()->second);
    const bool cued = hole.place > 0 && announces_value(any.words[hole.place - 1]);
    return n >= (cued ? options.min_cued_values : options.min_values);
  }

  void unite(std::int64_t a, std::int64_t b) {
    const std::int64_t keep = std::min(a, b), drop = std::max(a, b);
    at(keep).lines += at(drop).lines;
    at(drop).united_with = keep;
  }

  /// Makes one place of a template variable, and unites it with the templates that it then covers.
  void generalise(std::int64_t id, std::size_t place) {
    unfile(at(id));
    std::vector<std::string> words = at(id).words;
    words[place].clear();
    std::vector<std::int64_t> same;
    Cluster probe;
    probe.words = words;
    const auto start = by_start.find(start_of(words));
    if (start != by_start.end()) {
      for (const std::int64_t other : start->second) {
        if (probe.fit(at(other).words) > 0 || at(other).words == words) same.push_back(other);
      }
    }
    for (const std::int64_t other : same) {
      unfile(at(other));
      unite(id, other);
      id = std::min(id, other);
    }
    at(id).words = std::move(words);
    at(id).render();
    file(at(id));
  }

  void look_for_variables() {
    while (!touched.empty()) {
      const std::uint64_t hash = touched.back();
      touched.pop_back();
      const auto found = holes.find(hash);
      if (found == holes.end() || !is_variable(found->second)) continue;
      const std::size_t place = found->second.place;
      const std::vector<std::pair<std::string, std::int64_t>> members(found->second.fillers.begin(),
                                                                      found->second.fillers.end());
      for (const auto& [word, id] : members) {
        const std::int64_t now = resolve(id);
        if (!at(now).words[place].empty()) generalise(now, place);
      }
    }
  }

  std::vector<LogToken> tokens(std::string_view content) const {
    return tokenize_log(content, static_cast<std::size_t>(options.max_tokens));
  }
};

namespace {

std::vector<std::string> words_of(const std::vector<LogToken>& tokens) {
  std::vector<std::string> words;
  words.reserve(tokens.size());
  for (const LogToken& token : tokens) words.push_back(token.word);
  return words;
}

Json template_json(const Cluster& c) {
  Json words = Json::array();
  for (const std::string& word : c.words) words.push_back(word.empty() ? Json() : Json(word));
  return {{"id", c.id}, {"template", c.text}, {"words", words}, {"gaps", c.gaps}};
}

}  // namespace

TemplateMiner::TemplateMiner(const TemplateOptions& options) : state_(std::make_unique<State>()) {
  if (options.min_values < 2 || options.min_cued_values < 2 || options.max_tokens < 3) {
    throw Error(ErrorCode::usage, "need at least 2 values and 3 tokens", "template options");
  }
  state_->options = options;
}
TemplateMiner::TemplateMiner(std::unique_ptr<State> state) : state_(std::move(state)) {}
TemplateMiner::~TemplateMiner() = default;
TemplateMiner::TemplateMiner(TemplateMiner&&) noexcept = default;
TemplateMiner& TemplateMiner::operator=(TemplateMiner&&) noexcept = default;

std::int64_t TemplateMiner::add(std::string_view content) {
  State& s = *state_;
  const std::vector<LogToken> tokens = s.tokens(content);
  std::vector<std::string> words = words_of(tokens);
  std::int64_t id = s.find(words);
  if (id == 0) {
    id = static_cast<std::int64_t>(s.clusters.size()) + 1;
    Cluster c;
    c.id = id;
    c.words = std::move(words);
    std::size_t end = 0;
    for (const LogToken& token : tokens) {
      c.gaps.emplace_back(content.substr(end, token.begin - end));
      end = token.end;
    }
    c.gaps.emplace_back(content.substr(end));
    c.render();
    s.clusters.push_back(std::move(c));
    s.file(s.at(id));
    s.look_for_variables();
    id = s.resolve(id);
  }
  ++s.at(id).lines;
  return id;
}

std::int64_t TemplateMiner::resolve(std::int64_t id) const {
  text(id);
  return state_->resolve(id);
}

std::int64_t TemplateMiner::match(std::string_view content) const {
  return state_->find(words_of(state_->tokens(content)));
}

const std::string& TemplateMiner::text(std::int64_t id) const {
  if (id < 1 || id > static_cast<std::int64_t>(state_->clusters.size())) {
    throw Error(ErrorCode::not_found, fmt::format("there is no template {}", id), "log templates");
  }
  return state_->at(state_->resolve(id)).text;
}

std::vector<std::string> TemplateMiner::parameters(std::int64_t id, std::string_view content) const {
  text(id);
  const Cluster& c = state_->at(state_->resolve(id));
  const std::vector<LogToken> tokens = state_->tokens(content);
  BALLAST_CHECK(tokens.size() == c.words.size(), tokens.size());
  std::vector<std::string> values;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (c.words[i].empty()) values.emplace_back(content.substr(tokens[i].begin, tokens[i].end - tokens[i].begin));
  }
  return values;
}

std::vector<LogTemplate> TemplateMiner::templates() const {
  std::vector<LogTemplate> all;
  for (const Cluster& c : state_->clusters) {
    if (c.united_with == 0) all.push_back({c.id, c.text, c.lines});
  }
  return all;
}

Json TemplateMiner::freeze() const {
  const State& s = *state_;
  const Json options = {{"min_values", s.options.min_values},
                        {"min_cued_values", s.options.min_cued_values},
                        {"max_tokens", s.options.max_tokens}};
  Json identity = {{"options", options}, {"templates", Json::array()}};
  Json templates = Json::array(), united = Json::array();
  for (const Cluster& c : s.clusters) {
    if (c.united_with != 0) {
      united.push_back({c.id, c.united_with});
      continue;
    }
    Json t = template_json(c);
    identity["templates"].push_back(t);
    t["lines"] = c.lines;
    templates.push_back(std::move(t));
  }
  const std::string sha256 = base::sha256_hex(base::dump_json(identity));
  const bool unchanged = sha256 == s.sha256;
  return {{"format", kTemplateFormat},
          {"version", unchanged ? s.version : s.version + 1},
          {"parent", unchanged ? s.parent : s.sha256},
          {"sha256", sha256},
          {"options", options},
          {"united", united},
          {"templates", templates}};
}

TemplateMiner TemplateMiner::thaw(const Json& frozen, const std::string& where) {
  if (base::json_field<std::string>(frozen, "format", where) != kTemplateFormat) {
    throw Error(ErrorCode::bad_input, "is not a file of frozen log templates", where,
                fmt::format("expected \"format\": \"{}\"", kTemplateFormat));
  }
  const Json options = base::json_field<Json>(frozen, "options", where);
  TemplateMiner miner({base::json_field<int>(options, "min_values", where),
                       base::json_field<int>(options, "min_cued_values", where),
                       base::json_field<std::int64_t>(options, "max_tokens", where)});
  State& s = *miner.state_;
  const Json templates = base::json_field<Json>(frozen, "templates", where);
  const auto united = base::json_field<std::vector<std::array<std::int64_t, 2>>>(frozen, "united", where);
  if (!templates.is_array()) throw Error(ErrorCode::bad_input, "field \"templates\" is not a list", where);
  s.clusters.resize(templates.size() + united.size());
  const auto place = [&](std::int64_t id) -> Cluster& {
    if (id < 1 || id > static_cast<std::int64_t>(s.clusters.size()) || s.at(id).id != 0) {
      throw Error(ErrorCode::bad_input, fmt::format("template id {} is damaged", id), where);
    }
    s.at(id).id = id;
    return s.at(id);
  };
  for (const Json& t : templates) {
    Cluster& c = place(base::json_field<std::int64_t>(t, "id", where));
    c.lines = base::json_field<std::int64_t>(t, "lines", where);
    for (const Json& word : base::json_field<Json>(t, "words", where)) {
      c.words.push_back(word.is_string() ? word.get<std::string>() : std::string());
    }
    c.gaps = base::json_field<std::vector<std::string>>(t, "gaps", where);
    if (c.gaps.size() != c.words.size() + 1) {
      throw Error(ErrorCode::bad_input, fmt::format("template {} is damaged", c.id), where);
    }
    c.render();
    s.file(c);
  }
  for (const auto& [id, with] : united) {
    if (with < 1 || with >= id) throw Error(ErrorCode::bad_input, fmt::format("template id {} is damaged", id), where);
    place(id).united_with = with;
  }
  s.touched.clear();
  s.version = base::json_field<std::int64_t>(frozen, "version", where);
  s.parent = base::json_field<std::string>(frozen, "parent", where);
  s.sha256 = base::json_field<std::string>(frozen, "sha256", where);
  if (miner.freeze()["sha256"] != s.sha256) {
    throw Error(ErrorCode::bad_input, "the templates are not those that were frozen (sha256 differs)", where);
  }
  return miner;
}

double grouping_accuracy(std::span<const std::string> truth, std::span<const std::string> predicted) {
  BALLAST_CHECK(truth.size() == predicted.size(), predicted.size());
  std::map<std::string, std::int64_t> true_size, said_size;
  std::map<std::pair<std::string, std::string>, std::int64_t> both;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    ++true_size[truth[i]];
    ++said_size[predicted[i]];
    ++both[{truth[i], predicted[i]}];
  }
  std::int64_t right = 0;
  for (const auto& [pair, n] : both) right += true_size[pair.first] == n && said_size[pair.second] == n ? n : 0;
  return static_cast<double>(right) / static_cast<double>(truth.size());
}

}  // namespace ballast::risk
