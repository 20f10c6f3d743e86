// SPDX-License-Identifier: Apache-2.0
// TextClassifier: a transformer and an n-gram model side by side, mixed and calibrated as classifier.json says. A plain
// Hugging Face classification checkpoint without that file is one uncalibrated head.
#include "ballast/lm/classifier.h"

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <utility>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/hash.h"
#include "ballast/base/parallel.h"
#include "ballast/lm/classify/state.h"

namespace ballast::lm {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;

}  // namespace

Windows cut_windows(const text::Tokenizer& tokenizer, std::string_view text, std::int64_t length) {
  Windows windows;
  text::Encoding whole = tokenizer.encode(text);
  windows.tokens = static_cast<std::int64_t>(whole.ids.size());
  if (windows.tokens <= length) {
    windows.ids.push_back(std::move(whole.ids));
    windows.offsets.push_back(std::move(whole.offsets));
    return windows;
  }
  text::EncodeOptions bare_options;
  bare_options.add_special = false;
  const text::Encoding bare = tokenizer.encode(text, bare_options);
  const auto& special = tokenizer.special();
  const bool framed = tokenizer.added_special(false) > 0 && special.cls && special.sep;
  const auto room = static_cast<std::size_t>(length) - (framed ? 2 : 0);
  const std::size_t stride = std::max<std::size_t>(1, room - room / 4);
  for (std::size_t begin = 0;; begin += stride) {
    const std::size_t end = std::min(bare.ids.size(), begin + room);
    std::vector<std::int32_t> ids(bare.ids.begin() + static_cast<std::ptrdiff_t>(begin),
                                  bare.ids.begin() + static_cast<std::ptrdiff_t>(end));
    std::vector<std::array<std::size_t, 2>> offsets(bare.offsets.begin() + static_cast<std::ptrdiff_t>(begin),
                                                    bare.offsets.begin() + static_cast<std::ptrdiff_t>(end));
    if (framed) {
      ids.insert(ids.begin(), *special.cls);
      ids.push_back(*special.sep);
      offsets.insert(offsets.begin(), {0, 0});
      offsets.push_back({0, 0});
    }
    windows.ids.push_back(std::move(ids));
    windows.offsets.push_back(std::move(offsets));
    if (end == bare.ids.size()) return windows;
  }
}

std::size_t TextClassifier::State::first_output(std::size_t head) const {
  std::size_t first = 0;
  for (std::size_t h = 0; h < head; ++h) first += heads[h].labels.size();
  return first;
}

Prediction TextClassifier::State::combine(const float* logits, std::size_t windows, const float* ngram) const {
  Prediction prediction;
  prediction.windows = static_cast<int>(windows);
  std::size_t first = 0;
  for (const HeadSpec& head : spec.heads) {
    const std::size_t n = head.head.labels.size();
    std::vector<float> merged(logits + first, logits + first + n);
    for (std::size_t w = 1; w < windows; ++w) {
      for (std::size_t i = 0; i < n; ++i) {
        const float x = logits[w * outputs() + first + i];
        // A risk that one window shows is there; a class is judged by all windows alike.
        merged[i] = head.head.kind == HeadKind::multilabel ? std::max(merged[i], x) : merged[i] + x;
      }
    }
    if (head.head.kind == HeadKind::multiclass) {
      for (float& x : merged) x /= static_cast<float>(windows);
    }
    prediction.heads.push_back(predict_head(head, merged.data(), ngram != nullptr ? ngram + first : nullptr));
    first += n;
  }
  return prediction;
}

TextClassifier::TextClassifier(std::unique_ptr<State> state) : state_(std::move(state)) {}
TextClassifier::~TextClassifier() = default;
TextClassifier::TextClassifier(TextClassifier&&) noexcept = default;
TextClassifier& TextClassifier::operator=(TextClassifier&&) noexcept = default;
const std::vector<Head>& TextClassifier::heads() const {
  return state_->heads;
}
const std::string& TextClassifier::identity() const {
  return state_->identity;
}

TextClassifier TextClassifier::load(const fs::path& given) {
  fs::path folder = given;
  if (!folder.has_filename()) folder = folder.parent_path();
  auto state = std::make_unique<State>();
  state->model = load_model(folder);
  const ModelConfig& config = state->network().config();
  if (config.head != HeadType::classification) {
    throw Error(ErrorCode::unsupported, "is a " + config.architecture() + ", not a classifier", folder.string(),
                "train one with `ballast train --task classify`");
  }
  if (!state->model.tokenizer) throw Error(ErrorCode::not_found, "has no tokenizer", folder.string());
  std::string hashed = base::sha256_file(folder / "config.json");
  for (const char* name : {"model.safetensors", "classifier.json", "ngram.safetensors", "tokenizer.json"}) {
    if (fs::exists(folder / name)) hashed += base::sha256_file(folder / name);
  }
  state->identity = folder.filename().string() + "@" + base::sha256_hex(hashed).substr(0, 12);
  if (fs::exists(folder / "classifier.json")) {
    state->spec = read_spec(folder / "classifier.json");
  } else {
    HeadSpec head;
    head.head = {"label",
                 config.raw.value("problem_type", "") == "multi_label_classification" ? HeadKind::multilabel
                                                                                      : HeadKind::multiclass,
                 config.labels,
                 {}};
    if (head.head.kind == HeadKind::multilabel) head.head.thresholds.assign(config.labels.size(), 0.5);
    state->spec.heads.push_back(std::move(head));
  }
  if (state->spec.output_names() != config.labels) {
    throw Error(ErrorCode::bad_input, "the labels of classifier.json are not those of config.json", folder.string());
  }
  if (fs::exists(folder / "ngram.safetensors")) {
    state->ngrams = NgramModel::load(folder / "ngram.safetensors");
    if (static_cast<std::size_t>(state->ngrams->outputs()) != config.labels.size()) {
      throw Error(ErrorCode::bad_input,
                  "has " + std::to_string(state->ngrams->outputs()) + " outputs, config.json " +
                      std::to_string(config.labels.size()),
                  (folder / "ngram.safetensors").string());
    }
  }
  state->heads = state->spec.plain_heads();
  state->length = state->spec.max_length > 0 ? std::min(state->spec.max_length, config.positions) : config.positions;
  state->network().set_dropout(0);  // gradients need a tape that records, on which dropout would be live
  state->network().pack(state->spec.precision);
  return TextClassifier(std::move(state));
}

std::vector<Prediction> TextClassifier::predict(std::span<const std::string_view> texts) const {
  const State& s = *state_;
  std::vector<Windows> windows(texts.size());
  base::parallel_for(static_cast<std::int64_t>(texts.size()), [&](std::int64_t i) {
    const auto at = static_cast<std::size_t>(i);
    windows[at] = cut_windows(*s.model.tokenizer, texts[at], s.length);
  });
  std::vector<const std::vector<std::int32_t>*> all;
  for (const Windows& w : windows) {
    for (const auto& ids : w.ids) all.push_back(&ids);
  }
  const std::vector<float> logits =
      s.uses_transformer() ? s.window_logits(all) : std::vector<float>(all.size() * s.outputs());
  const std::vector<float> ngrams = s.ngrams ? s.ngrams->scores(texts) : std::vector<float>();
  std::vector<Prediction> predictions;
  std::size_t at = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::size_t n = windows[i].ids.size();
    predictions.push_back(
        s.combine(logits.data() + at * s.outputs(), n, s.ngrams ? ngrams.data() + i * s.outputs() : nullptr));
    predictions.back().tokens = windows[i].tokens;
    at += n;
  }
  return predictions;
}

/// What an output loses when one token is hidden behind [MASK] (or [UNK], or left out), for every token.
void TextClassifier::State::hide_tokens(const Windows& windows, std::size_t output, double scale,
                                        std::map<std::pair<std::size_t, std::size_t>, double>& weights) const {
  const auto& special = model.tokenizer->special();
  const auto hidden = special.mask ? special.mask : special.unk;
  std::vector<std::vector<std::int32_t>> variants;
  std::vector<std::array<std::size_t, 2>> where;  // window, token
  for (std::size_t w = 0; w < windows.ids.size(); ++w) {
    for (std::size_t t = 0; t < windows.ids[w].size(); ++t) {
      if (windows.offsets[w][t][0] == windows.offsets[w][t][1]) continue;
      std::vector<std::int32_t> ids = windows.ids[w];
      if (hidden) {
        ids[t] = *hidden;
      } else if (ids.size() > 1) {
        ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(t));
      }
      variants.push_back(std::move(ids));
      where.push_back({w, t});
    }
  }
  std::vector<const std::vector<std::int32_t>*> all;
  for (const auto& ids : windows.ids) all.push_back(&ids);
  for (const auto& ids : variants) all.push_back(&ids);
  const std::vector<float> logits = window_logits(all);
  for (std::size_t i = 0; i < where.size(); ++i) {
    const auto [w, t] = where[i];
    const double whole = logits[w * outputs() + output];
    const double without = logits[(windows.ids.size() + i) * outputs() + output];
    weights[{windows.offsets[w][t][0], windows.offsets[w][t][1]}] = scale * (whole - without);
  }
}

std::vector<Attribution> TextClassifier::attribute(std::string_view text, std::size_t head, std::size_t label) const {
  const State& s = *state_;
  BALLAST_CHECK(head < s.spec.heads.size() && label < s.heads[head].labels.size(), head);
  const std::size_t output = s.first_output(head) + label;
  const HeadSpec& spec = s.spec.heads[head];
  const Windows windows = cut_windows(*s.model.tokenizer, text, s.length);
  std::map<std::pair<std::size_t, std::size_t>, double> tokens;  // neighbouring windows share some: the last one counts
  for (const auto& offsets : windows.offsets) {
    for (const auto& [begin, end] : offsets) {
      if (begin < end) tokens[{begin, end}] = 0;
    }
  }
  if (spec.transformer_weight != 0) s.hide_tokens(windows, output, spec.transformer_weight, tokens);
  // The n-gram branch is linear: its contributions are exact, spread evenly over the bytes of each n-gram.
  std::vector<double> bytes(text.size(), 0.0);
  if (s.ngrams && spec.ngram_weight != 0) {
    for (const NgramContribution& c : s.ngrams->contributions(text, static_cast<int>(output))) {
      for (std::size_t i = c.begin; i < c.end; ++i) {
        bytes[i] += spec.ngram_weight * c.weight / static_cast<double>(c.end - c.begin);
      }
    }
  }
  std::vector<Attribution> found;
  for (const auto& [span, weight] : tokens) {
    const double exact = std::accumulate(bytes.begin() + static_cast<std::ptrdiff_t>(span.first),
                                         bytes.begin() + static_cast<std::ptrdiff_t>(span.second), 0.0);
    found.push_back({span.first, span.second, weight + exact});
  }
  return found;
}

}  // namespace ballast::lm
