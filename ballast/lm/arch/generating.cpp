// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/arch/generating.h"

#include <algorithm>

#include "ballast/base/error.h"

namespace ballast::lm {

KeyValueCache GeneratingNetwork::make_cache() const {
  return KeyValueCache(config_.is_seq2seq() ? config_.seq2seq.decoder_layers : config_.layers,
                       config_.key_heads() * config_.head_width());
}

GeneratingNetwork::Step GeneratingNetwork::step_of(std::span<const Next> rows) const {
  Step step;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const bool follows = r > 0 && rows[r].cache == rows[r - 1].cache;
    step.ids.push_back(rows[r].id);
    step.positions.push_back(follows ? step.positions.back() + 1 : static_cast<std::int32_t>(rows[r].cache->length()));
    BALLAST_CHECK(step.positions.back() < config_.positions, step.positions.back());
    step.longest = std::max<std::int64_t>(step.longest, step.positions.back() + 1);
  }
  return step;
}

engine::Value GeneratingNetwork::attend_to_caches(engine::Tape& tape, std::span<const Next> rows, const Step& step,
                                                  std::size_t layer, const Capture::Attention& in,
                                                  const engine::AttentionOptions& options) const {
  for (std::size_t r = 0; r < rows.size(); ++r) {
    rows[r].cache->write(layer, in.k, in.v, static_cast<std::int64_t>(r), 1, step.positions[r]);
  }
  views_.resize(rows.size());
  for (std::size_t r = 0; r < rows.size(); ++r) views_[r] = rows[r].cache->view(layer, step.positions[r] + 1);
  return engine::attend_cached(tape, in.q, views_, options);
}

}  // namespace ballast::lm
