// SPDX-License-Identifier: Apache-2.0
// What `ballast bench` measures: products, small transformers, boosted trees, tokenizers, scanning.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "bench_machine.h"
#include "measure.h"

namespace ballast::apps {

struct BenchPlan {
  std::string only;                        // measure only what has this in its name; in turns, what is called so
  Pace pace;                               // of each measurement
  bool large = false;                      // the large networks in place of the small ones
  std::filesystem::path tokenizer, model;  // empty: not measured
  std::filesystem::path texts;             // lines to tokenize and scan; empty: the demonstration's feed
  std::shared_ptr<MachineLimits> limits;   // of this machine, measured when first asked

  bool wants(const std::string& name) const { return pace.turns ? name == only : name.find(only) != std::string::npos; }
};

using MeasurementSink = std::function<void(const Measurement&)>;

/// What the machine can do at most, by itself: multiply-adds, reading and copying memory.
void bench_machine(const BenchPlan& plan, const MeasurementSink& sink);
/// Matrix products in every precision, packed once and plain, on one thread and on all.
void bench_products(const BenchPlan& plan, const MeasurementSink& sink);
/// Training steps (forward, backward, AdamW) and forward passes of a small BERT and a small GPT-2 with fresh weights,
/// system allocations of a step after warm-up; or training of GPT-2 124M, scores of
/// BERT-base, and prompts and new tokens of GPT-2 124M and Qwen2.5-0.5B.
void bench_networks(const BenchPlan& plan, const MeasurementSink& sink);
/// Boosted trees on rows: searches for depth and rounds, rows scored.
void bench_tables(const BenchPlan& plan, const MeasurementSink& sink);
void bench_tokenizer(const BenchPlan& plan, const MeasurementSink& sink);
/// Texts through the model into a SQLite file: scores, entities, evidence, audit trail. Documents a second; what the
/// model's arithmetic at those lengths would allow at the rate of a large f32 product, and the share that is reached;
/// the time from one streamed headline to its stored signals.
void bench_scan(const BenchPlan& plan, const MeasurementSink& sink);

}  // namespace ballast::apps
