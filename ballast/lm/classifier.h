// SPDX-License-Identifier: Apache-2.0
// A trained text classifier as plain numbers: calibrated probabilities, intervals and per-token attributions. Hides the
// tokenizer, the transformer, the n-gram branch and the engine.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ballast::lm {

enum class HeadKind { multilabel, multiclass };

/// One question that the model answers about a text.
struct Head {
  std::string name;  // "risk", "severity", "sentiment", or "label"
  HeadKind kind = HeadKind::multiclass;
  std::vector<std::string> labels;  // multiclass: exactly one applies; multilabel: any number
  std::vector<double> thresholds;   // multilabel: a label is listed where its probability reaches this
  double refuse_below = 0;          // multiclass: "unknown" where the likeliest label is less probable; 0: never
};

struct HeadPrediction {
  std::vector<double> probabilities;  // calibrated, one a label
  std::vector<std::array<double, 2>>
      intervals;  // 90 % interval a label (bootstrap over the calibration split); may be empty
};

/// What a head says where it refuses to choose one of its labels.
inline constexpr std::string_view kUnknownAnswer = "unknown";

/// Number of the likeliest label of a multiclass head (the first of equals).
std::size_t likeliest(const HeadPrediction& prediction);
/// Whether a multiclass head would rather say "unknown": its likeliest label is less probable than head.refuse_below.
bool refuses(const Head& head, const HeadPrediction& prediction);
/// The answer of a multiclass head: its likeliest label, or kUnknownAnswer where it refuses.
std::string_view answer(const Head& head, const HeadPrediction& prediction);

struct Prediction {
  std::vector<HeadPrediction> heads;  // in the order of TextClassifier::heads()
  int windows = 1;          // over-long texts are read in windows; probabilities are those of the strongest one
  std::int64_t tokens = 0;  // tokens read
};

/// How much the bytes [start, end) of a text raised (positive) or lowered one label's score.
struct Attribution {
  std::size_t start = 0, end = 0;
  double weight = 0;
};

/// How finely integrated gradients walk their path. What each stretch of the path should add up to is known, so one
/// that does not is halved; which points are taken follows from the text and the model alone.
struct PathOptions {
  int points = 16;  // of Gauss-Legendre quadrature in each stretch, 1 to 1024; at first the path is one stretch
  double tolerance = 0.005;  // the stretch that adds up worst is halved until all gaps come to this at most (log-odds)
  int most_points = 1024;    // or until so many points of a window were walked
};

/// Integrated gradients (Sundararajan, Taly & Yan 2017) of one label's score, from a text of [MASK] tokens to the text.
/// The score of a multilabel head's label is the log-odds of its probability; of a multiclass head's label what goes
/// into the softmax. base + all weights + gap = score; without rounding and with endless points the gap would be 0.
struct IntegratedGradients {
  std::vector<Attribution> tokens;  // in text order, the n-gram branch's exact contributions included
  double score = 0, base = 0;       // of the text, and of the masked text
  double gap = 0;
  int points = 0;       // of the path that were walked, over all windows; 0 where the transformer has no say
  bool settled = true;  // within the tolerance; false: the points were used up before
};

/// What a text says, and which of its tokens say so.
struct Reading {
  struct Listed {
    std::size_t label = 0;
    std::vector<Attribution> tokens;  // in text order
  };
  Prediction prediction;
  std::vector<Listed> listed;  // the labels of the asked head that reach their thresholds
};

class TextClassifier {
 public:
  /// Opens a model folder. Throws not_found, bad_input or unsupported, naming the file.
  static TextClassifier load(const std::filesystem::path& folder);
  ~TextClassifier();
  TextClassifier(TextClassifier&&) noexcept;
  TextClassifier& operator=(TextClassifier&&) noexcept;

  const std::vector<Head>& heads() const;
  /// Name and content hash: "ballast-risk-small@1a2b3c4d5e6f".
  const std::string& identity() const;

  /// Scores texts (UTF-8). The result for a text does not depend on the other texts nor on the thread count.
  std::vector<Prediction> predict(std::span<const std::string_view> texts) const;

  /// predict(), and for the listed labels of one multi-label head what each token adds to the score, from the same
  /// pass: the n-gram branch's exact contributions, and what the classified position's sums of values in the last layer
  /// would lose without the token, along the gradient of the label's logit (of a long text's windows, in the one that
  /// decides). Where the network does not show its last layer, or there is no n-gram branch: attribute().
  std::vector<Reading> read(std::span<const std::string_view> texts, std::size_t head) const;

  /// Contributions of the text's tokens to the score of one label of one head, in text order: what the score loses when
  /// each token is hidden, one after another.
  std::vector<Attribution> attribute(std::string_view text, std::size_t head, std::size_t label) const;

  /// The same by gradients along the path. Of a long text's windows the one that decides counts for a multilabel head,
  /// all alike for a multiclass one. Throws unsupported for a tokenizer that has neither a mask nor an unknown token,
  /// usage for points below 1 or above 1024 and for a tolerance below 0.
  IntegratedGradients integrated_gradients(std::string_view text, std::size_t head, std::size_t label,
                                           const PathOptions& options = {}) const;

 private:
  struct State;
  explicit TextClassifier(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace ballast::lm
