// SPDX-License-Identifier: Apache-2.0
// classifier.json beside the weights: the questions a classifier answers, how its two branches are mixed and how scores
// become calibrated probabilities.
//
//   {"format": 1, "max_length": N, "precision": "f32"|"bf16"|"int8",     (of the transformer's products; f32 if absent)
//    "heads": [{"name", "kind": "multilabel"|"multiclass", "labels": […], "thresholds": […],
//               "transformer_weight": a, "ngram_weight": b,
//               "temperature": T                       (multiclass: softmax(score / T))
//               "refusal": {"below": p, "known_refused": r}   (multiclass, optional: "unknown" where the likeliest
//               label
//                                                      is less probable than p; p refused the share r of held-out rows)
//               "platt": [[a, b], …]                   (multilabel: 1 / (1 + e^-(a·score + b)), one a label)
//               "bootstrap": [[[a, b], …], …]          (refits on drawn rows, one list a label)
//              }, …]}
//
// score = transformer_weight · transformer logit + ngram_weight · n-gram logit.
#pragma once

#include <array>
#include <filesystem>
#include <vector>

#include "ballast/base/error.h"
#include "ballast/base/json.h"
#include "ballast/engine/gemm.h"
#include "ballast/lm/classifier.h"

namespace ballast::lm {

struct HeadSpec {
  Head head;
  double transformer_weight = 1, ngram_weight = 0;
  double temperature = 1;                                     // multiclass
  double known_refused = 0;                                   // share of held-out rows below head.refuse_below
  std::vector<std::array<double, 2>> platt;                   // multilabel, one a label; empty: identity
  std::vector<std::vector<std::array<double, 2>>> bootstrap;  // multilabel: a label, a refit
};

struct ClassifierSpec {
  std::int64_t max_length = 0;  // tokens of a window; 0: the model's positions
  std::vector<HeadSpec> heads;
  engine::Precision precision = engine::Precision::f32;  // of the transformer's products

  std::vector<Head> plain_heads() const;
  /// Names of the transformer's outputs: "risk:credit", or the bare labels of a single head.
  std::vector<std::string> output_names() const;
};

/// "f32", "bf16" or "int8": what a classifier may multiply in. Throws `code` for another name.
engine::Precision classifier_precision(const std::string& name, base::ErrorCode code, const std::string& where);

base::Json spec_json(const ClassifierSpec& spec);
/// Throws bad_input naming the field.
ClassifierSpec read_spec(const std::filesystem::path& file);

/// Calibrated probabilities and intervals of one head from its branches' logits.
HeadPrediction predict_head(const HeadSpec& spec, const float* transformer, const float* ngram);

}  // namespace ballast::lm
