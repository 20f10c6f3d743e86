// SPDX-License-Identifier: Apache-2.0
// The traditional tagger: a linear-chain conditional random field (Lafferty, McCallum & Pereira 2001) over the features
// of each character. Trained by AdaGrad (Duchi, Hazan & Singer 2011) on the likelihood, one text at a time, in one
// thread: the same seed gives the same model. It runs beside the transformer as its challenger and is one branch of
// SpanTagger.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/base/progress.h"
#include "ballast/lm/tagger/chain.h"
#include "ballast/lm/tagger/features.h"

namespace ballast::lm {

/// A text, what is asked about it (may be empty), and the spans in it, in characters.
struct TaggedText {
  std::string text, condition;
  std::vector<UnitSpan> spans;
};

struct LinearTaggerOptions {
  int epochs = 10;
  double rate = 0.005, l2 = 1e-5;
  int min_count = 2;         // a feature counts when it occurs so often in training
  double keep_above = 0.01;  // features whose weights all stay below are not kept
  std::uint64_t seed = 42;
};

class LinearTagger {
 public:
  LinearTagger() = default;
  /// `labels`: number of span labels. Throws bad_input when there are no texts.
  static LinearTagger train(std::span<const TaggedText> texts, int labels, const LinearTaggerOptions& options,
                            const base::ProgressSink& progress = {});

  int tags() const { return tags_; }
  std::size_t features() const { return keys_.size(); }
  /// [tags, tags], from and to.
  const std::vector<double>& transition() const { return transition_; }
  /// Scores [characters, tags].
  std::vector<double> emission(std::string_view text, const Characters& characters, std::string_view condition) const;

  /// One safetensors file: tagger.key (i32, rising), tagger.weight (f16 [features, tags]), tagger.transition (f32),
  /// tagger.names (u8, one name a line).
  void save(const std::filesystem::path& file) const;
  /// Throws not_found, io or bad_input.
  static LinearTagger load(const std::filesystem::path& file);

 private:
  void index();

  int tags_ = 0;
  NameList names_;
  std::vector<std::uint32_t> keys_;
  std::vector<float> weight_;        // [features, tags]
  std::vector<double> transition_;   // [tags, tags]
  std::vector<std::int32_t> table_;  // open addressing over keys_, at most half full; -1: free
};

}  // namespace ballast::lm
