// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/arch/causal.h"

#include "ballast/base/error.h"

namespace ballast::lm {

using engine::Tape;
using engine::Value;

Value CausalNetwork::encode(Tape& tape, const text::TokenBatch& batch, Capture* capture) {
  const auto over_batch = [&](std::size_t, const Capture::Attention& in, Value& y) {
    y = attend(tape, in, batch, capture);
  };
  encoding_ = &batch;
  const Value hidden = run(tape, batch.ids, batch.positions, over_batch, capture);
  encoding_ = nullptr;
  return hidden;
}

Value CausalNetwork::classify(Tape& tape, Value hidden, const text::TokenBatch& batch) {
  BALLAST_CHECK(score_ != nullptr, batch.sequences());
  last_rows_.assign(batch.offsets.begin() + 1, batch.offsets.end());
  for (std::int32_t& row : last_rows_) --row;
  const Value last = engine::select_rows(tape, hidden, last_rows_);
  return engine::linear(tape, last, *score_, nullptr, engine::Layout::out_in);
}

Value CausalNetwork::prefill(Tape& tape, std::span<const std::int32_t> ids, KeyValueCache& cache) {
  BALLAST_CHECK(cache.length() == 0, cache.length());
  text::TokenBatch batch;
  batch.add(ids);
  const auto keep = [&](std::size_t layer, const Capture::Attention& in, Value& y) {
    cache.write(layer, in.k, in.v, 0, batch.tokens(), 0);
    y = attend(tape, in, batch, nullptr);
  };
  const Value hidden = run(tape, batch.ids, batch.positions, keep, nullptr);
  cache.advance(batch.tokens());
  return {hidden.data + (hidden.rows - 1) * hidden.cols, nullptr, 1, hidden.cols};
}

Value CausalNetwork::decode(Tape& tape, std::span<const Next> rows) {
  const Step step = step_of(rows);
  const engine::AttentionOptions options = attention_options();
  const auto over_caches = [&](std::size_t layer, const Capture::Attention& in, Value& y) {
    y = attend_to_caches(tape, rows, step, layer, in, options);
  };
  const Value hidden = run(tape, step.ids, step.positions, over_caches, nullptr);
  for (const Next& row : rows) row.cache->advance(1);
  return hidden;
}

}  // namespace ballast::lm
