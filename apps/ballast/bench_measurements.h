// SPDX-License-Identifier: Apache-2.0
// What `ballast bench` measures: products, small transformers, tokenizers, scanning.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "measure.h"

namespace ballast::apps {

struct BenchPlan {
  std::string only;                        // measure only what has this in its name
  double seconds = 0.3;                    // of each measurement
  bool large = false;                      // the large networks in place of the small ones
  std::filesystem::path tokenizer, model;  // empty: not measured

  bool wants(const std::string& name) const { return name.find(only) != std::string::npos; }
};

using MeasurementSink = std::function<void(const Measurement&)>;

/// Matrix products in every precision, packed once and plain, on one thread and on all.
void bench_products(const BenchPlan& plan, const MeasurementSink& sink);
/// Training steps (forward, backward, AdamW) and forward passes of a small BERT and a small GPT-2 with fresh weights,
/// system allocations of a step after warm-up; or GPT-2 124M, BERT-base, and prompts and new tokens of Qwen2.5-0.5B.
void bench_networks(const BenchPlan& plan, const MeasurementSink& sink);
void bench_tokenizer(const BenchPlan& plan, const MeasurementSink& sink);
/// The demonstration's feed through the model: scores, entities, evidence, a store in memory.
void bench_scan(const BenchPlan& plan, const MeasurementSink& sink);

}  // namespace ballast::apps
