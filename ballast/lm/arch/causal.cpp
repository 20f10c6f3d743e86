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
  return run(tape, batch.ids, batch.positions, over_batch, capture);
}

Value CausalNetwork::classify(Tape& tape, Value hidden, const text::TokenBatch& batch) {
  BALLAST_CHECK(score_ != nullptr, batch.sequences());
  last_rows_.assign(batch.offsets.begin() + 1, batch.offsets.end());
  for (std::int32_t& row : last_rows_) --row;
  const Value last = engine::select_rows(tape, hidden, last_rows_);
  return engine::linear(tape, last, *score_, nullptr, engine::Layout::out_in);
}

KeyValueCache CausalNetwork::make_cache() const {
  return KeyValueCache(config_.layers, config_.key_heads() * config_.head_width());
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
  std::vector<std::int32_t> ids, positions;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const bool follows = r > 0 && rows[r].cache == rows[r - 1].cache;
    ids.push_back(rows[r].id);
    positions.push_back(follows ? positions.back() + 1 : static_cast<std::int32_t>(rows[r].cache->length()));
    BALLAST_CHECK(positions.back() < config_.positions, positions.back());
  }
  std::vector<engine::CachedKeys> views(rows.size());
  const auto over_caches = [&](std::size_t layer, const Capture::Attention& in, Value& y) {
    for (std::size_t r = 0; r < rows.size(); ++r) {
      rows[r].cache->write(layer, in.k, in.v, static_cast<std::int64_t>(r), 1, positions[r]);
    }
    for (std::size_t r = 0; r < rows.size(); ++r) views[r] = rows[r].cache->view(layer, positions[r] + 1);
    y = engine::attend_cached(tape, in.q, views, attention_options());
  };
  const Value hidden = run(tape, ids, positions, over_caches, nullptr);
  for (const Next& row : rows) row.cache->advance(1);
  return hidden;
}

}  // namespace ballast::lm
