// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/embed.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "ballast/base/error.h"
#include "ballast/lm/load.h"
#include "ballast/text/preprocess.h"

namespace ballast::lm {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::int64_t kBatchTokens = 4096;

/// One sequence that the model reads: a text, or a part of a long one, between the special tokens.
struct Window {
  std::size_t text = 0;                             // which text
  std::vector<std::int32_t> ids, types;             // special tokens included
  std::vector<std::array<std::size_t, 2>> offsets;  // of the ids; {0, 0} for special tokens
};

/// Sums in double, in token order.
class Mean {
 public:
  void add(const float* row, std::int64_t width) {
    sum_.resize(static_cast<std::size_t>(width));
    for (std::size_t i = 0; i < sum_.size(); ++i) sum_[i] += row[i];
    ++count_;
  }
  std::vector<float> value() const {
    std::vector<float> mean;
    for (const double x : sum_) mean.push_back(static_cast<float>(x / static_cast<double>(count_)));
    return mean;
  }

 private:
  std::vector<double> sum_;
  std::int64_t count_ = 0;
};

void normalize(std::vector<float>& vector) {
  double sum = 0;
  for (const float x : vector) sum += static_cast<double>(x) * x;
  const double length = std::sqrt(sum);
  if (length == 0) return;
  for (float& x : vector) x = static_cast<float>(x / length);
}

/// Cuts an encoding into windows of at most `room` tokens, each between the special tokens that stand at its ends.
std::vector<Window> windows_of(const text::Encoding& encoding, std::size_t text, std::size_t before, std::size_t after,
                               std::size_t room) {
  const std::size_t end = encoding.ids.size() - after, content = room - before - after;
  std::vector<Window> windows;
  const auto take = [&](Window& w, std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) {
      w.ids.push_back(encoding.ids[i]);
      w.types.push_back(encoding.type_ids[i]);
      w.offsets.push_back(encoding.offsets[i]);
    }
  };
  for (std::size_t at = before; at < end || windows.empty(); at += content) {
    Window w;
    w.text = text;
    take(w, 0, before);
    take(w, at, std::min(end, at + content));
    take(w, end, encoding.ids.size());
    windows.push_back(std::move(w));
  }
  return windows;
}

}  // namespace

Pooling pooling_from_name(const std::string& name) {
  if (name == "mean") return Pooling::mean;
  if (name == "cls") return Pooling::cls;
  if (name == "last") return Pooling::last;
  throw Error(ErrorCode::usage, "unknown pooling \"" + name + "\"", "--pooling", "one of mean, cls, last");
}

struct Embedder::State {
  LoadedModel model;
  std::size_t before = 0, after = 0;  // special tokens that the tokenizer puts around a text

  std::vector<Window> cut(std::string_view text, std::size_t index, Embedding& report) const {
    const text::Encoding encoding = model.tokenizer->encode(text);
    report.tokens = static_cast<std::int64_t>(encoding.ids.size() - before - after);
    if (encoding.ids.empty()) return {};
    auto windows =
        windows_of(encoding, index, before, after, static_cast<std::size_t>(model.network->config().positions));
    report.windows = static_cast<int>(windows.size());
    return windows;
  }

  /// Calls visit(window, hidden states [tokens, width]) in order.
  void run(const std::vector<Window>& windows, const std::function<void(const Window&, const float*)>& visit) const {
    engine::Arena arena;
    text::TokenBatch batch;
    for (std::size_t first = 0; first < windows.size();) {
      batch.clear();
      std::size_t last = first;
      while (last < windows.size() &&
             (last == first || batch.tokens() + static_cast<std::int64_t>(windows[last].ids.size()) <= kBatchTokens)) {
        batch.add(windows[last].ids, windows[last].types);
        ++last;
      }
      arena.reset();
      engine::Tape tape(arena, false);
      const engine::Value hidden = model.network->encode(tape, batch);
      for (std::size_t w = first; w < last; ++w)
        visit(windows[w], hidden.data + batch.offsets[w - first] * hidden.cols);
      first = last;
    }
  }
};

Embedder::Embedder(std::unique_ptr<State> state) : state_(std::move(state)) {}
Embedder::~Embedder() = default;
Embedder::Embedder(Embedder&&) noexcept = default;
Embedder& Embedder::operator=(Embedder&&) noexcept = default;

std::int64_t Embedder::width() const {
  return state_->model.network->config().width;
}

Embedder Embedder::load(const std::filesystem::path& folder) {
  auto state = std::make_unique<State>();
  state->model = load_model(folder);
  if (!state->model.tokenizer) {
    throw Error(ErrorCode::bad_input, "the model has no tokenizer", folder.string(),
                "expected tokenizer.json, vocab.json with merges.txt, or vocab.txt");
  }
  // Which special tokens stand before a text and which behind it shows in what a short one becomes.
  const text::Tokenizer& tokenizer = *state->model.tokenizer;
  const text::Encoding frame = tokenizer.encode("x");
  while (state->before < frame.ids.size() && tokenizer.is_special(frame.ids[state->before])) ++state->before;
  state->after = tokenizer.added_special(false) - state->before;
  if (state->model.network->config().positions <= static_cast<std::int64_t>(state->before + state->after)) {
    throw Error(ErrorCode::bad_input, "the model's positions have no room beside the special tokens", folder.string());
  }
  state->model.network->pack(engine::Precision::f32);
  return Embedder(std::move(state));
}

std::vector<Embedding> Embedder::embed(std::span<const std::string_view> texts, const EmbedOptions& options) const {
  std::vector<Embedding> out(texts.size());
  std::vector<Window> windows;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    for (Window& w : state_->cut(texts[i], i, out[i])) windows.push_back(std::move(w));
  }
  std::vector<Mean> means(texts.size());
  const std::int64_t d = width();
  state_->run(windows, [&](const Window& w, const float* hidden) {
    const auto count = static_cast<std::int64_t>(w.ids.size());
    std::vector<float>& vector = out[w.text].vector;
    if (options.pooling == Pooling::cls && vector.empty()) vector.assign(hidden, hidden + d);
    if (options.pooling == Pooling::last) vector.assign(hidden + (count - 1) * d, hidden + count * d);
    if (options.pooling != Pooling::mean) return;
    for (std::int64_t t = 0; t < count; ++t) means[w.text].add(hidden + t * d, d);
  });
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (options.pooling == Pooling::mean) out[i].vector = means[i].value();
    if (options.normalize) normalize(out[i].vector);
  }
  return out;
}

std::vector<std::vector<WordEmbedding>> Embedder::embed_words(std::span<const std::string_view> texts,
                                                              const EmbedOptions& options) const {
  std::vector<std::vector<text::Span>> words(texts.size());
  std::vector<std::vector<Mean>> means(texts.size());
  std::vector<Window> windows;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    words[i] = text::split_words(texts[i]);
    means[i].resize(words[i].size());
    Embedding report;
    for (Window& w : state_->cut(texts[i], i, report)) windows.push_back(std::move(w));
  }
  const std::int64_t d = width();
  state_->run(windows, [&](const Window& w, const float* hidden) {
    const auto& own = words[w.text];
    for (std::size_t t = 0; t < w.ids.size(); ++t) {
      const auto [start, end] = w.offsets[t];
      if (start == end) continue;
      // Words are in text order and do not overlap: those that the token touches stand side by side.
      auto word = std::partition_point(own.begin(), own.end(),
                                       [&, first = start](const text::Span& s) { return s.end <= first; });
      for (; word != own.end() && word->begin < end; ++word) {
        means[w.text][static_cast<std::size_t>(word - own.begin())].add(hidden + static_cast<std::int64_t>(t) * d, d);
      }
    }
  });
  std::vector<std::vector<WordEmbedding>> out(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    for (std::size_t n = 0; n < words[i].size(); ++n) {
      WordEmbedding word{words[i][n].begin, words[i][n].end, means[i][n].value()};
      if (word.vector.empty()) continue;
      if (options.normalize) normalize(word.vector);
      out[i].push_back(std::move(word));
    }
  }
  return out;
}

}  // namespace ballast::lm
