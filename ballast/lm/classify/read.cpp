// SPDX-License-Identifier: Apache-2.0
// Scores and reasons in one pass. Windows of like length are read together, a chunk a thread; how they are put together
// does not change a bit. Where reasons are wanted, the last layer's attention is taken apart: what each token put into
// the classified position, along the gradient of the label's logit.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "ballast/base/error.h"
#include "ballast/base/serial.h"
#include "ballast/lm/classify/state.h"

namespace ballast::lm {
namespace {

using TokenIdList = std::vector<std::int32_t>;

constexpr std::int64_t kFewTokens = 128;
// Bytes of a text. A text's n-grams take some 140 bytes for each of its own: longer texts list theirs again.
constexpr std::size_t kKeptNgramBytes = 2048;
constexpr double kLeastRest = 1e-6;  // of the attention that is left when a token is gone: keeps a quotient finite

/// What a head's weighted mean of values loses along the gradient when a token goes and the others share its weight:
/// p/(1-p) · (value · gradient less its mean), summed over the heads.
std::vector<double> token_shares(const LastLayer& last, std::int64_t sequence, std::int64_t first, std::int64_t tokens,
                                 const float* gradient, const engine::AttentionOptions& options) {
  std::vector<float> weights(static_cast<std::size_t>(options.heads * tokens));
  engine::attention_weights(last.attention.q, last.attention.k, sequence, 1, first, tokens, options, weights.data());
  std::vector<double> shares(static_cast<std::size_t>(tokens), 0.0), along(shares);
  const engine::Value& v = last.attention.v.of;
  const std::int64_t width = options.head_width, group = options.heads / options.key_heads();
  for (std::int64_t n = 0; n < options.heads; ++n) {
    const float* p = weights.data() + n * tokens;
    double mean = 0;
    for (std::int64_t t = 0; t < tokens; ++t) {
      const float* value = v.data + (first + t) * v.cols + last.attention.v.first + n / group * width;
      double dot = 0;
      for (std::int64_t j = 0; j < width; ++j)
        dot += static_cast<double>(value[j]) * static_cast<double>(gradient[n * width + j]);
      along[static_cast<std::size_t>(t)] = dot;
      mean += static_cast<double>(p[t]) * dot;
    }
    for (std::int64_t t = 0; t < tokens; ++t) {
      const double weight = static_cast<double>(p[t]);
      shares[static_cast<std::size_t>(t)] +=
          weight / std::max(1 - weight, kLeastRest) * (along[static_cast<std::size_t>(t)] - mean);
    }
  }
  return shares;
}

/// Tokens of a text's windows with their weights; the same bytes (neighbouring windows share some) count once.
class TokenWeights {
 public:
  explicit TokenWeights(const Windows& windows) {
    for (const auto& offsets : windows.offsets) {
      for (const auto& [begin, end] : offsets) {
        if (begin < end) tokens_.push_back({begin, end, 0});
      }
    }
    const auto before = [](const Attribution& a, const Attribution& b) {
      return a.start != b.start ? a.start < b.start : a.end < b.end;
    };
    std::sort(tokens_.begin(), tokens_.end(), before);
    const auto same = [](const Attribution& a, const Attribution& b) { return a.start == b.start && a.end == b.end; };
    tokens_.erase(std::unique(tokens_.begin(), tokens_.end(), same), tokens_.end());
  }

  void add_window(const std::vector<std::array<std::size_t, 2>>& offsets, const std::vector<double>& shares,
                  double factor) {
    auto at = tokens_.begin();
    for (std::size_t t = 0; t < offsets.size(); ++t) {
      const auto [begin, end] = offsets[t];
      if (begin >= end) continue;
      const auto before = [](const Attribution& a, const std::array<std::size_t, 2>& b) {
        return a.start != b[0] ? a.start < b[0] : a.end < b[1];
      };
      at = std::lower_bound(tokens_.begin(), tokens_.end(), offsets[t], before);
      at->weight += factor * shares[t];
    }
  }

  /// Contributions spread evenly over the bytes of their n-grams; what lies between the tokens (spaces) is left out.
  void add_ngrams(const std::vector<NgramContribution>& contributions, double factor, std::size_t length) {
    std::vector<double> bytes(length, 0.0);
    for (const NgramContribution& c : contributions) {
      const double each = factor * c.weight / static_cast<double>(c.end - c.begin);
      for (std::size_t i = c.begin; i < c.end; ++i) bytes[i] += each;
    }
    for (Attribution& t : tokens_) {
      t.weight += std::accumulate(bytes.begin() + static_cast<std::ptrdiff_t>(t.start),
                                  bytes.begin() + static_cast<std::ptrdiff_t>(t.end), 0.0);
    }
  }

  std::vector<Attribution> take() { return std::move(tokens_); }

 private:
  std::vector<Attribution> tokens_;
};

std::vector<std::size_t> listed_labels(const Head& head, const HeadPrediction& prediction) {
  std::vector<std::size_t> labels;
  for (std::size_t k = 0; k < head.labels.size(); ++k) {
    const double threshold = k < head.thresholds.size() ? head.thresholds[k] : 0.5;
    if (prediction.probabilities[k] >= threshold) labels.push_back(k);
  }
  return labels;
}

}  // namespace

/// Fills in the readings of the windows of one chunk.
void TextClassifier::State::read_chunk(std::span<const TokenIdList* const> windows, std::span<const std::size_t> chunk,
                                       engine::Arena& scratch, WantedOutputs wanted,
                                       std::vector<WindowReading>& readings) const {
  scratch.reset();
  text::TokenBatch batch;
  for (const std::size_t w : chunk) batch.add(*windows[w]);
  engine::Tape tape(scratch, false);
  LastLayer last;
  const bool shows = network().shows_last_layer();
  const engine::Value logits = network().classify_only(tape, batch, shows ? &last : nullptr);
  std::vector<LogitOf> asked;
  std::vector<std::size_t> list;
  for (std::size_t s = 0; s < chunk.size(); ++s) {
    const float* row = logits.data + static_cast<std::int64_t>(s) * logits.cols;
    readings[chunk[s]].logits.assign(row, row + logits.cols);
    list.clear();
    wanted(chunk[s], row, list);
    BALLAST_CHECK(shows || list.empty(), list.size());
    for (const std::size_t output : list) {
      asked.push_back({static_cast<std::int64_t>(s), static_cast<std::int64_t>(output)});
    }
  }
  if (asked.empty()) return;
  const engine::Value gradients = network().attended_gradients(scratch, last, asked);
  const engine::AttentionOptions options = network().attention_options();
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const auto s = static_cast<std::size_t>(asked[i].sequence);
    readings[chunk[s]].shares.push_back(
        token_shares(last, asked[i].sequence, batch.offsets[s], batch.offsets[s + 1] - batch.offsets[s],
                     gradients.data + static_cast<std::int64_t>(i) * gradients.cols, options));
  }
}

std::vector<WindowReading> TextClassifier::State::read_windows(std::span<const TokenIdList* const> windows,
                                                               WantedOutputs wanted) const {
  std::vector<std::size_t> order(windows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return windows[a]->size() < windows[b]->size(); });
  std::vector<std::span<const std::size_t>> chunks;
  std::int64_t tokens = 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto size = static_cast<std::int64_t>(windows[order[i]]->size());
    if (i > begin && tokens + size > kChunkTokens) {
      chunks.push_back(std::span(order).subspan(begin, i - begin));
      begin = i;
      tokens = 0;
    }
    tokens += size;
  }
  if (begin < order.size()) chunks.push_back(std::span(order).subspan(begin));
  std::vector<WindowReading> readings(windows.size());
  if (!network().reentrant()) {
    const std::lock_guard lock(mutex);
    for (const auto& chunk : chunks) read_chunk(windows, chunk, arena, wanted, readings);
    return readings;
  }
  // Handing a short text's many small steps to other threads costs more than they take.
  std::optional<base::SerialScope> alone;
  if (chunks.size() == 1 && tokens <= kFewTokens) alone.emplace();
  // The longest first: what is left at the end is short, and no thread waits long for another.
  const auto count = static_cast<std::int64_t>(chunks.size());
  base::parallel_for(count, [&](std::int64_t i) {
    std::unique_ptr<engine::Arena> mine;
    {
      const std::lock_guard lock(spare_mutex);
      if (!spare.empty()) {
        mine = std::move(spare.back());
        spare.pop_back();
      }
    }
    if (!mine) mine = std::make_unique<engine::Arena>();
    read_chunk(windows, chunks[static_cast<std::size_t>(count - 1 - i)], *mine, wanted, readings);
    const std::lock_guard lock(spare_mutex);
    spare.push_back(std::move(mine));
  });
  return readings;
}

std::vector<float> TextClassifier::State::window_logits(std::span<const TokenIdList* const> windows) const {
  std::vector<float> logits;
  logits.reserve(windows.size() * outputs());
  for (const WindowReading& reading :
       read_windows(windows, [](std::size_t, const float*, std::vector<std::size_t>&) {})) {
    logits.insert(logits.end(), reading.logits.begin(), reading.logits.end());
  }
  return logits;
}

std::vector<TextJob> TextClassifier::State::prepare(std::span<const std::string_view> texts) const {
  std::vector<TextJob> jobs(texts.size());
  base::parallel_for(static_cast<std::int64_t>(texts.size()), [&](std::int64_t i) {
    TextJob& job = jobs[static_cast<std::size_t>(i)];
    job.text = texts[static_cast<std::size_t>(i)];
    job.windows = cut_windows(*model.tokenizer, job.text, length);
    if (!ngrams) return;
    job.ngrams = ngrams->read(job.text);
    job.ngram_scores = ngrams->scores(job.ngrams);
    if (job.text.size() > kKeptNgramBytes) job.ngrams = {};
  });
  return jobs;
}

void TextClassifier::State::predict_job(TextJob& job, std::size_t head, const float* logits) const {
  job.prediction = combine(logits, job.windows.ids.size(), ngrams ? job.ngram_scores.data() : nullptr);
  job.prediction.tokens = job.windows.tokens;
  job.labels = listed_labels(heads[head], job.prediction.heads[head]);
  job.deciding.assign(job.labels.size(), 0);
}

bool TextClassifier::State::takes_apart(std::size_t head) const {
  return ngrams && network().shows_last_layer() && uses_transformer() && spec.heads[head].transformer_weight != 0;
}

/// Texts of several windows: all their logits, then the windows that decide once more for their tokens' shares.
void TextClassifier::State::read_long_texts(std::span<TextJob> jobs, std::size_t head) const {
  const std::size_t first = first_output(head);
  std::vector<const TokenIdList*> windows, again;
  std::vector<TextJob*> long_texts;
  for (TextJob& job : jobs) {
    if (job.windows.ids.size() == 1) continue;
    long_texts.push_back(&job);
    for (const auto& ids : job.windows.ids) windows.push_back(&ids);
  }
  if (long_texts.empty()) return;
  const std::vector<float> logits = window_logits(windows);
  std::vector<std::pair<TextJob*, std::size_t>> asked;  // and the place of the label
  const float* own = logits.data();
  for (TextJob* job : long_texts) {
    const std::size_t n = job->windows.ids.size();
    predict_job(*job, head, own);
    if (takes_apart(head)) job->shares.resize(job->labels.size());
    for (std::size_t k = 0; k < job->shares.size(); ++k) {
      const auto logit = [&](std::size_t w) { return own[w * outputs() + first + job->labels[k]]; };
      for (std::size_t w = 1; w < n; ++w) {
        if (logit(w) > logit(job->deciding[k])) job->deciding[k] = w;
      }
      again.push_back(&job->windows.ids[job->deciding[k]]);
      asked.push_back({job, k});
    }
    own += n * outputs();
  }
  auto readings = read_windows(again, [&](std::size_t w, const float*, std::vector<std::size_t>& wanted) {
    wanted.push_back(first + asked[w].first->labels[asked[w].second]);
  });
  for (std::size_t w = 0; w < again.size(); ++w) {
    asked[w].first->shares[asked[w].second] = std::move(readings[w].shares.front());
  }
}

std::vector<Attribution> TextClassifier::State::reasons(const TextJob& job, std::size_t head,
                                                        std::size_t listed) const {
  const HeadSpec& h = spec.heads[head];
  TokenWeights weights(job.windows);
  if (!job.shares.empty()) {
    weights.add_window(job.windows.offsets[job.deciding[listed]], job.shares[listed], h.transformer_weight);
  }
  if (h.ngram_weight != 0) {
    const auto output = static_cast<int>(first_output(head) + job.labels[listed]);
    const bool kept = job.text.size() <= kKeptNgramBytes;
    weights.add_ngrams(kept ? ngrams->contributions(job.ngrams, output) : ngrams->contributions(job.text, output),
                       h.ngram_weight, job.text.size());
  }
  return weights.take();
}

std::vector<Reading> TextClassifier::read(std::span<const std::string_view> texts, std::size_t head) const {
  const State& s = *state_;
  BALLAST_CHECK(head < s.spec.heads.size() && s.heads[head].kind == HeadKind::multilabel, head);
  std::vector<TextJob> jobs = s.prepare(texts);
  std::vector<const TokenIdList*> windows;
  std::vector<TextJob*> short_texts;
  for (TextJob& job : jobs) {
    if (job.windows.ids.size() != 1) continue;
    short_texts.push_back(&job);
    windows.push_back(&job.windows.ids.front());
  }
  // A text of one window is decided while its last layer is at hand.
  const auto decide = [&](std::size_t w, const float* logits, std::vector<std::size_t>& wanted) {
    s.predict_job(*short_texts[w], head, logits);
    if (!s.takes_apart(head)) return;
    for (const std::size_t label : short_texts[w]->labels) wanted.push_back(s.first_output(head) + label);
  };
  if (s.uses_transformer()) {
    std::vector<WindowReading> passes = s.read_windows(windows, decide);
    for (std::size_t w = 0; w < windows.size(); ++w) short_texts[w]->shares = std::move(passes[w].shares);
  } else {
    const std::vector<float> nothing(s.outputs(), 0.0f);
    for (TextJob* job : short_texts) s.predict_job(*job, head, nothing.data());
  }
  s.read_long_texts(jobs, head);
  std::vector<Reading> readings(texts.size());
  base::parallel_for(static_cast<std::int64_t>(texts.size()), [&](std::int64_t i) {
    TextJob& job = jobs[static_cast<std::size_t>(i)];
    Reading& reading = readings[static_cast<std::size_t>(i)];
    for (std::size_t k = 0; k < job.labels.size(); ++k) {
      const bool apart = s.ngrams && (s.takes_apart(head) || s.spec.heads[head].transformer_weight == 0);
      reading.listed.push_back(
          {job.labels[k], apart ? s.reasons(job, head, k) : attribute(job.text, head, job.labels[k])});
    }
    reading.prediction = std::move(job.prediction);
  });
  return readings;
}

}  // namespace ballast::lm
