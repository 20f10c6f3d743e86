// SPDX-License-Identifier: Apache-2.0
// A network that writes text token by token, with a key/value cache for what it has read. Decoder-only and
// encoder-decoder models look the same from here: a prompt (or a source text) is read at once, then one token of each
// of many texts at a time. The bits are those of a pass over the whole sequence.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ballast/lm/arch/key_value_cache.h"
#include "ballast/lm/arch/network.h"

namespace ballast::lm {

class GeneratingNetwork : public Network {
 public:
  /// One token to read after all that its cache holds. Rows of one cache follow each other.
  struct Next {
    KeyValueCache* cache;
    std::int32_t id;
  };

  /// An empty cache for one text.
  KeyValueCache make_cache() const;
  /// Reads the prompt (an encoder: the source) into an empty cache; returns the hidden state that predicts the first
  /// new token [1, width].
  virtual engine::Value prefill(engine::Tape& tape, std::span<const std::int32_t> ids, KeyValueCache& cache) = 0;
  /// Reads one token a row, all rows at once; returns their hidden states [rows, width].
  virtual engine::Value decode(engine::Tape& tape, std::span<const Next> rows) = 0;

 protected:
  using Network::Network;

  /// The rows as ids and positions; throws internal where a position is beyond the model's.
  struct Step {
    std::vector<std::int32_t> ids, positions;
    std::int64_t longest = 0;  // tokens of the longest text, the new one included
  };
  Step step_of(std::span<const Next> rows) const;
  /// Self-attention of the rows over their caches, which receive the new keys and values.
  engine::Value attend_to_caches(engine::Tape& tape, std::span<const Next> rows, const Step& step, std::size_t layer,
                                 const Capture::Attention& in, const engine::AttentionOptions& options) const;

 private:
  mutable std::vector<engine::CachedKeys> views_;
};

}  // namespace ballast::lm
