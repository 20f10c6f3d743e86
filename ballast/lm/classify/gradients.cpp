// SPDX-License-Identifier: Apache-2.0
// Integrated gradients of a classifier's score: the transformer's along the path from masked words to the words, the
// n-gram branch's contributions as they are, since it is linear. The path is cut into stretches, and one that does not
// add up is halved: what a stretch should add up to is known, the output at its end less that at its start.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <string>

#include "ballast/base/error.h"
#include "ballast/lm/classify/state.h"

namespace ballast::lm {
namespace {

using base::Error;
using base::ErrorCode;
using ByteSpan = std::pair<std::size_t, std::size_t>;

struct Node {
  double at = 0, weight = 0;  // in [0, 1]; the weights add up to 1
};

/// Points and weights of Gauss-Legendre quadrature over [0, 1]: roots of the Legendre polynomial by Newton's method
/// (Abramowitz & Stegun 25.4.30).
std::vector<Node> gauss_legendre(int count) {
  std::vector<Node> nodes;
  for (int i = 0; i < count; ++i) {
    double x = std::cos(std::numbers::pi * (i + 0.75) / (count + 0.5)), slope = 0;
    for (int round = 0; round < 100; ++round) {
      double p = 1, before = 0;
      for (int n = 1; n <= count; ++n) {
        const double next = ((2 * n - 1) * x * p - (n - 1) * before) / n;
        before = p;
        p = next;
      }
      slope = count * (x * p - before) / (x * x - 1);
      const double move = p / slope;
      x -= move;
      if (std::abs(move) < 1e-15) break;
    }
    nodes.push_back({(1 - x) / 2, 1 / ((1 - x * x) * slope * slope)});
  }
  return nodes;
}

/// The words behind [MASK]; special tokens stay.
std::vector<std::int32_t> masked_ids(const Windows& windows, std::size_t w, std::int32_t mask) {
  std::vector<std::int32_t> ids = windows.ids[w];
  for (std::size_t t = 0; t < ids.size(); ++t) {
    if (windows.offsets[w][t][0] < windows.offsets[w][t][1]) ids[t] = mask;
  }
  return ids;
}

/// Contributions spread over the bytes that tokens cover, the part of spaces too, so that nothing is lost. Returns what
/// no token covers.
double add_ngrams(std::span<const NgramContribution> contributions, double factor, std::size_t length,
                  std::map<ByteSpan, double>& tokens) {
  std::vector<std::uint8_t> covered(length, 0);
  for (const auto& [span, weight] : tokens) {
    std::fill(covered.begin() + static_cast<std::ptrdiff_t>(span.first),
              covered.begin() + static_cast<std::ptrdiff_t>(span.second), std::uint8_t{1});
  }
  std::vector<double> bytes(length, 0.0);
  double left = 0;
  for (const NgramContribution& c : contributions) {
    const auto known = std::count(covered.begin() + static_cast<std::ptrdiff_t>(c.begin),
                                  covered.begin() + static_cast<std::ptrdiff_t>(c.end), std::uint8_t{1});
    if (known == 0) {
      left += factor * c.weight;
      continue;
    }
    for (std::size_t i = c.begin; i < c.end; ++i) {
      if (covered[i] != 0) bytes[i] += factor * c.weight / static_cast<double>(known);
    }
  }
  std::vector<int> owners(length, 0);  // neighbouring windows may cut the same bytes otherwise
  for (const auto& [span, weight] : tokens) {
    for (std::size_t i = span.first; i < span.second; ++i) ++owners[i];
  }
  for (auto& [span, weight] : tokens) {
    for (std::size_t i = span.first; i < span.second; ++i) weight += bytes[i] / owners[i];
  }
  return left;
}

/// A piece of the path from the reference (0) to the text (1).
struct Stretch {
  double from = 0, to = 1;
  double first = 0, last = 0;     // the output at both
  std::vector<double> gradients;  // times the way, a token
  double gap() const { return std::abs(last - first - std::accumulate(gradients.begin(), gradients.end(), 0.0)); }
};

/// One output of one window on the way from its reference to itself.
class Path {
 public:
  Path(Network& network, engine::Arena& arena, const std::vector<std::int32_t>& ids,
       const std::vector<std::int32_t>& reference, std::size_t output)
      : network_(network), arena_(arena), ids_(ids), reference_(reference), output_(output) {}

  /// The output at `at`.
  double output_at(double at) {
    Step step(*this, {&at, 1});
    engine::Tape tape(arena_, false);
    return step.run(tape).data[output_];
  }

  /// Gradients along one stretch, times the way.
  std::vector<double> walk(double from, double to, const std::vector<Node>& nodes) {
    std::vector<double> sums(ids_.size(), 0.0), at;
    for (const Node& n : nodes) at.push_back(from + (to - from) * n.at);
    const std::size_t together =
        std::max<std::size_t>(1, static_cast<std::size_t>(kBatchTokens) / std::max<std::size_t>(1, ids_.size()));
    for (std::size_t first = 0; first < nodes.size(); first += together) {
      const std::size_t count = std::min(together, nodes.size() - first);
      Step step(*this, std::span(at).subspan(first, count));
      engine::Tape tape(arena_, true);
      const engine::Value logits = step.run(tape);
      float* seed = tape.gradient(logits);
      for (std::int64_t row = 0; row < logits.rows; ++row) {
        seed[row * logits.cols + static_cast<std::int64_t>(output_)] = 1;
      }
      tape.backward();
      const float* gradients = step.gradients(tape);
      for (std::size_t n = 0; n < count; ++n) step.add(n, (to - from) * nodes[first + n].weight, gradients, sums);
    }
    return sums;
  }

 private:
  /// The window at several points of the path, as one batch.
  struct Step {
    Step(const Path& path, std::span<const double> at) : path_(path), tokens_(path.ids_.size()) {
      for (const double x : at) {
        batch_.add(path.ids_);
        references_.insert(references_.end(), path.reference_.begin(), path.reference_.end());
        shares_.insert(shares_.end(), tokens_, static_cast<float>(x));
      }
      blend_ = {references_, shares_};
      capture_.blend = &blend_;
      path.arena_.reset();
    }
    engine::Value run(engine::Tape& tape) {
      return path_.network_.classify(tape, path_.network_.encode(tape, batch_, &capture_), batch_);
    }
    /// Of all points' tokens, after the backward pass.
    const float* gradients(engine::Tape& tape) const { return tape.gradient(capture_.blended); }
    void add(std::size_t point, double weight, const float* gradients, std::vector<double>& sums) const {
      const std::int64_t width = capture_.blended.cols;
      for (std::size_t t = 0; t < tokens_; ++t) {
        const auto row = static_cast<std::int64_t>(point * tokens_ + t);
        double dot = 0;
        for (std::int64_t j = row * width; j < (row + 1) * width; ++j) {
          dot += static_cast<double>(capture_.direction[j]) * static_cast<double>(gradients[j]);
        }
        sums[t] += weight * dot;
      }
    }

   private:
    const Path& path_;
    std::size_t tokens_;
    text::TokenBatch batch_;
    std::vector<std::int32_t> references_;
    std::vector<float> shares_;
    Blend blend_;
    Capture capture_;
  };

  Network& network_;
  engine::Arena& arena_;
  const std::vector<std::int32_t>&ids_, &reference_;
  std::size_t output_;
};

}  // namespace

/// Gradient of one output along the path, times the path, for every token of a window. Halves the stretch that adds up
/// worst until the gaps of all come to `tolerance` at most, or the points are used up.
PathGradients TextClassifier::State::path_gradients(const std::vector<std::int32_t>& ids,
                                                    const std::vector<std::int32_t>& reference, std::size_t output,
                                                    double tolerance, const PathOptions& options) const {
  const std::lock_guard lock(mutex);
  const std::vector<Node> nodes = gauss_legendre(options.points);
  Path path(network(), arena, ids, reference, output);
  PathGradients out;
  out.points = options.points;
  std::vector<Stretch> stretches = {{0, 1, path.output_at(0), path.output_at(1), path.walk(0, 1, nodes)}};
  for (;;) {
    double gaps = 0;
    std::size_t worst = 0;
    for (std::size_t i = 0; i < stretches.size(); ++i) {
      gaps += stretches[i].gap();
      if (stretches[i].gap() > stretches[worst].gap()) worst = i;
    }
    out.settled = gaps <= tolerance;
    if (out.settled || out.points + 2 * options.points > options.most_points) break;
    Stretch& left = stretches[worst];
    const double middle = (left.from + left.to) / 2;
    Stretch right = {middle, left.to, path.output_at(middle), left.last, path.walk(middle, left.to, nodes)};
    left = {left.from, middle, left.first, right.first, path.walk(left.from, middle, nodes)};
    stretches.push_back(std::move(right));
    out.points += 2 * options.points;
  }
  out.tokens.assign(ids.size(), 0.0);
  for (const Stretch& stretch : stretches) {
    for (std::size_t t = 0; t < ids.size(); ++t) out.tokens[t] += stretch.gradients[t];
  }
  return out;
}

/// Which windows' scores make the label's, and how much each counts.
std::vector<double> TextClassifier::State::window_shares(const std::vector<float>& logits, std::size_t count,
                                                         std::size_t output, HeadKind kind) const {
  if (kind == HeadKind::multiclass) return std::vector<double>(count, 1 / static_cast<double>(count));
  std::size_t best = 0;
  for (std::size_t w = 1; w < count; ++w) {
    if (logits[w * outputs() + output] > logits[best * outputs() + output]) best = w;
  }
  std::vector<double> shares(count, 0.0);
  shares[best] = 1;
  return shares;
}

IntegratedGradients TextClassifier::integrated_gradients(std::string_view text, std::size_t head, std::size_t label,
                                                         const PathOptions& options) const {
  const State& s = *state_;
  BALLAST_CHECK(head < s.spec.heads.size() && label < s.heads[head].labels.size(), head);
  if (options.points < 1 || options.points > 1024) {
    throw Error(ErrorCode::usage, "needs between 1 and 1024 steps, not " + std::to_string(options.points), "steps");
  }
  if (!(options.tolerance >= 0)) throw Error(ErrorCode::usage, "is not a number of 0 or more", "tolerance");
  const auto& special = s.model.tokenizer->special();
  const auto mask = special.mask ? special.mask : special.unk;
  if (!mask) throw Error(ErrorCode::unsupported, "the tokenizer has no mask to start from", s.identity);
  std::size_t output = label;
  for (std::size_t h = 0; h < head; ++h) output += s.heads[h].labels.size();
  const HeadSpec& spec = s.spec.heads[head];
  // What turns the branches' sum into the score: Platt's line, or the temperature.
  const auto [slope, offset] = spec.head.kind == HeadKind::multiclass ? std::array<double, 2>{1 / spec.temperature, 0}
                               : spec.platt.empty()                   ? std::array<double, 2>{1, 0}
                                                                      : spec.platt[label];
  const Windows windows = cut_windows(*s.model.tokenizer, text, s.length);
  std::map<ByteSpan, double> tokens;
  for (const auto& offsets : windows.offsets) {
    for (const auto& [begin, end] : offsets) {
      if (begin < end) tokens[{begin, end}] = 0;
    }
  }
  IntegratedGradients out;
  out.score = out.base = offset;
  if (s.uses_transformer() && spec.transformer_weight != 0) {
    const std::size_t count = windows.ids.size();
    std::vector<std::vector<std::int32_t>> references;
    std::vector<const std::vector<std::int32_t>*> all;
    for (const auto& ids : windows.ids) all.push_back(&ids);
    for (std::size_t w = 0; w < count; ++w) references.push_back(masked_ids(windows, w, *mask));
    for (const auto& ids : references) all.push_back(&ids);
    const std::vector<float> logits = s.window_logits(all);
    const std::vector<double> shares = s.window_shares(logits, count, output, spec.head.kind);
    const auto counting =
        static_cast<double>(std::count_if(shares.begin(), shares.end(), [](double x) { return x != 0; }));
    for (std::size_t w = 0; w < count; ++w) {
      if (shares[w] == 0) continue;
      const double factor = slope * spec.transformer_weight * shares[w];
      out.score += factor * static_cast<double>(logits[w * s.outputs() + output]);
      out.base += factor * static_cast<double>(logits[(count + w) * s.outputs() + output]);
      const PathGradients parts = s.path_gradients(windows.ids[w], references[w], output,
                                                   options.tolerance / (std::abs(factor) * counting), options);
      for (std::size_t t = 0; t < parts.tokens.size(); ++t) {
        const auto& [begin, end] = windows.offsets[w][t];
        if (begin < end) tokens[{begin, end}] += factor * parts.tokens[t];
      }
      out.points += parts.points;
      out.settled = out.settled && parts.settled;
    }
  }
  if (s.ngrams && spec.ngram_weight != 0) {
    const double factor = slope * spec.ngram_weight;
    out.score += factor * static_cast<double>(s.ngrams->scores(text)[output]);
    out.base += factor * static_cast<double>(s.ngrams->bias()[output]);
    out.base += add_ngrams(s.ngrams->contributions(text, static_cast<int>(output)), factor, text.size(), tokens);
  }
  double sum = 0;
  for (const auto& [span, weight] : tokens) {
    out.tokens.push_back({span.first, span.second, weight});
    sum += weight;
  }
  out.gap = out.score - out.base - sum;
  return out;
}

}  // namespace ballast::lm
