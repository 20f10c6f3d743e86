// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>

#include "ballast/base/error.h"
#include "ballast/lm/classifier.h"
#include "ballast/risk/scan.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;

std::optional<std::size_t> find_head(const lm::TextClassifier& model, const std::string& name) {
  const auto& heads = model.heads();
  for (std::size_t h = 0; h < heads.size(); ++h) {
    if (heads[h].name == name) return h;
  }
  return std::nullopt;
}

/// Which label of `head` stands at each of `places`; throws where one is missing.
std::vector<std::size_t> places_of(const lm::Head& head, const std::vector<std::string>& places,
                                   const std::string& model) {
  std::vector<std::size_t> at;
  for (const std::string& place : places) {
    const auto label = std::find(head.labels.begin(), head.labels.end(), place);
    if (label == head.labels.end()) {
      throw Error(ErrorCode::unsupported, "the head \"" + head.name + "\" has no label \"" + place + "\"", model);
    }
    at.push_back(static_cast<std::size_t>(label - head.labels.begin()));
  }
  return at;
}

struct Layout {
  std::size_t risk = 0;
  std::optional<std::size_t> severity, sentiment;
  std::vector<std::size_t> severity_at, sentiment_at;
};

Layout layout_of(const lm::TextClassifier& model) {
  Layout layout;
  const auto risk = find_head(model, "risk");
  if (!risk || model.heads()[*risk].kind != lm::HeadKind::multilabel) {
    throw Error(ErrorCode::unsupported, "the model does not identify risk: it has no multi-label head \"risk\"",
                model.identity(), "train one with `ballast train --task multilabel`, or name another with --model");
  }
  layout.risk = *risk;
  layout.severity = find_head(model, "severity");
  layout.sentiment = find_head(model, "sentiment");
  if (layout.severity) {
    layout.severity_at = places_of(model.heads()[*layout.severity], {"0", "1", "2", "3"}, model.identity());
  }
  if (layout.sentiment) {
    layout.sentiment_at =
        places_of(model.heads()[*layout.sentiment], {"negative", "neutral", "positive"}, model.identity());
  }
  return layout;
}

std::vector<double> pick(const lm::HeadPrediction& head, const std::vector<std::size_t>& at) {
  std::vector<double> picked;
  for (const std::size_t label : at) picked.push_back(head.probabilities.at(label));
  return picked;
}

TextScores to_scores(const lm::Reading& reading, const lm::Head& risk, const Layout& layout) {
  TextScores scores;
  const lm::Prediction& prediction = reading.prediction;
  const lm::HeadPrediction& kinds = prediction.heads.at(layout.risk);
  for (std::size_t k = 0; k < risk.labels.size(); ++k) {
    const double p = kinds.probabilities.at(k);
    const double threshold = k < risk.thresholds.size() ? risk.thresholds[k] : 0.5;
    // A model without a calibration split has no interval to give: the probability itself.
    const auto interval = k < kinds.intervals.size() ? kinds.intervals[k] : std::array<double, 2>{p, p};
    scores.kinds.push_back({risk.labels[k], p, threshold, interval});
  }
  for (const lm::Reading::Listed& listed : reading.listed) {
    for (const lm::Attribution& a : listed.tokens) {
      scores.kinds[listed.label].weights.push_back({a.start, a.end, a.weight});
    }
  }
  if (layout.severity) scores.severity = pick(prediction.heads.at(*layout.severity), layout.severity_at);
  if (layout.sentiment) scores.sentiment = pick(prediction.heads.at(*layout.sentiment), layout.sentiment_at);
  return scores;
}

}  // namespace

Scorer make_scorer(std::shared_ptr<const lm::TextClassifier> classifier) {
  const Layout layout = layout_of(*classifier);
  Scorer scorer;
  scorer.model = classifier->identity();
  scorer.score = [classifier, layout](std::span<const std::string_view> texts) {
    const lm::Head& risk = classifier->heads()[layout.risk];
    std::vector<TextScores> scores;
    for (const lm::Reading& reading : classifier->read(texts, layout.risk)) {
      scores.push_back(to_scores(reading, risk, layout));
    }
    return scores;
  };
  return scorer;
}

}  // namespace ballast::risk
