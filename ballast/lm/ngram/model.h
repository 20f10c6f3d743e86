// SPDX-License-Identifier: Apache-2.0
// The traditional text classifier: n-gram features and linear scores. It runs beside the transformer as its challenger
// and is one branch of the hybrid classifier. Text in, one score (logit) an output out, and for each score the bytes
// that made it: bias plus all contributions is the score.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/lm/checkpoint/safetensors.h"
#include "ballast/lm/ngram/features.h"
#include "ballast/lm/ngram/linear.h"

namespace ballast::lm {

struct NgramTrainOptions {
  NgramOptions ngrams;
  LinearOptions linear;
  /// Keep only so many n-grams, those that moved the scores most in a first fit, and fit again; 0: all.
  std::int64_t max_features = 0;
};

/// What one n-gram in the bytes [begin, end) adds to a score.
struct NgramContribution {
  std::size_t begin = 0, end = 0;
  double weight = 0;
};

/// A text's n-grams, found once for scores and contributions.
struct NgramText {
  std::vector<NgramOccurrence> occurrences;
  std::vector<std::int32_t> features;  // of each occurrence, -1 where the model does not know it
  std::vector<NgramFeatures::Counted> counted;
};

class NgramModel {
 public:
  /// One linear fit a task over shared features; a task's outputs follow those of the task before it.
  static NgramModel train(std::span<const std::string_view> texts, std::span<const LinearTask> tasks,
                          const NgramTrainOptions& options = {});

  int outputs() const { return static_cast<int>(bias_.size()); }
  const NgramFeatures& features() const { return features_; }
  const std::vector<float>& bias() const { return bias_; }
  /// The chosen C of each task; empty in a loaded model.
  const std::vector<double>& chosen_c() const { return chosen_c_; }

  NgramText read(std::string_view text) const;

  /// One logit an output.
  std::vector<float> scores(const NgramText& text) const;
  std::vector<float> scores(std::string_view text) const { return scores(read(text)); }
  /// The same for many texts, [texts, outputs]; a text's scores do not depend on the others.
  std::vector<float> scores(std::span<const std::string_view> texts) const;

  /// Every known n-gram of the text that has weight for this output, words first, then characters, in text order. The
  /// sum plus bias()[output] is scores(text)[output] up to rounding.
  std::vector<NgramContribution> contributions(const NgramText& text, int output) const;
  std::vector<NgramContribution> contributions(std::string_view text, int output) const {
    return contributions(read(text), output);
  }

  /// One safetensors file: ngram.key (i32 [features], the keys' bits), ngram.idf (f32 [features], or f16 beside narrow
  /// weights), ngram.weight ([features, outputs], f32, f16, bf16, or i8 with ngram.scale f32 [outputs]: weight =
  /// q · scale / 127), ngram.bias (f32 [outputs]); the settings are JSON in the metadata "ngram". 100,000 features and
  /// 13 outputs in i8 take 1.9 MB.
  void save(const std::filesystem::path& file, DType weights = DType::f32) const;
  /// Throws not_found, io or bad_input.
  static NgramModel load(const std::filesystem::path& file);

 private:
  void fit(const SparseMatrix& rows, std::span<const LinearTask> tasks, const LinearOptions& options);
  std::vector<std::int32_t> strongest(const SparseMatrix& rows, std::int64_t count) const;

  NgramFeatures features_;
  std::vector<float> weight_;  // [features, outputs]
  std::vector<float> bias_;    // [outputs]
  std::vector<double> chosen_c_;
};

}  // namespace ballast::lm
