// SPDX-License-Identifier: Apache-2.0
#include "ballast/assist/search/vectors.h"

#include <hnswlib/hnswlib.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "ballast/lm/embed.h"

namespace ballast::assist {
namespace {

/// Up to here every passage is compared: exact, and faster than a graph.
constexpr std::size_t kExact = 5000;
constexpr std::size_t kNeighbours = 16, kBuildBreadth = 200, kSearchBreadth = 200;

/// Mean of the words' vectors weighted by how rare the word is, less what all texts have in common (Arora, Liang & Ma
/// 2017, with the mean in the place of their first component).
class TextVectors {
 public:
  TextVectors(const std::filesystem::path& model, std::function<double(const std::string&)> weight)
      : embedder_(lm::Embedder::load(model)), weight_(std::move(weight)) {}

  std::vector<std::vector<float>> raw(const std::vector<std::string>& texts) const {
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    const auto words = embedder_.embed_words(views);
    std::vector<std::vector<float>> out(texts.size(), std::vector<float>(width(), 0));
    for (std::size_t i = 0; i < texts.size(); ++i) {
      double total = 0;
      std::vector<double> sum(width(), 0);
      for (const lm::WordEmbedding& w : words[i]) {
        const std::string word = text::lower(views[i].substr(w.start, w.end - w.start));
        const double by = text::is_stop_word(word) ? 0.05 : weight_(text::stem(word));
        total += by;
        for (std::size_t d = 0; d < sum.size(); ++d) sum[d] += by * static_cast<double>(w.vector[d]);
      }
      for (std::size_t d = 0; d < sum.size() && total > 0; ++d) out[i][d] = static_cast<float>(sum[d] / total);
    }
    return out;
  }

  void learn_mean(const std::vector<std::vector<float>>& vectors) {
    mean_.assign(width(), 0);
    for (const auto& v : vectors) {
      for (std::size_t d = 0; d < mean_.size(); ++d)
        mean_[d] += static_cast<double>(v[d]) / static_cast<double>(vectors.size());
    }
  }

  std::vector<float> finished(const std::vector<float>& v) const {
    double norm = 0;
    for (std::size_t d = 0; d < v.size(); ++d)
      norm += (static_cast<double>(v[d]) - mean_[d]) * (static_cast<double>(v[d]) - mean_[d]);
    norm = norm > 0 ? std::sqrt(norm) : 1;
    std::vector<float> out(v.size());
    for (std::size_t d = 0; d < v.size(); ++d)
      out[d] = static_cast<float>((static_cast<double>(v[d]) - mean_[d]) / norm);
    return out;
  }

  std::size_t width() const { return static_cast<std::size_t>(embedder_.width()); }

 private:
  lm::Embedder embedder_;
  std::function<double(const std::string&)> weight_;
  std::vector<double> mean_;
};

double dot(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t d = 0; d < a.size(); ++d) sum += static_cast<double>(a[d]) * static_cast<double>(b[d]);
  return sum;
}

}  // namespace

struct VectorIndex::State {
  State(const std::filesystem::path& model, std::function<double(const std::string&)> weight)
      : texts(model, std::move(weight)), space(texts.width()) {}
  TextVectors texts;
  std::vector<std::vector<float>> vectors;
  hnswlib::InnerProductSpace space;
  std::unique_ptr<hnswlib::HierarchicalNSW<float>> graph;
};

VectorIndex::VectorIndex(const KnowledgeBase& base, const std::filesystem::path& model,
                         std::function<double(const std::string&)> weight)
    : state_(std::make_unique<State>(model, std::move(weight))) {
  std::vector<std::string> texts;
  for (const Passage& p : base.passages) {
    std::string text = p.heading;
    for (const text::Span& s : p.sentences) text.append("\n").append(s.of(p.text));
    texts.push_back(std::move(text));
  }
  const auto raw = state_->texts.raw(texts);
  state_->texts.learn_mean(raw);
  for (const auto& v : raw) state_->vectors.push_back(state_->texts.finished(v));
  if (state_->vectors.size() <= kExact) return;
  state_->graph = std::make_unique<hnswlib::HierarchicalNSW<float>>(&state_->space, state_->vectors.size(), kNeighbours,
                                                                    kBuildBreadth);
  for (std::size_t i = 0; i < state_->vectors.size(); ++i) state_->graph->addPoint(state_->vectors[i].data(), i);
  state_->graph->setEf(kSearchBreadth);
}

VectorIndex::~VectorIndex() = default;

std::vector<std::pair<std::size_t, double>> VectorIndex::nearest(const std::string& text, std::size_t count,
                                                                 const std::vector<char>& allowed) const {
  const std::vector<float> query = state_->texts.finished(state_->texts.raw({text}).front());
  std::vector<std::pair<std::size_t, double>> out;
  if (state_->graph != nullptr) {
    // The graph knows no filter: more are asked for, and those of another language dropped.
    auto found = state_->graph->searchKnn(query.data(), std::min(4 * count, state_->vectors.size()));
    for (; !found.empty(); found.pop()) {
      if (allowed[found.top().second] != 0)
        out.emplace_back(found.top().second, 1 - static_cast<double>(found.top().first));
    }
  } else {
    for (std::size_t i = 0; i < state_->vectors.size(); ++i) {
      if (allowed[i] != 0) out.emplace_back(i, dot(query, state_->vectors[i]));
    }
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  if (out.size() > count) out.resize(count);
  return out;
}

}  // namespace ballast::assist
