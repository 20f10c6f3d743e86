// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/tagger/linear_tagger.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "ballast/base/error.h"
#include "ballast/base/random.h"
#include "ballast/lm/checkpoint/safetensors.h"

namespace ballast::lm {
namespace {

using base::Error;
using base::ErrorCode;
using Size = std::size_t;

constexpr double kNegligible = 1e-3;  // gradients below this leave a character's weights alone

std::vector<std::string> names_in(const TaggedText& t, const Characters& c) {
  std::vector<std::string> names;
  for (const UnitSpan& s : t.spans) {
    std::string name = t.text.substr(c.offset[s.begin], c.offset[s.end] - c.offset[s.begin]);
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
  }
  return names;
}

TagFeatures training_features(const TaggedText& t, const Characters& c, const NameList& names) {
  return tag_features(t.text, c, t.condition, names.find(t.text, c, names_in(t, c)));
}

/// Features that occur often enough, numbered; -1 for the others.
std::vector<std::int32_t> count_features(std::span<const TaggedText> texts, const NameList& names, int min_count,
                                         Size& kept) {
  std::vector<std::int32_t> number(Size{1} << kTagKeyBits, 0);
  for (const TaggedText& t : texts) {
    for (const std::uint32_t key : training_features(t, characters_of(t.text), names).keys) ++number[key];
  }
  kept = 0;
  for (std::int32_t& n : number) n = n >= min_count ? static_cast<std::int32_t>(kept++) : -1;
  return number;
}

/// Weights under training with AdaGrad's sums of squares.
class Descent {
 public:
  Descent(std::span<const TaggedText> texts, int labels, const LinearTaggerOptions& options)
      : options_(options), k_(static_cast<Size>(tag_count(labels))) {
    for (const TaggedText& t : texts) {
      for (const std::string& name : names_in(t, characters_of(t.text))) names.add(name);
    }
    Size kept = 0;
    number_ = count_features(texts, names, options.min_count, kept);
    weight.assign(kept * k_, 0.0f);
    squares_.assign(kept * k_, 0.0f);
    transition.assign(k_ * k_, 0.0);
    transition_squares_.assign(k_ * k_, 0.0);
  }

  /// One text; returns its loss, -log of the truth's probability.
  double learn(const TaggedText& t) {
    const Characters characters = characters_of(t.text);
    const Size n = characters.size();
    if (n == 0) return 0;
    TagFeatures f = training_features(t, characters, names);
    std::vector<double> emission(n * k_);
    for (Size u = 0; u < n; ++u) {
      for (Size e = f.start[u]; e < f.start[u + 1]; ++e) {
        const std::int32_t feature = number_[f.keys[e]];
        f.keys[e] = static_cast<std::uint32_t>(feature);
        if (feature < 0) continue;
        const float* w = weight.data() + static_cast<Size>(feature) * k_;
        for (Size y = 0; y < k_; ++y) emission[u * k_ + y] += static_cast<double>(w[y]);
      }
    }
    const Chain chain{emission, transition, static_cast<int>(k_)};
    const ChainSums sums = chain_sums(chain);
    const std::vector<int> truth = tags_of(t.spans, n);
    update_features(f, sums, truth);
    const double score = path_score(chain, truth);
    update_transitions(chain, sums, truth);
    return sums.total - score;
  }

  NameList names;
  std::vector<float> weight;
  std::vector<double> transition;
  const std::vector<std::int32_t>& numbers() const { return number_; }

 private:
  static double path_score(const Chain& c, const std::vector<int>& tags) {
    double score = 0;
    for (Size u = 0; u < tags.size(); ++u) {
      score += c.emission[u * static_cast<Size>(c.tags) + static_cast<Size>(tags[u])];
      if (u > 0) score += c.transition[static_cast<Size>(tags[u - 1] * c.tags + tags[u])];
    }
    return score;
  }

  void update_features(const TagFeatures& f, const ChainSums& sums, const std::vector<int>& truth) {
    std::vector<float> gradient(k_);
    for (Size u = 0; u < truth.size(); ++u) {
      float largest = 0;
      for (Size y = 0; y < k_; ++y) {
        const double p = std::exp(sums.prefix[u * k_ + y] + sums.suffix[u * k_ + y] - sums.total);
        gradient[y] = static_cast<float>((truth[u] == static_cast<int>(y) ? 1.0 : 0.0) - p);
        largest = std::max(largest, std::abs(gradient[y]));
      }
      if (static_cast<double>(largest) < kNegligible) continue;
      for (Size e = f.start[u]; e < f.start[u + 1]; ++e) {
        const auto feature = static_cast<std::int32_t>(f.keys[e]);
        if (feature < 0) continue;
        float* w = weight.data() + static_cast<Size>(feature) * k_;
        float* s = squares_.data() + static_cast<Size>(feature) * k_;
        for (Size y = 0; y < k_; ++y) {
          const float g = gradient[y] - static_cast<float>(options_.l2) * w[y];
          s[y] += g * g;
          w[y] += static_cast<float>(options_.rate) * g / std::sqrt(s[y] + 1e-6f);
        }
      }
    }
  }

  void update_transitions(const Chain& c, const ChainSums& sums, const std::vector<int>& truth) {
    std::vector<double> gradient(k_ * k_);
    for (Size u = 1; u < truth.size(); ++u) {
      gradient[static_cast<Size>(truth[u - 1]) * k_ + static_cast<Size>(truth[u])] += 1;
      for (Size from = 0; from < k_; ++from) {
        for (Size to = 0; to < k_; ++to) {
          if (!legal(static_cast<int>(from), static_cast<int>(to))) continue;
          gradient[from * k_ + to] -= std::exp(sums.prefix[(u - 1) * k_ + from] + transition[from * k_ + to] +
                                               c.emission[u * k_ + to] + sums.suffix[u * k_ + to] - sums.total);
        }
      }
    }
    for (Size i = 0; i < gradient.size(); ++i) {
      transition_squares_[i] += gradient[i] * gradient[i];
      transition[i] += options_.rate * gradient[i] / std::sqrt(transition_squares_[i] + 1e-6);
    }
  }

  LinearTaggerOptions options_;
  Size k_;
  std::vector<std::int32_t> number_;  // of a key
  std::vector<float> squares_;
  std::vector<double> transition_squares_;
};

}  // namespace

LinearTagger LinearTagger::train(std::span<const TaggedText> texts, int labels, const LinearTaggerOptions& options,
                                 const base::ProgressSink& progress) {
  if (texts.empty()) throw Error(ErrorCode::bad_input, "no texts to train on", "linear tagger", "texts with spans");
  Descent descent(texts, labels, options);
  std::vector<std::uint32_t> order(texts.size());
  for (int epoch = 0; epoch < options.epochs; ++epoch) {
    std::iota(order.begin(), order.end(), 0u);
    base::Random random(options.seed, 0x7a6 + static_cast<std::uint64_t>(epoch));
    random.shuffle(std::span<std::uint32_t>(order));
    double loss = 0;
    for (const std::uint32_t i : order) loss += descent.learn(texts[i]);
    if (progress) {
      progress({"linear tagger", epoch + 1, options.epochs, "epochs",
                "loss " + std::to_string(loss / static_cast<double>(texts.size())), epoch + 1 == options.epochs});
    }
  }
  LinearTagger tagger;
  tagger.tags_ = tag_count(labels);
  tagger.transition_ = descent.transition;
  tagger.names_ = descent.names;
  const auto k = static_cast<Size>(tagger.tags_);
  for (Size key = 0; key < descent.numbers().size(); ++key) {
    const std::int32_t feature = descent.numbers()[key];
    if (feature < 0) continue;
    const float* w = descent.weight.data() + static_cast<Size>(feature) * k;
    const bool matters =
        std::any_of(w, w + k, [&](float x) { return static_cast<double>(std::abs(x)) >= options.keep_above; });
    if (!matters) continue;
    tagger.keys_.push_back(static_cast<std::uint32_t>(key));
    tagger.weight_.insert(tagger.weight_.end(), w, w + k);
  }
  tagger.index();
  return tagger;
}

void LinearTagger::index() {
  table_.assign(std::bit_ceil(2 * keys_.size() + 1), -1);
  const Size mask = table_.size() - 1;
  for (Size i = 0; i < keys_.size(); ++i) {
    Size at = keys_[i] & mask;
    while (table_[at] >= 0) at = (at + 1) & mask;
    table_[at] = static_cast<std::int32_t>(i);
  }
}

std::vector<double> LinearTagger::emission(std::string_view text, const Characters& characters,
                                           std::string_view condition) const {
  const auto k = static_cast<Size>(tags_);
  const TagFeatures f = tag_features(text, characters, condition, names_.find(text, characters));
  std::vector<double> scores(characters.size() * k);
  const Size mask = table_.size() - 1;
  for (Size u = 0; u < characters.size(); ++u) {
    for (Size e = f.start[u]; e < f.start[u + 1]; ++e) {
      Size at = f.keys[e] & mask;
      while (table_[at] >= 0 && keys_[static_cast<Size>(table_[at])] != f.keys[e]) at = (at + 1) & mask;
      if (table_[at] < 0) continue;
      const float* w = weight_.data() + static_cast<Size>(table_[at]) * k;
      for (Size y = 0; y < k; ++y) scores[u * k + y] += static_cast<double>(w[y]);
    }
  }
  return scores;
}

void LinearTagger::save(const std::filesystem::path& file) const {
  const auto n = static_cast<std::int64_t>(keys_.size());
  const std::vector<float> transition(transition_.begin(), transition_.end());
  const std::string names = names_.lines();
  write_safetensors(file,
                    {TensorToWrite::bytes("tagger.key", {n}, DType::i32, std::as_bytes(std::span(keys_))),
                     TensorToWrite::floats("tagger.weight", {n, tags_}, weight_, DType::f16),
                     TensorToWrite::floats("tagger.transition", {tags_, tags_}, transition),
                     TensorToWrite::bytes("tagger.names", {static_cast<std::int64_t>(names.size())}, DType::u8,
                                          std::as_bytes(std::span(names)))},
                    {{"format", "pt"}, {"tagger", "1"}});
}

LinearTagger LinearTagger::load(const std::filesystem::path& file) {
  const SafetensorsFile tensors(file);
  const auto bad = [&](const std::string& what) {
    throw Error(ErrorCode::bad_input, what, file.string(), "a linear tagger");
  };
  const auto version = tensors.metadata().find("tagger");
  if (version == tensors.metadata().end() || version->second != "1") bad("is not a linear tagger of version 1");
  const auto& shape = tensors.info("tagger.weight").shape;
  if (shape.size() != 2 || shape[1] < 3 || shape[1] % 2 == 0 ||
      tensors.info("tagger.key").shape != std::vector<std::int64_t>{shape[0]} ||
      tensors.info("tagger.transition").shape != std::vector<std::int64_t>{shape[1], shape[1]}) {
    bad("the shapes of its tensors do not fit together");
  }
  tensors.check_finite();
  LinearTagger tagger;
  tagger.tags_ = static_cast<int>(shape[1]);
  std::vector<std::int64_t> keys(static_cast<Size>(shape[0]));
  tensors.read_i64("tagger.key", keys);
  for (const std::int64_t key : keys) {
    if (!tagger.keys_.empty() && key <= static_cast<std::int64_t>(tagger.keys_.back())) bad("tagger.key does not rise");
    tagger.keys_.push_back(static_cast<std::uint32_t>(key));
  }
  tagger.weight_.resize(static_cast<Size>(shape[0] * shape[1]));
  tensors.read_f32("tagger.weight", tagger.weight_);
  std::vector<float> transition(static_cast<Size>(shape[1] * shape[1]));
  tensors.read_f32("tagger.transition", transition);
  tagger.transition_.assign(transition.begin(), transition.end());
  const auto names = tensors.raw("tagger.names");
  tagger.names_ = NameList::from_lines({reinterpret_cast<const char*>(names.data()), names.size()});
  tagger.index();
  return tagger;
}

}  // namespace ballast::lm
